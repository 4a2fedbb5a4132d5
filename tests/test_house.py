"""The house: imports point downward, and each room knows only what it should."""

import ast
import re
from pathlib import Path

import pytest

import bnlab

ROOMS = [
    "cli", "bench", "fullsize", "parity", "studies", "published", "report", "evidence", "lab", "engines", "runs",
    "homework", "gradcheck", "cases", "solver", "training", "nets", "optim", "fast", "layers", "data", "errors",
]  # fmt: skip
PACKAGE = Path(bnlab.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room_of(module):
    return module.parts[0].removesuffix(".py")


def imported(module):
    """The names of all modules that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "bnlab")


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_point_downward(module):
    room = room_of(module)
    if room in ("__init__", "__main__"):
        return
    below = ROOMS[ROOMS.index(room) :]
    for name in imported(module):
        parts = name.split(".")
        if parts[0] == "bnlab" and len(parts) > 1 and parts[1] != "__version__":
            assert parts[1] in below, f"{module} imports {name}"


def test_click_is_known_to_the_command_line_alone():
    assert {room_of(module) for module in MODULES for name in imported(module) if name.split(".")[0] == "click"} == {"cli"}


def test_layers_import_numpy_and_nothing_else():
    outside = {name.split(".")[0] for module in MODULES if room_of(module) == "layers" for name in imported(module)}
    assert outside <= {"__future__", "bnlab", "collections", "math", "numbers", "numpy", "typing"}


def test_test_images_are_asked_for_by_the_evaluation_alone():
    """The Solver has a message about them, and `bnlab data list` and `bnlab data fetch` count them; none reads any."""
    above = [module for module in MODULES if room_of(module) != "data"]
    words = re.compile(r"\b(num_test|x_test|X_test|y_test)\b")
    found = {str(module) for module in above if words.search((PACKAGE / module).read_text("utf-8"))}
    assert found == {
        "fullsize/evaluate.py",
        "fullsize/evaluation_files.py",
        "solver.py",
        "cli/data.py",
        "cli/data_fetch.py",
    }
