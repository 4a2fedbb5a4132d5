"""The index of runs: right whatever happened to it or to the folder, and quick when nothing did."""

import json
import math
import os
import threading

import pytest

from bnlab.lab import files, index
from bnlab.lab.index import Entry
from bnlab.lab.store import Store
from bnlab.runs.history import SCHEMA, Failure
from bnlab.runs.spec import SPEC_VERSION


@pytest.fixture
def store(tmp_path, make_history, make_spec):
    """A results folder with a finished, a diverged and a failed run."""
    store = Store(tmp_path)
    store.save(make_history(make_spec(seed=1)))
    store.save(make_history(make_spec(seed=2), losses=[2.5, math.nan], diverged_at=2))
    store.save(Failure(make_spec(seed=3), "MemoryError: no room", {"seconds": 0.5}))
    return store


@pytest.fixture
def statuses(make_spec):
    """How the runs stand, by their seeds."""

    def statuses(store, seeds=(1, 2, 3)):
        entries = store.entries()
        named = {make_spec(seed=seed).name: seed for seed in seeds}
        return {named[name]: entry.status for name, entry in entries.items()}

    return statuses


ALL = {1: "finished", 2: "diverged", 3: "failed"}


def unopened(store, monkeypatch):
    """From here on no run's file may be read."""
    monkeypatch.setattr("bnlab.lab.store.from_json", pytest.fail)
    return Store(store.root)


def test_what_is_stored_is_known_without_opening_it(store, statuses, monkeypatch):
    assert statuses(unopened(store, monkeypatch)) == ALL
    assert [entry.done for entry in sorted(store.entries().values(), key=lambda entry: entry.status)] == [True, False, True]


HARM = {
    "gone": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut off in a line": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "no text": lambda path: path.write_bytes(b"\x00\xff\n" * 9),
    "an open quote": lambda path: path.write_bytes(b'"' + path.read_bytes()),
    "other columns": lambda path: path.write_text("a,b\n1,2\n"),
    "no time": lambda path: path.write_text(path.read_text().replace(",0.5,", ",nan,")),
    "words for numbers": lambda path: path.write_text(path.read_text().replace(",finished,", ",finished,many")),
    "a pipe in its place": lambda path: (path.unlink(), os.mkfifo(path)),
    "a folder in its place": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("harm", HARM)
def test_an_index_that_came_to_harm_is_made_again(store, statuses, monkeypatch, harm):
    path = store.runs / index.FILE
    HARM[harm](path)
    assert statuses(store) == ALL
    if path.is_file():
        assert statuses(unopened(store, monkeypatch)) == ALL


def test_it_is_never_trusted_over_the_folder(store, statuses, make_spec, make_history):
    """A run that went, one that came from elsewhere, one that was edited to the same size."""
    store.file(make_spec(seed=1).name).unlink()
    aside = Store(store.root / "aside")
    aside.save(make_history(make_spec(seed=4)))
    new = store.file(make_spec(seed=4).name)
    new.parent.mkdir(exist_ok=True)
    aside.file(make_spec(seed=4).name).rename(new)
    edited = store.file(make_spec(seed=2).name)
    content = edited.read_bytes()
    edited.write_bytes(content.replace(b'"diverged"', b'"divorced"'))
    assert len(content) == edited.stat().st_size
    assert statuses(store, (1, 2, 3, 4)) == {2: "damaged", 3: "failed", 4: "finished"}
    edited.write_bytes(content)
    assert statuses(store, (1, 2, 3, 4)) == {2: "diverged", 3: "failed", 4: "finished"}


def test_looking_without_leave_to_write_changes_nothing(store, statuses):
    path = store.runs / index.FILE
    path.write_text("junk")
    assert statuses(Store(store.root, read_only=True)) == ALL
    assert path.read_text() == "junk"


def test_an_index_that_cant_be_written_costs_nothing_but_time(tmp_path, make_history, make_spec, statuses):
    (tmp_path / "runs" / index.FILE).mkdir(parents=True)
    store = Store(tmp_path)
    store.save(make_history(make_spec(seed=1)))
    assert statuses(store) == {1: "finished"}


def test_no_folder_has_no_runs(tmp_path):
    assert Store(tmp_path / "none").entries() == {}
    (tmp_path / "runs").write_text("a file in its place")
    assert Store(tmp_path).entries() == {}


def test_a_later_line_of_a_run_counts(store, make_history, make_spec, statuses, monkeypatch):
    store.save(make_history(make_spec(seed=3)))
    assert statuses(unopened(store, monkeypatch)) == {**ALL, 3: "finished"}


def test_lines_that_two_drivers_add_at_once_are_whole(tmp_path, make_spec):
    entries = [Entry(f"{number:032x}", number, number, "finished", 0.25, "kind", 7) for number in range(400)]

    def add(some):
        for entry in some:
            index.add(tmp_path, entry)

    threads = [threading.Thread(target=add, args=(entries[start::2],)) for start in (0, 1)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert {*index.read(tmp_path).values()} == {*entries}


def older(document):
    return {**document, "schema": SCHEMA - 1}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (older, index.OLDER),
        (lambda document: {**document, "schema": SCHEMA + 1}, index.DAMAGED),
        (lambda d: [d], index.DAMAGED),
    ],
)
def test_a_run_of_another_schema(store, statuses, make_spec, change, status):
    path = store.file(make_spec(seed=1).name)
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    assert statuses(store) == {**ALL, 1: status}


