"""A run is a pure function of its settings: the same bytes whatever the workers, the order, or what was stored."""

import json
import shutil
from pathlib import Path

import pytest

from bnlab import fast
from bnlab.lab.files import json_bytes
from tests.published_files import WRITTEN

pytestmark = pytest.mark.slow

STUDY = ("sweep", "batch-size")


@pytest.fixture(scope="module")
def reference(program, tmp_path_factory, tiny):
    """The results folder of four runs made one after the other in one process."""
    folder = tmp_path_factory.mktemp("one")
    assert program(folder)(*STUDY, *tiny, "-j", 1).status == 0
    return folder / "results"


@pytest.mark.parametrize("jobs", [2, 3])
def test_the_number_of_workers_changes_no_byte(run, tiny, tmp_path, reference, contents, jobs):
    assert run(*STUDY, *tiny, "-j", jobs).status == 0
    expected = contents(reference)
    assert len(expected) == 4 + len(WRITTEN)
    assert contents(tmp_path / "results") == expected


@pytest.mark.skipif(not fast.compiled(), reason="numba isn't installed: pip install 'bnlab[fast]'")
@pytest.mark.parametrize("jobs", [1, 2])
def test_compiled_kernels_change_no_byte(run, tiny, tmp_path, reference, contents, jobs):
    run.env[fast.VARIABLE] = "1"
    assert run(*STUDY, *tiny, "-j", jobs).status == 0
    assert contents(tmp_path / "results") == contents(reference)


def test_a_part_stored_before_changes_no_byte(run, tiny, tmp_path, reference, contents):
    shutil.copytree(reference / "runs", tmp_path / "results" / "runs")
    for path in sorted((tmp_path / "results" / "runs").rglob("*.json"))[::2]:
        path.unlink()
    done = run(*STUDY, *tiny, "-j", 2)
    assert "(2 stored before)" in done.out
    assert contents(tmp_path / "results") == contents(reference)


def test_the_order_changes_no_byte_of_a_run(call, tiny, tmp_path, reference, contents):
    assert call(*STUDY, *tiny, "-s", "arms.batch_sizes=[50, 10, 5]", "-j", 1).status == 0
    assert contents(tmp_path / "results" / "runs") == contents(reference / "runs")


def test_the_comparison_leaves_out_nothing_but_the_provenance(reference, contents):
    for name, lines in contents(reference).items():
        if name.endswith(".json"):
            raw = (reference / name).read_bytes()
            document = json.loads(raw)
            assert raw == json_bytes(document)
            if document.pop("provenance", None):
                assert b"\n".join(lines).rstrip(b",") + b"\n}\n" == json_bytes(document)
            else:
                assert (Path(name).name, b"\n".join(lines) + b"\n") == ("findings.json", raw)


def test_another_seed_changes_every_run(call, tiny, tmp_path, reference, contents, study_folder):
    assert call(*STUDY, *tiny, "-j", 1, "--seed", 1).status == 0
    assert contents(tmp_path / "results" / "runs").keys().isdisjoint(contents(reference / "runs"))
    drawn = [(study_folder(folder) / "figure.png").read_bytes() for folder in (tmp_path / "results", reference)]
    assert drawn[0] != drawn[1]
