"""The page as HTML: templates, with one style and one small script in the page, and a policy that lets nothing else in."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import partial
from pathlib import Path

from bnlab import __version__
from bnlab.evidence.verdicts import FEWEST
from bnlab.report.findings import rules
from bnlab.report.page import intervals, words
from bnlab.report.page.amounts import amounts_to
from bnlab.report.page.exercise import exercise
from bnlab.report.page.glossary import STATUSES, Glossary
from bnlab.report.page.markdown import FRAMEWORKS, derivations, document
from bnlab.report.page.model import VERDICTS, Book
from bnlab.report.page.tested import by_data, counted_once

TEMPLATES = Path(__file__).parent / "templates"
BLANK_LINES = 3
"""Lines to write on below a claim, in the page without answers."""


def render(book: Book, without_answers: bool = False) -> bytes:
    """The page. without_answers: no verdicts, findings, tables that give them away and titles that state them."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = (_source(name) for name in ("page.css", "page.js"))
    title, text = derivations()
    frameworks_title, frameworks = document(FRAMEWORKS)
    page = environment.get_template("page.html").render(
        book=book,
        answers=not without_answers,
        style=style,
        script=script,
        policy=_policy(style, script),
        version=__version__,
        words=words,
        counted_once=counted_once,
        by_data=by_data,
        amounts_to=amounts_to,
        exercise=exercise,
        fewest=FEWEST,
        rules=rules,
        explained=partial(Glossary.new, Glossary()),
        interval=intervals,
        verdicts=VERDICTS,
        statuses=STATUSES,
        blank_lines=BLANK_LINES,
        derivations_title=title,
        derivations=text,
        frameworks_title=frameworks_title,
        frameworks=frameworks,
    )
    return page.encode()


def _source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """The Content-Security-Policy: nothing is loaded from anywhere; only this style and this script count."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(source: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(source.encode()).digest()).decode()}"
