"""`bnlab verify`: what it prints, which groups it takes, how it ends, and what it leaves behind."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bnlab.published import layer_gradients
from bnlab.published.groups import GROUPS

ROOT = Path(__file__).parents[2]
COUNTS = "149 published numbers: {} agree, {} disagree, {} skipped, 1 reported only, {} drawn only"


def what(document):
    return [row["what"] for row in document]


def disagreeing(document):
    return [row["what"] for row in document if row["ok"] is False]


def cells(line):
    return re.split(r"\s{2,}", line.strip())


def test_without_images_all_the_rest_agrees_and_the_readme_shows_the_head_of_the_table(call, tmp_path):
    """The README may differ where machines do: in rounding errors, and in the last digits of differences."""
    done = call("verify")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[-1] == COUNTS.format(84, 0, 64, 0)
    assert "skipped, 64: neither computed nor drawn: no files of cifar10 found" in done.out
    assert "DISAGREES" not in done.out
    assert all(f"\n {name}\n" in done.out for name in GROUPS)
    assert [*tmp_path.iterdir()] == []

    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Published numbers")[1].split("```")[1]
    head, _, end = section.strip().partition("\n…\n")
    assert len(head.splitlines()) > 10
    assert end == COUNTS.format(85, 0, 1, 62)  # with some of CIFAR-10's images, as a test below has it
    for line, shown in zip(head.splitlines(), done.out.splitlines()[1:], strict=False):
        expected, found = cells(shown), cells(line)
        if len(expected) == 6 and expected[3] != "difference":
            assert found[0:2] + found[4:] == expected[0:2] + expected[4:]
            assert (found[2] == expected[2]) or "at most" in expected[4]
            assert found[3] == expected[3] or float(found[3]) == pytest.approx(float(expected[3]), rel=0.1, abs=1e-12)
        else:
            assert set(found[0]) == {"─"} == set(expected[0]) or found == expected


def test_json_is_a_list_with_the_six_keys_and_why_where_there_is_a_reason(call):
    done = call("verify", "--json")
    assert (done.status, done.err) == (0, "")
    assert len(done.json) == 149
    for row in done.json:
        assert [*row][:6] == ["what", "published", "ours", "difference", "tolerance", "ok"]
        assert [*row][6:] in ([], ["why"])
        assert isinstance(row["published"], float)
        if row["ok"] is None:
            assert row["why"]
        else:
            assert isinstance(row["ours"], float)
            assert isinstance(row["tolerance"], float)
    assert [row["ok"] for row in done.json].count(True) == 84
    zero = next(row for row in done.json if row["what"] == "batchnorm_net_gradients reg_3.14 b2, absolute")
    assert (zero["published"], zero["difference"], zero["tolerance"]) == (2.22e-8, None, 1e-10)
    assert "true gradient of a bias before a batchnorm is zero" in zero["why"]
    speedup = next(row for row in done.json if row["what"] == "batchnorm_backward_alt speedup")
    assert (speedup["published"], speedup["ok"], speedup["tolerance"]) == (0.66, None, None)


def groups_of(document):
    return [*dict.fromkeys(name.split()[0] for name in what(document))]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["layernorm_backward"], ["layernorm_backward"]),
        (["layernorm"], ["layernorm_forward", "layernorm_backward"]),
        (["initial", "layernorm_b"], ["layernorm_backward", "initial_loss"]),
        (["backward", "layernorm_backward"], [*[name for name in GROUPS if "backward" in name]]),
        (["baseline"], ["compare_baseline"]),
    ],
)
def test_words_select_the_groups_that_have_them_in_their_names(call, words, names):
    done = call("verify", *words, "--json")
    assert done.status == 0
    assert groups_of(done.json) == names


def test_a_published_number_that_is_another_disagrees(call, facts):
    facts["groups"]["layernorm_forward"]["before"]["means"][2] += 1e-8
    facts["groups"]["initial_loss"]["plain"]["reg_3.14"] += 1e-11
    facts["groups"]["layernorm_backward"]["at_most"] = 1e-9
    expected = ["layernorm_forward before means[2]", "layernorm_backward dx", "initial_loss plain reg_3.14"]
    done = call("verify", "layernorm", "initial", "--json")
    assert (done.status, done.err) == (3, "")
    assert disagreeing(done.json) == expected
    done = call("verify", "layernorm", "initial")
    assert (done.status, done.err) == (3, "")
    lines = [line for line in done.out.splitlines() if line.rstrip().endswith("DISAGREES")]
    assert [name.split(maxsplit=1)[1] in line for name, line in zip(expected, lines, strict=True)] == [True] * 3
    assert done.out.splitlines()[-1].startswith("34 published numbers: 31 agree, 3 disagree, ")
    assert call("verify", "layernorm", "-q") == (3, "", "")


def test_nan_disagrees(call, monkeypatch):
    right = layer_gradients.layernorm_backward
    monkeypatch.setattr(layer_gradients, "layernorm_backward", lambda *args: (right(*args)[0] * np.nan, *right(*args)[1:]))
    done = call("verify", "layernorm_backward", "--json")
    assert done.status == 3
    assert disagreeing(done.json) == ["layernorm_backward dx"]
    assert (done.json[0]["ours"], done.json[0]["why"]) == (None, "ours is nan")
    assert "DISAGREES, 1: ours is nan" in call("verify", "layernorm_backward").out


def stamps(folder):
    return {path.name: path.stat().st_mtime_ns for path in (folder / "runs").rglob("*.json")}


def test_with_images_the_logs_are_drawn_and_runs_are_done_once(call, facts, made_images, tmp_path, monkeypatch):
    """These images are noise, so the first losses disagree. The second time the mean image is that of the notebooks."""
    facts["training"] |= {"replicates": 1, "hidden_dims": [10, 10]}
    options = ("verify", "compare", "--data-dir", made_images(), "-j", 1)
    done = call(*options)
    assert (done.status, done.err) == (3, "")
    assert sorted(path.name for path in (tmp_path / "results" / "verify").iterdir()) == [
        "figure-numbers.csv", "figure.png", "figure.svg", "table.csv",
    ]  # fmt: skip
    before = stamps(tmp_path / "results")
    assert len(before) == 2
    assert len((tmp_path / "results" / "verify" / "table.csv").read_text().splitlines()) == 1 + 2
    assert "results/verify/figure.png" in done.out
    assert done.out.splitlines()[-1] == (
        "64 published numbers: 0 agree, 1 disagree, 1 skipped, 0 reported only, 62 drawn only"
    )
    assert "drawn, 62: after the first iteration" in done.out
    assert "1,000 training images are here, not 49,000" in done.out

    facts["training"]["mean_of"] = 1000
    monkeypatch.setattr("bnlab.cli.verify.publish", lambda *args: [])  # drawing takes longest, and is done above
    again = call(*options, "--json")
    assert disagreeing(again.json) == ["compare_batchnorm loss, iteration 1", "compare_baseline loss, iteration 1"]
    assert all("are here, not" not in row.get("why", "") for row in again.json)
    assert stamps(tmp_path / "results") == before


def test_groups_that_need_no_training_train_nothing_and_write_nothing(call, made_images, tmp_path):
    folder = made_images()
    assert call("verify", "layernorm", "initial", "--data-dir", folder, "--out", folder / "data_batch_1.bin").status == 0
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_other_images_are_skipped_with_the_reason(call, facts, made_images, tmp_path):
    folder = made_images()
    facts["training"]["first_images"] = "0" * 64
    done = call("verify", "compare", "--data-dir", folder)
    assert (done.status, done.err) == (0, "")
    assert "skipped, 64: neither computed nor drawn: the first 1,000 images of cifar10 that were found are not" in done.out
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_damaged_images_are_an_error(call, refused, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "data_batch_1.bin").write_bytes(bytes(3073 * 2000 - 1))
    refused(call("verify", "--data-dir", "data"), "data_batch_1.bin", made={"data", "data/data_batch_1.bin"})


REAL = os.environ.get("BNLAB_DATA_DIR", "")


@pytest.mark.skipif(not REAL, reason="BNLAB_DATA_DIR is not set")
def test_with_real_images_no_number_disagrees(call, facts, tmp_path):
    facts["training"]["replicates"] = 1
    done = call("verify", "--data-dir", REAL, "-j", 1)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[-1] in (COUNTS.format(85, 0, 1, 62), COUNTS.format(86, 0, 0, 62))
    first = next(line for line in done.out.splitlines() if line.startswith("   loss, iteration 1 "))
    published, ours = map(float, first.split()[3:5])
    assert published == 2.340974
    assert ours == pytest.approx(published, abs=2e-5)  # in float32 the last digits hang on the machine
    assert (tmp_path / "results" / "verify" / "figure.png").stat().st_size > 10_000


PROGRAM = """
from bnlab.published.facts import numbers
numbers()["training"]["first_images"] = {first_images!r}
from bnlab.cli import main
main()
"""


def start(run, code, *args):
    """Runs the program from this code, as a process in a group of its own."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": run.folder, "env": run.env}
    return subprocess.Popen([sys.executable, "-c", code, *map(str, args)], text=True, start_new_session=True, **pipes)


