"""Data sets from a real server: from which source, checked how, and what lies where afterwards."""

import gzip
import hashlib
import io
import os
import tarfile
import threading
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from bnlab import data
from bnlab.data.download import Limits
from bnlab.data.fetch import fetch, kept
from bnlab.data.sources import REMOTES, Remote, RemoteFile, addresses, check_source
from bnlab.errors import DataError, RunError
from tests import serving

LIMITS = Limits(timeout=30, min_rate=0, tries=2)
"""Longer than any hiccup of a busy machine: what must wait for a timeout takes a shorter one."""
PYTHON, BINARY = "cifar-10-python.tar.gz", "cifar-10-binary.tar.gz"


def pack(**files):
    """A .tar.gz of these files, in the folder of CIFAR-10's binary archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def records(number, seed=0):
    images = np.random.RandomState(seed).randint(0, 256, (number, 3073), dtype=np.uint8)
    images[:, 0] %= 10
    return images.tobytes()


BATCHES = {f"data_batch_{i}.bin": records(210, i) for i in range(1, 6)} | {"test_batch.bin": records(20)}
ARCHIVE = pack(**BATCHES)
GRAY = {
    "train-images-idx3-ubyte.gz": (1010, 4, 4),
    "train-labels-idx1-ubyte.gz": (1010,),
    "t10k-images-idx3-ubyte.gz": (20, 4, 4),
    "t10k-labels-idx1-ubyte.gz": (20,),
}
FILES = {
    name: gzip.compress(
        bytes((0, 0, 8, len(shape))) + np.array(shape, ">u4").tobytes() + bytes(i % 10 for i in range(int(np.prod(shape))))
    )
    for name, shape in GRAY.items()
}


def listed(name, content, algorithm="sha256"):
    return RemoteFile(name, len(content), f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}")


@pytest.fixture(scope="module")
def running():
    with serving.serving() as server:
        yield server


@pytest.fixture
def server(running, monkeypatch):
    """A server at which the data sets' own sources are; they are small ones, with hashes of their own."""
    running.answers.clear()
    running.asked.clear()
    one = listed(BINARY, ARCHIVE, "md5"), RemoteFile(PYTHON, 10, "md5:" + "0" * 32)
    monkeypatch.setitem(REMOTES, "cifar10", Remote((one,), (running.url("/"),), "a test", 1050, 20))
    each = tuple((listed(name, content, "md5"),) for name, content in FILES.items())
    sources = (running.url("/first/"), running.url("/second"))
    monkeypatch.setitem(REMOTES, "fashion-mnist", Remote(each, sources, "a test", 1010, 20))
    return running


@pytest.fixture
def cifar10(server, tmp_path):
    """Fetches CIFAR-10 into a folder, from sources that answer like this; gives what was told of those that failed."""

    def cifar10(*answers, limits=LIMITS):
        told = []
        sources = [server.url(f"/{i}/{BINARY}") for i in range(len(answers))]
        server.answers.update({f"/{i}/{BINARY}": answer for i, answer in enumerate(answers)})
        try:
            fetch("cifar10", [tmp_path / "data"], sources, limits, told.append)
        finally:
            lines = [line.replace(server.url("/"), "").replace(f"/{BINARY}", "") for line in told]
        return lines

    return cifar10


def is_whole(folder):
    """All of CIFAR-10 is there, and nothing else."""
    assert {path.name: path.read_bytes() for path in (folder / "cifar-10-batches-bin").iterdir()} == BATCHES
    assert [path.name for path in folder.iterdir()] == ["cifar-10-batches-bin"]
    return True


def test_an_archive_is_unpacked_and_found(server, cifar10, tmp_path):
    assert cifar10(serving.gives(ARCHIVE)) == []
    assert is_whole(tmp_path / "data")
    found = data.describe("cifar10", [tmp_path / "data"])
    assert (found.num_train, found.num_val, found.num_test, found.problem) == (50, 1000, 20, None)
    server.asked.clear()
    assert fetch("cifar10", [tmp_path / "data"]) == (found, ())
    assert server.asked == []


