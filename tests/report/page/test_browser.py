"""The page in a real browser, as readers see it: wide, dark, on a phone, on paper; skipped where there is no Chromium."""

import shutil
from math import inf

import pytest

from bnlab.report.page import build

sync_api = pytest.importorskip("playwright.sync_api", reason="the test extra 'browser' isn't installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="the test extra 'browser' isn't installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
WIDE, PHONE, PAPER = ({"width": width, "height": 900} for width in (1280, 360, 680))
VIEWS = {
    "light": (WIDE, {"color_scheme": "light"}),
    "dark": (WIDE, {"color_scheme": "dark"}),
    "phone": (PHONE, {"color_scheme": "light"}),
    "dark phone": (PHONE, {"color_scheme": "dark"}),
    "between": ({"width": 800, "height": 900}, {"color_scheme": "light"}),
    "print": (PAPER, {"media": "print"}),
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


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=[False, True], ids=["answers", "without answers"])
def file(request, made, tmp_path_factory):
    path = tmp_path_factory.mktemp("browser") / "report.html"
    path.write_bytes(build(made, without_answers=request.param))
    return path


@pytest.fixture
def opened(browser, file):
    """Opens the page in a view; hands out the page, and what it said and asked for."""
    contexts = []

    def opened(view, **more):
        size, media = VIEWS[view]
        contexts.append(browser.new_context(viewport=size, **more))
        page, heard = contexts[-1].new_page(), []
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: request.url.startswith("data:") or heard.append(request.url))
        page.emulate_media(**media)
        page.goto(file.as_uri())
        return page, heard

    yield opened
    for context in contexts:
        context.close()


def open_all(page):
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


@pytest.mark.parametrize("view", VIEWS)
def test_it_loads_nothing_and_nothing_goes_wrong(opened, file, view):
    _, heard = opened(view)
    assert heard == [file.as_uri()]


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_wider_than_the_screen_and_no_text_lies_on_text(opened, view):
    page, _ = opened(view)
    for prepare in (lambda page: None, open_all):
        prepare(page)
        assert page.evaluate(TOO_WIDE) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        count, found = page.evaluate(ON_TEXT)
        assert found == []
        assert count > 200


@pytest.mark.parametrize("view", ["light", "dark", "phone"])
def test_the_accessibility_checker_finds_nothing_serious(opened, view):
    page, _ = opened(view)
    open_all(page)
    page.evaluate("document.querySelectorAll('svg > g, svg > defs').forEach((each) => each.remove())")  # paths: slow
    found = axe.Axe().run(page).response
    assert len(found["passes"]) > 20
    serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in serious] == []


def test_without_scripts_all_is_there(opened):
    page, heard = opened("light", java_script_enabled=False)
    assert page.locator("h2").count() == 7
    assert len(heard) == 1


@pytest.mark.parametrize(("view", "wide"), [("light", True), ("phone", False), ("print", False)])
def test_panels_stand_side_by_side_where_there_is_room(opened, view, wide):
    page, _ = opened(view)
    assert page.locator(".pieces").first.is_visible() != wide
    panel = page.locator(".pieces div:last-child svg").first.bounding_box()
    assert panel is None if wide else 250 < panel["width"] < (360 if view == "phone" else 340)
    whole = page.locator("svg.whole").first
    assert (whole.bounding_box()["width"] > 600) == wide
    assert page.get_by_role("img", name="Figure of" if page.locator(".write").count() else "reaches").count() >= 1


def test_columns_can_be_sorted_by_keyboard(opened):
    page, _ = opened("light")
    button = page.locator(".sortable thead button").first
    claims = page.locator(".sortable tbody th")
    for order in ("ascending", "descending"):
        button.focus()
        page.keyboard.press("Enter")
        assert page.locator(".sortable th[aria-sort]").first.get_attribute("aria-sort") == order
        texts = claims.all_inner_texts()
        assert texts == sorted(texts, key=str.lower, reverse=order == "descending")


def test_numbers_are_sorted_as_numbers(opened):
    page, _ = opened("light")
    if page.locator(".write").count():
        pytest.skip("there are no numbers in the table without answers")
    page.get_by_role("button", name="Effect").click()
    texts = page.locator(".sortable td[data-label=Effect]").all_inner_texts()
    numbers = [float(text.split()[0].replace("not", "inf")) for text in texts]
    assert numbers == sorted(numbers)
    assert numbers[0] < 0
    assert numbers.count(inf) < len(numbers) - 3


def test_on_paper_each_study_begins_a_page(opened):
    page, _ = opened("print")
    breaks = page.evaluate("[...document.querySelectorAll('.chapter')].map((each) => getComputedStyle(each).breakBefore)")
    assert breaks == ["page"] * 5
    assert page.pdf(format="A4").startswith(b"%PDF")
