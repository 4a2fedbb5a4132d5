"""docs/questions.md: its figures exist, it says no more than its findings do, and its other numbers are computed."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

from bnlab.evidence.claims import capital
from bnlab.evidence.looks import looks_up_to
from bnlab.report.findings import findings_markdown
from bnlab.studies import STUDIES
from bnlab.studies.claims_file import read_claims
from bnlab.studies.study import load_study

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "questions.md").read_text(encoding="utf-8")
LINES = PAGE.splitlines()
FINDINGS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (DOCS / "findings").glob("*.json")}
QUOTE = re.compile(r" *- \*(?P<claim>.+?)\?\* (?P<sentence>.+) \(\[(?P<name>[\w-]+)\]\(findings/(?P=name)\.json\)\)")
QUOTES = [found.groupdict() for found in map(QUOTE.fullmatch, LINES) if found]
MODULES = {entry.name: entry.module for entry in STUDIES}


def script(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def preprocessing():
    return script("draw_preprocessing")


@pytest.fixture(scope="module")
def images(preprocessing):
    return preprocessing.training_images()


def tables(lines):
    """The tables of a page, each without the line below its head."""
    text = "\n".join(line for line in lines if not line.startswith("| ---"))
    return [table.split("\n") for table in re.findall(r"^\|.*\|$(?:\n\|.*\|$)*", text, re.MULTILINE)]


@pytest.mark.parametrize("page", [DOCS / "questions.md", DOCS / "findings" / "README.md"], ids=lambda path: path.name)
def test_all_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    headings = [
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in text.splitlines() if "# " in line
    ]
    links = re.findall(r"\]\((.+?)\)", text)
    assert links
    for link in links:
        assert link[1:] in headings if link.startswith("#") else (page.parent / link).exists(), link


def test_each_figure_is_shown_once_and_no_other_lies_there():
    shown = re.findall(r"^!\[.+\]\((.+)\)$", PAGE, re.MULTILINE)
    there = {path.relative_to(DOCS).as_posix() for path in (DOCS / "findings").glob("*.png")}
    assert sorted(shown) == sorted({*there, "preprocessing.png"})


@pytest.mark.parametrize("quote", QUOTES, ids=lambda quote: quote["claim"])
def test_a_quoted_verdict_is_a_sentence_of_its_findings(quote):
    said = {claim["claim"]: claim["sentence"] for claim in FINDINGS[quote["name"]]["claims"]}
    assert quote["sentence"] == said[quote["claim"]]


def test_no_verdict_is_said_without_its_quote():
    verdict = re.compile(r"\b(Supported|Contradicted|Undecided)\b(?!\*)")
    assert len(QUOTES) > 10
    assert [line for line in LINES if verdict.search(line) and not QUOTE.fullmatch(line)] == []


def test_the_last_table_has_every_claim_of_every_finding():
    [head, *rows] = tables(LINES)[-1]
    expected = set()
    for name, document in FINDINGS.items():
        [[own_head, *own_rows]] = tables(findings_markdown(document, []).splitlines())
        assert head == f"| findings {own_head}"
        expected |= {f"| [{name}](findings/{name}.json) {row}" for row in own_rows}
    assert len(rows) == len(expected)
    assert set(rows) == expected


@pytest.mark.parametrize("name", FINDINGS)
def test_the_findings_are_those_of_the_claims_that_stand_in_the_project(name):
    """With the margins and reasons that stand there still, on the confirming seed, at the planned looks."""
    document = FINDINGS[name]
    own = DOCS / "claims" / f"{name}.yaml"
    stated = [*(read_claims(own) if own.exists() else load_study(MODULES[document["study"]]).CLAIMS)]
    looks = looks_up_to(20 if own.exists() else 40)
    assert (document["seed"], document["looks"]) == (2026, [look._asdict() for look in looks])
    for found in document["claims"]:
        texts = {"arm": found["arm"], "Arm": capital(found["arm"])}
        [claim] = [claim for claim in stated if claim.claim.format(**texts) == found["claim"]]
        assert all(getattr(claim, key) == found[key] for key in ("kind", "margin", "reason", "expected", "against"))


def test_the_tables_on_signals_are_computed():
    signals = script("print_signals")
    for table in (signals.by_weight_scale(), signals.by_normalization()):
        assert "\n".join(table) in PAGE


def test_the_tables_on_preprocessing_are_computed(preprocessing, images):
    for table in (preprocessing.statistics(images), preprocessing.invariances(images)):
        assert "\n".join(table) in PAGE
    assert preprocessing.below_eps(images) in LINES


def test_the_drawing_of_preprocessing_shows_each_image_in_each_version(preprocessing, images):
    shown = [panel.pixels for panel in preprocessing.picture(images).panels]
    rows = [shown[i : i + preprocessing.COLUMNS] for i in range(0, len(shown), preprocessing.COLUMNS)]
    assert len(rows) == len(preprocessing.VERSIONS)
    as_they_are = [255 * image.ravel() for image in rows[0]]
    sums = [image.sum() for image in as_they_are]
    assert sums == sorted(sums)
    for minus_mean, image in zip(rows[1], as_they_are, strict=True):
        assert 255 * (2 * minus_mean.ravel() - 1) == pytest.approx(image - images.mean(axis=0), abs=1e-9)


def test_the_script_writes_the_drawing_and_prints_what_the_page_quotes(preprocessing, tmp_path, monkeypatch, capsys):
    output = tmp_path / "preprocessing.png"
    monkeypatch.setattr("sys.argv", ["draw", "--output", str(output)])
    preprocessing.main()
    *quoted, name = capsys.readouterr().out.splitlines()
    assert name == str(output)
    assert {*quoted} <= {*LINES}
    assert output.read_bytes().startswith(b"\x89PNG")
