"""The page in a real browser, as readers see it: wide, dark, on a phone, on paper; skipped where there is no Chromium.

Three files: a small folder's page with and without answers, and the page of a full run in docs/. Loading takes the time: so
each is loaded once, looked at in one view after the other, and left as it was. Only the accessibility checker's are loaded
again, since much is taken out of them, and the one without scripts.
"""

import json
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

import bnlab
from bnlab.report.page import build

EXAMPLE = Path(bnlab.__file__).parents[1] / "docs" / "example.html"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")]
WIDE, BETWEEN, PHONE, PAPER = (1280, 800, 360, 680)
VIEWS = {
    "light": (WIDE, "screen", "light"),
    "dark": (WIDE, "screen", "dark"),
    "between": (BETWEEN, "screen", "light"),
    "print": (PAPER, "print", "light"),
    "dark phone": (PHONE, "screen", "dark"),
    "phone": (PHONE, "screen", "light"),
}
SHOWN = """
const hidden = (element) => element.closest('.skip, .whole, .cards thead') !== null && innerWidth < 1000;
const shown = (element) => element.checkVisibility() && !hidden(element) && !element.matches('.skip');
"""
TOO_WIDE = f"""() => {{ {SHOWN}
  return [...document.body.querySelectorAll('*')].filter((each) => {{
    if (!shown(each) || each.parentElement.closest('.scroll') || each.parentElement.closest('svg')) return false;
    const box = each.getBoundingClientRect();
    return box.width > 0 && (box.right > innerWidth + 0.5 || box.left < -0.5);
  }}).map((each) => each.outerHTML.slice(0, 100));
}}"""
ON_TEXT = f"""() => {{ {SHOWN}
  const boxes = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {{
    const text = texts.currentNode, parent = text.parentElement;
    if (!text.data.trim() || parent.closest('math, svg, script, style') || !shown(parent)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const box of range.getClientRects()) if (box.width > 1) boxes.push([box, text.data.trim().slice(0, 60)]);
  }}
  boxes.sort((a, b) => a[0].top - b[0].top);
  const found = [];
  for (let i = 0; i < boxes.length; i++)
    for (let j = i + 1; j < boxes.length && boxes[j][0].top < boxes[i][0].bottom - 2; j++) {{
      const [a, b] = [boxes[i][0], boxes[j][0]];
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2) found.push([boxes[i][1], boxes[j][1]]);
    }}
  return [boxes.length, found];
}}"""


SLOW = "svg > g, svg > defs, math > *, .numbers tr:nth-child(n + 4)"
"""Paths, formulas, and rows that are like the first ones: thousands of elements that say nothing new."""
ON_PAPER = """() => [...document.querySelectorAll('details.printed, details.numbers')].map((each) =>
  [each.className, each.open, each.getBoundingClientRect().height, each.lastElementChild.checkVisibility({
    contentVisibilityAuto: true}) && each.lastElementChild.getBoundingClientRect().height > 0])"""
OUT_OF_SIGHT = """() => {
  document.documentElement.style.scrollBehavior = 'auto';
  const all = [...document.querySelectorAll('a, button, summary, [tabindex]')].filter((each) => each.checkVisibility(
    {visibilityProperty: true, contentVisibilityAuto: true}));
  return [all.length, all.filter((each) => {
    each.focus();
    const box = each.getBoundingClientRect();
    return document.activeElement !== each || box.width < 4 || box.height < 4 || box.right <= 0 || box.left >= innerWidth
      || box.bottom <= 0 || box.top >= innerHeight;
  }).map((each) => each.outerHTML.slice(0, 120))];
}"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def small(made, tmp_path_factory):
    """The small folder's page, with and without answers."""
    paths = []
    for without in (False, True):
        paths.append(tmp_path_factory.mktemp("browser") / "report.html")
        paths[-1].write_bytes(build(made, without_answers=without))
    return paths


@pytest.fixture(scope="module")
def opened(browser):
    """Opens a file in a view; hands out the page, and what it said and asked for."""
    contexts = []

    def opened(path, view="light", **more):
        contexts.append(browser.new_context(**more))
        page, heard = contexts[-1].new_page(), []
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: request.url.startswith("data:") or heard.append(request.url))
        show(page, view)
        page.goto(path.as_uri())
        return page, heard

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def shared(opened):
    """As `opened`, but a file that is open already isn't loaded again."""
    pages = {}

    def shared(path, view="light"):
        if path not in pages:
            pages[path] = opened(path)
        show(pages[path][0], view)
        return pages[path]

    return shared


@pytest.fixture(scope="module", params=["answers", "without answers", "example"])
def file(request):
    return EXAMPLE if request.param == "example" else request.getfixturevalue("small")[request.param != "answers"]


def show(page, view):
    width, media, scheme = VIEWS[view]
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(media=media, color_scheme=scheme)


def open_all(page):
    """Open all that can be; hands out what closes it again."""
    were = page.evaluate("""() => [...document.querySelectorAll('details')].map((each) => {
        const open = each.open; each.open = true; return open; })""")
    back = "(were) => document.querySelectorAll('details').forEach((each, i) => { each.open = were[i]; })"
    return lambda: page.evaluate(back, were)


def serious(page, **options):
    """What the accessibility checker finds of its serious kinds, and how many rules were kept."""
    found = Axe().run(page, options={"resultTypes": ["violations"], **options}).response
    grave = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    return [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in grave], len(found["passes"])


def assert_in_its_place(page, least):
    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    count, found = page.evaluate(ON_TEXT)
    assert found == []
    assert count > least


