"""Documents of `docs/` as HTML: formulas as MathML, drawings as SVG, headings one level further down."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import bnlab
from bnlab.report.page.drawing import make_drawing

DERIVATIONS, FRAMEWORKS = "derivations", "frameworks"
OPENING, CLOSING = re.compile(r"\(+$"), re.compile(r"^[.,;:!?)]+")
"""What may stand directly before and after a formula."""
START = re.compile(r" *[^ (\[]*[(\[]?")
"""The indentation of a line of code, and its first word."""
DEEPEST = 4
"""Levels of indentation that the style sheet knows."""
Tokens = Sequence[Any]


def docs_folder() -> Path:
    """Where the documents lie: in the installed package, or beside the package in a checkout."""
    package = Path(bnlab.__file__).parent
    installed = package / "docs"
    return installed if (installed / f"{DERIVATIONS}.md").is_file() else package.parent / "docs"


def derivations() -> tuple[str, str]:
    """The title of the page, and its HTML without the title."""
    return document(DERIVATIONS)


def document(name: str) -> tuple[str, str]:
    """The title of a document, and its HTML without the title. name: of its file, without the ending."""
    text = (docs_folder() / f"{name}.md").read_text(encoding="utf-8")
    first, _, rest = text.partition("\n")
    return first.removeprefix("# "), to_html(rest, name, docs_folder())


def to_html(text: str, prefix: str, folder: Path) -> str:
    """Markdown as HTML; HTML in it is shown as text. prefix: of all ids. folder: where its drawings lie."""
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    page = MarkdownIt("commonmark", {"html": False}).enable("table").use(dollarmath_plugin, allow_space=False)
    tokens = page.parse(text)
    _anchor(tokens, prefix)
    _join(tokens)
    rules = {
        "math_inline": lambda _, tokens, i, *rest: _inline(tokens[i]),
        "fence": lambda _, tokens, i, *rest: _in_columns(tokens, i),
        "image": lambda _, tokens, i, *rest: _image(folder / tokens[i].attrs["src"], tokens[i].content, f"{prefix}-{i}"),
        "table_open": lambda *_: '<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>\n',
        "table_close": lambda *_: "</table></div>\n",
    }
    for name, rule in rules.items():
        page.add_render_rule(name, rule)
    return str(page.renderer.render(tokens, page.options, {}))


def math(formula: str, display: str) -> str:
    """A formula in LaTeX as MathML. display: inline or block."""
    from latex2mathml.converter import convert

    return str(convert(formula, display=display))


def _anchor(tokens: Tokens, prefix: str) -> None:
    """Headings get ids and one level more; links to them follow."""
    for token, content in zip(tokens, (*tokens[1:], None), strict=True):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{int(token.tag[1]) + 1}"
        if token.type == "heading_open" and content is not None:
            token.attrs["id"] = f"{prefix}-{_slug(content.content)}"
        for child in token.children or ():
            target = str(child.attrs.get("href", ""))
            if child.type == "link_open" and target.startswith("#"):
                child.attrs["href"] = f"#{prefix}-{target[1:]}"


def _join(tokens: Tokens) -> None:
    """Brackets and marks that touch a formula become a part of it, so that no line ends between them."""
    for children in (token.children for token in tokens if token.children):
        for before, formula, after in zip([None, *children], children, [*children[1:], None], strict=False):
            if formula.type == "math_inline":
                formula.meta = {"before": _taken(before, OPENING), "after": _taken(after, CLOSING)}


def _taken(text: Any, pattern: re.Pattern[str]) -> str:
    """What the pattern finds in a token of text, and takes out of it."""
    found = pattern.search(text.content) if text is not None and text.type == "text" else None
    if found is None:
        return ""
    text.content = pattern.sub("", text.content, count=1)
    return found[0]


def _inline(token: Any) -> str:
    before, after = (escape(token.meta[side]) for side in ("before", "after"))
    formula = math(token.content, "inline")
    return f'<span class="whole-line">{before}{formula}{after}</span>' if before or after else formula


def _slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9-]", "", heading.lower().replace(" ", "-"))


def _in_columns(tokens: Tokens, i: int) -> str:
    """A fence. Code that follows code stands beside it, where there is room."""
    before, after = (0 <= place < len(tokens) and _is_code(tokens[place]) for place in (i - 1, i + 1))
    opened = '<div class="columns">\n' if after and not before and _is_code(tokens[i]) else ""
    closed = "</div>\n" if before and not after and _is_code(tokens[i]) else ""
    return opened + _fence(tokens[i].info.strip(), tokens[i].content) + closed


def _is_code(token: Any) -> bool:
    return bool(token.type == "fence" and token.info.strip() == "python")


def _fence(kind: str, text: str) -> str:
    if kind == "math":
        return f'<div class="math scroll" role="group" aria-label="Formula" tabindex="0">{math(text, "block")}</div>\n'
    label = "Terminal" if kind == "text" else "Code"
    shown = "".join(map(_line_of_code, text.splitlines())) if kind == "python" else escape(text)
    return f'<pre class="scroll" role="group" aria-label="{label}" tabindex="0"><code>{shown}</code></pre>\n'


def _line_of_code(line: str) -> str:
    """A line that may wrap, in a narrow column: what goes over stands further in than the line itself, as in Python. The
    indentation stays with the first word, else a long word would leave it alone on its line."""
    depth = min((len(line) - len(line.lstrip(" "))) // 4, DEEPEST)  # as a class: the page allows no styles in its markup
    head = START.match(line)[0]  # type: ignore[index]  # it may be empty
    rest = escape(line[len(head) :])
    return f'<span class="line in-{depth}"><span class="start">{escape(head)}</span>{rest}\n</span>'


def _image(path: Path, meaning: str, identity: str) -> str:
    """The drawing. What stands before the first colon of its meaning is its title, the rest describes it."""
    drawing = make_drawing(path.read_text(encoding="utf-8"), f"{identity}-")
    title, _, description = (escape(part.strip()) for part in " ".join(meaning.split()).partition(":"))
    said = f'<title id="{identity}-t">{title}</title><desc id="{identity}-d">{description or title}</desc>'
    return (
        '<span class="sheet drawing scroll" role="group" aria-label="Drawing" tabindex="0">'
        f'<svg role="img" aria-labelledby="{identity}-t {identity}-d" viewBox="{drawing.box.view}">'
        f"{said}{drawing.markup}</svg></span>"
    )
