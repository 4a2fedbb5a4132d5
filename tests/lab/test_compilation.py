"""The mark that says that all kernels are compiled."""

import os
import shutil
import subprocess
import sys

import pytest

from bnlab import fast
from bnlab.lab import compilation
from bnlab.lab.compilation import prepare, prepared

pytestmark = pytest.mark.skipif(not fast.compiled(), reason="numba isn't installed: pip install 'bnlab[fast]'")


@pytest.fixture
def source(tmp_path, monkeypatch):
    """The kernels' source in a folder of its own, and a cache folder for the user."""
    copied = shutil.copy(compilation.SOURCE, tmp_path)
    monkeypatch.setattr(compilation, "SOURCE", tmp_path / "numba_kernels.py")
    monkeypatch.setattr(compilation, "user_cache_path", lambda name: tmp_path / "cache" / name)
    return copied


def test_preparing_leaves_a_mark_beside_the_source(source, tmp_path):
    assert not prepared()
    prepare()
    assert prepared()
    assert len([*(tmp_path / "__pycache__").iterdir()]) == 1
    assert not (tmp_path / "cache").exists()


def test_where_that_cannot_be_written_the_mark_is_in_the_users_cache_folder(source, tmp_path):
    (tmp_path / "__pycache__").touch()  # a file, where a folder would have to be made
    prepare()
    assert prepared()
    assert len([*(tmp_path / "cache" / "bnlab").iterdir()]) == 1


def test_another_source_must_be_compiled_anew(source):
    prepare()
    os.utime(source, ns=(1, 1))
    assert not prepared()


def test_another_processor_too(source, monkeypatch):
    prepare()
    monkeypatch.setattr(compilation, "processor", lambda: "another")
    assert not prepared()


def test_without_numba_there_is_nothing_to_prepare(source):
    with fast.only_numpy():
        assert prepared()
        prepare()
    assert not prepared()


def test_each_kernel_is_prepared():
    examples = {name for name, _ in compilation._examples(compilation.np.dtype("float32"))}
    public = {name for name, value in vars(fast.kernels(2)).items() if hasattr(value, "py_func") and name[0] != "_"}
    assert examples == public


def test_what_is_compiled_is_kept_on_disk():
    kernels = [getattr(fast.kernels(2), name) for name, _ in compilation._examples(compilation.np.dtype("float32"))]
    assert all(kernel.stats.cache_path for kernel in kernels)


def test_loading_the_kernels_imports_no_scipy_and_keeps_nobody_from_it():
    pytest.importorskip("numba")
    pytest.importorskip("scipy")
    code = (
        "import sys; from bnlab.lab import compilation; compilation.load('float32');"
        "print([name for name in sys.modules if name.startswith('scipy')]); import scipy.linalg"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
