"""Which folders are searched, and in which order."""

from pathlib import Path

import numpy as np
import platformdirs
import pytest

from bnlab import data


def test_an_explicit_folder_stands_alone(tmp_path):
    assert data.search_folders(tmp_path, "/elsewhere") == (tmp_path,)
    assert data.search_folders(str(tmp_path), None) == (tmp_path,)


def test_else_the_environments_folder_and_the_cache():
    cache = platformdirs.user_cache_path("bnlab")
    assert data.search_folders(None, None) == (cache,)
    assert data.search_folders(None, "") == (cache,)
    assert data.search_folders(None, "/elsewhere") == (Path("/elsewhere"), cache)


def test_a_folder_that_is_none(tmp_path, fault):
    with fault(f"{tmp_path}/none", "does not exist"):
        data.search_folders(tmp_path / "none", None)
    (tmp_path / "file").touch()
    with fault(f"{tmp_path}/file", "is not a folder"):
        data.search_folders(tmp_path / "file", None)


@pytest.mark.parametrize("subfolder", [".", "cifar10", "cifar-10-batches-bin", "cifar-10-batches-py"])
def test_files_may_lie_in_the_folder_or_in_subfolders_of_known_names(subfolder, tmp_path, write, colour):
    folder = tmp_path / "second" / subfolder
    folder.mkdir(parents=True)
    write.binary(folder / "data_batch_1.bin", *colour)
    folders = [tmp_path / "first", str(tmp_path / "second")]
    assert data.describe("cifar10", folders).where == str(folder)
    assert len(data.load("cifar10", folders).x_train) == 5


def test_the_first_folder_that_holds_the_files_wins(tmp_path, write, gray):
    x, y = gray
    for name, images in (("empty", None), ("a", x), ("b", 255 - x)):
        (tmp_path / name).mkdir()
        if images is not None:
            write.idx(tmp_path / name, "train", images, y)
    held = data.load("fashion-mnist", [tmp_path / name for name in ("empty", "a", "b")])
    np.testing.assert_array_equal(held.x_train, x[:7])


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("cifar10", ["data_batch_1.bin", "test_batch.bin"]),
        ("fashion-mnist", ["train-images-idx3-ubyte", "t10k-labels"]),
    ],
)
def test_a_missing_data_set(name, files, tmp_path, fault):
    words = [name, *files, f"into {tmp_path}/{name}, or fetch them by bnlab data fetch {name}"]
    with fault(*words):
        data.load(name, [tmp_path])
    description = data.describe(name, [tmp_path])
    assert not description.present
    assert all(word in description.problem for word in words)
    with fault(name, "no folder"):
        data.load(name)
