"""A folder of pictures: what is read of it, what is refused, and in which words."""

import os
import re
import shutil
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from bnlab.data import describe, load
from bnlab.data.picture import BadPictureError, read_header, read_pixels
from bnlab.errors import DataError
from tests.data.pictures import make_folder, pixels


@pytest.fixture
def pets(tmp_path):
    """12 colour pictures of 5 x 4."""
    return make_folder(tmp_path / "pets", {"cat": 6, "dog": 4, "emu": 2})


def lines(folder, **kwargs):
    """The lines of the error, without the folder."""
    with pytest.raises(DataError) as caught:
        load(folder.name, [folder], **{"num_val": 2, **kwargs})
    return str(caught.value).replace(f"{folder}{os.sep}", "").replace(str(folder), ".").splitlines()


def test_the_pictures_are_those_in_the_files(pets):
    data = load("pets", [pets], num_val=4)
    assert (data.x_train.shape, data.x_val.shape) == ((8, 3, 5, 4), (4, 3, 5, 4))
    assert (data.classes, data.num_classes) == (("cat", "dog", "emu"), 3)
    every = {(label, i): np.asarray(Image.open(pets / name / f"{i}.png")).transpose(2, 0, 1).tobytes()
             for label, name in enumerate(data.classes) for i in range((6, 4, 2)[label])}  # fmt: skip
    held = [(int(y), x.tobytes()) for xs, ys in ((data.x_train, data.y_train), (data.x_val, data.y_val)) for x, y in zip(xs, ys, strict=True)]  # fmt: skip  # noqa: E501
    assert sorted(held) == sorted((label, each) for (label, _), each in every.items())
    np.testing.assert_allclose(data.mean, data.x_train.mean(axis=0))


def test_any_stretch_of_the_order_has_all_classes(tmp_path):
    folder = make_folder(tmp_path / "many", {"a": 60, "b": 30, "c": 10}, 2, 2)
    data = load("many", [folder], num_train=50, num_val=20)
    assert np.bincount(data.y_train).tolist() == [30, 15, 5]
    assert np.bincount(data.y_val).tolist() == [12, 6, 2]
    assert np.bincount(data.y_train[:10]).tolist() == [6, 3, 1]


def test_the_order_owes_nothing_to_the_file_system(pets, tmp_path):
    """Files made in another order, at other times, under another parent: the same images in the same order."""
    other = tmp_path / "elsewhere" / "pets"
    for path in sorted(pets.rglob("*.png"), reverse=True):
        (other / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, other / path.parent.name / path.name)
    assert load("pets", [pets], num_val=4).fingerprint == load("pets", [other], num_val=4).fingerprint


def test_another_number_held_out_leaves_the_first_images_as_they_were(pets):
    few, many = (load("pets", [pets], num_train=5, num_val=count) for count in (2, 6))
    np.testing.assert_array_equal(few.x_train, many.x_train)
    assert few.fingerprint != many.fingerprint  # other validation images, another mean


def test_grey_pictures_have_one_channel_and_one_in_colour_makes_all_colour(tmp_path):
    folder = make_folder(tmp_path / "grey", {"a": 3, "b": 3}, 5, 4)
    grey = load("grey", [folder], num_val=2)
    assert grey.x_train.shape == (4, 1, 5, 4)
    Image.fromarray(pixels(1, 5, 4, 3)[0]).save(folder / "a" / "9.png")
    colour = load("grey", [folder], num_val=2)
    assert colour.x_train.shape == (5, 3, 5, 4)
    assert describe("grey", [folder]).notes[0] == "1 of 7 pictures have colours: all are taken as colour"
    grey_one = np.asarray(Image.open(folder / "b" / "0.png"))
    assert any((x == grey_one).all() for x in (*colour.x_train, *colour.x_val))


def test_pictures_are_resized_if_asked(tmp_path):
    folder = make_folder(tmp_path / "mixed", {"a": 2, "b": 2}, 8, 8, 3)
    Image.fromarray(np.full((20, 10, 3), 77, np.uint8)).save(folder / "a" / "wide.png")
    data = load("mixed", [folder], num_val=1, size=(4, 6))
    assert data.x_train.shape == (4, 3, 4, 6)
    assert any((x == 77).all() for x in (*data.x_train, *data.x_val))
    [line] = lines(folder)
    assert line == (
        ".: its pictures differ in size (height x width): 4 are 8 x 8, and a/wide.png 20 x 10: give all one size, for "
        "instance by -s data.size=[8,8]"
    )
    assert describe("mixed", [folder]).problem.endswith("-s data.size=[8,8]")