def test_files_are_kept_as_they_are(server, tmp_path):
    server.answers.update({f"/first/{name}": serving.gives(content) for name, content in FILES.items()})
    done = fetch("fashion-mnist", [tmp_path], limits=LIMITS)
    assert {path.name: path.read_bytes() for path in (tmp_path / "fashion-mnist").iterdir()} == FILES
    assert (done.description.where, done.description.num_train) == (str(tmp_path / "fashion-mnist"), 10)
    assert done.sources == tuple(server.url(f"/first/{name}") for name in FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["fashion-mnist"]


@pytest.mark.slow
def test_the_sources_are_tried_in_turn_and_each_failure_is_told(cifar10, tmp_path):
    wrong = ARCHIVE[:-9] + bytes(9)
    lines = cifar10(
        serving.web_page,
        serving.redirects(f"/1/{BINARY}"),
        serving.gives(wrong),
        serving.endless(b"\x1f\x8b"),
        serving.stalls(ARCHIVE, -1),
        serving.refuses(403),
        serving.gives(ARCHIVE),
        limits=replace(LIMITS, timeout=5),
    )
    assert lines == [
        "0 answers with a web page in place of the file",
        "1 redirects in a circle, or too often",
        "2 has another file (its MD5 isn't that of the official one)",
        "3 has another file (its MD5 isn't that of the official one)",
        "4 doesn't answer within 5 s",
        "5 refuses (403 Forbidden)",
    ]
    assert is_whole(tmp_path / "data")


def test_one_source_goes_on_where_another_broke_off(server, cifar10, tmp_path):
    half = len(ARCHIVE) // 2
    [line] = cifar10(serving.breaks_off(ARCHIVE, half, ranges=False), serving.gives(ARCHIVE))
    assert line == f"0 breaks off after {half:,} of {len(ARCHIVE):,} bytes"
    assert server.asked[-1] == (f"/1/{BINARY}", f"bytes={half}-")
    assert is_whole(tmp_path / "data")


def test_if_the_first_half_was_wrong_all_is_fetched_anew(server, cifar10, tmp_path):
    half = len(ARCHIVE) // 2
    spoilt = ARCHIVE[:100] + bytes(half - 100)
    [line] = cifar10(serving.breaks_off(spoilt + ARCHIVE[half:], half, ranges=False), serving.gives(ARCHIVE))
    assert line.startswith("0 breaks off")
    assert server.asked[-2:] == [(f"/1/{BINARY}", f"bytes={half}-"), (f"/1/{BINARY}", None)]
    assert is_whole(tmp_path / "data")


def test_a_slow_source_gives_way(cifar10, tmp_path):
    limits = replace(LIMITS, min_rate=300_000, window=0.1)
    [line] = cifar10(serving.drips(ARCHIVE, 0.01), serving.gives(ARCHIVE), limits=limits)
    assert line.startswith("0 is slow (")
    assert line.endswith(" kB/s): it gives way to the next source")
    assert is_whole(tmp_path / "data")


def test_but_it_is_taken_if_there_is_no_other(server, cifar10, tmp_path):
    def slowly(handler):
        (serving.gives if handler.headers.get("Range") else partial(serving.drips, bytes_at_once=1000))(ARCHIVE)(handler)

    limits = replace(LIMITS, min_rate=1e9, window=0.1)
    lines = cifar10(slowly, serving.refuses(404), limits=limits)
    assert [line.split(" (")[0] for line in lines] == [
        "0 is slow",
        "1 has no such file",
        "0 is taken all the same, since no other source has the file",
    ]
    assert server.asked[-1][1] is not None  # it went on
    assert is_whole(tmp_path / "data")
    server.asked.clear()


def test_the_only_source_may_be_slow(server, cifar10, tmp_path):
    limits = replace(LIMITS, min_rate=1e9, window=0.1)
    assert cifar10(serving.drips(ARCHIVE, 0.05, len(ARCHIVE) // 10), limits=limits) == []
    assert len(server.asked) == 1


def test_if_all_fail_one_line_says_so_and_what_can_be_gone_on_from_stays(server, cifar10, tmp_path):
    with pytest.raises(RunError) as caught:
        cifar10(serving.breaks_off(ARCHIVE, 1000), serving.refuses(404))
    message = str(caught.value)
    assert "\n" not in message
    for word in ("none of its sources", f"{BINARY} (md5 ", "--source", str(tmp_path / "data")):
        assert word in message
    assert not data.describe("cifar10", [tmp_path / "data"]).present
    assert kept("cifar10", tmp_path / "data") == 2000
    server.asked.clear()
    assert cifar10(serving.gives(ARCHIVE)) == []
    assert server.asked == [(f"/0/{BINARY}", "bytes=2000-")]
    assert is_whole(tmp_path / "data")


def test_a_failure_without_a_byte_leaves_nothing(cifar10, tmp_path):
    with pytest.raises(RunError):
        cifar10(serving.refuses(404))
    assert [*(tmp_path / "data").iterdir()] == []


def test_a_source_that_failed_is_asked_last_for_the_other_files(server, tmp_path):
    server.answers.update({f"/second/{name}": serving.gives(content) for name, content in FILES.items()})
    told = []
    fetch("fashion-mnist", [tmp_path], (), LIMITS, told.append)
    assert len(told) == 1
    assert [path for path, _ in server.asked] == ["/first/" + next(iter(FILES)), *(f"/second/{name}" for name in FILES)]


def test_files_that_were_fetched_before_are_not_fetched_again(server, tmp_path):
    answers = {f"/first/{name}": serving.gives(content) for name, content in FILES.items()}
    last = [*answers][-1]
    server.answers.update({path: answer for path, answer in answers.items() if path != last})
    with pytest.raises(RunError):
        fetch("fashion-mnist", [tmp_path], limits=LIMITS)
    assert not data.describe("fashion-mnist", [tmp_path]).present
    server.answers.update(answers)
    server.asked.clear()
    fetch("fashion-mnist", [tmp_path], limits=LIMITS)
    assert server.asked == [(last, None)]


def test_no_unpacking_of_an_archive_whose_hash_is_right_and_whose_content_is_evil(server, cifar10, monkeypatch, tmp_path):
    evil = pack(**{"data_batch_1.bin": b"", "../../../evil": b"x"})
    lacking = pack(**{name: content for name, content in BATCHES.items() if name != "data_batch_3.bin"})
    for content, words in ((evil, "leads out of the folder"), (lacking, "lacks data_batch_3.bin")):
        made = Remote(((listed(BINARY, content),),), (), "a test", 1050, 20)
        monkeypatch.setitem(REMOTES, "cifar10", made)
        with pytest.raises(DataError, match=words):
            cifar10(serving.gives(content))
        assert not data.describe("cifar10", [tmp_path / "data"]).present
        assert not [*tmp_path.rglob("evil*")]


def test_an_archive_in_the_folder_is_unpacked_without_the_network(server, tmp_path):
    for place in (tmp_path / "a", tmp_path / "b" / "cifar10"):
        place.mkdir(parents=True)
        (place / BINARY).write_bytes(ARCHIVE)
    for folder in (tmp_path / "a", tmp_path / "b"):
        done = fetch("cifar10", [folder])
        assert done.description.where == str(folder / "cifar-10-batches-bin")
        assert done.sources == (str(next(folder.rglob(BINARY))),)
        assert next(folder.rglob(BINARY)).read_bytes() == ARCHIVE
        (next(folder.rglob(BINARY))).unlink()
    assert is_whole(tmp_path / "a")
    assert server.asked == []


def test_an_archive_with_another_hash_is_left_alone(server, cifar10, tmp_path):
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / BINARY
    path.write_bytes(ARCHIVE[:-1])
    told = []
    with pytest.raises(DataError, match="remove it, or name another folder"):
        fetch("cifar10", [tmp_path / "data"], (), LIMITS, told.append)
    assert told == [f"{path} is left alone: its MD5 isn't that of the official file"]
    assert path.read_bytes() == ARCHIVE[:-1]
    assert server.asked == []


def test_other_files_that_would_be_read_first_are_named(server, cifar10, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "data_batch_1.bin").write_bytes(records(1010))
    with pytest.raises(DataError, match=r"data holds something of cifar10 .*1,010 training and 0 test images"):
        cifar10(serving.gives(ARCHIVE))
    assert server.asked == []
    assert [path.name for path in folder.iterdir()] == ["data_batch_1.bin"]


def test_what_is_in_the_way_is_named(cifar10, tmp_path):
    (tmp_path / "data" / "cifar-10-batches-bin" / "notes").mkdir(parents=True)
    with pytest.raises(DataError, match="cifar-10-batches-bin is in the way: remove it"):
        cifar10(serving.gives(ARCHIVE))


def test_two_at_once_do_no_harm(server, cifar10, tmp_path):
    """The second is refused while the first is at work, and finds everything when it has ended."""
    ended, refused, half = [], threading.Event(), len(ARCHIVE) // 2

    def in_halves(handler):
        serving.gives(ARCHIVE, upto=half)(handler)
        refused.wait(LIMITS.timeout)
        handler.wfile.write(ARCHIVE[half:])

    thread = threading.Thread(target=lambda: ended.append(cifar10(in_halves)))
    thread.start()
    while kept("cifar10", tmp_path / "data") == 0:
        time.sleep(0.01)
    with pytest.raises(DataError, match=r"another bnlab is fetching cifar10 into .*: wait until it has ended"):
        fetch("cifar10", [tmp_path / "data"])
    refused.set()
    thread.join()
    assert ended == [[]]
    assert fetch("cifar10", [tmp_path / "data"]).sources == ()
    assert is_whole(tmp_path / "data")


def test_a_folder_that_cannot_be(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="file is not a folder: name one"):
        fetch("cifar10", [tmp_path / "file"])
    with pytest.raises(OSError, match="file"):
        fetch("cifar10", [tmp_path / "file" / "below"])


@pytest.mark.parametrize(
    "source", ["ftp://a/b", "file:///etc/passwd", "nowhere", "", "http://", "http://a b/", "http://a:99999/", "http://a/\n"]
)
def test_what_is_no_source_is_refused(server, tmp_path, source):
    with pytest.raises(DataError, match="is no source: give an address"):
        check_source(source)
    with pytest.raises(DataError, match="is no source"):
        fetch("cifar10", [tmp_path / "none"], [source])
    assert not (tmp_path / "none").exists()


def test_other_data_sets_are_refused(tmp_path):
    with pytest.raises(DataError, match="'synthetic' can't be fetched: there are cifar10, fashion-mnist"):
        fetch("synthetic", [tmp_path])


def test_a_source_is_a_file_or_a_folder():
    [python, binary] = REMOTES["cifar10"].parts[0]
    known = REMOTES["cifar10"].files
    both = [*addresses("https://a/b", (python, binary), known)]
    assert (
        both
        == [(f"https://a/b/{PYTHON}", python), (f"https://a/b/{BINARY}", binary)]
        == [*addresses("https://a/b/", (python, binary), known)]
    )
    one = f"https://a/{BINARY}?download=1"
    assert [*addresses(one, (python, binary), known)] == [(one, binary)]


@pytest.mark.parametrize("name", REMOTES)
def test_the_table_of_sources(name):
    """What can be said of it without a network."""
    known = REMOTES[name]
    lengths = {"md5": 32, "sha256": 64}
    for file in known.files.values():
        algorithm, _, digest = file.hash.partition(":")
        assert len(digest) == lengths[algorithm]
        assert int(digest, 16)
    for source in known.sources:
        check_source(source)
    for part in known.parts:
        assert len({url for source in known.sources for url, _ in addresses(source, part, known.files)}) >= 3
    assert len(set(known.sources)) == len(known.sources)


def test_the_official_md5_of_what_debian_packs_anew(tmp_path):
    """The sizes in the table are the publisher's; Debian's files hold the same images, compressed by another gzip."""
    folder = "/usr/share/datasets/fashion-mnist"
    if not os.path.isdir(folder):
        pytest.skip(f"{folder} isn't there")
    found = data.describe("fashion-mnist", [folder])
    assert (found.num_train + found.num_val, found.num_test) == (60_000, 10_000)
    assert fetch("fashion-mnist", [tmp_path, *map(type(tmp_path), [folder])]).sources == ()
