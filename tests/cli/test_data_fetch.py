"""`bnlab data fetch`: what it says, how it ends, and that a signal loses nothing. What it does is tested in tests/data."""

import re
import signal
from pathlib import Path

import pytest

from bnlab.data.sources import REMOTES, Remote
from tests import serving
from tests.data.test_fetch import ARCHIVE, BINARY, listed

NAME = "cifar-10-python.tar.gz"
SIZE = REMOTES["cifar10"].files[NAME].size


@pytest.fixture
def server():
    with serving.serving() as server:
        yield server


@pytest.fixture
def small(server, monkeypatch):
    """CIFAR-10 is a small archive at this server."""
    known = Remote(((listed(BINARY, ARCHIVE),),), (server.url(f"/{BINARY}"),), "a test", 1050, 20)
    monkeypatch.setitem(REMOTES, "cifar10", known)
    server.answers[f"/{BINARY}"] = serving.gives(ARCHIVE)


def test_it_is_fetched_and_listed(call, server, small, tmp_path):
    done = call("data", "fetch", "cifar10")
    where = tmp_path / "no-cache" / "bnlab" / "cifar-10-batches-bin"
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"cifar10: 1,050 images for training and 20 test images in {where}",
        f"from {server.url()}{BINARY}",
    ]
    listed_now = next(row for row in call("data", "list", "--json").json if row["name"] == "cifar10")
    assert (listed_now["where"], listed_now["problem"]) == (str(where), None)
    again = call("data", "fetch", "cifar10")
    assert again.out.splitlines()[1] == "They were there before: nothing was fetched."
    assert len(server.asked) == 1


def test_the_environment_and_the_option_name_the_folder(call, small, tmp_path, monkeypatch):
    monkeypatch.setenv("BNLAB_DATA_DIR", str(tmp_path / "env"))
    for options, folder in (((), "env"), (("--data-dir", tmp_path / "new" / "deep"), "new/deep")):
        assert call("data", "fetch", "cifar10", "-q", *options) == (0, "", "")
        assert (tmp_path / folder / "cifar-10-batches-bin" / "data_batch_1.bin").is_file()


def test_the_archive_alone_is_trained_on(call, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / BINARY).write_bytes(ARCHIVE)
    settings = ("data.num_train=40", "net.hidden_dims=[8]", "solver.num_epochs=1", "replicates=1", "solver.batch_size=20")
    words = [word for setting in settings for word in ("-s", setting)]
    done = call("compare", "--dataset", "cifar10", "--data-dir", "data", *words, "-j", 1, "-q")
    assert (done.status, done.err) == (0, "")


def test_every_failure_has_its_line(call, server, tmp_path):
    server.answers |= {f"/a/{NAME}": serving.web_page, "/b/cifar-10-binary.tar.gz": serving.redirects("/c")}
    sources = [server.url(f"/a/{NAME}"), server.url("/b"), f"http://127.0.0.1:{serving.closed_port()}/{NAME}"]
    done = call("data", "fetch", "cifar10", *(word for url in sources for word in ("--source", url)))
    assert (done.status, done.out) == (1, "")
    *lines, error = done.err.splitlines()
    assert lines == [
        f"{sources[0]} answers with a web page in place of the file",
        f"{sources[1]}/{NAME} has no such file (404)",
        f"{sources[1]}/cifar-10-binary.tar.gz has no such file (404)",
        f"{sources[2]} can't be reached (Connection refused)",
    ]
    assert error.startswith(
        "Error: cifar10 isn't fetched: none of its sources gives cifar-10-python.tar.gz (sha256 6d958be0"
    )


