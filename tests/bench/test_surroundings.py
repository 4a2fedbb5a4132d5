"""What spoils timings: pinned kernels, old kernels, a busy machine; and the caches."""

import pytest

from bnlab.bench.surroundings import (
    LEVELS,
    PINNED,
    UNKEPT,
    Ticks,
    busy,
    cache_left,
    cache_sizes,
    clean_environment,
    exported,
    older_kernel,
    processor_flags,
    ticks,
    unsteady,
)

AVX2 = frozenset({"sse2", "avx", "avx2", "fma"})
AVX512 = AVX2 | {"avx512f", "avx512bw", "avx512vl"}


def test_timed_programs_get_no_pinned_kernel_and_no_number_of_threads(monkeypatch):
    spoilt = (*PINNED, *UNKEPT, "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "BNLAB_FAST")
    for name in (*spoilt, "KEPT"):
        monkeypatch.setenv(name, "1")
    found = clean_environment(OMP_NUM_THREADS="3")
    assert {name for name in (*spoilt, "KEPT") if name in found} == {"KEPT", "OMP_NUM_THREADS"}
    assert found["OMP_NUM_THREADS"] == "3"


def test_an_exported_variable_is_named_with_what_to_do():
    [warning] = exported({"OPENBLAS_CORETYPE": "Haswell", "OTHER": "1"})
    assert warning.startswith("OPENBLAS_CORETYPE=Haswell is exported")
    assert warning.endswith("unset OPENBLAS_CORETYPE")
    assert exported({}) == []


@pytest.mark.parametrize(
    ("kernel", "flags", "is_older"),
    [
        ("Haswell", AVX512, True), ("Zen", AVX512, True), ("SkylakeX", AVX512, False), ("Cooperlake", AVX512, False),
        ("Haswell", AVX2, False), ("Sandybridge", AVX2, True), ("Prescott", AVX2, True), ("Prescott", {"sse2"}, False),
        ("SkylakeX", AVX2, False), ("neoversen1", AVX512, False), (None, AVX512, False), ("Haswell", frozenset(), False),
    ],
)  # fmt: skip
def test_a_kernel_older_than_the_processor(kernel, flags, is_older):
    found = older_kernel(kernel, frozenset(flags))
    assert len(found) == is_older
    assert all(f"{kernel} (" in warning for warning in found)


def test_no_kernel_is_in_two_levels():
    kernels = [kernel for _, some in LEVELS.values() for kernel in some]
    assert len(kernels) == len({*kernels})


def test_the_flags_are_those_of_the_first_processor(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nflags\t\t: fpu sse2 avx\n\nflags\t\t: other\n")
    assert processor_flags(tmp_path / "cpuinfo") == {"fpu", "sse2", "avx"}
    assert processor_flags(tmp_path / "none") == frozenset()


def test_ticks_are_read_from_the_first_line(tmp_path):
    (tmp_path / "stat").write_text("cpu  10 1 2 80 3 0 1 3 5 0\ncpu0 1 1 1\n")
    assert ticks(tmp_path / "stat") == (100, 3)
    (tmp_path / "stat").write_text("cpu 1 2\n")
    assert ticks(tmp_path / "stat") is None
    assert ticks(tmp_path / "none") is None


def test_a_busy_machine_is_told_by_load_and_by_stolen_time():
    assert [*busy(0.1, Ticks(0, 0), Ticks(1000, 10))] == []
    assert [*busy(None, None, None)] == []
    [loaded] = busy(1.5, Ticks(0, 0), Ticks(0, 0))
    assert "1.5 programs" in loaded
    [stolen] = busy(0.0, Ticks(500, 5), Ticks(1500, 105))
    assert "took 10%" in stolen


def test_repeats_that_lie_apart_are_named():
    assert [*unsteady({"a": [1.0, 1.1, 1.14], "b": [1.0]})] == []
    assert [*unsteady({"one slow of eight": [1.0] * 7 + [9.0]})] == []
    [warning] = unsteady({"a": [1.0, 1.5, 1.0]})
    assert warning.startswith("a: ")
    assert "50% longer" in warning


def test_caches_are_read_and_the_one_that_is_left_is_named(tmp_path):
    files = {"index0": ("1", "Data", "32K"), "index1": ("1", "Instruction", "64K"), "index2": ("2", "Unified", "1024K"),
             "index3": ("3", "Unified", "32M"), "index4": ("4", "Unified", "?")}  # fmt: skip
    for name, values in files.items():
        (tmp_path / name).mkdir()
        for file, value in zip(("level", "type", "size"), values, strict=True):
            (tmp_path / name / file).write_text(value + "\n")
    sizes = cache_sizes(tmp_path)
    assert sizes == {"L1": 2**15, "L2": 2**20, "L3": 2**25}
    assert cache_left(2**19, 2**21, sizes) == "L2"
    assert cache_left(2**10, 2**30, sizes) == "L1"
    assert cache_left(2**21, 2**22, sizes) is None
    assert cache_sizes(tmp_path / "none") == {}
