"""An .npz file of one's own: what is read of it, what is refused, and in which words."""

import io
import re
import zipfile

import numpy as np
import pytest

from bnlab.data import describe, load
from bnlab.errors import DataError
from tests.data.pictures import pixels

X, Y = pixels(30, 6, 5), np.arange(30) % 3
KEYS = "X_train, y_train, X_val, y_val, X_test, y_test"


@pytest.fixture
def saved(tmp_path):
    """Save these arrays, over 30 grey images of 3 classes; None leaves one out. Gives the file."""

    def saved(*, compress=False, **arrays):
        path = tmp_path / "flowers.npz"
        kept = {name: array for name, array in {"X_train": X, "y_train": Y, **arrays}.items() if array is not None}
        (np.savez_compressed if compress else np.savez)(path, **kept)
        return path

    return saved


def read(path, **kwargs):
    return load("flowers", [path], **{"num_val": 6, **kwargs})


def refusal(path, **kwargs):
    """The error, without the file's name."""
    with pytest.raises(DataError) as caught:
        read(path, **kwargs)
    line = str(caught.value)
    assert line.isprintable()
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def same_images(data, images):
    held = sorted(x.tobytes() for x in (*data.x_train, *data.x_val))
    return held == sorted(image.tobytes() for image in images)


@pytest.mark.parametrize("compress", [False, True])
def test_the_images_are_those_in_the_file(saved, compress):
    data = read(saved(compress=compress))
    assert (data.x_train.shape, data.x_val.shape, data.num_classes) == ((24, 1, 6, 5), (6, 1, 6, 5), 3)
    assert data.classes == ("0", "1", "2")
    assert same_images(data, X[:, None])
    for x, y in zip(data.x_train, data.y_train, strict=True):
        assert Y[np.flatnonzero((x[0] == X).all(axis=(1, 2)))[0]] == y
    np.testing.assert_allclose(data.mean, data.x_train.mean(axis=0))
    assert np.bincount(data.y_val).tolist() == [2, 2, 2]


def test_the_order_in_the_file_may_be_by_class(saved):
    order = np.argsort(Y, kind="stable")
    data = read(saved(X_train=X[order], y_train=Y[order]), num_train=6)
    assert np.bincount(data.y_train).tolist() == [2, 2, 2]


@pytest.mark.parametrize("shape", [(6, 5, 1), (1, 6, 5), (6, 5, 3), (3, 6, 5)])
def test_channels_come_first_or_last(saved, shape):
    x = pixels(30, *shape)
    data = read(saved(X_train=x))
    assert same_images(data, x.transpose(0, 3, 1, 2) if shape[-1] in (1, 3) else x)
    assert describe("flowers", [saved(X_train=x)]).image_shape == data.x_train.shape[1:]


def test_all_ways_to_write_pixels_are_the_same_images(saved):
    """Whole numbers, floats of 0 to 255 and of 0 to 1, other byte orders, arrays in Fortran's order."""
    plain = read(saved()).fingerprint
    forms = [X.astype(dtype) for dtype in ("int64", ">u2", "float32", ">f8", "float16")]
    forms += [X / 255, (X / 255).astype("float32"), np.asfortranarray(X), np.asfortranarray(X / 255)]
    for x in forms:
        assert read(saved(X_train=x)).fingerprint == plain, x.dtype
    truth = read(saved(X_train=X > 127))
    assert set(truth.x_train.ravel()) == {0, 255}


def test_labels_are_numbers_or_texts(saved):
    plain = read(saved())
    names = np.array(["aster", "iris", "rose"])[Y]
    for y in (names, names.astype("S"), Y[:, None], Y.astype("uint8")):
        assert read(saved(y_train=y)).fingerprint == plain.fingerprint
    assert read(saved(y_train=names)).classes == ("aster", "iris", "rose")


def test_images_for_validation_and_test_of_their_own(saved):
    x, y = pixels(9, 6, 5, seed=1), np.arange(9) % 3
    path = saved(X_val=x, y_val=y, X_test=x[::-1], y_test=y[::-1])
    data = load("flowers", [path], num_test=None)
    assert (len(data.x_train), len(data.x_val), len(data.x_test)) == (30, 9, 9)
    np.testing.assert_array_equal(data.x_test[:, 0], x[::-1])
    np.testing.assert_array_equal(data.y_test, y[::-1])
    np.testing.assert_allclose(data.mean[0], X.mean(axis=0))
    assert len(load("flowers", [path], num_val=4).x_val) == 4
    told = describe("flowers", [path])
    assert (told.num_train, told.num_val, told.num_test, told.image_shape) == (30, 9, 9, (1, 6, 5))