REFUSED = {
    "an unknown data set": (
        ["cifar"],
        ["'cifar' can't be fetched: there are cifar10, fashion-mnist; did you mean cifar10?"],
    ),
    "one that needs no files": (["synthetic"], ["'synthetic' can't be fetched"]),
    "no data set": ([], ["Missing argument 'cifar10|fashion-mnist'"]),
    "no source": (
        ["cifar10", "--source", "nowhere"],
        ["'nowhere' is no source: give an address that begins with https://"],
    ),
    "no time": (["cifar10", "--timeout", 0], ["--timeout", "0<x<="]),
    "a rate below 0": (["cifar10", "--min-rate", -1], ["--min-rate", "x>=0"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_request_is_refused_in_one_line(call, refused, case):
    arguments, words = REFUSED[case]
    refused(call("data", "fetch", *arguments), *words)


def part(tmp_path):
    return tmp_path / "data" / ".cifar10.fetch" / f"{NAME}.part"


def slowly(handler):
    """As large as CIFAR-10, by its own account."""
    span = handler.headers.get("Range")
    start = int(span.removeprefix("bytes=").removesuffix("-")) if span else 0
    more = {"Content_Range": f"bytes {start}-{SIZE - 1}/{SIZE}"} if start else {}
    handler.head(206 if start else 200, Content_Length=SIZE - start, **more)
    handler.wfile.write(b"" if start else b"\x1f\x8b")
    while not handler.server.over.wait(0.01):
        handler.wfile.write(bytes(10_000))


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_after_a_signal_the_same_command_goes_on(run, server, tmp_path, until, signum):
    server.answers[f"/{NAME}"] = slowly
    command = ("data", "fetch", "cifar10", "--data-dir", "data", "--source", server.url(f"/{NAME}"))
    for _ in range(2):
        before = part(tmp_path).stat().st_size if part(tmp_path).exists() else 0
        process = run.start(*command)
        until(lambda before=before: part(tmp_path).exists() and part(tmp_path).stat().st_size > before)
        process.send_signal(signum)
        out, err = process.communicate(timeout=60)
        assert out == ""
        if signum == signal.SIGKILL:
            assert process.returncode == -signal.SIGKILL
        else:
            word, status = ("Interrupted", 130) if signum == signal.SIGINT else ("Terminated", 143)
            assert process.returncode == status
            assert re.fullmatch(
                rf"{word}: [\d.]+ MB of cifar10 are kept in data; the same command goes on from there\n", err
            )
    assert [span for _, span in server.asked] == [None, f"bytes={before}-"]
    assert [*Path(tmp_path / "data").iterdir()] == [part(tmp_path).parent]


def test_a_disk_that_fills(run, server, tmp_path):
    """A limit of the system on the size of files stands for it. What fitted is kept."""
    server.answers[f"/{NAME}"] = slowly
    done = run.python(
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        f"sys.argv[1:] = ['data', 'fetch', 'cifar10', '--data-dir', 'data', '--source', {server.url(f'/{NAME}')!r}]\n"
        "from bnlab.__main__ import main; main()"
    )
    assert (done.status, done.out) == (1, "")
    assert done.err == f"Error: {part(tmp_path).relative_to(tmp_path)}: File too large\n"
    assert part(tmp_path).stat().st_size == 100_000


def test_two_commands_at_once(run, server, tmp_path, until):
    server.answers[f"/{NAME}"] = slowly
    command = ("data", "fetch", "cifar10", "--data-dir", "data", "--source", server.url(f"/{NAME}"))
    first = run.start(*command)
    until(lambda: part(tmp_path).exists())
    second = run(*command)
    assert (second.status, second.err.count("\n")) == (2, 1)
    assert second.err.startswith("Error: another bnlab is fetching cifar10 into data: wait until it has ended")
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)


@pytest.mark.slow
def test_a_terminal_shows_a_bar(on_a_terminal, server):
    server.answers[f"/{NAME}"] = lambda handler: (
        handler.head(200, Content_Length=SIZE),
        handler.wfile.write(b"\x1f\x8b" + bytes(3_000_000)),
        handler.wfile.flush(),
        handler.server.over.wait(60),
    )
    status, out, shown = on_a_terminal(
        *("data", "fetch", "cifar10", "--data-dir", "data", "--source", server.url(f"/{NAME}"), "--timeout", 5)
    )
    assert (status, out) == (1, "")
    assert NAME in shown
    assert "3.0/170.5 MB" in shown
    assert f"falls silent after 3,000,002 of {SIZE:,} bytes (for 5 s)" in " ".join(shown.split())
