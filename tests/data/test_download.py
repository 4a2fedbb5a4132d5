"""One file over HTTP, from a real server that does everything wrong that servers do."""

import gzip
import os
import time
from dataclasses import replace

import pytest

from bnlab.data.download import Limits, SlowError, SourceError, download
from tests import serving

CONTENT = gzip.compress(os.urandom(200_000), 1)
SIZE = len(CONTENT)
LIMITS = Limits(timeout=30, min_rate=0, window=0.2, tries=5, redirects=3)
"""Longer than any hiccup of a busy machine: what must wait for a timeout takes a shorter one."""
SOON = 30
"""Seconds: long for what must be given up, and short of for ever."""
PATH = "/files/a.tar.gz"


@pytest.fixture(scope="module")
def running():
    with serving.serving() as server:
        yield server


@pytest.fixture
def server(running):
    running.answers.clear()
    running.asked.clear()
    return running


@pytest.fixture
def get(server, tmp_path):
    """Fetches the file; gives what download gives."""

    def get(answer=None, limits=LIMITS, advance=lambda there: None):
        if answer:
            server.answers[PATH] = answer
        return download(server.url(PATH), tmp_path / "part", SIZE, limits, advance)

    return get


def came(tmp_path):
    return (tmp_path / "part").read_bytes()


def ranges(server):
    return [span for _, span in server.asked]


@pytest.mark.parametrize("length", [True, False])
def test_a_file(get, tmp_path, length):
    seen = []
    assert get(serving.gives(CONTENT, length=length), advance=seen.append)
    assert came(tmp_path) == CONTENT
    assert seen == sorted(seen)
    assert seen[-1] == SIZE


def test_a_transfer_that_breaks_off_is_gone_on_with(get, server, tmp_path):
    assert get(serving.breaks_off(CONTENT, 60_000))
    assert came(tmp_path) == CONTENT
    assert ranges(server) == [None, "bytes=60000-", "bytes=120000-", "bytes=180000-"]


def test_where_nothing_can_be_gone_on_with_it_begins_anew(get, server, tmp_path):
    (tmp_path / "part").write_bytes(b"\0" * 70_000)
    assert get(serving.gives(CONTENT, ranges=False))
    assert came(tmp_path) == CONTENT
    assert ranges(server) == ["bytes=70000-"]


def test_what_was_there_before_is_gone_once_it_begins_anew(get, tmp_path):
    (tmp_path / "part").write_bytes(b"\0" * 70_000)
    with pytest.raises(SourceError, match="breaks off after 60,000"):
        get(serving.breaks_off(CONTENT, 60_000, ranges=False))
    assert came(tmp_path) == CONTENT[:60_000]


def test_one_that_always_breaks_off_at_the_same_place_is_given_up(get, server, tmp_path):
    with pytest.raises(SourceError, match=f"breaks off after 60,000 of {SIZE:,} bytes"):
        get(serving.breaks_off(CONTENT, 60_000, ranges=False))
    assert len(server.asked) == 2
    assert came(tmp_path) == CONTENT[:60_000]


def test_tries_have_an_end(get, server, tmp_path):
    with pytest.raises(SourceError, match="breaks off after 500 "):
        get(serving.breaks_off(CONTENT, 100))
    assert ranges(server) == [None, *(f"bytes={there}-" for there in (100, 200, 300, 400))]
    assert came(tmp_path) == CONTENT[:500]


def test_what_is_there_is_gone_on_from_and_nothing_is_asked_for_what_is_whole(get, server, tmp_path):
    (tmp_path / "part").write_bytes(CONTENT[:150_000])
    assert not get(serving.gives(CONTENT))  # the caller has to judge what was there
    assert came(tmp_path) == CONTENT
    assert ranges(server) == ["bytes=150000-"]
    assert not get(serving.refuses(500))
    assert len(server.asked) == 1


def test_more_than_the_whole_file_is_thrown_away(get, server, tmp_path):
    (tmp_path / "part").write_bytes(bytes(SIZE + 1))
    assert get(serving.gives(CONTENT))
    assert came(tmp_path) == CONTENT


def test_a_part_that_the_server_cannot_go_on_from_is_thrown_away(get, server, tmp_path):
    (tmp_path / "part").write_bytes(bytes(1000))

    def answer(handler):
        (serving.refuses(416) if handler.headers.get("Range") else serving.gives(CONTENT))(handler)

    assert get(answer)
    assert came(tmp_path) == CONTENT


@pytest.mark.parametrize("span", [f"bytes 5-{SIZE - 1}/{SIZE}", "bytes 1000-1999", "", "items 3"])
def test_a_part_from_elsewhere_in_the_file_is_not_taken(get, server, tmp_path, span):
    (tmp_path / "part").write_bytes(CONTENT[:1000])

    def answer(handler):
        if handler.headers.get("Range"):
            handler.head(206, Content_Range=span)
            handler.wfile.write(b"other bytes" * 1000)
        else:
            serving.gives(CONTENT)(handler)

    assert get(answer)
    assert came(tmp_path) == CONTENT


