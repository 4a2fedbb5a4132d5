"""The page in docs/ is one of this version, with the claims as the studies state them now; and it agrees with itself: each
row of the table with the sentence in its study's section, and with the count and the paragraphs above the table."""

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

import bnlab
from bnlab.evidence.sentences import number
from bnlab.report.page.model import VERDICTS
from bnlab.studies import STUDIES
from bnlab.studies.plan import make_plan

DOCS = Path(bnlab.__file__).parents[1] / "docs"
PAGE = DOCS / "example.html"
VOID = {"meta", "br", "img", "hr", "input", "link", "wbr", "col"}
SAID = {"supported": "support", "contradicted": "contradict", "undecided": "leave open"}
SENTENCE = re.compile(
    r"(?P<effect>-?[\d.]+)(?: (?P<unit>epochs?|decades?))? \((?P<low>-?[\d.]+) to (?P<high>-?[\d.]+), (?P<n>\d+) (paired )?"
    r"replicates\): .*\. (?P<verdict>Supported|Contradicted|Undecided)\b"
)
NUMBERS = re.compile(r"(?P<low>-?[\d.]+) to (?P<high>-?[\d.]+)")


class Node:
    """An element: its tag, its attributes, and what stands in it."""

    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.inside = tag, attributes, []

    @property
    def text(self):
        return " ".join("".join(part if isinstance(part, str) else f" {part.text} " for part in self.inside).split())

    def all(self, tag, name=None):
        for part in self.inside:
            if isinstance(part, Node):
                if part.tag == tag and (name is None or name in part.attributes.get("class", "").split()):
                    yield part
                yield from part.all(tag, name)

    def one(self, tag, name=None):
        [found] = self.all(tag, name)
        return found


class Tree(HTMLParser):
    """The page's elements."""

    def __init__(self, page):
        super().__init__()
        self.root = Node("", {})
        self.open = [self.root]
        self.feed(page)
        self.close()
        assert self.open == [self.root]

    def handle_starttag(self, tag, attrs):
        node = Node(tag, dict(attrs))
        self.open[-1].inside.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].inside.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].inside.append(data)


@pytest.fixture(scope="module")
def tree():
    return Tree(PAGE.read_text(encoding="utf-8")).root


@pytest.fixture(scope="module")
def text(tree):
    return tree.text


@pytest.fixture(scope="module")
def sections(tree):
    return {section.attributes["id"]: section for section in tree.all("section")}


@pytest.fixture(scope="module")
def rows(sections):
    """The rows of the table at the top, as dicts by the heads of the columns; 'sections' are those that it links to."""
    table = sections["claims"].one("table")
    head = [cell.text for cell in table.one("thead").all("th")]
    return [
        dict(zip(head, [cell.text for cell in row.inside if isinstance(cell, Node)], strict=True))
        | {"sections": [link.attributes["href"][1:] for link in row.all("a")]}
        for row in table.one("tbody").all("tr")
    ]


@pytest.fixture(scope="module")
def found(sections):
    """For each section the claims it has, each with its badge and its sentence."""
    return {
        name: {item.one("strong").text: (item.one("span", "verdict").text, [*item.all("p")][1].text) for item in items}
        for name, section in sections.items()
        if (items := [item for part in section.all("ul", "findings") for item in part.all("li")])
    }


def test_it_is_of_this_version(text):
    assert f"bnlab {bnlab.__version__}." in text


@pytest.mark.parametrize("entry", STUDIES, ids=lambda entry: entry.name)
def test_it_has_the_claims_as_they_are_stated(entry, text):
    """`make example` renews it."""
    for contrast in make_plan(entry).contrasts:
        assert contrast.text in text
        assert contrast.claim.reason in text


def test_each_claim_of_a_section_has_its_row_and_each_row_its_sections(rows, found):
    named = [(section, row["Claim"]) for row in rows for section in row["sections"]]
    assert len(named) == len({*named})
    assert {*named} == {(section, claim) for section, claims in found.items() for claim in claims}
    assert len(rows) < len(named)  # two studies test claims on the same runs


