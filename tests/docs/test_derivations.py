"""docs/derivations.md: that the code it quotes is the code, that its math renders, and that what it claims holds."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from bnlab import layers
from bnlab.layers import batchnorm_backward, batchnorm_backward_alt, batchnorm_forward, conv_backward, conv_forward
from tests.docs.quotes import FENCE, ROOT, quotes_of, stands_in_its_file

PAGE = (ROOT / "docs" / "derivations.md").read_text(encoding="utf-8")
BLOCKS = FENCE.findall(PAGE)
QUOTES = quotes_of(PAGE)
PROSE = FENCE.sub("", PAGE)
INLINE = re.compile(r"\$([^$]*)\$")
EPS = 0.3


@pytest.mark.parametrize("quote", QUOTES, ids=range(len(QUOTES)))
def test_a_quote_stands_in_the_file_it_names(quote):
    assert stands_in_its_file(quote)


def test_the_file_of_every_layer_is_quoted():
    functions = [getattr(layers, name) for name in layers.__all__ if name.endswith(("_backward", "_loss"))]
    files = {Path(inspect.getfile(function)).relative_to(ROOT).as_posix() for function in functions}
    quoted = {quote.split("\n")[0].removeprefix("# ") for quote in QUOTES}
    assert files - quoted == {"bnlab/layers/sandwiches.py"}


def test_every_formula_of_a_layer_has_code_in_its_section():
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    kinds = {section.split("\n")[0]: [kind for kind, _ in FENCE.findall(section)] for section in sections}
    without = {name for name, found in kinds.items() if "math" in found and "python" not in found}
    assert without == {"Notation"}
    assert [name for name, found in kinds.items() if not found] == ["Sources"]


def test_inline_math_has_nothing_that_markdown_takes_for_its_own():
    formulas = INLINE.findall(PROSE)
    assert len(formulas) > 100
    for formula in formulas:
        assert formula == formula.strip() != ""
        assert not re.search(r"\n|[*<>|`]|\\[^A-Za-z]|(?<![A-Za-z0-9])_", formula), formula
    assert "$" not in INLINE.sub("", PROSE)


def test_math_is_balanced():
    pairs = [
        ("{", "}"),
        ("(", ")"),
        (r"\begin", r"\end"),
        (r"\bigl", r"\bigr"),
        (r"\Bigl", r"\Bigr"),
        (r"\langle", r"\rangle"),
    ]
    for formula in (*INLINE.findall(PROSE), *(text for kind, text in BLOCKS if kind == "math")):
        for opening, closing in pairs:
            assert formula.count(opening) == formula.count(closing), formula


def test_links_lead_somewhere():
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    targets = re.findall(r"\]\(([^)]*)\)", PAGE)
    assert len(targets) > 10
    for target in targets:
        assert target.removeprefix("#") in anchors if target[0] == "#" else (ROOT / "docs" / target).is_file()


@pytest.fixture
def column():
    """A column of x, the g, and the code's dx and xhat, where eps is as large as the variance."""
    rng = np.random.RandomState(3)
    x, gamma, beta, dout = 0.5 * rng.randn(7, 1), np.array([1.7]), np.zeros(1), rng.randn(7, 1)
    _, cache = batchnorm_forward(x, gamma, beta, {"mode": "train", "eps": EPS})
    return x[:, 0], dout[:, 0] * gamma, batchnorm_backward(dout, cache)[0][:, 0], cache.xhat[:, 0]


def test_the_sums_of_xhat(column):
    x, _, _, xhat = column
    assert xhat.sum() == pytest.approx(0, abs=1e-14)
    assert (xhat**2).mean() == pytest.approx(x.var() / (x.var() + EPS), rel=1e-13)
    assert (xhat**2).mean() < 0.7


def test_the_closed_form_is_exact_however_large_eps_is(column):
    x, g, dx, xhat = column
    s = (x.var() + EPS) ** -0.5
    np.testing.assert_allclose(dx, s * (g - g.mean() - xhat * (g * xhat).mean()), rtol=1e-12)
    jacobian = s * (np.eye(7) - 1 / 7 - np.outer(xhat, xhat) / 7)
    np.testing.assert_allclose(dx, g @ jacobian, rtol=1e-12)


def test_the_sums_of_dx(column):
    x, g, dx, xhat = column
    s = (x.var() + EPS) ** -0.5
    assert dx.sum() == pytest.approx(0, abs=1e-14)
    assert (dx * xhat).sum() == pytest.approx(s * EPS / (x.var() + EPS) * (g * xhat).sum(), rel=1e-12)


def test_a_constant_column_blows_differences_up_and_a_batch_of_one_gives_nothing_back():
    dout = np.array([[1.0], [-1.0]])
    _, cache = batchnorm_forward(np.full((2, 1), 7.0), np.ones(1), np.zeros(1), {"mode": "train"})
    np.testing.assert_allclose(batchnorm_backward_alt(dout, cache)[0], 316 * dout, rtol=1e-3)
    out, cache = batchnorm_forward(np.full((1, 1), 7.0), np.ones(1), np.array([3.0]), {"mode": "train"})
    assert out == 3
    assert batchnorm_backward(dout[:1], cache)[0] == 0


def test_dx_of_a_convolution_is_a_convolution_with_turned_filters():
    rng = np.random.RandomState(4)
    x, w, b = rng.randn(2, 3, 6, 5), rng.randn(4, 3, 3, 2), np.zeros(4)
    out, cache = conv_forward(x, w, b, {"stride": 1, "pad": 0})
    dout = rng.randn(*out.shape)
    bordered = np.pad(dout, ((0, 0), (0, 0), (2, 2), (1, 1)))
    turned = w[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    expected, _ = conv_forward(bordered, turned, np.zeros(3), {"stride": 1, "pad": 0})
    np.testing.assert_allclose(conv_backward(dout, cache)[0], expected, rtol=1e-11, atol=1e-13)
