"""What is drawn of the training logs: the printed numbers themselves, and the range of our seeds around their median."""

import pytest

from bnlab.published.facts import numbers
from bnlab.published.figure import CELL, PUBLISHED, figure
from bnlab.published.images import Images
from bnlab.published.runs import Trainings, runs
from bnlab.runs.history import History
from bnlab.runs.outcome import Outcome
from bnlab.runs.spec import DataSpec


def outcome(level):
    checks = [1, *range(20, 201, 20)]
    return Outcome([level + i / 1000 for i in range(200)], checks, [level] * 11, [level / 2] * 11)


@pytest.fixture
def shown():
    images = Images({}, DataSpec("cifar10", 1000, "0" * 16), 3000)
    histories = {
        log: [History(spec, outcome(level), {}) for level, spec in zip((0.1, 0.2, 0.6, 0.4), specs, strict=False)]
        for log, specs in runs(images).items()
    }
    cell = {log: outcome(0.3) for log in histories}
    return figure(images, Trainings(images, cell, histories))


def test_a_row_of_panels_a_log(shown):
    assert shown.rows == 2
    assert [panel.title for panel in shown.panels] == [
        f"{net}: {what}"
        for net in ("With batchnorm", "Without normalization")
        for what in ("training loss", "training accuracy", "validation accuracy")
    ]
    assert [panel.y_group for panel in shown.panels] == ["loss", "accuracy", "accuracy"] * 2


def test_each_panel_has_the_published_numbers_ours_and_the_band(shown):
    for panel, log in zip(shown.panels, ["compare_batchnorm"] * 3 + ["compare_baseline"] * 3, strict=True):
        lines = {line.label: line for line in panel.lines}
        assert lines[PUBLISHED].y in numbers()["groups"][log].values()
        (band,) = panel.bands
        median = lines[band.label]
        assert [*median.x] == [*band.x] == [*lines[PUBLISHED].x] == [*lines[CELL].x]
        assert [len(line.y) for line in panel.lines] == [len(band.low)] * 3 == [len(band.high)] * 3
    loss, train, val = shown.panels[:3]
    assert [*loss.lines[0].x] == [1, 21, 41, 61, 81, 101, 121, 141, 161, 181]
    assert loss.bands[0].low[1] == pytest.approx(0.1 + 0.02)
    assert loss.lines[0].y[1] == pytest.approx(0.3 + 0.02)  # between 0.2 and 0.4
    assert loss.bands[0].high[1] == pytest.approx(0.6 + 0.02)
    assert [*train.lines[0].x] == [*range(11)]
    assert (train.bands[0].low[3], train.bands[0].high[3]) == (0.1, 0.6)
    assert (val.bands[0].low[3], val.bands[0].high[3]) == (0.05, 0.3)


def test_the_caption_says_what_the_seeds_and_the_images_are(shown):
    assert "our seeds: replicates 0 to 9 of seed 231" in shown.caption
    assert "mean image of 3,000 images (published: 49,000" in shown.caption
    assert "4 seeds" in shown.panels[0].lines[0].label
    images = Images({}, DataSpec("cifar10", 1000, "0" * 16), 49_000)
    complete = figure(images, Trainings(images, {}, {}))
    assert complete.caption.endswith("mean image of 49,000 images")