def test_ctrl_c(run, facts, made_images, tmp_path, until):
    folder = made_images()
    code = PROGRAM.format(first_images=facts["training"]["first_images"])
    process = start(run, code, "verify", "compare", "--data-dir", folder, "-j", 1)
    until(lambda: stamps(tmp_path / "results"))
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    stored = len(stamps(tmp_path / "results"))
    assert 1 <= stored < 20
    assert err == f"Interrupted: {stored} of 20 runs are stored in results; the same command goes on from there\n"
    assert not (tmp_path / "results" / "verify").exists()


ENDLESS = """
import time
import bnlab.cli.verify as module
from bnlab.cli import main
def recompute(*args):
    print("here", flush=True)
    time.sleep(100)
module.recompute = recompute
main()
"""


def test_ctrl_c_while_nothing_is_trained(run):
    """It can't be timed from outside: so it takes its time, and says when."""
    process = start(run, ENDLESS, "verify", "initial")
    try:
        assert process.stdout.readline() == "here\n"
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (130, "", "Interrupted\n")


@pytest.mark.parametrize("out", ["file", "file/below", "/proc/bnlab"])
def test_a_results_folder_that_cant_be_written_is_refused_before_anything_is_trained(
    call, refused, made_images, tmp_path, out
):
    (tmp_path / "file").write_text("mine\n")
    folder = made_images()
    done = call("verify", "compare", "--data-dir", folder, "--out", out)
    refused(done, f"can't write {out}", "--out", made={"file", "made", "made/data_batch_1.bin"})