def test_of_many_other_sizes_a_few_are_named(tmp_path):
    folder = make_folder(tmp_path / "sizes", {"a": 8, "b": 2}, 3, 3)
    for i in range(7):
        Image.fromarray(pixels(1, 4, 2 + i)[0]).save(folder / "b" / f"other{i}.png")
    [line] = lines(folder)
    assert "b/other4.png 4 x 6, and 2 more" in line


def test_resizing_takes_the_mean_of_what_becomes_one_pixel(tmp_path):
    halves = np.zeros((64, 64), np.uint8)
    halves[:, 1::2] = 200
    Image.fromarray(halves).save(tmp_path / "stripes.png")
    found = read_pixels(tmp_path / "stripes.png", True, (4, 4))
    assert np.abs(found.astype(int) - 100).max() <= 2


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".gif", ".tif", ".webp", ".pgm", ".JPG", ".jpeg"])
def test_formats(tmp_path, suffix):
    folder = make_folder(tmp_path / "set", {"a": 2, "b": 2}, 6, 6, suffix=suffix)
    found = load("set", [folder], num_val=2)
    assert found.x_train.shape == (2, 3 if suffix == ".webp" else 1, 6, 6)


def test_a_picture_is_turned_as_viewers_show_it(tmp_path):
    upright = pixels(1, 4, 6)[0]
    for orientation, turned in {
        1: upright,
        6: np.rot90(upright),
        3: np.rot90(upright, 2),
        8: np.rot90(upright, -1),
    }.items():
        for suffix in (".png", ".tif"):
            exif = Image.Exif()
            exif[0x0112] = orientation
            path = tmp_path / f"{orientation}{suffix}"
            Image.fromarray(np.ascontiguousarray(turned)).save(path, exif=exif)
            assert read_header(path).size == (4, 6)
            np.testing.assert_array_equal(read_pixels(path, True, None)[0], upright)


def test_a_large_jpeg_is_scaled_down_while_it_is_decoded(tmp_path):
    smooth = np.add.outer(np.arange(600), np.arange(800)) // 8
    Image.fromarray(smooth.astype(np.uint8)).save(tmp_path / "large.jpg", quality=95)
    found = read_pixels(tmp_path / "large.jpg", True, (6, 8))
    np.testing.assert_allclose(found[0], smooth.reshape(6, 100, 8, 100).mean(axis=(1, 3)), atol=4)


def test_palettes_and_bits_and_transparency(tmp_path):
    grey, colour = Image.fromarray(pixels(1, 4, 4)[0]), Image.fromarray(pixels(1, 4, 4, 3)[0])
    path = tmp_path / "it.png"
    grey.convert("P").save(path)
    assert read_header(path).grey
    np.testing.assert_array_equal(read_pixels(path, True, None)[0], np.asarray(grey))
    colour.convert("P", palette=Image.Palette.ADAPTIVE).save(path)
    assert not read_header(path).grey
    grey.convert("1").save(path)
    assert read_header(path).grey
    assert set(read_pixels(path, True, None).ravel()) == {0, 255}
    clear = colour.convert("RGBA")
    clear.putpixel((1, 0), (9, 9, 9, 0))
    clear.save(path)
    assert read_header(path).alpha
    found = read_pixels(path, False, None)
    assert found[:, 0, 1].tolist() == [255] * 3
    np.testing.assert_array_equal(found[:, 1:], np.asarray(colour).transpose(2, 0, 1)[:, 1:])
    colour.save(path, transparency=tuple(int(value) for value in np.asarray(colour)[2, 2]))
    assert read_header(path).alpha
    assert read_pixels(path, False, None)[:, 2, 2].tolist() == [255] * 3


def png_of_16_bits(path, colours):
    """Pillow writes no RGB of 16 bits."""
    raw = b"".join(b"\0" + bytes(2 * colours * 4) for _ in range(4))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 4, 4, 16, 2 if colours == 3 else 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    )


