"""Writes a user's file, and checks it in this process."""

import pytest

from bnlab.homework import check_module


@pytest.fixture
def write(tmp_path):
    """Writes a file into the test's folder, and gives its path."""

    def write(text, name="mylayers.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def check(write):
    """The comparisons on a file with this text, for the cases named."""

    def check(text, *names, seed=231):
        return check_module(write(text), names, seed)

    return check
