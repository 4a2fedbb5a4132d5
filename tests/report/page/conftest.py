"""A results folder as a class would have it: two studies, published numbers, gradient checks; and copies to change."""

import json
import shutil
from pathlib import Path

import pytest

from bnlab.cli import cli
from bnlab.lab.files import json_bytes, write

SMALL = ("data.num_train=60", "data.num_val=40", "net.hidden_dims=[8,8]", "solver.num_epochs=2", "solver.batch_size=20")
TINY = ("--dataset", "synthetic", *(word for setting in SMALL for word in ("-s", setting)), "-j", "1", "-q")
FACTS = {"seconds": 1.5, "numpy": "2.0"}
VERIFY = {
    "schema": 1,
    "command": "bnlab verify",
    "images": None,
    "without_images": "none of them",
    "provenance": FACTS,
    "counts": {"agrees": 1, "disagrees": 1, "skipped": 1},
    "rows": [
        {"what": "layer means[0]", "published": 1.5, "ours": 1.5, "difference": 0.0, "tolerance": 1e-9, "ok": True},
        {"what": "layer means[1]", "published": 1.5, "ours": None, "difference": None, "tolerance": None, "ok": None,
         "why": "no files (searched: /home/somebody/.cache)"},
        {"what": "layer means[2]", "published": 1.5, "ours": 2.5, "difference": 1.0, "tolerance": 1e-9, "ok": False},
    ],
}  # fmt: skip
GRADIENT = {
    "case": "affine",
    "gradient": "x",
    "value": None,
    "error": 4e-11,
    "analytic": -0.03,
    "numeric": -0.03,
    "ok": True,
}
GRADCHECK = {
    "command": "bnlab gradcheck",
    "provenance": FACTS,
    "rows": [GRADIENT, {**GRADIENT, "gradient": "w", "ok": False}],
}


def command(*words):
    with pytest.raises(SystemExit) as ended:
        cli.main([*map(str, words)], prog_name="bnlab")
    assert not ended.value.code


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed."""
    folder = tmp_path_factory.mktemp("page") / "results"
    command("compare", *TINY, "--out", folder)
    command("sweep", "weight-scale", *TINY, "--replicates", "1", "--out", folder)
    write(folder / "verify" / "verify.json", json_bytes(VERIFY))
    write(folder / "gradcheck" / "gradcheck.json", json_bytes(GRADCHECK))
    for name in ("figure.svg", "figure-numbers.csv"):
        shutil.copy(next(folder.glob(f"compare*/{name}")), folder / "verify" / name)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy, without the runs."""
    shutil.copytree(made, tmp_path / "results", ignore=shutil.ignore_patterns("runs"))
    return tmp_path / "results"


@pytest.fixture
def study(folder: Path) -> Path:
    """The folder of the compare study in it."""
    [found] = folder.glob("compare*")
    return found


@pytest.fixture
def change():
    """Changes a JSON file by a function."""

    def change(path, function):
        document = json.loads(path.read_text(encoding="utf-8"))
        function(document)
        path.write_bytes(json_bytes(document))

    return change