def spoilt(folder):
    """A file of each kind that is refused, by what must be said of it."""
    good = Image.fromarray(pixels(1, 5, 4, 3)[0])
    files = {
        "cat/16 bits.png": "has more than 8 bits per channel: save it with 8",
        "cat/16 grey.png": "has more than 8 bits per channel",
        "cat/16.ppm": "has more than 8 bits per channel",
        "cat/16.tif": "has more than 8 bits per channel",
        "cat/animated.gif": "has 3 frames: save the one that counts",
        "cat/bomb.png": "announces more pixels than the 89,478,485 that are read: make it smaller",
        "cat/cut.jpg": "cannot be read: ",
        "cat/cut.png": "",
        "cat/empty.png": "is empty; a picture must be one of PNG, JPEG",
        "cat/float.tif": "has more than 8 bits per channel",
        "cat/inks.jpg": "has the colours CMYK: save it as RGB or grey",
        "dog/page.png": "is not a picture, or of a format that isn't read; a picture must be one of PNG, JPEG",
        "dog/vector.svg": "is not a picture",
        "emu/notes.txt": "is not a picture",
        "emu/figure.eps": "is not a picture",
    }
    png_of_16_bits(folder / "cat/16 bits.png", 3)
    png_of_16_bits(folder / "cat/16 grey.png", 1)
    (folder / "cat/16.ppm").write_bytes(b"P6 5 4 65535\n" + bytes(5 * 4 * 6))
    Image.fromarray(np.zeros((5, 4), np.uint16)).save(folder / "cat/16.tif")
    good.save(folder / "cat/animated.gif", save_all=True, append_images=[good.rotate(90), good.rotate(180)])
    (folder / "cat/bomb.png").write_bytes(bomb())
    good.resize((60, 60)).save(folder / "cat/cut.jpg")
    good.resize((60, 60)).save(folder / "cat/cut.png")
    for name in ("cat/cut.jpg", "cat/cut.png"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) * 2 // 3])
    (folder / "cat/empty.png").write_bytes(b"")
    Image.fromarray(np.zeros((5, 4), np.float32)).save(folder / "cat/float.tif")
    good.convert("CMYK").save(folder / "cat/inks.jpg")
    (folder / "dog/page.png").write_text("<html>no such page</html>")
    (folder / "dog/vector.svg").write_text("<svg/>")
    (folder / "emu/notes.txt").write_text("words")
    good.save(folder / "emu/figure.eps")
    return files


def bomb():
    """A few bytes that announce 60,000 x 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    start = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    )
    return start + struct.pack(">I", 8) + b"IDAT" + bytes(12)


def test_bad_files_are_named_one_by_one(pets):
    expected = spoilt(pets)
    found = lines(pets)
    assert [line.split(" ", 1)[0] for line in found] == [name.split(" ", 1)[0] for name in sorted(expected)]
    for line, name in zip(found, sorted(expected), strict=True):
        assert line.startswith(f"{name} {expected[name]}")
        assert line.isprintable()


def reason(path):
    """Why the picture can't be taken; empty if it can."""
    try:
        header = read_header(path)
        return "" if read_pixels(path, header.grey, None).shape[1:] == header.size else "another size"
    except BadPictureError as error:
        return str(error)


def test_every_damage_is_an_error_of_one_line(tmp_path):
    """Cut off anywhere, and with bytes changed anywhere: a picture, or a reason, and no other exception."""
    folder = make_folder(tmp_path / "whole", {"a": 1}, 9, 9, 3)
    random = np.random.RandomState(0)
    for suffix in (".png", ".jpg", ".gif", ".bmp", ".tif", ".webp", ".ppm"):
        path = tmp_path / f"it{suffix}"
        Image.open(folder / "a" / "0.png").save(path)
        content = path.read_bytes()
        for _ in range(60):
            broken = bytearray(content[: random.randint(len(content) + 1)])
            for at in random.randint(0, max(1, len(broken)), 3) if broken and random.rand() < 0.5 else ():
                broken[at] = random.randint(256)
            path.write_bytes(broken)
            assert re.fullmatch(r"[ -~]*", reason(path))


def test_what_systems_leave_behind_is_left_alone_and_said(pets):
    plain = load("pets", [pets], num_val=2).fingerprint
    for name in ("cat/.DS_Store", "dog/.DS_Store", "cat/Thumbs.db", "emu/._0.png", "README.txt", "labels.csv"):
        (pets / name).write_bytes(b"x")
    for name in (".git", "__MACOSX", "cat/.ipynb_checkpoints"):
        (pets / name).mkdir()
    assert load("pets", [pets], num_val=2).fingerprint == plain
    [note, _] = describe("pets", [pets]).notes
    assert note == (
        "left alone, since they are no pictures: .DS_Store (2 times), ._0.png, .git, .ipynb_checkpoints, README.txt, "
        "Thumbs.db, __MACOSX, labels.csv"
    )


