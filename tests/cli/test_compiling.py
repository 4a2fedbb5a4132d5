"""Kernels that aren't compiled yet are compiled before anything is trained, once, and that is said."""

import pytest

from tests.cli.test_train import FOLDER, TINY

pytestmark = pytest.mark.slow

SAID = "compiled the kernels for this processor, once: "


@pytest.fixture
def compiling(monkeypatch, caplog):
    """As on a machine where nothing is compiled. Gives what was done: 'compiled', after which all is compiled."""
    done = []
    monkeypatch.setattr("bnlab.cli.progress.prepared", lambda: bool(done))
    monkeypatch.setattr("bnlab.cli.progress.prepare", lambda: done.append("compiled"))
    return done


def test_each_command_that_trains_or_evaluates_does_so(call, tiny, tmp_path, compiling, caplog):
    (tmp_path / "tiny.yaml").write_text(TINY)
    for command in (("train", "tiny.yaml", "-q"), ("evaluate", FOLDER, "-q"), ("compare", *tiny, "-j", 1, "-q")):
        compiling.clear()
        caplog.clear()
        assert call(*command).status == 0
        assert compiling == ["compiled"]
        assert [record.getMessage().startswith(SAID) for record in caplog.records] == [True]


def test_verify_does_so_where_it_trains(call, facts, made_images, tmp_path, compiling, monkeypatch):
    facts["training"] |= {"replicates": 1, "hidden_dims": [10, 10]}
    monkeypatch.setattr("bnlab.cli.verify.publish", lambda *args: [])  # the drawing
    options = ("verify", "compare", "--data-dir", made_images(), "-j", 1, "-q")
    assert call("verify", "layernorm", "-q").status == 0
    assert compiling == []
    call(*options)
    assert compiling == ["compiled"]
    compiling.clear()
    call(*options)
    assert compiling == []
