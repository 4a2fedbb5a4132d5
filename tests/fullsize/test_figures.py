"""What is drawn of one training."""

import math

import pytest

from bnlab.fullsize.figures import POINTS, loss_lines, loss_window, training_figure
from bnlab.fullsize.train import train


def test_the_bold_line_is_the_mean_around_each_point():
    raw, mean = loss_lines([4.0, 2.0, 3.0, 1.0], 3, lost=False)
    assert (raw.x, raw.y, raw.faint) == ([1, 2, 3, 4], [4, 2, 3, 1], True)
    assert (mean.x, mean.y, mean.faint) == ([1, 2, 3, 4], [3, 3, 2, 2], False)


def test_long_curves_are_thinned_and_keep_their_ends():
    losses = [1.0] * (7 * POINTS + 3) + [5.0]
    for line in loss_lines(losses, 1, lost=False):
        assert len(line.x) <= POINTS + 1
        assert (line.x[0], line.x[-1], line.y[-1]) == (1, len(losses), 5.0)


def test_a_loss_that_is_not_finite_has_a_cross_and_no_part_in_the_mean():
    raw, mean = loss_lines([2.0, 4.0, math.inf], 3, lost=True)
    assert (raw.diverged, raw.y[-1]) == ((2,), math.inf)
    assert mean.y == [3, 3, 4]


def test_says_what_was_reached_and_how_it_was_trained(job, tmp_path):
    asked = job("solver.patience=3")
    solver = train(asked, tmp_path, 1).solver
    figure = training_figure(asked, solver)
    best = solver.best_check
    assert figure.title.startswith("Best check, after epoch ")
    assert f"validation {solver.val_acc_history[best]:.3f}".replace(" 0.", " .") in figure.title
    asks = ("60 training images, 50 for validation", "hidden layers of 8, 6", "batchnorm", "patience 3", "seed 231")
    for words in (*asks, "training accuracy on 60 images", "the mean over 1 iteration"):
        assert words in figure.caption
    _, accuracy = figure.panels
    assert [line.label for line in accuracy.lines] == ["training", "validation"]
    assert accuracy.lines[1].y == solver.val_acc_history
    assert accuracy.lines[0].x == pytest.approx([1 / 3, 1, 2, 3, 4][: len(solver.check_iterations)])


def test_a_divergence_before_any_check_is_said(job, tmp_path):
    asked = job("solver.update_rule=sgd", "solver.learning_rate=1e38", "net.normalization=none", "net.weight_scale=1e30")
    solver = train(asked, tmp_path, 1).solver
    figure = training_figure(asked, solver)
    assert solver.diverged_at == 1
    assert figure.title == "Diverged at iteration 1, before any check that counts"


def test_a_divergence_after_a_check_is_said_and_has_its_cross(job, tmp_path):
    asked = job("solver.update_rule=sgd", "solver.learning_rate=1e30", "net.normalization=none")
    solver = train(asked, tmp_path, 1).solver
    figure = training_figure(asked, solver)
    assert (solver.diverged_at, solver.best_check) == (2, 0)
    assert figure.title.endswith("; diverged at iteration 2")
    assert [line.diverged for line in figure.panels[1].lines] == [(1,), (1,)]


def test_the_bold_line_averages_a_twentieth_of_the_training(job, tmp_path):
    solver = train(job("solver.num_epochs=20"), tmp_path, 1).solver
    assert (solver.t, loss_window(solver)) == (60, 3)
