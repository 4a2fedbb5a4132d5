"""The store: a file a run, whole or not at all."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bnlab.errors import StoreError
from bnlab.lab.files import json_bytes, write
from bnlab.lab.store import Store


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_run_is_one_file_named_by_its_hash(tmp_path, make_history):
    store, history = Store(tmp_path / "results"), make_history()
    store.save(history)
    name = history.spec.name
    assert files(tmp_path) == [f"results/runs/{name[:2]}/{name}.json"]
    content = store.path(history.spec).read_bytes()
    assert json.loads(content, parse_constant=pytest.fail) == json.loads(json.dumps(history.to_json()))
    assert content.endswith(b"}\n")
    assert store.load(history.spec) == history


def test_nothing_is_made_before_something_is_written(tmp_path, make_spec):
    store = Store(tmp_path / "results")
    assert store.load(make_spec()) is None
    store.check_writable()
    assert [*tmp_path.iterdir()] == []


HARM = {
    "empty": lambda text: b"",
    "cut off": lambda text: text[: len(text) // 2],
    "another document": lambda text: b"{}",
    "a list": lambda text: b"[1, 2]",
    "null": lambda text: b"null",
    "no text": lambda text: b"\x80\xff" * 40,
    "another schema": lambda text: text.replace(b'"schema": 1', b'"schema": 2'),
    "another run's settings": lambda text: text.replace(b'"seed": 231', b'"seed": 232'),
    "a setting too many": lambda text: text.replace(b'"seed": 231', b'"seed": 231, "more": 1'),
    "settings that don't go together": lambda text: text.replace(b'"batch_size": 20', b'"batch_size": 2000'),
    "losses of the wrong type": lambda text: text.replace(b"2.5", b'"low"'),
    "a list for the spec": lambda text: text.replace(b'"net": {', b'"net": [], "old": {'),
    "brackets without end": lambda text: b"[" * 100_000,
    "accuracies missing": lambda text: text.replace(b"[\n  0.1,\n  0.5\n ]", b"[]"),
    "null for the accuracies": lambda text: text.replace(b'"val_acc_history": [', b'"val_acc_history": null, "old": ['),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_file_counts_as_none(tmp_path, make_history, harm):
    store, history = Store(tmp_path), make_history()
    store.save(history)
    path = store.path(history.spec)
    content = HARM[harm](path.read_bytes())
    assert content != path.read_bytes()
    path.write_bytes(content)
    assert store.load(history.spec) is None
    store.save(history)
    assert store.load(history.spec) == history


def test_a_folder_in_the_place_of_the_file_counts_as_none(tmp_path, make_spec):
    store = Store(tmp_path)
    store.path(make_spec()).mkdir(parents=True)
    assert store.load(make_spec()) is None


def test_the_old_content_stays_if_the_new_cant_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match=r"^can't write .*folder: Is a directory; choose a folder .*--out$"):
        write(tmp_path / "folder", b"new")
    with pytest.raises(StoreError, match=r"^can't write .*file/below: "):
        write(tmp_path / "file" / "below", b"new")
    assert files(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_writer_that_is_killed_leaves_the_old_file_or_the_new(tmp_path):
    """A process writes two contents in turn as fast as it can, and is killed at some moment: neither may be torn."""
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from pathlib import Path\n"
        "from bnlab.lab.files import write\n"
        f"path = Path({str(tmp_path / 'file')!r})\n"
        "write(path, b'a' * 300_000)\n"
        "print(flush=True)\n"
        "while True:\n"
        "    write(path, b'b' * 500_000)\n"
        "    write(path, b'a' * 300_000)\n"
    )
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        with process.stdout:
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
        assert (tmp_path / "file").read_bytes() in (b"a" * 300_000, b"b" * 500_000)


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="no /proc")
def test_a_folder_that_cant_be_made_is_told_before_anything_is_run(tmp_path):
    with pytest.raises(StoreError, match=r"^can't write /proc/bnlab/results: .*; choose a folder .* by --out$"):
        Store(Path("/proc/bnlab/results")).check_writable()
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        Store(tmp_path / "file").check_writable()


def test_json_is_strict():
    assert json_bytes({"a": [1.5]}) == b'{\n "a": [\n  1.5\n ]\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_bytes(float("nan"))
