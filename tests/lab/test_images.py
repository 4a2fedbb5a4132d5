"""Images that are looked for by their fingerprint, and that are sent."""

from dataclasses import fields, replace

import numpy as np
import pytest

from bnlab.data import load
from bnlab.lab import images
from bnlab.runs.spec import DataSpec


@pytest.fixture
def made(made_images, monkeypatch):
    """A folder with images, their data set, and what a run says of them; nothing has been read yet."""
    monkeypatch.setattr(images, "_latest", {})
    folder = made_images(1100)
    held = load("cifar10", [folder], 60)
    return folder, held, DataSpec("cifar10", 60, held.fingerprint)


def test_the_first_folder_with_the_right_images_is_taken(made, tmp_path):
    folder, held, data = made
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "data_batch_1.bin").write_bytes((folder / "data_batch_1.bin").read_bytes()[::-1])
    assert images.find(data, [tmp_path / "none", tmp_path / "other"]) is None
    found = images.find(data, [tmp_path / "none", tmp_path / "other", folder])
    assert found.fingerprint == held.fingerprint
    assert images.find(data, []) is found  # it is kept


def test_images_that_come_with_bnlab_need_no_folder(monkeypatch):
    monkeypatch.setattr(images, "_latest", {})
    fingerprint = load("synthetic", num_train=60).fingerprint
    assert images.find(DataSpec("synthetic", 60, fingerprint), []).fingerprint == fingerprint


def test_images_that_were_sent_are_what_they_were(made, tmp_path):
    _, held, data = made
    file = tmp_path / "sent.npz"
    assert images.find(data, [], file) is None
    file.write_bytes(images.to_bytes(held))
    found = images.find(data, [], file)
    for field in fields(held):
        assert np.array_equal(getattr(found, field.name), getattr(held, field.name)), field.name
    assert found.fingerprint == held.fingerprint
    with pytest.raises(ValueError, match="not all of one"):
        images.from_bytes(images.to_bytes(held)[:-9])


def test_drawn_images_are_found_by_all_that_there_are(made):
    folder, _, data = made
    whole = load("cifar10", [folder])
    drawn = replace(data, num_train=50, images="drawn", fingerprint=whole.fingerprint)
    assert len(images.find(drawn, [folder]).x_train) == len(whole.x_train) == 100
