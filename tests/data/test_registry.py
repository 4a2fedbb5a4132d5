"""The registry, and requests that no data set could answer."""

import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

from bnlab import data
from bnlab.errors import DataError


def test_the_default_is_a_data_set_and_needs_no_files():
    assert data.DEFAULT == "fashion-mnist-mini"
    assert data.describe(data.DEFAULT).problem is None


@pytest.mark.parametrize("name", data.DATASETS)
def test_every_entry_can_be_loaded_and_described(name):
    module = import_module(data.DATASETS[name].module)
    assert callable(module.load)
    assert data.describe(name).name == name
    assert "\n" not in data.DATASETS[name].help


def test_importing_it_imports_no_numpy():
    code = "import bnlab.data, sys; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("name", "meant"), [("cifar", "cifar10"), ("CIFAR10", "cifar10"), ("sintetic", "synthetic")])
@pytest.mark.parametrize("ask", [data.load, data.describe])
def test_an_unknown_name(ask, name, meant, fault):
    with fault(name, *data.DATASETS, f"did you mean '{meant}'?"):
        ask(name)


@pytest.mark.parametrize("name", ["fashion-mnist-mini", "synthetic"])
def test_numbers_that_make_no_sense(name, fault):
    for kind, setting in (("training", "num_train"), ("validation", "num_val")):
        for number in (0, -3):
            with fault(f"{number} {kind} images of {name}".lstrip("-"), "1 or more"):
                data.load(name, **{setting: number})
    with fault("1 test images", "0 or more"):
        data.load(name, num_test=-1)
    with fault("4,001 training images", "there are 4,000", "at most 4000, in a study by -s data.num_train=4000"):
        data.load(name, num_train=4001)
    with fault("1,001 validation images", "there are 1,000", "at most 1000, in a study by -s data.num_val=1000"):
        data.load(name, num_val=1001)
    with pytest.raises(DataError, match=r"^1,001 test images of .* asked for, but there are 1,000: ask for at most 1000$"):
        data.load(name, num_test=1001)


def test_the_first_validation_images_will_do():
    whole, few, all_ = (data.load("synthetic", num_train=60, num_val=count) for count in (None, 7, 1000))
    np.testing.assert_array_equal(few.x_val, whole.x_val[:7])
    np.testing.assert_array_equal(few.y_val, whole.y_val[:7])
    np.testing.assert_array_equal(few.mean, whole.mean)
    assert (len(few.x_train), len(few.arrays()["X_val"])) == (60, 7)
    assert whole.fingerprint == all_.fingerprint == "7f849aed8eecf7ec"
    assert few.fingerprint != whole.fingerprint
