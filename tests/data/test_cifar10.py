"""CIFAR-10 in both layouts: the same images, and every fault of the binary one."""

import numpy as np
import pytest

from bnlab import data


def load(folder, **numbers):
    return data.load("cifar10", [folder], **numbers)


LAYOUTS = {
    "binary": lambda write, path, x, y: write.binary(path.with_suffix(".bin"), x, y),
    "pickled by Python 2": lambda write, path, x, y: write.python2(path, x, y),
    "protocol 2": lambda write, path, x, y: write.pickled(path, x, y, 2),
    "protocol 4": lambda write, path, x, y: write.pickled(path, x, y, 4),
    "protocol 5": lambda write, path, x, y: write.pickled(path, x, y, 5),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_round_trip(layout, tmp_path, write, colour):
    x, y = colour
    batches = {"data_batch_1": slice(0, 700), "data_batch_2": slice(700, None), "test_batch": slice(40, 60)}
    for name, rows in batches.items():
        LAYOUTS[layout](write, tmp_path / name, x[rows], y[rows])
    held = load(tmp_path, num_train=3, num_test=20)
    np.testing.assert_array_equal(held.x_train, x[:3])
    np.testing.assert_array_equal(held.x_val, x[5:])
    np.testing.assert_array_equal(held.y_train, y[:3])
    np.testing.assert_array_equal(held.y_val, y[5:])
    np.testing.assert_array_equal(held.x_test, x[40:60])
    np.testing.assert_array_equal(held.y_test, y[40:60])
    description = data.describe("cifar10", [tmp_path])
    assert (description.present, description.problem, description.image_shape) == (True, None, (3, 32, 32))
    assert (description.num_train, description.num_val, description.num_test) == (5, 1000, 20)
    assert description.num_bytes == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_all_layouts_give_the_same_fingerprint(tmp_path, write, colour):
    prints = set()
    for name, layout in LAYOUTS.items():
        (tmp_path / name).mkdir()
        layout(write, tmp_path / name / "data_batch_1", *colour)
        prints.add(load(tmp_path / name).fingerprint)
    assert len(prints) == 1


@pytest.mark.parametrize("suffix", [".bin", ""])
def test_batches_must_come_without_gaps(suffix, tmp_path, fault):
    for number in (1, 3):
        (tmp_path / f"data_batch_{number}{suffix}").touch()
    with fault(f"data_batch_2{suffix} is missing", str(tmp_path), f"data_batch_3{suffix}"):
        load(tmp_path)
    (tmp_path / f"data_batch_1{suffix}").unlink()
    with fault(f"data_batch_1{suffix} is missing"):
        load(tmp_path)
    assert "data_batch_1" in data.describe("cifar10", [tmp_path]).problem


def test_the_test_batch_is_needed_for_test_images_only(tmp_path, write, colour, fault):
    write.binary(tmp_path / "data_batch_1.bin", *colour)
    assert data.describe("cifar10", [tmp_path]).problem is None
    assert data.describe("cifar10", [tmp_path]).num_test == 0
    load(tmp_path)
    with fault("test_batch.bin is missing", str(tmp_path)):
        load(tmp_path, num_test=1)
    (tmp_path / "test_batch.bin").write_bytes(b"x")
    load(tmp_path)
    with fault("test_batch.bin (1 bytes)", "3,073 bytes"):
        load(tmp_path, num_test=1)


DAMAGE = {
    "empty": lambda b: b"",
    "truncated": lambda b: b[:-1],
    "too long": lambda b: b + b"\0",
    "foreign": lambda b: b"not the images that you are looking for",
    "a label of 10": lambda b: b[: 3073 * 1003] + b"\x0a" + b[3073 * 1003 + 1 :],
    "shifted by a byte": lambda b: b[1:] + b[:1],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file(damage, tmp_path, write, colour, fault):
    path = tmp_path / "data_batch_1.bin"
    write.binary(path, *colour)
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    with fault(str(path), f"({path.stat().st_size:,} bytes)", "a multiple of 3,073 bytes"):
        load(tmp_path)


def test_the_wrong_label_is_named(tmp_path, write, colour, fault):
    path = tmp_path / "data_batch_1.bin"
    write.binary(path, *colour)
    path.write_bytes(DAMAGE["a label of 10"](path.read_bytes()))
    with fault("image 1003 has the label 10"):
        load(tmp_path)


def test_a_file_that_shrinks_between_looking_and_reading(tmp_path, write, colour, fault):
    from bnlab.data.cifar10_binary import open_binary

    path = tmp_path / "data_batch_1.bin"
    write.binary(path, *colour)
    part = open_binary(path)
    path.write_bytes(path.read_bytes()[:-3073])
    with fault(str(path), "shrank"):
        list(part.blocks(part.count))


@pytest.mark.parametrize("suffix", [".bin", ""])
def test_a_folder_in_place_of_a_file(suffix, tmp_path, fault):
    path = tmp_path / f"data_batch_1{suffix}"
    path.mkdir()
    with fault(f"cannot read {path}: Is a directory"):
        load(tmp_path)
    assert f"cannot read {path}: Is a directory" in data.describe("cifar10", [tmp_path]).problem
