"""The evaluation on test images: which net, which images, which numbers."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from bnlab.data import load
from bnlab.errors import DataError
from bnlab.evidence.binomial import wilson_interval
from bnlab.fullsize.checkpoint import read
from bnlab.fullsize.evaluate import evaluate
from bnlab.fullsize.evaluation_files import (
    as_document,
    caption,
    confusion_csv,
    confusion_figure,
    mistakes_figure,
    write_evaluation,
)
from bnlab.fullsize.job import make_job
from bnlab.fullsize.train import train
from bnlab.report.draw import compose
from bnlab.report.figure import HeatMap
from tests.fullsize.conftest import CNN, MLP


@pytest.fixture(params=[MLP, CNN], ids=["mlp", "cnn"])
def trained(request, job, tmp_path):
    """A Solver that has been trained, and the evaluation of its checkpoint."""
    solver = train(job(text=request.param), tmp_path, 1).solver
    return solver, evaluate(read(tmp_path))


def test_is_of_the_best_check_on_all_test_images(trained):
    solver, found = trained
    data = load("synthetic", num_train=60, num_test=1000).arrays()
    scores = solver.model.loss(data["X_test"]).astype(float)
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_array_equal(found.predicted, scores.argmax(axis=1))
    np.testing.assert_allclose(found.probabilities, (exponents / exponents.sum(axis=1, keepdims=True)).max(axis=1))
    assert found.accuracy == solver.check_accuracy(data["X_test"], data["y_test"])
    assert (found.right, found.count) == (round(1000 * found.accuracy), 1000)
    assert found.interval == wilson_interval(found.right, 1000)


def test_the_confusion_matrix_counts_each_image_once(trained):
    _, found = trained
    table = found.confusion
    assert table.shape == (10, 10)
    for i in range(10):
        for j in range(10):
            assert table[i, j] == np.sum((found.labels == i) & (found.predicted == j))
    rows = [*csv.reader(io.StringIO(confusion_csv(found).decode()))]
    assert rows[0] == ["class", *map(str, range(10))]
    assert [[int(n) for n in row[1:]] for row in rows[1:]] == table.tolist()
    [heat_map] = confusion_figure(found).panels
    assert isinstance(heat_map, HeatMap)
    np.testing.assert_allclose(np.array(heat_map.values) * table.sum(axis=1, keepdims=True), table)
    assert [[int(text or 0) for text in row] for row in heat_map.cells] == table.tolist()
    assert heat_map.limits == (0, 1)  # so that the colours of two nets can be compared


def test_a_class_of_which_there_is_no_image_has_its_row_and_column(trained):
    _, found = trained
    assert replace(found, labels=found.labels * 0).confusion.shape == (10, 10)
    assert replace(found, labels=found.labels + 2).confusion.shape == (12, 12)


def test_mistakes_that_are_as_sure_stand_in_the_order_of_the_images(trained):
    _, found = trained
    images = [mistake.image for mistake in replace(found, probabilities=np.ones(1000)).surest_mistakes(1000)]
    assert images == np.flatnonzero(found.predicted != found.labels).tolist()


def test_the_document_says_which_net_and_which_images(trained):
    solver, found = trained
    document = as_document(found)
    assert document["threads"] == 1
    assert document["best_iteration"] == solver.check_iterations[solver.best_check]
    others = as_document(replace(found, labels=found.labels[::-1]))
    assert others["test_fingerprint"] != document["test_fingerprint"]


def test_the_iteration_is_that_of_the_best_check_and_not_the_last(trained):
    _, found = trained
    solver = found.solver
    solver.val_acc_history[:] = [0.1, 0.9, *[0.2] * (len(solver.val_acc_history) - 2)]
    assert as_document(found)["best_iteration"] == 3
    assert caption(found, "").endswith("after iteration 3")
    solver.val_acc_history[:], solver.diverged_at = [0.1], 1
    assert as_document(found)["best_iteration"] is None
    assert caption(found, "").endswith("before training")


def test_the_surest_mistakes_come_first(trained):
    _, found = trained
    mistakes = found.surest_mistakes(20)
    wrong = {i: found.probabilities[i] for i in np.flatnonzero(found.predicted != found.labels)}
    assert len(mistakes) == 20
    assert [mistake.probability for mistake in mistakes] == sorted(wrong.values(), reverse=True)[:20]
    for mistake in mistakes:
        assert (found.labels[mistake.image], found.predicted[mistake.image]) == (mistake.label, mistake.predicted)
        assert wrong[mistake.image] == mistake.probability
    figure = mistakes_figure(found)
    pixels = load("synthetic", num_test=1000).x_test
    for panel, mistake in zip(figure.panels, mistakes, strict=True):
        np.testing.assert_array_equal(panel.pixels, pixels[mistake.image, 0] / 255)
        assert panel.title == f"{mistake.predicted} {mistake.probability:.3f}\nis {mistake.label}"


def test_a_net_that_is_never_wrong_has_no_mistakes_to_show(trained, tmp_path):
    _, found = trained
    found.predicted[:] = found.labels
    assert (found.accuracy, found.interval[1], found.surest_mistakes(20)) == (1.0, 1.0, [])
    write_evaluation(found, tmp_path / "out", 1.0)
    assert {path.suffix for path in (tmp_path / "out").glob("confusion.*")} == {".csv", ".png", ".svg"}
    assert not [*(tmp_path / "out").glob("mistakes.*")]


def test_colour_images_are_shown_in_colour_and_classes_by_name(job, tmp_path):
    records = np.random.RandomState(3).randint(0, 256, (1060, 3073), dtype=np.uint8)
    records[:, 0] %= 10
    for name, part in (("data_batch_1", records), ("test_batch", records[:30])):
        (tmp_path / f"{name}.bin").write_bytes(part.tobytes())
    (tmp_path / "colour.yaml").write_text(MLP.replace("synthetic", "cifar10").replace("num_epochs: 4", "num_epochs: 1"))
    train(make_job(tmp_path / "colour.yaml", (), [tmp_path]), tmp_path, 1)
    found = evaluate(read(tmp_path), [tmp_path])
    [first, *_] = found.surest_mistakes(1)
    panel = mistakes_figure(found).panels[0]
    picture = records[first.image, 1:].reshape(3, 32, 32)
    np.testing.assert_array_equal(panel.pixels, np.stack([*picture], axis=-1) / 255)
    names = [each["name"] for each in as_document(found)["classes"]]
    assert names == ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def test_other_images_than_it_was_trained_on_are_refused(settings_file, idx_folder, tmp_path):
    file = settings_file(MLP.replace("synthetic", "fashion-mnist"))
    folder = idx_folder()
    train(make_job(file, (), [folder]), tmp_path, 1)
    assert evaluate(read(tmp_path), [folder]).count == 30
    other = idx_folder(1061, name="other")
    with pytest.raises(DataError, match=r"fashion-mnist: its files hold other images .* than the net was trained on"):
        evaluate(read(tmp_path), [other])


@pytest.fixture
def named(settings_file, tmp_path):
    """The evaluation of a small net on random arrays of one's own, with these names of classes."""

    def named(names):
        random = np.random.RandomState(0)
        labels = np.array([*names, *names])
        images = random.randint(0, 256, (len(labels), 4, 4), dtype=np.uint8)
        file = tmp_path / "mine.npz"
        np.savez(file, **{f"X_{part}": images for part in ("train", "val", "test")},
                 **{f"y_{part}": labels for part in ("train", "val", "test")})  # fmt: skip
        text = (
            "data: {dataset: mine}\nnet: {hidden_dims: [4]}\nsolver: {learning_rate: 1.0e-3, batch_size: 4, num_epochs: 1}"
        )
        train(make_job(settings_file(text), (), [file]), tmp_path, 1)
        return evaluate(read(tmp_path), [file])

    return named


def test_any_name_of_a_class_can_be_drawn(named, tmp_path):
    names = ["$x$ & <b>", "café", "x" * 40, "写真"]
    found = named(names)
    [heat_map] = confusion_figure(found).panels
    assert [*heat_map.x_ticks.values()] == ["$x$ & <b>", "café", "x" * 23 + "…", "class 3"]
    assert [each["name"] for each in as_document(found)["classes"]] == names
    axes = compose(confusion_figure(found)).axes[0]
    assert not any(text.get_parse_math() for text in (*axes.get_xticklabels(), *axes.get_yticklabels()))
    assert not any(axes.title.get_parse_math() for axes in compose(mistakes_figure(found)).axes)
    write_evaluation(found, tmp_path / "out", 1.0)


def test_many_classes_go_by_their_numbers(named, tmp_path):
    found = named([f"species {i:02}" for i in range(30)])
    figure = confusion_figure(found)
    [heat_map] = figure.panels
    assert (heat_map.x_ticks, heat_map.cells) == (None, None)
    assert "in the order of confusion.csv, which has their names" in figure.caption
    assert confusion_csv(found).decode().startswith("class,species 00,species 01,")
    assert found.checkpoint.spec.data.num_classes == 30
