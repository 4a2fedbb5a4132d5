"""Standard streams that are closed, full, of another encoding, or left by their reader; and other errors of the system."""

import os
import resource
from functools import partial

import pytest

from tests.published_files import WRITTEN

STUDY = ("compare", "--replicates", "1", "--dataset", "synthetic", "-s", "data.num_train=60", "-s", "net.hidden_dims=[8]",
         "-s", "solver.num_epochs=2")  # fmt: skip
FILES = sorted(WRITTEN)


def left_in(folder):
    return sorted(path.name for path in (folder / "results").glob("compare-*/*"))


@pytest.mark.parametrize("command", [["verify", "layernorm_b"], ["data", "list", "--json"], ["--help"]])
def test_a_reader_that_goes_away_changes_nothing(run, command):
    """As in `bnlab … | head -1`: the pipe is closed long before the first line is written."""
    process = run.start(*command)
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) == 0


def test_a_study_whose_readers_have_gone_away_is_finished_and_stored(run, tmp_path):
    """The reader of standard output, and the one of standard error."""
    process = run.start(*STUDY, "-v", "-j", 1)
    process.stdout.close()
    process.stderr.close()
    assert process.wait(timeout=60) == 0
    assert left_in(tmp_path) == FILES


def test_a_study_without_any_stream_is_finished_and_stored(run, tmp_path):
    """As in `bnlab compare <&- >&- 2>&-`; with workers, which inherit what has taken the places of the streams."""
    process = run.start(*STUDY, "-v", "-j", 2, preexec_fn=lambda: os.closerange(0, 3))
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
    assert left_in(tmp_path) == FILES


def test_without_standard_error_a_command_prints_as_usual(run):
    process = run.start(*STUDY, "-n", preexec_fn=lambda: os.close(2))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "2 runs: 0 stored, 2 missing, 0 failed" in out


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_standard_output_that_takes_nothing_is_one_line(run):
    with open("/dev/full", "w") as full:
        process = run.start("gradcheck", "relu", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err == "Error: can't write the output: No space left on device; give standard output somewhere to go\n"


def test_an_encoding_that_lacks_a_character_is_no_crash(run):
    run.env["PYTHONIOENCODING"] = "cp437"
    assert run("gradcheck", "--help").status == 0
    done = run("compare", "-s", "net.r€g=1")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("Error: -s net.r\\u20acg: there is no setting net.r\\u20acg: did you mean net.reg?")


def test_too_many_open_files_are_named_with_the_remedy(run):
    """Each worker takes two or three."""
    twelve_runs = ("sweep", "weight-scale", *STUDY[1:], "-s", "arms.num_weight_scales=6", "-j", 12)
    limit = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (20, 20))
    status, out, err = run.ended(run.start(*twelve_runs, preexec_fn=limit))
    assert (status, out) == (1, "")
    assert err.startswith("Error: ")
    assert "Too many open files; try again with fewer --jobs, or raise the limit (ulimit -n)\n" in err


def test_a_working_folder_that_is_gone_is_named_with_the_remedy(run, tmp_path):
    (tmp_path / "gone").mkdir()

    def lose_the_folder():
        os.chdir(tmp_path / "gone")
        os.rmdir(tmp_path / "gone")

    process = run.start(*STUDY, "-j", 2, preexec_fn=lose_the_folder)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (2, "", "Error: the working folder is gone: cd into one that exists\n")
