"""The drawing of batchnorm's computation graph: it shows the table's nodes, and nothing in it covers anything else."""

import importlib.util
import itertools
import re
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Circle, FancyBboxPatch

from bnlab.gradcheck.batchnorm_graph import LEAVES, NODES, PATHS

ROOT = Path(__file__).parents[2]
DRAWING = (ROOT / "docs" / "batchnorm-graph.svg").read_text(encoding="utf-8")
NAMES = {*LEAVES, *(node.name for node in NODES)}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("draw", ROOT / "scripts" / "draw_batchnorm_graph.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def picture(script):
    """The renderer and the axes of the drawing."""
    figure = script.draw()
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return canvas.get_renderer(), figure.axes[0]


def words(svg):
    """What is written in a drawing: Matplotlib leaves the words as comments beside the glyphs."""
    return sorted(re.findall(r"<!-- (.*?) -->", svg))


def test_the_drawing_is_made_anew_with_the_same_nodes_and_words(script, tmp_path, monkeypatch, capsys):
    output = tmp_path / "graph.svg"
    monkeypatch.setattr("sys.argv", ["draw", "--output", str(output)])
    script.main()
    assert capsys.readouterr().out == f"{output}\n"
    anew = output.read_text(encoding="utf-8")
    assert set(re.findall(r'id="node-(\w+)"', DRAWING)) == set(re.findall(r'id="node-(\w+)"', anew)) == NAMES
    assert words(DRAWING) == words(anew)


def test_every_operation_every_gradient_and_every_path_is_written_in_it(script):
    written = words(DRAWING)
    for node in NODES:
        assert script.pretty(node.forward) in written
        assert all(script.pretty(gradient) in written for gradient in node.edges.values())
    assert all(written.count(path.removeprefix("path ")) == 2 for path in PATHS)  # at its edge, and in the legend


def test_the_drawing_is_the_same_at_every_call(script, tmp_path):
    first, again = tmp_path / "first.svg", tmp_path / "again.svg"
    script.save(first)
    script.save(again)
    assert first.read_bytes() == again.read_bytes()


def test_no_words_cover_others_or_leave_their_box_or_the_picture(picture):
    renderer, axes = picture
    texts = [text for text in axes.texts if text.get_text()]
    extents = {text: text.get_window_extent(renderer) for text in texts}
    for one, other in itertools.combinations(texts, 2):
        assert not extents[one].overlaps(extents[other]), (one.get_text(), other.get_text())
    whole = axes.get_window_extent(renderer)
    for patch in axes.patches:
        if isinstance(patch, FancyBboxPatch | Circle):
            box = patch.get_window_extent(renderer)
            for text, extent in extents.items():
                inside = (
                    box.containsx(extent.x0) and box.containsx(extent.x1) and box.containsy((extent.y0 + extent.y1) / 2)
                )
                assert inside or not box.overlaps(extent), text.get_text()
    assert all(whole.containsx(e.x0) and whole.containsx(e.x1) and whole.containsy(e.y1) for e in extents.values())


def test_the_boxes_keep_apart(picture):
    renderer, axes = picture
    boxes = [patch.get_window_extent(renderer) for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    assert len(boxes) == len(NAMES)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