def test_folders_that_are_no_data_set(pets, tmp_path):
    (pets / "fox").mkdir()
    (pets / "dog" / "puppies").mkdir()
    (pets / "cat" / "lost.png").symlink_to(tmp_path / "nowhere.png")
    shutil.copy(pets / "cat" / "0.png", pets / "stray.png")
    assert lines(pets) == [
        "stray.png lies in no class's folder: put it into one",
        "cat/lost.png is no file, or a link to nothing: remove it",
        "dog/puppies is a folder in a class's folder: move its pictures up, and remove it",
        "fox holds no pictures: put those of the class there, or remove the folder",
    ]
    (pets / "dog" / "notes.png").write_bytes(b"no picture")
    assert len(lines(pets)) == 5  # all at once, bad pictures too
    assert lines(pets)[-1].startswith("dog/notes.png is not a picture")
    assert len(describe("pets", [pets]).problem.splitlines()) == 5
    alone = make_folder(tmp_path / "alone", {"cat": 3})
    assert lines(alone) == [
        ". has one class, cat: put the pictures of each class, at least two, into a folder of their own"
    ]
    flat = tmp_path / "flat"
    flat.mkdir()
    shutil.copy(pets / "cat" / "0.png", flat / "0.png")
    assert lines(flat)[0] == "0.png lies in no class's folder: put it into one"


def test_links_are_followed(pets, tmp_path):
    linked = tmp_path / "linked"
    (linked / "cat").mkdir(parents=True)
    for path in (pets / "cat").iterdir():
        (linked / "cat" / path.name).symlink_to(path)
    for name in ("dog", "emu"):
        (linked / name).symlink_to(pets / name)
    assert load("linked", [linked], num_val=2).fingerprint == load("pets", [pets], num_val=2).fingerprint


def test_a_class_that_is_called_train_is_a_class(tmp_path):
    folder = make_folder(tmp_path / "vehicles", {"bus": 2, "test": 2, "train": 2})
    assert load("vehicles", [folder], num_val=2).classes == ("bus", "test", "train")


@pytest.fixture
def split(tmp_path):
    folder = tmp_path / "split"
    for seed, (part, counts) in enumerate({"train": (6, 4), "Val": (2, 1), "test": (3, 2)}.items()):
        make_folder(folder / part, dict(zip(("cat", "dog"), counts, strict=True)), 4, 4, 3)
        Image.fromarray(np.full((4, 4, 3), seed, np.uint8)).save(folder / part / "cat" / "0.png")
    return folder


def test_folders_for_training_validation_and_test(split):
    data = load("split", [split], num_test=None)
    assert (len(data.x_train), len(data.x_val), len(data.x_test)) == (10, 3, 5)
    for part, x in enumerate((data.x_train, data.x_val, data.x_test)):
        assert sum((each == part).all() for each in x) == 1
    np.testing.assert_allclose(data.mean, data.x_train.mean(axis=0))
    assert len(load("split", [split], num_val=2).x_val) == 2
    told = describe("split", [split])
    assert (told.num_train, told.num_val, told.num_test, told.problem) == (10, 3, 5, None)


def test_test_pictures_are_not_opened_unless_they_are_asked_for(split):
    before = load("split", [split]).fingerprint
    (split / "test" / "cat" / "0.png").write_bytes(b"no picture")
    (split / "test" / "fox").mkdir()
    assert load("split", [split]).fingerprint == before
    assert lines(split, num_test=None) == ["test/fox is a class that the training pictures don't have: they have cat, dog"]
    (split / "test" / "fox").rmdir()
    Image.fromarray(pixels(1, 5, 5)[0]).save(split / "test" / "dog" / "9.png")
    [first, second] = lines(split, num_test=None)
    assert first.startswith("test/cat/0.png is not a picture")
    assert second == "test/dog/9.png is 5 x 5 (height x width), but the training pictures 4 x 4"


def test_a_test_picture_with_colours_among_grey_ones(tmp_path):
    folder = tmp_path / "set"
    for part, shape in (("train", (4, 4)), ("test", (4, 4, 3))):
        make_folder(folder / part, {"a": 2, "b": 2}, *shape)
    found = lines(folder, num_test=None)
    assert found[0] == "test/a/0.png has colours, but the training pictures are grey: make it grey too"
    assert len(found) == 4


def test_other_folders_beside_train(split):
    (split / "extra" / "cat").mkdir(parents=True)
    (split / "validation").mkdir()
    assert lines(split) == [
        "extra stands beside train, and isn't one of train, val, valid, validation, test: move it away, or rename it",
        "validation and Val stand for the same part: keep one of them",
    ]


def test_there_may_be_no_test_images(pets):
    [line] = lines(pets, num_test=None)
    assert line.startswith("pets has no test images: add X_test and y_test to a file of arrays; put pictures into")


def test_too_many_pixels_for_the_memory(pets, monkeypatch):
    monkeypatch.setattr("bnlab.data.room.SHARE", 1e-9)
    [line] = lines(pets)
    assert "half of what there is here: make them smaller with -s data.size=[H,W]" in line
