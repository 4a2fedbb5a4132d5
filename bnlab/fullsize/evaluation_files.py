"""From an evaluation to its files: the accuracy, the confusion matrix as picture and table, the surest mistakes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from bnlab.fullsize.evaluate import Evaluation, Mistake
from bnlab.lab.files import json_bytes, write
from bnlab.lab.provenance import provenance
from bnlab.layers.types import Array
from bnlab.report.draw import draw
from bnlab.report.figure import Figure, HeatMap, Image
from bnlab.report.table import csv_bytes
from bnlab.report.text import can_be_drawn

SCHEMA = 1
MOST_NAMED = 20
"""Classes that a confusion matrix has names and numbers for."""
LONGEST = 24
"""Characters of a class's name in a figure."""
MISTAKES, ACROSS = 20, 5
"""The mistakes that are shown, and how many of them in a row."""
METHOD = "Wilson score interval, 95 %"


def write_evaluation(found: Evaluation, folder: Path, seconds: float) -> dict[str, Any]:
    """Write the files; the document with the numbers is handed back, with where they lie. seconds: wall time.

    Raises StoreError if a file can't be written.
    """
    document = {**as_document(found), "provenance": provenance(seconds)}
    drawn = {"confusion": confusion_figure(found)}
    if found.right < found.count:
        drawn["mistakes"] = mistakes_figure(found)
    files = {
        "evaluation.json": json_bytes(document),
        "confusion.csv": confusion_csv(found),
        **{f"{name}.{form}": text for name, figure in drawn.items() for form, text in draw(figure).items()},
    }
    for name, content in files.items():
        write(folder / name, content)
    return {**document, "files": [str(folder / name) for name in files]}


def as_document(found: Evaluation) -> dict[str, Any]:
    """All numbers, in strict JSON."""
    checkpoint, named = found.checkpoint, found.name_of
    (low, high), table = found.interval, found.confusion.tolist()
    best = found.solver.best_check
    return {
        "schema": SCHEMA,
        "spec": checkpoint.spec.to_json(),
        "threads": checkpoint.threads,
        "best_iteration": None if best is None else found.solver.check_iterations[best],
        "test_images": found.count,
        "test_fingerprint": _fingerprint(found),
        "right": found.right,
        "accuracy": found.accuracy,
        "interval": {"method": METHOD, "low": low, "high": high},
        "classes": [{"label": i, "name": named(i), "images": sum(row), "right": row[i]} for i, row in enumerate(table)],
        "confusion": table,
        "mistakes": [
            {**mistake._asdict(), "label_name": named(mistake.label), "predicted_name": named(mistake.predicted)}
            for mistake in found.surest_mistakes(MISTAKES)
        ],
    }


def confusion_csv(found: Evaluation) -> bytes:
    """A row per class, a column per class that its images are taken for."""
    table = found.confusion.tolist()
    names = [*map(found.name_of, range(len(table)))]
    rows = [{"class": name, **dict(zip(names, row, strict=True))} for name, row in zip(names, table, strict=True)]
    return csv_bytes(("class", *names), rows)


def confusion_figure(found: Evaluation) -> Figure:
    """The confusion matrix: colours are shares of a class, texts are numbers of images. Many classes go by their numbers,
    since texts would lie upon each other."""
    table = found.confusion
    many = len(table) > MOST_NAMED
    places = [float(i) for i in range(len(table))]
    ticks = dict(zip(places, (drawn_name(found, label) for label in range(len(table))), strict=True))
    heat_map = HeatMap(
        title="Classes told apart",
        x_label="taken for (number of the class)" if many else "taken for",
        y_label="number of the class" if many else "class",
        x=places,
        y=places,
        values=(table / np.maximum(table.sum(axis=1, keepdims=True), 1)).tolist(),
        value_label="share of the class",
        limits=(0.0, 1.0),
        x_ticks=None if many else ticks,
        y_ticks=None if many else ticks,
        cells=None if many else [[str(n) if n else "" for n in row] for row in table.tolist()],
        downward=True,
    )
    numbers = "Numbers: the test images of the row's class that are taken for the column's"
    topic = "Classes: by number from 0, in the order of confusion.csv, which has their names" if many else numbers
    return Figure(title(found), caption(found, f"{topic}; interval: {METHOD}"), (heat_map,))


def mistakes_figure(found: Evaluation) -> Figure:
    """The images that the net is surest and wrong about, with what it takes them for and what they are."""
    mistakes = found.surest_mistakes(MISTAKES)

    def panel(mistake: Mistake) -> Image:
        guess = f"{drawn_name(found, mistake.predicted)} {mistake.probability:.3f}"
        return Image(f"{guess}\nis {drawn_name(found, mistake.label)}", _pixels(found, mistake.image))

    topic = "Test images: what the net takes them for, with its probability; what they are"
    rows = -(-len(mistakes) // ACROSS)
    return Figure("Surest and wrong", caption(found, topic), tuple(map(panel, mistakes)), rows=rows)


def drawn_name(found: Evaluation, label: int) -> str:
    """A class's name as figures have it: by its number where their font lacks a character, and cut where it is long."""
    name = found.name_of(label)
    if not can_be_drawn(name):
        return f"class {label}"
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def title(found: Evaluation) -> str:
    """The accuracy with its interval."""
    low, high = found.interval
    return f"Test accuracy {found.accuracy:.4f} ({low:.4f} to {high:.4f})"


def caption(found: Evaluation, topic: str) -> str:
    """The topic, and which net on which images."""
    spec, best = found.checkpoint.spec, found.solver.best_check
    after = "before training" if best is None else f"after iteration {found.solver.check_iterations[best]:,}"
    return f"{topic}; {spec.data.dataset}, {found.count:,} test images; {found.solver.model!r}, {after}"


def _pixels(found: Evaluation, image: int) -> Array:
    """As pictures have them: (H, W) or (H, W, 3), from 0 to 1."""
    channels: Array = found.dataset.x_test[image] / 255
    return channels[0] if len(channels) == 1 else np.moveaxis(channels, 0, -1)


def _fingerprint(found: Evaluation) -> str:
    """16 hex digits that stand for the test images and their labels."""
    digest = hashlib.sha256(found.dataset.x_test.tobytes())
    digest.update(found.labels.astype("<i8").tobytes())
    return digest.hexdigest()[:16]
