"""The page in docs/ is one of this version, with the claims as the studies state them now."""

import html
from pathlib import Path

import pytest

import bnlab
from bnlab.studies import STUDIES
from bnlab.studies.plan import make_plan

DOCS = Path(bnlab.__file__).parents[1] / "docs"
PAGE = DOCS / "example.html"


@pytest.fixture(scope="module")
def page():
    return " ".join(html.unescape(PAGE.read_text(encoding="utf-8")).split())


def test_it_is_of_this_version(page):
    assert bnlab.__version__ in page


@pytest.mark.parametrize("entry", STUDIES, ids=lambda entry: entry.name)
def test_it_has_the_claims_as_they_are_stated(page, entry):
    """`make example` renews it."""
    for contrast in make_plan(entry).contrasts:
        assert contrast.text in page
        assert contrast.claim.reason in page


def test_nothing_in_it_loads_anything(page):
    assert PAGE.stat().st_size < 3_000_000
    assert "Content-Security-Policy" in page
    assert "default-src 'none'" in page


def test_the_readme_shows_it():
    text = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    assert text.index("(docs/example.html)") < text.index("## Commands")
    assert (DOCS / "example.png").stat().st_size < 400_000
