"""The store: a file per run, whole or not at all, and never believed or overwritten when it can't be right or be read."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bnlab.errors import StoreError
from bnlab.lab.files import WIDTH, json_bytes, write
from bnlab.lab.index import FILE
from bnlab.lab.store import Store, read_run
from bnlab.runs.history import Failure


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != FILE)


@pytest.mark.parametrize("seed", range(3))
def test_long_lists_are_on_as_few_lines_as_textwrap_takes(seed):
    draw = random.Random(seed)
    for count in range(1, 80):
        numbers = [
            draw.choice([draw.gauss(0, 10.0 ** draw.randint(-20, 20)), draw.randint(-9, 9), None]) for _ in range(count)
        ]
        wrapped = textwrap.wrap(json.dumps(numbers), WIDTH, initial_indent="   ", subsequent_indent="   ")
        assert json_bytes({"a": {"b": numbers}}).decode().partition('"b": ')[2].rpartition("\n }")[0] == (
            "\n".join(wrapped).lstrip() if len(json.dumps(numbers)) > WIDTH else json.dumps(numbers)
        )


def test_a_run_is_one_file_named_by_its_hash(tmp_path, make_history):
    store, history = Store(tmp_path / "results"), make_history()
    store.save(history)
    name = history.spec.name
    assert files(tmp_path) == [f"results/runs/{name[:2]}/{name}.json"]
    content = store.path(history.spec).read_bytes()
    assert json.loads(content, parse_constant=pytest.fail) == json.loads(json.dumps(history.to_json()))
    assert content.endswith(b"}\n")
    assert store.load(history.spec) == history


def test_a_failed_run_is_recorded_and_still_to_be_done(tmp_path, make_spec):
    store, failure = Store(tmp_path), Failure(make_spec(), "ValueError: no", {"seconds": 0.1})
    store.save(failure)
    assert store.load(make_spec()) is None
    assert store.read(make_spec()) == failure


def test_a_failure_never_takes_the_place_of_a_run_that_ended_well(tmp_path, make_history):
    store, history = Store(tmp_path), make_history()
    store.save(history)
    store.save(Failure(history.spec, "ValueError: no", {"seconds": 0.1}))
    assert store.load(history.spec) == history


def test_nothing_is_made_before_something_is_written(tmp_path, make_spec):
    store = Store(tmp_path / "results")
    assert store.load(make_spec()) is None
    store.prepare()
    assert [*tmp_path.iterdir()] == []


HARM = {
    "empty": lambda text: b"",
    "cut off": lambda text: text[: len(text) // 2],
    "another document": lambda text: b"{}",
    "a list": lambda text: b"[1, 2]",
    "no text": lambda text: b"\x80\xff" * 40,
    "another run's settings": lambda text: text.replace(b'"seed": 231', b'"seed": 232'),
    "a setting too many": lambda text: text.replace(b'"seed": 231', b'"seed": 231, "more": 1'),
    "settings that don't go together": lambda text: text.replace(b'"batch_size": 20', b'"batch_size": 2000'),
    "a list for the net": lambda text: text.replace(b'"net": {', b'"net": [], "old": {'),
    "brackets without end": lambda text: b"[" * 100_000,
    "null for an accuracy": lambda text: text.replace(b'"train_acc_history": [0.1', b'"train_acc_history": [null'),
    "a number beyond floats": lambda text: text.replace(b'"val_acc_history": [0.1', b'"val_acc_history": [1' + b"0" * 400),
    "an accuracy of 7.5": lambda text: text.replace(b'"val_acc_history": [0.1', b'"val_acc_history": [7.5'),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_file_is_named_once_set_aside_and_done_again(tmp_path, make_history, caplog, harm):
    store, history = Store(tmp_path), make_history()
    store.save(history)
    path = store.path(history.spec)
    content = HARM[harm](path.read_bytes())
    assert content != path.read_bytes()
    path.write_bytes(content)
    assert store.load(history.spec) is None
    assert store.load(history.spec) is None
    [record] = caplog.records
    assert str(path) in record.getMessage()
    assert path.with_name(f"{path.name}.corrupt").read_bytes() == content
    assert not path.exists()
    store.save(history)
    assert store.load(history.spec) == history


@pytest.mark.parametrize("harm", HARM)
def test_a_file_that_is_read_without_its_spec_stays_as_it_is(tmp_path, make_history, harm):
    store, history = Store(tmp_path), make_history()
    store.save(history)
    [path] = store.paths()
    assert read_run(path) == history
    content = HARM[harm](path.read_bytes())
    path.write_bytes(content)
    with pytest.raises(
        StoreError, match=rf"^{path} is damaged or of another version \(.*\): the command of its study makes"
    ):
        read_run(path)
    assert files(tmp_path) == [str(path.relative_to(tmp_path))]
    assert path.read_bytes() == content


def test_a_run_under_another_runs_name_is_refused(tmp_path, make_history, make_spec):
    store = Store(tmp_path)
    store.save(make_history())
    other = store.path(make_spec(seed=1))
    other.parent.mkdir(exist_ok=True)
    store.path(make_spec()).rename(other)
    with pytest.raises(StoreError, match=f"it holds the run {make_spec().name}"):
        read_run(other)


def test_a_dry_look_names_a_damaged_file_and_leaves_it(tmp_path, make_history, caplog):
    history = make_history()
    Store(tmp_path).save(history)
    path = Store(tmp_path).path(history.spec)
    path.write_bytes(b"junk")
    assert Store(tmp_path, read_only=True).load(history.spec) is None
    assert path.read_bytes() == b"junk"
    assert caplog.records[0].getMessage() == f"{path} is damaged (it is no JSON document): the run is to be done again"


def test_a_file_that_cant_be_read_is_an_error_and_stays(tmp_path, make_spec):
    """Here a folder stands in its place, which root can't read either; a lack of permission is the same to the store."""
    store = Store(tmp_path)
    store.path(make_spec()).mkdir(parents=True)
    with pytest.raises(StoreError, match=r"^can't read .*json: Is a directory; remove the folder"):
        store.load(make_spec())
    assert store.path(make_spec()).is_dir()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything")