def test_keras_writes_small_letters(saved):
    assert read(saved(X_train=None, x_train=X)).fingerprint == read(saved()).fingerprint


def test_test_images_are_not_read_unless_they_are_asked_for(saved):
    path = saved(X_test=np.full((3, 6, 5), -1), y_test=np.array([0, 1, 7]))
    read(path)
    assert refusal(path, num_test=None) == "image 2 of y_test has the label 7; y_train has 0 to 2"


def test_arrays_are_resized_if_asked(saved):
    data = read(saved(X_train=pixels(30, 6, 5, 3)), size=(3, 4))
    assert data.x_train.shape == (24, 3, 3, 4)
    flat = np.broadcast_to(np.arange(30, dtype=np.uint8)[:, None, None], (30, 6, 5))
    assert same_images(read(saved(X_train=flat), size=(9, 2)), np.broadcast_to(np.arange(30, dtype=np.uint8)[:, None, None, None], (30, 1, 9, 2)))  # fmt: skip  # noqa: E501


FAULTS = {
    "no labels": ({"y_train": None}, "it holds no y_train: save images as X_train, labels as y_train"),
    "nothing known": (
        {"X_train": None, "y_train": None, "arr_0": X},
        f"it holds an array arr_0, which has no meaning here: leave it out; there may be {KEYS}",
    ),
    "a misspelt key": (
        {"X_valid": X},
        f"it holds an array X_valid, which has no meaning here: leave it out; there may be {KEYS}; did you mean X_val?",
    ),
    "half a pair": ({"X_val": X}, "it holds no y_val: save images as X_val, labels as y_val"),
    "twice": ({"x_train": X}, "it holds X_train twice: keep one of the two"),
    "objects": (
        {"y_train": Y.astype(object)},
        "y_train holds Python objects, which are never read: save whole numbers or texts",
    ),
    "fields": ({"y_train": np.zeros(30, [("a", "i4")])}, "y_train is of dtype [('a', '<i4')]: save whole numbers or texts"),
    "no pixels": ({"X_train": X.astype(complex)}, "X_train is of dtype complex128: save uint8"),
    "texts as pixels": ({"X_train": X.astype(str)}, "X_train is of dtype <U3: save uint8"),
    "labels in floats": ({"y_train": Y / 1}, "y_train is of dtype float64: save whole numbers or texts"),
    "empty": (
        {"X_train": X[:0], "y_train": Y[:0]},
        "X_train is empty, of shape (0, 6, 5): save at least one image, or leave it out",
    ),
    "flat": (
        {"X_train": X.reshape(30, 30)},
        "X_train is of shape (30, 30): it must be N x H x W (grey), N x H x W x C or N x C x H x W (C is 1 or 3)",
    ),
    "with alpha": ({"X_train": pixels(30, 6, 5, 4)}, "X_train is of shape (30, 6, 5, 4): it must be"),
    "either way": (
        {"X_train": pixels(30, 3, 5, 3)},
        "X_train of shape (30, 3, 5, 3) may be N x C x H x W or N x H x W x C",
    ),
    "other lengths": ({"y_train": Y[:-1]}, "y_train is of shape (29,), but X_train holds 30 images: give a label for each"),
    "one-hot": ({"y_train": np.eye(3, dtype=int)[Y]}, "y_train is of shape (30, 3), but X_train holds 30 images"),
    "other sizes": (
        {"X_val": pixels(2, 5, 5), "y_val": Y[:2]},
        "X_val has images of shape [5, 5], but X_train of [6, 5]: give all one shape",
    ),
    "NaN": (
        {"X_train": np.where(np.arange(900).reshape(30, 6, 5) == 70, np.nan, 0.5)},
        "image 2 of X_train has the value nan, not 0 to 255",
    ),
    "standardized": ({"X_train": (X - 127.5) / 60}, "image 0 of X_train has the value -"),
    "above 255": ({"X_train": X.astype(int) + 1}, "image 6 of X_train has the value 256, not 0 to 255"),
    "validation in another scale": (
        {"X_train": X / 255, "X_val": X / 1, "y_val": Y},
        "image 0 of X_val has the value 172, not 0 to 1: pixels are 0 to 255, or 0 to 1 if all of X_train is; save them as",
    ),
    "truth as numbers": (
        {"X_train": (X > 127).astype(np.uint8)},
        "X_train holds whole numbers up to 1 alone, and pixels go up to 255: save it as bool",
    ),
    "from 1": (
        {"y_train": Y + 1},
        "y_train has labels from 1 to 3, and none is 0: number the classes from 0, without gaps, or give texts",
    ),
    "a gap": ({"y_train": Y * 2}, "y_train has labels from 0 to 4, and none is 1: number the classes"),
    "below 0": ({"y_train": Y - 1}, "y_train has labels from -1 to 1, and none is 2: number"),
    "one class": ({"y_train": Y * 0}, "y_train has one class, 0: give images of at least two"),
    "an unknown label": (
        {"X_val": X, "y_val": Y + 1},
        "image 2 of y_val has the label 3; y_train has 0 to 2",
    ),
    "an unknown name": (
        {"y_train": np.array(["a", "b", "c"])[Y], "X_val": X[:2], "y_val": np.array(["c", "d"])},
        "image 1 of y_val has the label 'd'; y_train has a, b, c",
    ),
    "numbers and names": (
        {"X_val": X[:2], "y_val": np.array(["0", "1"])},
        "y_train holds numbers, but y_val texts: give the same in both",
    ),
    "a name of two lines": (
        {"y_train": np.array(["a\nb", "b", "c"])[Y]},
        "y_train holds 'a\\nb': the name of a class must be",
    ),
    "no UTF-8": ({"y_train": np.array([b"\xff", b"b", b"c"])[Y]}, "y_train holds b'\\xff', which is no UTF-8: save texts"),
}


