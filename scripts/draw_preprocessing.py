"""Draws docs/preprocessing.png, and prints the numbers that docs/questions.md quotes: what subtracting the mean image and
scaling each image by its sum have in common with batchnorm and layernorm.

Images are rows (N, D) of pixels from 0 to 255. They are scaled to the mean sum of all images, not to 1: with a sum of 1 the
variance of most images is smaller than the eps of the normalizations.

    python scripts/draw_preprocessing.py [--output FILE]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bnlab.data import DEFAULT, load
from bnlab.layers import batchnorm_forward, layernorm_forward
from bnlab.layers.normalization_core import EPS
from bnlab.layers.types import Array
from bnlab.report.draw import draw
from bnlab.report.figure import Figure, Image

OUTPUT = Path(__file__).parents[1] / "docs" / "preprocessing.png"
MINIBATCH = 50
COLUMNS = 6
WHITE, LARGEST = 255, 3
"""The pixel value that is drawn white, and the normalized value."""
ROUNDING = 1e-9
"""Differences below are rounding errors, which other machines have in other sizes."""
STATISTICS: dict[str, Callable[[Array], Array]] = {
    "mean of a pixel over images": lambda x: x.mean(axis=0),
    "deviation of a pixel over images": lambda x: x.std(axis=0),
    "mean of an image over pixels": lambda x: x.mean(axis=1),
    "deviation of an image over pixels": lambda x: x.std(axis=1),
}


def main() -> None:
    """Writes the picture, and prints the tables and the picture's name."""
    parser = argparse.ArgumentParser(description="Draw what two kinds of preprocessing do to images.")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the PNG to write (default: %(default)s)")
    output = parser.parse_args().output
    images = training_images()
    output.write_bytes(draw(picture(images))["png"])
    print("\n".join([*statistics(images), "", *invariances(images), "", below_eps(images), "", str(output)]))


def training_images() -> Array:
    """All training images of the embedded data set, (N, D) float64."""
    pixels = load(DEFAULT).x_train
    return pixels.reshape(len(pixels), -1).astype(float)


def batchnorm(x: Array) -> Array:
    """The project's own layer in training, with gamma 1 and beta 0."""
    out, _ = batchnorm_forward(x, np.ones(x.shape[1]), np.zeros(x.shape[1]), {"mode": "train"})
    return out


def layernorm(x: Array) -> Array:
    """The project's own layer, with gamma 1 and beta 0."""
    out, _ = layernorm_forward(x, np.ones(x.shape[1]), np.zeros(x.shape[1]), {})
    return out


def centred(images: Array) -> Array:
    """Each image minus the mean image."""
    mean_image: Array = images.mean(axis=0)
    return images - mean_image


def scaled(images: Array) -> Array:
    """Each image divided by its own sum, times the mean sum of all."""
    sums: Array = images.sum(axis=1, keepdims=True)
    return images * (float(sums.mean()) / sums)


VERSIONS: dict[str, Callable[[Array], Array]] = {
    "as they are": lambda images: images,
    "minus mean image": centred,
    "batchnorm": batchnorm,
    "scaled by own sum": scaled,
    "layernorm": layernorm,
}
"""What is done to all images. What resembles each other stands side by side."""
LOOKS: dict[str, Callable[[Array], Array]] = {
    "as they are": lambda x: x / WHITE,
    "minus mean image": lambda x: (1 + x / WHITE) / 2,
    "batchnorm": lambda x: (1 + x / LARGEST) / 2,
    "scaled by own sum": lambda x: x / WHITE,
    "layernorm": lambda x: (1 + x / LARGEST) / 2,
}
"""From values to shades, 0 to 1."""


def picture(images: Array) -> Figure:
    """A row for each version, with the same images in each, from dark to bright."""
    side = round(images.shape[1] ** 0.5)
    order = np.argsort(images.sum(axis=1), kind="stable")
    picked = order[np.linspace(0.02 * len(order), 0.98 * len(order), COLUMNS).astype(int)]
    panels = [
        Image(name, shade.reshape(side, side))
        for name, made in VERSIONS.items()
        for shade in LOOKS[name](made(images)[picked])
    ]
    caption = (
        f"{DEFAULT}; {COLUMNS} training images, from dark to bright. Where values can be negative, 0 is middle grey. White "
        f"is {WHITE} for pixels, and {LARGEST} for batchnorm and layernorm; batchnorm takes all {len(images):,} training "
        "images as one minibatch"
    )
    return Figure("Two kinds of preprocessing, and the normalizations they resemble", caption, tuple(panels), len(VERSIONS))


def statistics(images: Array) -> list[str]:
    """A table: which statistics each version fixes, over all images."""
    rows = [
        [name, *(_range(statistic(made(images))) for statistic in STATISTICS.values())] for name, made in VERSIONS.items()
    ]
    return _table([f"all {len(images):,} images", *STATISTICS], rows)


def invariances(images: Array) -> list[str]:
    """A table: by how much the output of a normalization changes, at most, if its minibatch is preprocessed."""
    minibatch, sums = images[:MINIBATCH], images.sum(axis=1, keepdims=True)
    preprocessed = {
        "minus mean image": centred(images)[:MINIBATCH],
        "scaled by own sum": scaled(images)[:MINIBATCH],
        "scaled to a sum of 1": minibatch / sums[:MINIBATCH],
    }
    rows = [
        [name, *(_amount(np.abs(norm(x) - norm(minibatch)).max()) for norm in (batchnorm, layernorm))]
        for name, x in preprocessed.items()
    ]
    return _table([f"the first {MINIBATCH} images", "batchnorm's output changes by", "layernorm's output changes by"], rows)


def below_eps(images: Array) -> str:
    """Why images with a sum of 1 are too dark for layernorm."""
    share = np.mean((images / images.sum(axis=1, keepdims=True)).var(axis=1) < EPS)
    return f"With a sum of 1, {100 * share:.0f} % of the images have a variance below eps, {EPS:g}."


def _range(values: Array) -> str:
    low, high = (f"{value:.2f}".replace("-0.00", "0.00") for value in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"


def _amount(difference: float) -> str:
    if difference < ROUNDING:
        return f"under {ROUNDING:g}"
    return f"{difference:.2f}" if difference > 0.01 else f"{difference:.0e}"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    """In Markdown."""
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


if __name__ == "__main__":
    main()