def test_a_file_without_permission_is_an_error_and_stays(tmp_path, make_history):
    store, history = Store(tmp_path), make_history()
    store.save(history)
    path = store.path(history.spec)
    content = path.read_bytes()
    path.chmod(0)
    with pytest.raises(StoreError, match=r"^can't read .*json: Permission denied"):
        store.load(history.spec)
    path.chmod(0o600)
    assert path.read_bytes() == content


def test_the_old_content_stays_if_the_new_cant_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(
        StoreError, match=r"^can't write .*folder: Is a directory; remove the folder that stands in its place"
    ):
        write(tmp_path / "folder", b"new")
    with pytest.raises(StoreError, match=r"^can't write .*file/below: "):
        write(tmp_path / "file" / "below", b"new")
    assert files(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


WRITER = (
    "import sys; sys.path[:] = {paths!r}\n"
    "from pathlib import Path\n"
    "from bnlab.lab.files import write\n"
    "path = Path({path!r})\n"
    "write(path, b'a' * 300_000)\n"
    "print(flush=True)\n"
    "while True:\n"
    "    write(path, b'b' * 500_000)\n"
    "    write(path, b'a' * 300_000)\n"
)


def kill_a_writer(path):
    """A process writes two contents in turn as fast as it can, and is killed at some moment."""
    code = WRITER.format(paths=sys.path, path=str(path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    with process.stdout:
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.wait(timeout=60)


def test_a_writer_that_is_killed_tears_nothing_and_what_it_leaves_is_cleared(tmp_path):
    path = tmp_path / "runs" / "ab" / "file"
    for _ in range(5):
        kill_a_writer(path)
        assert path.read_bytes() in (b"a" * 300_000, b"b" * 500_000)
    Store(tmp_path).prepare()
    assert files(tmp_path) == ["runs/ab/file"]


def test_what_others_may_still_be_writing_is_left_alone(tmp_path):
    folder = tmp_path / "runs" / "ab"
    folder.mkdir(parents=True)
    ours, dead = os.getpid(), 2**22 + 1  # above the largest process number of Linux
    here = "".join(c if c.isalnum() or c == "-" else "-" for c in socket.gethostname())
    left = [f".x.json.{here}.{ours}.part", f".x.json.elsewhere.{dead}.part", ".notes.part"]
    for name in [*left, f".x.json.{here}.{dead}.part"]:
        (folder / name).touch()
    Store(tmp_path).prepare()
    assert files(tmp_path) == sorted(f"runs/ab/{name}" for name in left)


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="no /proc")
def test_a_folder_that_cant_be_made_is_told_before_anything_is_run(tmp_path):
    with pytest.raises(StoreError, match=r"^can't write /proc/bnlab/results: .*; choose a results folder by --out "):
        Store(Path("/proc/bnlab/results")).prepare()
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        Store(tmp_path / "file").prepare()


def test_json_is_strict_and_reads_well():
    assert (
        json_bytes({"a": [1.5], "b": {}, "c": [{"d": None}]})
        == b'{\n "a": [1.5],\n "b": {},\n "c": [\n  {\n   "d": null\n  }\n ]\n}\n'
    )
    long = {"losses": [i / 7 for i in range(300)], "text": "x" * 300, "words": ["a b"] * 90}
    text = json_bytes(long).decode()
    assert json.loads(text) == long
    assert max(map(len, text.split('"text"')[0].splitlines())) <= 130
    assert text.count("\n") < 80
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_bytes(float("nan"))