def test_a_run_of_an_older_spec_version(store, make_spec):
    """Its name is the hash of the same settings at another version."""
    spec = make_spec(seed=1)
    document = json.loads(store.file(spec.name).read_text())
    name = spec.name_at(SPEC_VERSION - 1)
    path = store.file(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**document, "run": name}))
    assert store.entries()[name].status == index.OLDER
    path.write_text(json.dumps({**document, "run": "0" * 32}))
    assert store.entries()[name].status == index.DAMAGED


def test_what_another_version_has_noted_doesnt_count(store, statuses, monkeypatch):
    """To it other runs are of an older version, or damaged: `bnlab runs gc` would keep the wrong ones, and delete some."""
    ours = index.VERSION
    monkeypatch.setattr(index, "VERSION", f"{SCHEMA}.{SPEC_VERSION + 1}")
    theirs = [entry._replace(status=index.OLDER) for entry in store.entries().values()]
    index.rewrite(store.runs, {entry.run: entry for entry in theirs})
    assert len(index.read(store.runs)) == len(ALL)
    monkeypatch.setattr(index, "VERSION", ours)
    assert index.read(store.runs) == {}
    assert statuses(store) == ALL


@pytest.mark.parametrize(("status", "other"), [("failed", "finished"), ("finished", "failed"), ("diverged", "damaged")])
def test_a_line_that_somebody_edited_doesnt_count(store, statuses, status, other):
    path = store.runs / index.FILE
    text = path.read_text()
    assert text.count(f",{status},") == 1
    path.write_text(text.replace(f",{status},", f",{other},"))
    assert statuses(store) == ALL
    assert sorted(path.read_text().splitlines()) == sorted(text.splitlines())


def test_a_line_is_about_the_file_that_was_written(store, statuses, make_history, make_spec, monkeypatch):
    """Another driver may put its own file in its place before the line is there."""
    theirs = Store(store.root / "aside")
    theirs.save(make_history(make_spec(seed=4)))
    path = store.file(make_spec(seed=4).name)
    write = files.write

    def and_another_is_quicker(where, content):
        facts = write(where, content)
        theirs.file(make_spec(seed=4).name).rename(path)
        return facts

    monkeypatch.setattr("bnlab.lab.store.write", and_another_is_quicker)
    store.save(Failure(make_spec(seed=4), "killed", {"seconds": 0.5}))
    assert statuses(store, (1, 2, 3, 4)) == {**ALL, 4: "finished"}


def test_what_is_no_file_is_not_opened(store, statuses, make_spec):
    """A pipe would keep the reader waiting for ever."""
    path = store.file(make_spec(seed=1).name)
    path.unlink()
    os.mkfifo(path)
    assert statuses(store) == {**ALL, 1: index.UNREADABLE}
