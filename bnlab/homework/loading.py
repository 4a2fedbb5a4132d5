"""A user's Python file, imported as Python itself would import it: a file in a package as a part of the package, any other
by its own name, with its folder first in `sys.path`. Afterwards nothing is left of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

from bnlab.errors import BnlabError
from bnlab.homework.faults import Fault, their_code


class ModuleError(BnlabError):
    """The file can't be imported, or has nothing to check."""


@contextmanager
def imported(path: Path | str) -> Iterator[ModuleType]:
    """The file as a module, until the end of the block. Raises ModuleError if it can't be imported."""
    file = Path(path).resolve()
    if not file.is_file():
        raise ModuleError(f"{path} is no file: give --module a Python file with the notebooks' functions")
    if file.suffix.lower() == ".ipynb":
        raise ModuleError(
            f"{path} is a notebook: export it with `jupyter nbconvert --to script {path}`, or copy its functions into a "
            f".py file, and give --module that file"
        )
    packages = _packages(file.parent)
    with _put_back(file.parent, packages[:1]):
        sys.path[:0] = [str(file.parent), str(file.parents[len(packages)])]
        try:
            with their_code(file.parent):
                module = _load(file, packages)
        except Fault as fault:
            raise ModuleError(f"{path} can't be imported: it {fault}{_remedy(fault)}") from fault
        yield module


def _remedy(fault: Fault) -> str:
    return "; put an __init__.py into its folder" if "no known parent package" in str(fault) else ""


def _packages(folder: Path) -> list[str]:
    """The names of the packages that the folder is, outermost first."""
    return [*_packages(folder.parent), folder.name] if (folder / "__init__.py").is_file() else []


def _load(file: Path, packages: list[str]) -> ModuleType:
    if packages:
        import_module(".".join(packages))
    # A file with the name of a module in use must not replace that module.
    stem = file.stem if packages or file.stem not in sys.modules else f"_{file.stem}"
    name = ".".join([*packages, stem])
    spec = spec_from_loader(name, SourceFileLoader(name, str(file)))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def _put_back(folder: Path, package: list[str]) -> Iterator[None]:
    """Forget the modules from the folder or package at the end: another file may have neighbours of the same names."""
    modules, path, silent = dict(sys.modules), list(sys.path), sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:], sys.dont_write_bytecode = path, silent
        for name, module in list(sys.modules.items()):
            if modules.get(name) is not module and (name.split(".")[0] in package or _lies_in(module, folder)):
                del sys.modules[name]
        sys.modules.update({name: module for name, module in modules.items() if name not in sys.modules})


def _lies_in(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return bool(file) and Path(str(file)).parent == folder
