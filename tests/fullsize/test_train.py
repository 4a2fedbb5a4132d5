"""A training of one net: what it tells, with how many threads, and its summary."""

import pytest
from threadpoolctl import threadpool_limits

from bnlab.cli.lazy import Interrupted
from bnlab.cli.train import report_interrupt
from bnlab.errors import RunError
from bnlab.fullsize.checkpoint import read
from bnlab.fullsize.publish import LAST, publish, summary
from bnlab.fullsize.train import train
from bnlab.lab.machine import blas_threads


def test_tells_each_iteration_and_has_the_threads_asked_for(job, tmp_path):
    told = []
    with threadpool_limits(limits=2, user_api="blas"):
        train(job(), tmp_path, 1, tell=lambda solver: told.append((solver.t, blas_threads())))
    assert told == [(t, 1) for t in range(1, 13)]


def test_memory_that_runs_out_is_an_error_with_its_remedy(job, tmp_path):
    def tell(solver):
        raise MemoryError

    with pytest.raises(RunError, match="memory ran out: try a smaller net"):
        train(job(), tmp_path, 1, tell=tell)


def test_the_summary_counts_the_last_iterations_and_those_of_this_command(job, tmp_path):
    short, long = job(), job("solver.num_epochs=40")
    train(short, tmp_path, 1)
    trained = train(long, tmp_path, 1, read(tmp_path))
    document = publish(long, trained, tmp_path, "bnlab train", 1.0)
    losses = trained.solver.loss_history
    assert (len(losses), document["iterations"], LAST) == (120, 120, 100)
    assert document["final_loss"] == pytest.approx(sum(losses[20:]) / 100)
    assert document["provenance"]["iterations_in_this_command"] == 108


def test_a_loss_that_is_not_finite_is_null(job, tmp_path):
    asked = job("solver.update_rule=sgd", "solver.learning_rate=1e30", "net.normalization=none")
    trained = train(asked, tmp_path, 1)
    document = summary(asked, trained, "")
    assert (document["status"], document["final_loss"], document["diverged_at"]) == ("diverged", None, 2)


def test_an_interrupt_says_how_far_it_is(job, tmp_path):
    def said(**more):
        with pytest.raises(Interrupted) as interrupted, report_interrupt(tmp_path, job(**more)):
            raise KeyboardInterrupt
        return str(interrupted.value)

    assert said() == "Interrupted, before the first check: nothing is stored"
    train(job(), tmp_path, 1)
    assert said().startswith(f"Interrupted: 4 of 4 epochs are in {tmp_path}/checkpoint.npz; the same command with --resume")
