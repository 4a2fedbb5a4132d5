"""Early stopping: training ends once validation accuracy hasn't risen for so many epochs."""

import numpy as np
import pytest

from tests.solver.models import PER_EPOCH, Scripted, scripted, trained


def by_epoch(*accuracies):
    """A model with these validation accuracies at the checks: after the first iteration, then at the end of each epoch."""
    return Scripted(accuracy=lambda t: accuracies[t // PER_EPOCH])


@pytest.mark.parametrize(
    ("patience", "epochs", "best"), [(None, 6, 5), (1, 2, 1), (2, 3, 1), (3, 6, 5), (4, 6, 5), (100, 6, 5)]
)
def test_training_ends_after_so_many_epochs_without_a_better_check(patience, epochs, best):
    solver = trained(by_epoch(0.1, 0.5, 0.5, 0.4, 0.6, 0.9, 0.2), num_epochs=6, patience=patience)
    assert (solver.epoch, solver.t) == (epochs, PER_EPOCH * epochs)
    assert solver.check_iterations[solver.best_check] == PER_EPOCH * best
    assert solver.model.params["w"].tolist() == [-PER_EPOCH * best]
    assert solver.stopped_early == (epochs < 6)


def test_the_check_after_the_first_iteration_counts_as_one_of_no_epoch():
    solver = trained(by_epoch(0.9, 0.5, 0.5, 0.5), num_epochs=3, patience=2)
    assert (solver.epoch, solver.stopped_early) == (2, True)


def test_patience_changes_where_a_training_ends_and_nothing_before():
    script = (0.1, 0.5, 0.5, 0.4, 0.6, 0.9, 0.2)
    short, whole = (trained(by_epoch(*script), num_epochs=6, patience=patience) for patience in (2, None))
    assert whole.loss_history[: short.t] == short.loss_history
    assert whole.val_acc_history[: len(short.val_acc_history)] == short.val_acc_history


def test_a_stopped_training_goes_on_to_the_same_numbers_with_more_patience():
    def build(patience, observer=None):
        accuracies = (0.1, 0.5, 0.5, 0.4, 0.6, 0.9, 0.2)
        return scripted(by_epoch(*accuracies), num_epochs=6, patience=patience, observer=observer)

    states = []
    build(2, lambda solver: states.append(solver.state())).train()
    whole, resumed = build(None), build(None)
    whole.train()
    resumed.load_state(states[-1])
    assert resumed.t == 3 * PER_EPOCH
    resumed.train()
    np.testing.assert_equal(resumed.state(), whole.state())


def test_a_diverged_training_is_not_stopped_early():
    model = Scripted(loss=lambda t: np.nan if t == PER_EPOCH else 1.0)
    solver = trained(model, num_epochs=6, patience=1)
    assert (solver.diverged_at, solver.stopped_early) == (PER_EPOCH, False)