def written(folder):
    return json.loads((folder / "results" / "verify" / "verify.json").read_text(), parse_constant=lambda word: 1 / 0)


def test_a_results_folder_gets_all_numbers_and_without_images_the_reason(call, tmp_path):
    (tmp_path / "results").mkdir()
    done = call("verify")
    assert done.status == 0
    assert "results/verify/verify.json" in done.out
    assert [path.name for path in (tmp_path / "results" / "verify").iterdir()] == ["verify.json"]
    document = written(tmp_path)
    assert document["counts"] == {"agrees": 84, "disagrees": 0, "skipped": 64, "reported": 1, "drawn": 0}
    assert document["command"] == "bnlab verify"
    assert document["images"] is None
    assert document["without_images"] == "no files of cifar10 found"
    assert str(tmp_path) not in json.dumps(document)
    assert {row["why"] for row in document["rows"] if row["status"] == "skipped"} == {
        "neither computed nor drawn: no files of cifar10 found"
    }
    rows = call("verify", "--json").json
    assert what(document["rows"]) == what(rows)
    timed = "batchnorm_backward_alt speedup"
    for row, told in zip(document["rows"], rows, strict=True):
        assert {key: row[key] for key in ("published", "tolerance", "ok")} == {
            key: told[key] for key in ("published", "tolerance", "ok")
        }
        assert row["ours"] == (None if row["what"] == timed else told["ours"])
    assert [*document][-1] == "provenance"
    assert document["provenance"]["reported"].keys() == {timed}
    assert document["provenance"]["reported"][timed] > 0


def test_a_part_of_the_numbers_does_not_take_the_place_of_all(call, tmp_path):
    (tmp_path / "results").mkdir()
    assert "verify.json" not in call("verify", "layernorm").out
    assert [*(tmp_path / "results").iterdir()] == []


def test_numbers_that_disagree_are_written_all_the_same(call, facts, tmp_path):
    (tmp_path / "results").mkdir()
    facts["groups"]["layernorm_forward"]["before"]["means"][2] += 1e-8
    assert call("verify").status == 3
    assert written(tmp_path)["counts"]["disagrees"] == 1
