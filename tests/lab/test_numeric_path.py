"""What the bits of a run depend on: named, and different where the arithmetic is."""

import os
import subprocess
import sys

import pytest

from bnlab.lab.machine import blas
from bnlab.lab.numeric_path import _digest_of_code, differences, numeric_path

PRINT = "from bnlab.lab.numeric_path import numeric_path; print(numeric_path()['bits of a trial computation'])"


def bits(**environment):
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment
    return subprocess.run([sys.executable, "-c", PRINT], env=env, capture_output=True, text=True, check=True).stdout.strip()


def test_the_same_facts_in_another_process_whatever_its_threads():
    assert bits(OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2") == numeric_path()["bits of a trial computation"]


def test_another_kernel_of_blas_gives_other_bits():
    if os.uname().machine != "x86_64" or "openblas" not in blas().name or blas().kernel == "Nehalem":
        pytest.skip("needs OpenBLAS on x86_64, which can be told its kernel")
    assert bits(OPENBLAS_CORETYPE="Nehalem") != numeric_path()["bits of a trial computation"]


def test_differences_are_named():
    here = {"NumPy": "2.4.6", "BLAS": "openblas 0.3", "NumPy's instruction sets": "AVX2 SSE"}
    assert differences(here, here) == []
    assert differences({**here, "NumPy": "2.3.1"}, here) == ["NumPy 2.3.1 there, 2.4.6 here"]
    assert differences({"BLAS": "openblas 0.3"}, here)[0] == "NumPy unknown there, 2.4.6 here"
    assert differences({**here, "NumPy's instruction sets": "AVX512 SSE"}, here) == [
        "NumPy's instruction sets: AVX512 only there, AVX2 only here"
    ]


def test_the_code_counts_and_not_its_line_endings(tmp_path):
    for name, text in (("one", b"a = 1\n"), ("same", b"a = 1\r\n"), ("other", b"a = 2\n")):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner" / "module.py").write_bytes(text)
        (tmp_path / name / "notes.txt").write_text(name)
    one, same, other = (_digest_of_code(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same != other