@pytest.mark.parametrize(("arrays", "words"), FAULTS.values(), ids=FAULTS)
def test_faults(saved, arrays, words):
    path = saved(**arrays)
    assert refusal(path).startswith(words)


def test_faults_are_told_without_reading_too(saved):
    told = describe("flowers", [saved(y_train=Y + 1)])
    assert told.present
    assert "number the classes from 0" in told.problem


def announced(shape, num_bytes=0, dtype="|u1"):
    """An array's file that announces this shape and has so many bytes."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue() + bytes(num_bytes)


def test_files_that_announce_more_than_they_hold(tmp_path):
    path = tmp_path / "flowers.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("X_train.npy", announced((10**12, 6, 5)))
        archive.writestr("y_train.npy", announced((10**12,)))
    words = refusal(path)
    assert words == "X_train announces 30,000,000,000,000 bytes and has 0: the file is damaged; save it again"


def test_a_small_file_that_unpacks_to_more_than_the_memory(tmp_path, monkeypatch):
    path = tmp_path / "flowers.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X_train.npy", announced((10**5, 20, 20), 4 * 10**7))
        archive.writestr("y_train.npy", announced((10**5,), 10**5))
    assert path.stat().st_size < 10**5
    monkeypatch.setattr("bnlab.data.room._memory", lambda: 5 * 10**7)
    assert refusal(path).startswith("its images take 0.0 GB in memory, and may take 0.0 GB, half of what there is here")


@pytest.mark.parametrize("compress", [False, True])
def test_every_damage_is_an_error_of_one_line(saved, compress):
    """Cut off anywhere, and with bytes changed anywhere: the images, or one line, and no other exception."""
    path = saved(compress=compress)
    content = path.read_bytes()
    random = np.random.RandomState(0)
    refused = 0
    for _ in range(150):
        broken = bytearray(content if random.rand() < 0.5 else content[: random.randint(len(content))])
        for at in random.randint(0, max(1, len(broken)), 4) if broken else ():
            broken[at] = random.randint(256)
        path.write_bytes(broken)
        try:
            assert read(path).num_classes >= 2
        except DataError as error:
            refused += 1
            assert re.fullmatch(r"[ -~]+", str(error)), str(error)  # noqa: PT017
    assert refused > 100


def test_no_pickle_is_opened(tmp_path):
    path = tmp_path / "flowers.npz"
    np.savez(path, X_train=X, y_train=np.array([{"a": 1}] * 30, dtype=object))
    assert "Python objects, which are never read" in refusal(path)
    path.write_bytes(b"\x80\x04}.")
    assert refusal(path).startswith(
        "it is damaged, or no .npz file (File is not a zip file): save it again with numpy.savez"
    )
    path.write_bytes(b"")
    assert "no .npz file" in refusal(path)