@pytest.mark.parametrize("status", [206, 416])
def test_a_server_that_always_gives_parts_or_none_is_given_up(get, server, status):
    with pytest.raises(SourceError, match="gives a part"):
        get(serving.refuses(status))
    assert len(server.asked) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("after", "words"), [(-1, "doesn't answer within 4 s"), (5000, "falls silent after 5,000 of")])
def test_a_server_that_falls_silent(get, server, after, words):
    start = time.monotonic()
    with pytest.raises(SourceError, match=words):
        get(serving.stalls(CONTENT, after), replace(LIMITS, timeout=4))
    assert time.monotonic() - start < SOON


def test_a_slow_one_is_given_up_even_if_it_never_falls_silent(get, tmp_path):
    limits = replace(LIMITS, min_rate=100_000)
    start = time.monotonic()
    with pytest.raises(SlowError, match=r"is slow \(\d+ kB/s\)") as caught:
        get(serving.drips(CONTENT, 0.01, 100), limits)
    assert time.monotonic() - start < SOON
    assert 0 < caught.value.rate < 100_000
    assert CONTENT.startswith(came(tmp_path))


def test_one_that_is_quick_enough_is_not(get, tmp_path):
    assert get(serving.drips(CONTENT, 0.01, 20_000), replace(LIMITS, min_rate=1000, window=0.05))
    assert came(tmp_path) == CONTENT


WRONG = {
    "a web page": (serving.web_page, "web page"),
    "a page that doesn't say so": (serving.unlabelled_page, r"another file \(it begins with '<!DOCTYPE"),
    "endless noughts": (serving.endless(b"\0" * 1000), "it begins with"),
    "a longer one": (serving.gives(CONTENT + b"x"), rf"another file \({SIZE + 1:,} bytes, not {SIZE:,}\)"),
    "a shorter one": (serving.gives(CONTENT[:-1]), rf"another file \({SIZE - 1:,} bytes, not {SIZE:,}\)"),
    "a circle": (serving.redirects(PATH), "redirects in a circle"),
    "no file": (serving.refuses(404), r"has no such file \(404\)"),
    "no service": (serving.refuses(503), r"refuses \(503 Service Unavailable\)"),
    "a status of its own": (serving.refuses(599), r"refuses \(599\)"),
    "nothing": (serving.refuses(204), r"refuses \(204 No Content\)"),
    "a file of this machine": (serving.redirects("file:///etc/passwd"), "redirects in a circle, or"),
    "ftp": (serving.redirects("ftp://127.0.0.1/a"), "can't be reached"),
    "no HTTP": (lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n"), "can't be reached"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_the_file(get, tmp_path, case):
    answer, words = WRONG[case]
    start = time.monotonic()
    with pytest.raises(SourceError, match=words) as caught:
        get(answer)
    assert "\n" not in str(caught.value)
    assert time.monotonic() - start < SOON
    part = tmp_path / "part"
    assert not part.exists() or part.stat().st_size <= SIZE


@pytest.mark.parametrize("chunked", [True, False])
def test_of_an_endless_one_no_more_is_read_than_the_file_has(get, tmp_path, chunked):
    """Whether these are the right bytes, the hash says."""
    start = time.monotonic()
    assert get(serving.endless(CONTENT, chunked))
    assert came(tmp_path) == CONTENT
    assert time.monotonic() - start < SOON


def test_redirects_are_followed_but_not_for_ever(get, server, tmp_path):
    for i in range(3):
        server.answers[f"/{i}"] = serving.redirects(f"/{i + 1}" if i < 2 else PATH, endless_body=i == 1)
    server.answers[PATH] = serving.gives(CONTENT)
    assert download(server.url("/0"), tmp_path / "part", SIZE, LIMITS, lambda there: None)
    assert [path for path, _ in server.asked] == ["/0", "/1", "/2", PATH]
    with pytest.raises(SourceError, match="too often"):
        download(server.url("/0"), tmp_path / "other", SIZE, replace(LIMITS, redirects=2), lambda there: None)


def test_nobody_listens(tmp_path):
    url = f"http://127.0.0.1:{serving.closed_port()}/a"
    with pytest.raises(SourceError, match=r"can't be reached \(Connection refused\)"):
        download(url, tmp_path / "part", SIZE, LIMITS, lambda there: None)


def test_errors_of_the_disk_are_told_as_such(server, tmp_path):
    server.answers[PATH] = serving.gives(CONTENT)
    with pytest.raises(FileNotFoundError):
        download(server.url(PATH), tmp_path / "no folder" / "part", SIZE, LIMITS, lambda there: None)
