"""Frameworks that are missing, damaged or too old, as made packages in a folder of their own."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from bnlab.engines import FRAMEWORKS, installed

CALL = "import sys; sys.path[:0] = sys.argv[1:2]; from bnlab.cli import cli; cli(sys.argv[2:], prog_name='bnlab')"
BROKEN = {
    "a library of PyTorch's is gone": ("torch", {"torch/__init__.py": "raise ImportError('libtorch.so:\\n not found')"}),
    "TensorFlow from before Keras 3": ("tensorflow", {"tensorflow/__init__.py": "", "keras/__init__.py": ""}),
}


def call(folder, files, *words):
    for name, text in files.items():
        path = folder / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    paths = f"import sys; sys.path[:] = {sys.path!r}\n"
    command = [sys.executable, "-c", paths + CALL, str(folder / "packages"), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("what", BROKEN)
def test_what_cant_be_imported_is_one_line(what, tmp_path):
    engine, files = BROKEN[what]
    done = call(tmp_path, files, "parity", "--engine", engine)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: engine {engine} takes ")
    assert done.stderr.endswith(f": pip install 'bnlab[{engine}]' --upgrade --force-reinstall, or leave --engine out\n")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["packages"]


def test_a_folder_of_its_name_is_no_framework(tmp_path, monkeypatch):
    """Python imports any folder as a package without content."""
    (tmp_path / "torch_beside_us").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(FRAMEWORKS, "torch", FRAMEWORKS["torch"]._replace(modules=("torch_beside_us",)))
    assert not installed("torch")
    (tmp_path / "torch_beside_us" / "__init__.py").touch()
    importlib.invalidate_caches()
    assert installed("torch")


def test_the_extra_brings_tensorflows_smaller_build_where_there_is_one():
    """The engine computes on the processor: 274 MB are enough, and the other build has 572."""
    tomllib = pytest.importorskip("tomllib")
    requirements = pytest.importorskip("packaging.requirements")
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    wanted = map(requirements.Requirement, tomllib.loads(text)["project"]["optional-dependencies"]["tensorflow"])
    by_name = {each.name: each.marker for each in wanted}
    for system, machine, name in (
        ("linux", "x86_64", "tensorflow-cpu"),
        ("linux", "aarch64", "tensorflow"),
        ("darwin", "arm64", "tensorflow"),
        ("win32", "AMD64", "tensorflow"),
    ):
        here = {"sys_platform": system, "platform_machine": machine}
        assert [each for each, marker in by_name.items() if marker is None or marker.evaluate(here)] == ["keras", name]
