"""The embedded images are the official ones, and the script builds the file from them again."""

import hashlib
import importlib.util
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bnlab import data
from bnlab.data import fashion_mnist_mini

NAME = "fashion-mnist-mini"
SCRIPT = Path(__file__).parents[2] / "scripts" / "build_fashion_mnist_mini.py"

# Hashes of these stretches of the official IDX files.
PIXELS = {
    "x_train": "2c148751121f8d99ea965000a1a47e944aba759e1ade9b3a7064e85ee6ccfb9e",
    "x_val": "ac0acc206392034857cbc2c03e7cd0323f0a5ae8fb7f796896464bfd4e681c21",
    "x_test": "8d46efb2efae7259de048298adb99140d06082b91c430833a54d7ce30f21c9c9",
}
LABELS = {
    "y_train": "b5a2961e3235c94ff1560fa48068d6a26143f1567d61c73e71bf3991c14081f6",
    "y_val": "4c4ee881f019d1a3abdccc6b28c0a6628bc6a673e27d6c631c0cbf8f8c451f35",
    "y_test": "86fea14d645de73ec2f8e0e859add59c557ccdf73e3e419692220b128c15ec47",
}


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


@pytest.fixture(scope="module")
def whole():
    return data.load(NAME, num_test=1000)


@pytest.mark.parametrize("field", PIXELS)
def test_pixels(whole, field):
    images = getattr(whole, field)
    assert images.shape[1:] == (1, 28, 28)
    assert images.dtype == np.uint8
    assert digest(images) == PIXELS[field]


@pytest.mark.parametrize("field", LABELS)
def test_labels(whole, field):
    labels = getattr(whole, field)
    assert labels.dtype == np.int64
    assert digest(labels.astype(np.uint8)) == LABELS[field]


def test_label_facts(whole):
    assert whole.y_train[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    assert whole.y_test[:10].tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    assert np.bincount(whole.y_train).tolist() == [373, 440, 404, 409, 395, 391, 400, 413, 380, 395]


@pytest.mark.parametrize(("num_train", "num_test"), [(1, 0), (1000, 1), (4000, 1000), (None, 0)])
def test_the_first_images_and_always_the_same_mean(whole, num_train, num_test):
    held = data.load(NAME, num_train=num_train, num_test=num_test)
    np.testing.assert_array_equal(held.x_train, whole.x_train[:num_train])
    np.testing.assert_array_equal(held.y_train, whole.y_train[:num_train])
    np.testing.assert_array_equal(held.x_val, whole.x_val)
    np.testing.assert_array_equal(held.x_test, whole.x_test[:num_test])
    np.testing.assert_array_equal(held.y_test, whole.y_test[:num_test])
    np.testing.assert_array_equal(held.mean, whole.x_train.astype(np.int64).sum(axis=0) / 4000)
    assert held.mean.dtype == np.float64


def test_the_fingerprint_is_the_same_for_good(whole):
    assert whole.fingerprint == "ed479d55308e14e3"


def test_the_description():
    description = data.describe(NAME)
    assert (description.present, description.where, description.problem) == (True, "embedded", None)
    assert (description.num_train, description.num_val, description.num_test) == (4000, 1000, 1000)
    assert description.image_shape == (1, 28, 28)
    assert description.num_bytes == fashion_mnist_mini.EMBEDDED.stat().st_size == fashion_mnist_mini.NUM_BYTES
    assert description.num_bytes < 4_000_000
    assert "MIT" in description.source


def test_its_licence_lies_beside_it():
    licence = fashion_mnist_mini.EMBEDDED.with_name("LICENSE-fashion-mnist.txt").read_text()
    assert "Copyright (c) 2017 Zalando SE, https://tech.zalando.com" in licence
    assert "Permission is hereby granted" in licence


DAMAGE = {
    "empty": lambda b: b"",
    "truncated": lambda b: b[:-1000],
    "foreign": lambda b: b"hello",
    "packed data in an unknown way": lambda b: b.replace(b"PK\1\2\x14\3\x14\0\0\0\x08", b"PK\1\2\x14\3\x14\0\0\0\x63"),
    "packed data overwritten": lambda b: b[:100_000] + b"\xff" * 200_000 + b[300_000:],
    "packed data no deflate": lambda b: (
        b[: b.index(b"x_train.npy") + 11] + b"\xff" * 99 + b[b.index(b"x_train.npy") + 110 :]
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file(damage, tmp_path, monkeypatch, fault):
    path = tmp_path / "mini.npz"
    path.write_bytes(DAMAGE[damage](fashion_mnist_mini.EMBEDDED.read_bytes()))
    monkeypatch.setattr(fashion_mnist_mini, "EMBEDDED", path)
    with fault(str(path), f"({path.stat().st_size:,} bytes)", "2,614,290 bytes", "reinstall"):
        data.load(NAME)
    if not damage.startswith("packed data"):
        assert "reinstall" in data.describe(NAME).problem


def test_a_missing_file(tmp_path, monkeypatch, fault):
    monkeypatch.setattr(fashion_mnist_mini, "EMBEDDED", tmp_path / "mini.npz")
    with fault(f"cannot read {tmp_path}/mini.npz"):
        data.load(NAME)
    assert not data.describe(NAME).present


def test_only_what_is_asked_for_is_decoded(tmp_path, monkeypatch, whole):
    """Damage behind the first images goes unnoticed by those who ask for no more."""
    contents = fashion_mnist_mini.EMBEDDED.read_bytes()
    path = tmp_path / "mini.npz"
    path.write_bytes(contents[:1_500_000] + b"\xff" * 1000 + contents[1_501_000:])
    monkeypatch.setattr(fashion_mnist_mini, "EMBEDDED", path)
    np.testing.assert_array_equal(data.load(NAME, num_train=1000).x_train, whole.x_train[:1000])


@pytest.mark.skipif(not SCRIPT.exists(), reason="the script comes with the source alone")
def test_the_script_builds_the_same_file(tmp_path, write, whole):
    """Entry by entry: another zlib packs the same bytes differently. The IDX files hold an image more than is needed."""
    spec = importlib.util.spec_from_file_location("build_fashion_mnist_mini", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    x = np.concatenate([whole.x_train, whole.x_val, whole.x_test[:1]])
    y = np.concatenate([whole.y_train, whole.y_val, whole.y_test[:1]])
    write.idx(tmp_path, "train", x, y)
    write.idx(tmp_path, "t10k", np.concatenate([whole.x_test, x[:1]]), np.concatenate([whole.y_test, y[:1]]), pack=True)
    script.build(tmp_path, tmp_path / "built.npz")
    with zipfile.ZipFile(tmp_path / "built.npz") as built, zipfile.ZipFile(fashion_mnist_mini.EMBEDDED) as embedded:
        assert built.testzip() is None
        for a, b in zip(built.infolist(), embedded.infolist(), strict=True):
            assert (a.filename, a.CRC, a.file_size, a.date_time) == (b.filename, b.CRC, b.file_size, b.date_time)
            assert (a.create_system, a.external_attr) == (b.create_system, b.external_attr)
