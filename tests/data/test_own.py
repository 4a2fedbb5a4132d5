"""Images of one's own: how they are called, found, divided and kept."""

import logging

import numpy as np
import pytest
from PIL import Image

from bnlab.data import DATASETS, decoded, describe, load, name_of, own, own_names, search_folders
from bnlab.data.mixed import mixed_order
from tests.data.pictures import make_folder, pixels


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    own._training.cache_clear()
    return tmp_path / "cache" / "bnlab" / "decoded"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("pets", "pets"), ("My Pets", "my_pets"), ("flowers.npz", "flowers"), ("pets-2024", "pets_2024"), ("v1.2", "v1.2"),
        ("Ünïcödé", "unicode"), ("写真", "images"), ("..", "images"), ("cifar10", "own_cifar10"), ("a" * 60, "a" * 40),
        ("Synthetic.NPZ", "own_synthetic"), ("$x; rm -rf", "x_rm_rf"),
    ],
)  # fmt: skip
def test_names_are_safe(file, name, tmp_path):
    assert (
        own.own_name(tmp_path / "deep" / file if file != ".." else tmp_path.parent.parent.parent / "/", [*DATASETS]) == name
    )


def test_the_name_of_the_working_folder(tmp_path, monkeypatch):
    make_folder(tmp_path / "pets", {"a": 2, "b": 2})
    monkeypatch.chdir(tmp_path / "pets")
    assert name_of(".") == "pets"


def test_what_a_folder_is_taken_for(tmp_path, write, colour):
    assert name_of(make_folder(tmp_path / "pets", {"a": 1, "b": 1})) == "pets"
    assert name_of(tmp_path) is None  # pets lies in it, and is found by its name
    (tmp_path / "empty").mkdir()
    assert name_of(tmp_path / "empty") is None
    write.binary(tmp_path / "pets" / "data_batch_1.bin", *colour)
    assert name_of(tmp_path / "pets") is None
    (tmp_path / "cifar-10-batches-bin").mkdir()
    write.binary(tmp_path / "cifar-10-batches-bin" / "data_batch_1.bin", *colour)
    assert name_of(tmp_path) is None
    np.savez(tmp_path / "cifar10.npz", x=1)
    assert name_of(tmp_path / "cifar10.npz") == "own_cifar10"


def test_they_are_found_by_name_in_folders_that_are_searched(tmp_path, fault):
    pets = make_folder(tmp_path / "data" / "Pets", {"a": 3, "b": 3}, 2, 2)
    np.savez(tmp_path / "data" / "moons.npz", X_train=pixels(4, 2, 2), y_train=np.arange(4) % 2)
    assert own_names([tmp_path / "data"]) == ["pets", "moons"]
    in_data, itself = (load("pets", [folder], num_val=2) for folder in (tmp_path / "data", pets))
    assert in_data.fingerprint == itself.fingerprint
    assert describe("moons", [tmp_path / "data"]).where == str(tmp_path / "data" / "moons.npz")
    with fault("unknown data set 'pet'", "choose one of", *DATASETS, "moons", "pets", "did you mean 'pets'?"):
        load("pet", [tmp_path / "data"])
    Image.fromarray(pixels(1, 3, 3)[0]).save(tmp_path / "data" / "stray.png")  # now the folder is taken for pictures itself
    assert own_names([tmp_path / "data"]) == ["data"]
    assert load("pets", [tmp_path / "data"], num_val=2).fingerprint == itself.fingerprint
    with fault("unknown data set 'pets'", "point --data-dir to images of your own"):
        load("pets", [tmp_path / "elsewhere"])
    np.savez(tmp_path / "data" / "pets.npz", X_train=pixels(4, 2, 2), y_train=np.arange(4) % 2)
    with fault("are both called pets", "name one of them by --data-dir"):
        load("pets", [tmp_path / "data"])


def test_too_few_images_for_what_is_asked(tmp_path, fault):
    folder = make_folder(tmp_path / "pets", {"a": 30, "b": 20}, 2, 2)
    remedy = "set both to fewer, for instance -s data.num_train=40 -s data.num_val=10"
    with fault("pets has 50 images", "1,000 of them for training and 1,000 for validation are asked for", remedy):
        load("pets", [folder], num_train=1000)
    with fault("pets has 50 images, and 1,000 for validation are asked for", remedy):
        load("pets", [folder])
    with fault("-s data.num_train=43 -s data.num_val=7"):
        load("pets", [folder], num_train=44, num_val=7)
    assert len(load("pets", [folder], num_train=43, num_val=7).x_train) == 43
    with fault("0 validation images of pets"):
        load("pets", [folder], num_val=0)