def test_as_readers_see_it(shared, file):
    """In each view nothing goes wrong, nothing is asked for, wider than the screen, or on other text. The dark moves
    nothing, so the largest file isn't looked at in it."""
    page, heard = shared(file)
    for view in VIEWS:
        if file != EXAMPLE or "dark" not in view:
            show(page, view)
            assert_in_its_place(page, 200)
    close = open_all(page)
    assert_in_its_place(page, 300)
    close()
    assert heard == [file.as_uri()]


def test_the_accessibility_checker_finds_nothing_serious(opened, file):
    """All rules on a phone, colours in the dark too. What is the same in all files is looked at in one of them: the text of
    the derivations, what is folded, and the colours in the dark, since the full run has verdicts of all kinds."""
    page, _ = opened(file, "phone")
    page.evaluate(f"document.querySelectorAll('{SLOW}').forEach((each) => each.remove())")
    if file == EXAMPLE:
        page.evaluate("document.querySelectorAll('details').forEach((each) => each.remove())")
    else:
        page.evaluate("document.querySelector('#derivations').remove()")
        open_all(page)
    found, kept = serious(page)
    assert found == []
    assert kept > 20
    if file == EXAMPLE:
        show(page, "dark phone")
        assert serious(page, runOnly=["color-contrast"]) == ([], 1)


def test_what_has_the_focus_is_in_sight(shared, file):
    page, _ = shared(file, "phone")
    count, found = page.evaluate(OUT_OF_SIGHT)
    assert found == []
    assert count > 20


def test_without_scripts_all_is_there(opened, small):
    page, heard = opened(small[0], java_script_enabled=False)
    assert page.locator("h2").count() == 8
    assert len(heard) == 1


def test_on_paper(shared, small):
    """Each study begins a page, tables that a reader needs are open, and the others hidden with their headings."""
    page, _ = shared(small[0], "print")
    breaks = page.evaluate("[...document.querySelectorAll('.chapter')].map((each) => getComputedStyle(each).breakBefore)")
    assert breaks == ["page"] * 6
    found = page.evaluate(ON_PAPER)
    assert {name for name, *_ in found} == {"printed", "numbers"}
    for name, _, height, shown in found:
        assert (height > 30, shown) == ((True, True) if name == "printed" else (False, False))
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_panels_stand_side_by_side_where_there_is_room(shared, small):
    page, _ = shared(small[0])
    whole = page.locator("svg.whole").first
    for view, wide in {"light": True, "phone": False, "print": False}.items():
        show(page, view)
        assert page.locator(".pieces").first.is_visible() != wide
        panel = page.locator(".panels svg").first.bounding_box()
        assert panel is None if wide else 250 < panel["width"] < (360 if view == "phone" else 340)
        assert (whole.bounding_box()["width"] > 600) == wide
    assert page.get_by_role("img", name="reaches").count() >= 1


def test_a_colour_bar_stands_beside_its_maps(shared, small):
    page, _ = shared(small[0])
    for view in ("print", "phone"):
        show(page, view)
        figure = page.locator(".picture", has=page.locator(".bars"))
        if view == "print":
            assert figure.locator(".whole").bounding_box()["width"] > 500
        else:
            bar, maps = (figure.locator(f".{name}").bounding_box() for name in ("bars", "panels"))
            assert maps["x"] + maps["width"] <= bar["x"]
            assert abs(maps["y"] - bar["y"]) < 2


def test_the_values_under_the_pointer_are_told(shared, small):
    page, heard = shared(small[0])
    sheet = page.locator(".sheet[data-axes]").first
    tip = sheet.locator(".tip")
    assert not tip.is_visible()
    [[[_, top, right, bottom], *_], *_] = json.loads(sheet.get_attribute("data-axes"))
    svg = sheet.locator("svg").first
    svg.evaluate("(svg) => svg.scrollIntoView({behavior: 'instant', block: 'center'})")
    x0, y0, wide, _ = map(float, svg.get_attribute("viewBox").split())
    table = page.locator("details.numbers").first.locator("table").first
    cells = table.locator("tr").last.locator("th, td").all_text_contents()
    box, told = svg.bounding_box(), set()
    for down in range(int(top), int(bottom), 6):  # along the last iteration
        scale = box["width"] / wide
        page.mouse.move(box["x"] + (right - 1 - x0) * scale, box["y"] + (down - y0) * scale)
        told |= {tip.text_content()} if tip.is_visible() else set()
    head = table.locator("thead th").all_text_contents()
    assert {f"{name}: {value} at {head[0]} {cells[0]}" for name, value in zip(head[1:], cells[1:], strict=True)} & told
    page.mouse.move(1, 1)
    assert not tip.is_visible()
    assert len(heard) == 1


def test_columns_can_be_sorted_by_keyboard_but_not_across_units(shared, small):
    page, _ = shared(small[0])
    assert page.locator(".sortable thead button").all_inner_texts() == ["Claim", "Study", "Verdict", "Replicates"]
    for column, key in {"th": str.lower, "td[data-label=Replicates]": int}.items():
        button = page.locator(".sortable thead button").nth(0 if column == "th" else 3)
        for order in ("ascending", "descending"):
            button.focus()
            page.keyboard.press("Enter")
            assert page.locator(".sortable th[aria-sort]").first.get_attribute("aria-sort") == order
            texts = page.locator(f".sortable tbody {column}").all_inner_texts()
            assert texts == sorted(texts, key=key, reverse=order == "descending")