def test_each_row_says_what_the_sentence_in_its_section_says(rows, found):
    """Of several sections, what the one with the widest interval says."""
    for row in rows:
        said = [found[section][row["Claim"]] for section in row["sections"]]
        parsed = [SENTENCE.search(sentence) for _, sentence in said]
        assert [badge.casefold() for badge, _ in said] == [each["verdict"].casefold() for each in parsed]
        widths = [float(each["high"]) - float(each["low"]) for each in parsed]
        widest = parsed[widths.index(max(widths))]
        assert row["Verdict"].split()[0].casefold() == widest["verdict"].casefold()
        assert row["Replicates"] == widest["n"]
        assert len({each["effect"] for each in parsed}) == 1
        assert (row["Effect"], row["Interval"]) == in_direction(widest, row["Effect"].startswith("-"))


def in_direction(sentence, turned):
    """The effect and the interval of a sentence in the direction of the claim. turned: the sentence has the other one."""
    unit = sentence["unit"] or ""
    ends = [float(sentence["low"]), float(sentence["high"])]
    effect, low, high = (
        number(-value if turned else value, unit)
        for value in (float(sentence["effect"]), *(ends[::-1] if turned else ends))
    )
    return f"{effect} {unit}".strip(), f"{low} to {high}"


def test_the_verdicts_follow_from_the_intervals_and_margins(rows):
    for row in rows:
        low, high = map(float, NUMBERS.fullmatch(row["Interval"]).groups())
        kind, margin = re.match(r"(more than|within) ([\d.]+)", row["Margin"]).groups()
        least, most = (float(margin), float("inf")) if kind == "more than" else (-float(margin), float(margin))
        verdict = (
            "supported" if low > least and high <= most else "contradicted" if high <= least or low > most else "undecided"
        )
        assert row["Verdict"].split()[0] == verdict


def test_the_count_is_that_of_the_rows(rows, sections):
    counted = Counter(row["Verdict"].split()[0] for row in rows)
    [replicates] = {row["Replicates"] for row in rows}
    wanted = ", ".join(f"{counted[verdict]} {verdict}" for verdict in VERDICTS)
    assert sections["claims"].one("p", "tally").text == f"{wanted} at {replicates} replicates ."


def test_each_claim_stands_in_the_paragraphs_once_behind_the_word_for_its_verdict(rows, sections):
    paragraphs = {part.one("strong").text.rstrip(":"): part.text for part in sections["claims"].all("p", "amounts")}
    listed = Counter()
    for subject, paragraph in paragraphs.items():
        for sentence in re.split(r"(?<=\.) (?=They )", paragraph.partition(": ")[2]):
            [verdict] = [
                verdict for verdict, word in SAID.items() if sentence.startswith((f"the runs {word}", f"They {word}"))
            ]
            own = [row for row in rows if clause(row["Claim"], subject) in sentence]
            assert own
            for row in own:
                assert row["Verdict"].split()[0] == verdict
                listed[row["Claim"]] += 1
    assert listed == Counter(row["Claim"] for row in rows)


def clause(claim, subject):
    """The claim as a paragraph about the subject has it."""
    about_it = re.sub(re.escape(subject), "it", claim, count=1, flags=re.IGNORECASE)
    return (about_it[0].lower() + about_it[1:]).removeprefix("it ")


def test_nothing_in_it_loads_anything(tree):
    assert PAGE.stat().st_size < 3_000_000
    [policy] = [each.attributes["content"] for each in tree.all("meta") if "http-equiv" in each.attributes]
    assert policy.startswith("default-src 'none'; ")


def test_the_readme_shows_it():
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert readme.index("(docs/example.html)") < readme.index("## Commands")
    assert (DOCS / "example.png").stat().st_size < 400_000