def test_only_images_of_ones_own_have_another_size(fault):
    with fault("data.size is for images of your own", "those of synthetic", "leave data.size out"):
        load("synthetic", size=(8, 8))


def test_the_order_is_fixed():
    """Stored runs are found again by the fingerprint, which the order is part of."""
    labels = np.array([0] * 4 + [1] * 2 + [2])
    assert labels[mixed_order(labels)].tolist() == [0, 1, 0, 2, 0, 1, 0]
    assert mixed_order(labels).tolist() == [1, 4, 2, 6, 0, 5, 3]


@pytest.fixture
def pets(tmp_path):
    return make_folder(tmp_path / "pets", {"a": 4, "b": 4}, 3, 3)


def decoding(monkeypatch):
    """Counts how often pictures are decoded."""
    count = []
    decode = own.Pictures.training
    monkeypatch.setattr(own.Pictures, "training", lambda *args: count.append(1) or decode(*args))
    return count


def test_pictures_are_decoded_once_per_process(pets, monkeypatch, cache):
    count = decoding(monkeypatch)
    for num_train in (2, 3, 4, 2):
        load("pets", [pets], num_train=num_train, num_val=2)
    assert len(count) == 1
    assert not cache.exists()


def test_what_took_long_is_kept_for_other_processes(pets, monkeypatch, cache):
    monkeypatch.setattr(decoded, "SLOW", 0)
    count = decoding(monkeypatch)
    first = load("pets", [pets], num_val=2)
    for _ in range(2):
        own._training.cache_clear()
        assert load("pets", [pets], num_val=2).fingerprint == first.fingerprint
    assert (len(count), len([*cache.iterdir()])) == (1, 1)
    Image.fromarray(pixels(1, 3, 3, seed=9)[0]).save(pets / "a" / "0.png")  # another picture under the same name
    assert load("pets", [pets], num_val=2).fingerprint != first.fingerprint
    moved = pets.rename(pets.parent / "animals")
    own._training.cache_clear()
    load("animals", [moved], num_val=2)
    load("animals", [moved], num_val=2, size=(2, 2))
    assert (len(count), len([*cache.iterdir()])) == (3, 3)


def test_a_damaged_cache_is_as_good_as_none(pets, monkeypatch, cache):
    monkeypatch.setattr(decoded, "SLOW", 0)
    first = load("pets", [pets], num_val=2)
    [path] = cache.iterdir()
    content = path.read_bytes()
    for damaged in (b"", content[:-30], content[:200] + bytes(20) + content[220:]):
        path.write_bytes(damaged)
        own._training.cache_clear()
        assert load("pets", [pets], num_val=2).fingerprint == first.fingerprint
    cache.chmod(0o755)
    path.unlink()
    cache.rmdir()
    cache.write_bytes(b"a file in its place")
    own._training.cache_clear()
    assert load("pets", [pets], num_val=2).fingerprint == first.fingerprint


def test_the_cache_keeps_a_few(pets, monkeypatch, cache):
    monkeypatch.setattr(decoded, "SLOW", 0)
    for side in range(1, 8):
        load("pets", [pets], num_val=2, size=(side, side))
    assert len([*cache.iterdir()]) == decoded.KEPT


def test_whoever_waits_is_told(pets, monkeypatch, caplog):
    monkeypatch.setattr(own, "PATIENCE", -1)
    with caplog.at_level(logging.WARNING):
        load("pets", [pets], num_val=2)
    assert [record.getMessage() for record in caplog.records] == [
        f"reading the pictures of {pets}, this once: 1 of 8 so far"
    ]


def test_an_unreadable_file_is_named(tmp_path, fault):
    with fault("data folder", "does not exist", "or an .npz file"):
        search_folders(tmp_path / "nowhere.npz")
    (tmp_path / "x.zip").write_bytes(b"")
    with fault("data folder", "is not a folder", "or an .npz file"):
        search_folders(tmp_path / "x.zip")
