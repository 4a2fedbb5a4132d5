"""What the PyTorch engine does besides agreeing with ours."""

import subprocess
import sys
from dataclasses import replace

import pytest

from bnlab import engines
from bnlab.errors import SettingsError
from bnlab.lab.images import arrays
from bnlab.lab.train import train
from bnlab.runs.spec import ConvNetSpec

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("kind", ["rows", "images"])
@pytest.mark.parametrize("rule", ["sgd_momentum", "adam"])
@pytest.mark.parametrize("statistics", ["running", "population"])
def test_pytorchs_own_convention_is_what_our_core_computes_with_it(kind, rule, statistics, make_spec, make_convnet):
    spec = make_spec(dtype="float64", normalization="batchnorm", update_rule=rule, statistics=statistics, lr_decay=0.5)
    if kind == "images":
        spec = replace(spec, net=ConvNetSpec(4, 3, 8, "spatial_batchnorm", weight_scale=0.1))
    spec = replace(spec, convention="torch")
    data = arrays(spec, ())
    ours, theirs = (engines.train(replace(spec, engine=engine), data) for engine in ("numpy", "torch"))
    assert theirs.loss_history == pytest.approx(ours.loss_history, rel=1e-10)
    assert replace(theirs, loss_history=[]) == replace(ours, loss_history=[])


def test_the_conventions_differ_where_they_should(make_spec):
    """Momentum where the rate decays: in the losses. Batchnorm's running variance: in no loss."""
    spec = make_spec(dtype="float64", update_rule="sgd_momentum", lr_decay=0.5, weight_scale=0.1, num_epochs=3)
    data = arrays(spec, ())
    notebook, torchs = (engines.train(replace(spec, convention=own), data).loss_history for own in ("notebook", "torch"))
    per_epoch = spec.iterations_per_epoch
    assert notebook[: per_epoch + 1] == pytest.approx(torchs[: per_epoch + 1], rel=1e-12)
    assert notebook[per_epoch + 1 :] != pytest.approx(torchs[per_epoch + 1 :], rel=1e-6)
    spec = make_spec(dtype="float64", normalization="batchnorm", weight_scale=0.1)
    one, other = (engines.train(replace(spec, convention=own), data) for own in ("notebook", "torch"))
    assert one.loss_history == other.loss_history


def test_the_settings_of_pytorch_are_as_they_were(make_spec):
    spec = replace(make_spec(), engine="torch")
    torch.set_num_threads(2)
    before, state = torch.are_deterministic_algorithms_enabled(), torch.random.get_rng_state()
    engines.train(spec, arrays(spec, ()))
    assert torch.get_num_threads() == 2
    assert torch.are_deterministic_algorithms_enabled() == before
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_device_that_isnt_there(make_spec):
    absent = [device for device in ("cuda", "mps") if engines.module("torch").lacks(device)]
    for device in absent:
        with pytest.raises(SettingsError, match=f"--device {device}: PyTorch finds none on this machine: leave it out"):
            engines.check([replace(make_spec(), engine="torch", device=device)])


def test_a_stored_run_says_which_pytorch_it_was(make_spec):
    assert train(replace(make_spec(), engine="torch")).provenance["framework"] == f"torch {torch.__version__}"
    assert train(make_spec()).provenance["framework"] is None


def test_pytorch_is_imported_by_the_engine_alone():
    code = "import sys, bnlab.cli.study, bnlab.lab.worker, bnlab.engines.numpy; print('torch' in sys.modules)"
    paths = f"import sys; sys.path[:] = {sys.path!r}\n"
    done = subprocess.run([sys.executable, "-c", paths + code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
