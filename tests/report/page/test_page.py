"""The page as a file: what it holds, what it escapes, what it lets in, and what it hides without answers."""

import base64
import getpass
import hashlib
import json
import re
import shutil
import socket
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from bnlab.report.page import build
from bnlab.report.page.model import VERDICTS

VOID = {"meta", "br", "img", "hr", "input", "link", "wbr", "col"}
EVIL = "<script>alert('&\"</script>"


class Outline(HTMLParser):
    """Tags with their attributes, in order; fails if they don't close as they should."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.text = [], [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def page(made):
    return build(made).decode()


@pytest.fixture(scope="module")
def outline(page):
    return Outline(page)


def test_ids_are_unique_and_each_reference_has_its_target(outline):
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    pointing = [attributes[key] for _, attributes in outline.tags for key in ("href", "xlink:href") if key in attributes]
    within = [target for target in pointing if not target.startswith("data:image/png;base64,")]
    assert len(within) > 100
    assert all(target.startswith("#") and target[1:] in ids for target in within)
    labels = [name for _, each in outline.tags for name in each.get("aria-labelledby", "").split()]
    clips = [each["clip-path"][5:-1] for _, each in outline.tags if "clip-path" in each]
    assert {*labels, *clips} <= {*ids}


def test_headings_are_in_order(outline):
    levels = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_nothing_comes_from_elsewhere(outline, page):
    [policy] = [each["content"] for each in outline.all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        [content] = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not {"link", "iframe", "img", "object", "embed", "base", "form"} & {tag for tag, _ in outline.tags}
    names = {name for _, attributes in outline.tags for name in attributes}
    assert "style" not in names
    assert "src" not in names
    assert not [name for name in names if name.startswith("on")]


def test_each_figure_has_a_title_a_description_and_its_numbers(outline, page):
    drawings = [each for each in outline.all("svg") if each.get("role") == "img" and "viewbox" in each]
    figures = [each for each in drawings if len(each["aria-labelledby"].split()) == 2]
    assert len(figures) == len(outline.all("desc")) == 5
    assert page.count("The numbers of this figure: Training loss; Training accuracy; Validation accuracy</summary>") == 2
    assert page.count("The numbers of this figure: ") == 4


def test_every_claim_stands_once_in_the_table_with_its_verdict(page, made):
    table = re.search(r'<table class="cards sortable">.*?</table>', page, re.DOTALL)[0]
    for path in made.glob("*/findings.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        for claim in document["claims"]:
            assert table.count(f'<th scope="row">{claim["claim"].replace(chr(39), "&#39;")}</th>') == 1
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)[1:]
    assert len(rows) == 8
    assert sum("nothing claimed" in row for row in rows) == 3
    assert sum(any(f'class="verdict {verdict}"' in row for verdict in VERDICTS) for row in rows) == 5


def test_one_replicate_claims_nothing(page):
    section = re.search(r'<section id="study-\d+"(?:(?!</section>).)*signal.*?</section>', page, re.DOTALL)[0]
    assert "There is one replicate: nothing is claimed." in section
    assert section.count(" in the direction of the claim, in one replicate.") == 3
    for words in ("Undecided", "not clear", "How these verdicts come about"):
        assert words not in section
    assert 'class="verdict' not in section


def test_published_numbers_and_gradients(page):
    text = re.sub(r"<[^>]*>|\s+", " ", page)
    assert "2 gradients, 1 failed." in text
    assert re.search(r"agrees 1 Ours is .* disagrees 1 Ours is .* skipped 1 Not computed", re.sub(r" +", " ", text))
    assert page.count("<td>NO</td>") == 1
    assert "searched:" not in page


def test_why_images_are_missing_is_what_verify_says(folder):
    (folder / "verify" / "figure.svg").unlink()
    assert "they were not there: none of them." in build(folder).decode()


def test_a_check_says_how_and_where_it_was_made(page):
    for name in ("verify", "gradcheck"):
        section = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)[0]
        assert f'<pre class="command"><code>bnlab {name}</code></pre>' in section
        assert "<dt>NumPy</dt><dd>2.0" in section


def test_damage_is_not_told_as_absence(folder, study):
    for path in (
        study / "findings.json",
        *folder.glob("verify/*.json"),
        *folder.glob("gradcheck/*.json"),
    ):
        path.write_text("{", encoding="utf-8")
    (study / "arms.csv").write_text('arm\n"', encoding="utf-8")
    (study / "figure.svg").unlink()
    page = build(folder).decode()
    assert page.count("The claims of this study could not be read") == 1
    assert page.count("The table of the arms could not be read") == 1
    assert "The claims of section 1 could not be read." in page
    assert page.count("This folder holds no figure of the study that can be shown.") == 1
    for words in ("verify.json is damaged", "gradcheck.json is damaged"):
        assert f"could not be read: {words}." in page
    for words in ("states no claims", "doesn't hold it yet"):
        assert words not in page
    assert "The claims of this study could not be read" in build(folder, without_answers=True).decode()


def test_missing_and_empty_numbers_of_figures_are_told_in_the_section(folder, study):
    (study / "figure-numbers.csv").unlink()
    for name in (*folder.glob("weight-scale*/figure-numbers.csv"), study / "arms.csv"):
        name.write_text(f"{name.read_text(encoding='utf-8').splitlines()[0]}\n", encoding="utf-8")
    page = build(folder).decode()
    assert page.count("The numbers of this figure could not be read: figure-numbers.csv is missing or damaged.") == 1
    assert page.count("There are no numbers to this figure: figure-numbers.csv holds none.") == 1
    assert page.count("arms.csv holds no check of any arm") == 1


def test_a_folder_of_checks_alone_does_not_count_studies(folder):
    for path in folder.glob("*/summary.json"):
        shutil.rmtree(path.parent)
    page = build(folder).decode()
    assert "This folder holds no study yet" in page
    assert "0 studies" not in page


def test_long_lists_of_arms_are_counted_and_those_that_diverged_are_named(page, folder, change):
    assert "40 arms: 40 finished. What each reached is among the numbers" in page
    [scale] = folder.glob("weight-scale*")
    change(scale / "summary.json", lambda document: document["runs"][3].update(status="diverged"))
    lost = build(folder).decode()
    assert "40 arms: 39 finished, 1 diverged." in lost
    assert re.search(r"<ul><li>batchnorm, weight scale [^<]*: 1 diverged</li></ul>", lost)
    assert page.count("<h3>The arms at the end</h3>") == 2


def test_the_claims_that_a_command_names_as_a_file_are_shown(folder, study, change):
    (study / "claims.yaml").write_text("claims:\n- claim: <i>mine</i>\n", encoding="utf-8")
    assert "FILE holds these claims" not in build(folder).decode()
    change(study / "summary.json", lambda document: document.update(command="bnlab compare --claims FILE"))
    page = build(folder).decode()
    assert "FILE holds these claims" in page
    assert "FILE is a file of claims that this folder doesn't hold" not in page
    assert "- claim: &lt;i&gt;mine&lt;/i&gt;" in page
    (study / "claims.yaml").unlink()
    assert "FILE is a file of claims that this folder doesn't hold" in build(folder).decode()


def test_words_are_explained_before_the_first_study(page):
    head = page[: page.index('id="study-1"')]
    for word in ("replicate", "interval", "margin", "epoch", "batch normalization (batchnorm)"):
        assert f"<dfn>{word}</dfn>" in head
    above = head[: head.index('class="tally"')]
    assert re.findall("<dfn>(.*?)</dfn>", above) == ["claim", "margin", "replicate", "interval", "verdict"]
    assert head.count("<details") == 1
    assert head.index('class="amounts"') < head.index("<details") < head.index('<table class="cards sortable">')
    words = re.findall(r"<dfn>(.*?)</dfn>", page)
    assert len(words) == len(set(words))


def test_no_host_no_user_no_path(page, made, tmp_path):
    assert str(made) not in page
    assert "/tmp/" not in page
    assert socket.gethostname() not in page
    assert getpass.getuser() not in re.sub(r"<[^>]*>", " ", page).split()


def test_the_same_folder_gives_the_same_bytes(page, made):
    assert build(made).decode() == page


def test_texts_of_users_are_escaped(folder, study, change):
    def claims(document):
        for key in ("claim", "measure", "margin_in_words", "reason", "sentence", "which", "unit"):
            document["claims"][0][key] = EVIL

    def summary(document):
        document.update(question=EVIL, command=EVIL, changed={EVIL: EVIL}, findings=[*document["findings"], EVIL])
        document["provenance"].update(processor=EVIL, bnlab=EVIL)
        document["runs"][0].update(dataset=EVIL, status=EVIL)

    def rows(document):
        document["rows"][0].update(what=EVIL, case=EVIL, gradient=EVIL)

    change(study / "findings.json", claims)
    change(study / "summary.json", summary)
    change(folder / "verify" / "verify.json", rows)
    change(folder / "gradcheck" / "gradcheck.json", rows)
    for name in ("arms.csv", "figure-numbers.csv"):
        text = (study / name).read_text(encoding="utf-8")
        (study / name).write_text(text.replace("batchnorm", EVIL.replace('"', "")), encoding="utf-8")
    svg = study / "figure.svg"
    svg.write_text(
        re.sub(r"(<dc:\w+>)[^<]+<", r"\1&lt;script&gt;alert(1)<", svg.read_text(encoding="utf-8")), encoding="utf-8"
    )
    study.rename(study.with_name("a <b> & c"))
    page = build(folder).decode()
    assert len(Outline(page).all("script")) == 1
    assert page.count("&lt;script&gt;alert") > 15
    assert "alert(1)" in page
    assert "<b>" not in page


def test_damaged_files_are_named(folder, study):
    (study / "findings.json").write_text("{", encoding="utf-8")
    assert f"{study.name}/findings.json is damaged and left out" in build(folder).decode()


def test_without_answers_nothing_gives_them_away(made, page):
    hidden = build(made, without_answers=True).decode()
    text = " ".join(re.sub(r"<[^>]*>", " ", hidden).split())
    for path in made.glob("*/findings.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        for claim in document["claims"]:
            assert claim["claim"] in text.replace("&#39;", "'")
            assert claim["sentence"][:40] not in text.replace("&#39;", "'")
    for path in made.glob("*/figure.svg"):
        title = re.search("<dc:title>(.*?)</dc:title>", path.read_text(encoding="utf-8"))[1]
        assert title in page.replace("&#39;", "'") or path.parent.name == "verify"
        assert title not in hidden.replace("&#39;", "'")
    assert 'class="verdict' not in hidden
    assert "replicates of seed" not in re.sub(r"<figcaption>.*?</figcaption>|<desc.*?</desc>", "", hidden)
    assert hidden.count('class="write"') == 8
    assert hidden.count('class="choices"') == 8
    assert hidden.count('class="blanks"') == 5  # one replicate has no interval
    assert "The arms at the end" not in hidden
    assert Outline(hidden).all("figure")


def test_where_it_was_computed_is_told_once_and_not_printed_for_a_class(made, page):
    hidden = build(made, without_answers=True).decode()
    for name, times in {"data fingerprint": 1, "processor": 3}.items():  # the two checks have another processor
        assert page.count(f"<dt>{name}</dt>") == hidden.count(f"<dt>{name}</dt>") == times
    for heading in ("Make it again", "Where it was computed"):
        assert page.count(f"<h3>{heading}</h3>") == hidden.count(f"<h3>{heading}</h3>") == 4
    closed = re.findall(r"<details>\s*<summary>(.*?)</summary>\s*<h3", hidden)
    assert closed == ["Where all studies were computed", *["Make it again, and where it was computed"] * 4]
    assert re.findall(r"<details>\s*<summary>(.*?)</summary>\s*<h3", page) == []
    assert (
        len(re.findall(r'<section id="(?:verify|gradcheck|derivations|frameworks)" class="chapter on-screen"', hidden)) == 4
    )
    assert hidden.count(' class="on-screen"><a href="#') == 4
    assert "on-screen" not in page.replace(".on-screen", "")


def test_without_answers_a_figure_that_can_t_hide_its_title_is_left_out(folder, study):
    svg = study / "figure.svg"
    svg.write_text(
        re.sub(r"<metadata>.*?</metadata>", "", svg.read_text(encoding="utf-8"), flags=re.DOTALL), encoding="utf-8"
    )
    assert "which can't hide its title" in build(folder, without_answers=True).decode()
    assert "which can't hide its title" not in build(folder).decode()


def test_a_folder_without_more_than_one_study(folder, study):
    for path in folder.iterdir():
        if path != study:
            for file in path.iterdir():
                file.unlink()
    page = build(folder).decode()
    assert page.count("This folder doesn't hold it yet.") == 2
    assert "This folder mixes" not in page


@pytest.mark.parametrize("without_answers", [False, True])
def test_a_folder_without_a_study_says_so(folder, without_answers):
    for path in folder.glob("*/summary.json"):
        path.unlink()
    page = build(folder, without_answers)
    lead = re.search(rb'<p class="lead">(.*?)</p>', page, re.DOTALL)[1].decode()
    assert "This folder holds no study yet" in lead
    assert "0 studies" not in page.decode()
    assert "What do you find" not in page.decode()
    assert 'id="claims"' not in page.decode()
    assert "#claims" not in page.decode()
    assert "<dfn>claim</dfn>" not in page.decode()
    assert "summary.json is missing" in page.decode()
    assert "How to find a verdict" not in page.decode()


def test_an_interval_that_takes_much_room_may_be_broken(folder, study, change):
    change(study / "findings.json", lambda document: document["claims"][0].update(mean=0, low=-1e9, high=1e9))
    page = build(folder).decode()
    assert '<td data-label="Interval" class="long-line">-1000000000.000 to 1000000000.000</td>' in page
    assert page.count('<td data-label="Interval" class="whole-line">') == 7


def test_a_claim_that_two_studies_test_on_the_same_runs_has_one_row_that_names_both(folder, study, change):
    """The other study tests more claims, so its interval is wider; its section keeps what it found."""

    def wider(document):
        first = document["claims"][0]
        first.update(low=first["low"] - 0.25, high=first["high"] + 0.25, verdict="undecided", which=None)

    own = json.loads((study / "findings.json").read_text(encoding="utf-8"))["claims"][0]
    other = shutil.copytree(study, folder / "compare-other")
    change(study / "findings.json", lambda document: document["claims"][0].update(verdict="supported", which=None))
    change(other / "findings.json", wider)
    page = build(folder).decode()
    [table] = re.findall(r'<table class="cards sortable">.*?</table>', page, re.DOTALL)
    [row] = [row for row in table.split("<tr>") if f'<th scope="row">{own["claim"]}</th>' in row]
    assert re.findall(r'href="#(study-\d)"', row) == ["study-1", "study-2"]
    assert 'class="verdict undecided"' in row
    assert "stands here once" in page
    badges = re.findall(rf"<strong>{own['claim']}</strong>\s*<span class=\"verdict (\w+)", page)
    assert sorted(badges) == ["supported", "undecided"]


def test_the_worksheet_has_the_numbers_and_the_page_with_answers_has_them_not(made, page):
    hidden = build(made, without_answers=True).decode()
    [findings] = made.glob("compare*/findings.json")
    for claim in json.loads(findings.read_text(encoding="utf-8"))["claims"]:
        assert f"<var>t</var> = {claim['t']:.3f}" in hidden
    assert hidden.count("in each replicate: ") == 8
    assert "in each replicate: " not in page
    assert "How to find a verdict" in hidden


def test_damaged_numbers_of_replicates_are_named(folder, study, change):
    change(study / "findings.json", lambda document: document["claims"][0].update(values="abc"))
    assert f"{study.name}/findings.json is damaged and left out" in build(folder, without_answers=True).decode()
