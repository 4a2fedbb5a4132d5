"""Archives that were made to do harm, and those that are merely damaged: nothing of them is used, and nothing written."""

import gzip
import io
import re
import tarfile

import numpy as np
import pytest

from bnlab import data
from bnlab.data.archive import MOST_MEMBERS, members

NAMES = ("a.bin", "b.bin")


def entry(name, content=b"", **fields):
    """A member of a tar file: its header's fields, and its bytes."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def pack(path, *entries, form=tarfile.PAX_FORMAT):
    with tarfile.open(path, "w:gz", format=form, compresslevel=1) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return path


def read(path, **more):
    return {member.name: member.content for member in members(path, NAMES, "folder", **more)}


def test_members_are_read_by_their_own_names(tmp_path):
    path = pack(
        tmp_path / "x.tar.gz",
        entry("folder", type=tarfile.DIRTYPE),
        entry("folder/a.bin", b"one"),
        entry("./b.bin", b"two"),
        entry("folder/deeper/a.bin", b"three"),
        entry("folder/read me.html", b"four"),
    )
    assert read(path) == {"a.bin": b"one", "b.bin": b"two"}


LINKS = {"symlink": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE}
EVIL = {
    "a path upward": ([entry("../evil", b"x")], "'../evil', which leads out of the folder"),
    "a path upward within": ([entry("folder/../../a.bin", b"x")], "leads out"),
    "an absolute path": ([entry("/tmp/a.bin", b"x")], "'/tmp/a.bin', which leads out"),
    "a Windows path": ([entry("..\\..\\a.bin", b"x")], "leads out"),
    "a drive": ([entry("C:a.bin", b"x")], "leads out"),
    "a path upward after the files": ([entry("a.bin", b"1"), entry("b.bin", b"2"), entry("../evil", b"x")], "leads out"),
    "a symlink": ([entry("a.bin", type=tarfile.SYMTYPE, linkname="/etc/passwd")], "its 'a.bin' is a link"),
    "a hard link": ([entry("a.bin", type=tarfile.LNKTYPE, linkname="../../x")], "its 'a.bin' is a link"),
    "a symlinked folder": (
        [entry("folder", type=tarfile.SYMTYPE, linkname="/tmp"), entry("folder/a.bin", b"x")],
        "its 'folder' is a link",
    ),
    "a device": ([entry("a.bin", type=tarfile.CHRTYPE, devmajor=1, devminor=5)], "its 'a.bin' is no plain file"),
    "a pipe": ([entry("a.bin", type=tarfile.FIFOTYPE)], "its 'a.bin' is no plain file"),
    "a sparse file": (
        [
            entry(
                "a.bin",
                b"1\n0\n1\n".ljust(512, b"\0") + b"x",
                pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(10**12)},
            )
        ],
        "its 'a.bin' is no plain file",
    ),
    "the same file twice": ([entry("a.bin", b"1"), entry("folder/a.bin", b"2")], "it holds a.bin twice"),
    "no end of members": ([entry(f"{i}") for i in range(MOST_MEMBERS + 1)], "more than 1,000 members"),
    "a name with escape codes": ([entry("../\x1b[2Jx\n", b"")], r"'../\x1b[2Jx\n', which"),
}


@pytest.mark.parametrize("case", EVIL)
def test_an_evil_archive_is_refused(case, tmp_path, fault):
    entries, words = EVIL[case]
    path = pack(tmp_path / "x.tar.gz", *entries)
    with fault(str(path), words, "nothing of it was used"):
        read(path)
    assert [each.name for each in tmp_path.iterdir()] == ["x.tar.gz"]


def bomb(path, header):
    """Few bytes that unpack to 50 million."""
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header)
        for _ in range(50):
            file.write(bytes(1_000_000))
    assert path.stat().st_size < 1_000_000
    return path


def header(name, **fields):
    return entry(name, **fields)[0].tobuf(tarfile.GNU_FORMAT)


BOMBS = {
    "in a file that is wanted": header("a.bin", size=50_000_000),
    "in one that isn't": header("other", size=50_000_000),
    "in one that says it is larger still": header("a.bin", size=2**40),
    "in a long name": header("././@LongLink", size=50_000_000, type=tarfile.GNUTYPE_LONGNAME),
    "in a header": header("pax", size=50_000_000, type=tarfile.XHDTYPE),
    "after the end": entry("a.bin", b"")[0].tobuf() + bytes(1024),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_is_refused_before_it_has_filled_the_memory(case, tmp_path, fault):
    path = bomb(tmp_path / "x.tar.gz", BOMBS[case])
    with fault("x.tar.gz", "it unpacks to more than 5,000,000 bytes"):
        read(path, limit=5_000_000)


@pytest.fixture
def sound(tmp_path):
    noise = np.random.RandomState(0).bytes(3000)
    return pack(tmp_path / "x.tar.gz", entry("folder/a.bin", noise), entry("folder/b.bin", noise[::-1]))


def test_a_damaged_archive_is_told_wherever_the_damage_is(sound, fault):
    whole = sound.read_bytes()
    assert read(sound)
    for at in range(0, len(whole), 97):
        sound.write_bytes(whole[:at])
        with fault(str(sound)):
            read(sound)
        if at > 10:  # what stands in gzip's own header is the name and the time of the file
            sound.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
            with fault(str(sound)):
                read(sound)


NO_ARCHIVES = {
    "nothing": b"",
    "a web page": b"<!DOCTYPE html>",
    "no tar": gzip.compress(b"no tar"),
    "too few noughts": gzip.compress(bytes(300)),
}


@pytest.mark.parametrize("content", NO_ARCHIVES.values(), ids=NO_ARCHIVES)
def test_what_is_no_archive(content, tmp_path, fault):
    (tmp_path / "x.tar.gz").write_bytes(content)
    with fault(f"{tmp_path}/x.tar.gz", "can't be unpacked"):
        read(tmp_path / "x.tar.gz")


ARCHIVES = {
    ".bin": ("cifar-10-binary.tar.gz", "cifar-10-batches-bin"),
    "": ("cifar-10-python.tar.gz", "cifar-10-batches-py"),
}


@pytest.fixture(params=ARCHIVES, ids=["binary", "python"])
def archived(request, tmp_path, write, colour):
    """A folder with the archive alone, and one with the same files unpacked."""
    (name, inner), (x, y) = ARCHIVES[request.param], colour
    plain, packed = tmp_path / "plain" / inner, tmp_path / "packed"
    plain.mkdir(parents=True)
    packed.mkdir()
    for batch, rows in {"data_batch_1": slice(700), "data_batch_2": slice(700, None), "test_batch": slice(40, 60)}.items():
        path = plain / (batch + request.param)
        write.binary(path, x[rows], y[rows]) if request.param else write.python2(path, x[rows], y[rows])
    with tarfile.open(packed / name, "w:gz", compresslevel=1) as archive:
        archive.add(plain, inner)
    return packed / name, plain


def test_an_archive_is_read_where_it_lies(archived):
    path, plain = archived
    before = path.read_bytes()
    held, same = (data.load("cifar10", [folder], num_test=None) for folder in (path.parent, plain.parent))
    assert held.fingerprint == same.fingerprint
    np.testing.assert_array_equal(held.x_test, same.x_test)
    described = data.describe("cifar10", [path.parent])
    assert (described.num_train, described.num_test, described.problem) == (5, 20, None)
    assert (described.where, described.num_bytes) == (str(path), path.stat().st_size)
    assert [*path.parent.iterdir()] == [path]
    assert path.read_bytes() == before


def test_unpacked_files_go_before_it(archived):
    path, plain = archived
    plain.rename(path.parent / plain.name)
    assert data.describe("cifar10", [path.parent]).where == str(path.parent / plain.name)


def test_a_damaged_one_is_named(archived, fault):
    path, _ = archived
    path.write_bytes(path.read_bytes()[:-100])
    with fault(str(path), "can't be unpacked"):
        data.load("cifar10", [path.parent])
    assert "can't be unpacked" in data.describe("cifar10", [path.parent]).problem


def test_one_that_lacks_files_is_named(tmp_path, write, colour, fault):
    records = tmp_path / "batch"
    write.binary(records, *colour)
    for entries, words in {
        (): "data_batch_1.bin is missing from",
        ("data_batch_1.bin", "data_batch_3.bin"): "data_batch_2.bin is missing from",
    }.items():
        pack(tmp_path / "cifar-10-binary.tar.gz", *(entry(name, records.read_bytes()) for name in entries))
        with fault(words, str(tmp_path / "cifar-10-binary.tar.gz")):
            data.load("cifar10", [tmp_path])
    pack(tmp_path / "cifar-10-binary.tar.gz", entry("data_batch_1.bin", records.read_bytes()))
    assert len(data.load("cifar10", [tmp_path]).x_train) == 5
    with fault("test_batch.bin is missing from"):
        data.load("cifar10", [tmp_path], num_test=1)
    assert re.search("test_batch.bin is missing", data.describe("cifar10", [tmp_path]).problem or "")


def test_a_damaged_batch_in_it_is_named(tmp_path, fault):
    pack(tmp_path / "cifar-10-binary.tar.gz", entry("data_batch_1.bin", bytes(3074)))
    with fault("cifar-10-binary.tar.gz: data_batch_1.bin (3,074 bytes)", "leaves 1 bytes over"):
        data.load("cifar10", [tmp_path])
