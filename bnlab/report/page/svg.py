"""A figure's SVG file, made fit for a page that holds many of them.

Only what draws is kept, from a list: elements, attributes, and links within the figure. Styles become attributes, because
the page's Content-Security-Policy forbids styles in attributes. Ids that something refers to get the figure's own prefix,
the others go. Numbers are rounded to hundredths of a point, which nobody sees.

The title and the caption leave the drawing: the page has them as text. A figure whose file doesn't name them keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from bnlab.report.blocks import CAPTION_ID, TITLE_ID

SVG, LINK, DC = ("{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href", "{http://purl.org/dc/elements/1.1/}")
ELEMENTS = {"svg", "g", "path", "use", "defs", "clipPath", "rect", "pattern", "image"}
STYLES = {
    *("fill", "fill-opacity", "fill-rule", "opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap"),
    *("stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset"),
}
ATTRIBUTES = STYLES | {
    *("id", "d", "x", "y", "width", "height", "transform", "clip-path", "viewBox", "href", "patternUnits"),
    *("preserveAspectRatio",),
}
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
NUMERIC = ("d", "x", "y", "width", "height", "transform")
REFERENCE = re.compile(r"url\(#([^)]*)\)")
NAMED = re.compile(rf"{TITLE_ID}|{CAPTION_ID}|(figure|legend|axes|patch)_\d+")
"""Ids that tell what an element shows."""
CELLS = "QuadMesh"
"""How the ids of heat maps begin."""
INHERITED = STYLES - {"opacity"}
PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]+")


@dataclass(frozen=True)
class Svg:
    """A drawing: the children of its root, its width and height in points, and what its file says of it.

    axes: the scales of its panels, as `bnlab.report.draw` writes them. definitions: what parts refer to, by id: letters,
    marks, clips. They stand apart, since a letter that the legend needs may be defined in the title.
    """

    parts: tuple[Element, ...]
    definitions: Mapping[str, Element]
    width: float
    height: float
    title: str | None
    description: str | None
    axes: str | None


def read(text: str, prefix: str) -> Svg:
    """The drawing in an SVG file; its ids begin with the prefix. Raises ValueError if it is none, or a damaged one."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f"no SVG: {error}") from error
    box = [float(number) for number in root.get("viewBox", "").split()]
    if root.tag != f"{SVG}svg" or len(box) != 4 or not min(box[2:]) > 0:
        raise ValueError("no SVG with a viewBox")
    parts = tuple(_kept(root))
    names = _names(parts, prefix)
    for each in (each for part in parts for each in part.iter()):
        _rename(each, names)
    definitions = {child.get("id", ""): child for part in parts for each in part.iter("defs") for child in each}
    for part in parts:
        for each in [*part.iter()]:
            for inner in each.findall("defs"):
                each.remove(inner)
    drawn = tuple(part for part in parts if part.tag != "defs")
    return Svg(
        drawn, definitions, box[2], box[3], _said(root, "title"), _said(root, "description"), _said(root, "coverage")
    )


def markup(svg: Svg) -> str:
    """The drawing as it stands in a page, after the definitions that it refers to."""
    for part in svg.parts:
        for group in part.iter("g"):
            _hoist(group)
        _without_empty_groups(part)
    used = _referred(svg.parts)
    used |= _referred([svg.definitions[identity] for identity in used if identity in svg.definitions])
    defined = Element("defs")
    defined.extend(each for identity, each in svg.definitions.items() if identity in used)
    shown = [defined, *svg.parts] if len(defined) else svg.parts
    return "".join(ElementTree.tostring(part, encoding="unicode") for part in shown)


def _referred(parts: Iterable[Element]) -> dict[str, None]:
    """The ids that are referred to, each once."""
    return dict.fromkeys(identity for part in parts for each in part.iter() for identity in _references(each))


def _kept(element: Element) -> list[Element]:
    """The children that draw, cleaned, with theirs."""
    kept = []
    for child in element:
        name = child.tag.removeprefix(SVG) if isinstance(child.tag, str) else ""
        if name in ELEMENTS:
            clean = Element(name, _attributes(child))
            clean.extend(_kept(child))
            if child.get("id", "").startswith(CELLS):
                clean.set("shape-rendering", "crispEdges")  # else a pale line shines through between two cells
            if name not in ("g", "defs") or len(clean):
                kept.append(clean)
    return kept


def _attributes(element: Element) -> dict[str, str]:
    found = {("href" if key == LINK else key): value for key, value in element.attrib.items()}
    for declaration in found.pop("style", "").split(";"):
        name, _, value = declaration.partition(":")
        if name.strip() in STYLES:
            found[name.strip()] = value.strip()
    found = {key: value for key, value in found.items() if key in ATTRIBUTES}
    link = found.get("href", "#")
    if not (link.startswith("#") or PICTURE.fullmatch(link)):
        del found["href"]
    return {key: _rounded(value) if key in NUMERIC else value for key, value in found.items()}


def _rounded(value: str) -> str:
    short = NUMBER.sub(lambda match: _short(float(match[0])), value)
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", short).strip() if value[:1] == "M" else short.strip()


def _short(number: float) -> str:
    """Hundredths, as a rule; four digits of a number below 1, which may be a scale."""
    text = f"{number:.4g}" if 1e-4 <= abs(number) < 1 else f"{number:.2f}".rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _references(element: Element) -> list[str]:
    """The ids that an element refers to."""
    link = element.get("href", "")
    found = [match[1] for value in element.attrib.values() for match in REFERENCE.finditer(value)]
    return [*found, link[1:]] if link.startswith("#") else found


def _rename(element: Element, names: Mapping[str, str]) -> None:
    """Give ids and references their new names; an id without one goes."""
    for key, value in [*element.attrib.items()]:
        if key == "id" and value not in names:
            del element.attrib[key]
        elif key == "id":
            element.set(key, names[value])
        elif key == "href" and value.startswith("#"):
            element.set(key, f"#{names[value[1:]]}")
        else:
            element.set(key, REFERENCE.sub(lambda match: f"url(#{names[match[1]]})", value))


def _names(parts: Sequence[Element], prefix: str) -> dict[str, str]:
    """The new name of each id: short where it is only referred to, its own where it tells what the element shows."""
    named = [each.get("id", "") for part in parts for each in part.iter() if NAMED.fullmatch(each.get("id", ""))]
    return {identity: f"{prefix}{count}" for count, identity in enumerate(_referred(parts))} | {
        identity: f"{prefix}{identity}" for identity in named
    }


def _said(root: Element, name: str) -> str | None:
    found = root.find(f".//{DC}{name}")
    return None if found is None else found.text


def _hoist(group: Element) -> None:
    """Move the attributes to a group that all its children share and hand down to what they draw."""
    children = list(group)
    for key, value in children[0].attrib.items() if len(children) > 1 else ():
        if key in INHERITED and key not in group.attrib and all(child.get(key) == value for child in children):
            group.set(key, value)
    for child in children if len(children) > 1 else ():
        for key in INHERITED & child.attrib.keys():
            if child.get(key) == group.get(key):
                del child.attrib[key]


def _without_empty_groups(element: Element) -> None:
    """Put the children of groups that say nothing into the group's own place."""
    for child in [*element]:
        _without_empty_groups(child)
        if child.tag == "g" and not child.attrib:
            place = [*element].index(child)
            element[place : place + 1] = [*child]
