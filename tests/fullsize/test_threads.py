"""How many threads BLAS gets: a matter of the net's size and the machine alone."""

from dataclasses import replace

import pytest

from bnlab.fullsize.threads import usual_threads
from bnlab.lab.cores import cores
from bnlab.runs.spec import ConvNetSpec, NetSpec


@pytest.mark.parametrize(
    ("net", "batch", "image", "gains"),
    [
        (NetSpec((120,) * 4), 100, (1, 28, 28), True),
        (NetSpec((100,) * 5), 50, (1, 28, 28), False),
        (NetSpec((8, 1000, 1000)), 20, (1, 8, 8), True),
        (ConvNetSpec(16, 3, 100), 100, (1, 28, 28), False),
    ],
    ids=["good model", "a study's net", "wide inside", "good convnet"],
)
def test_all_cores_where_the_widest_product_gains(net, batch, image, gains, make_spec):
    spec = replace(make_spec(batch_size=batch, data=replace(make_spec().data, num_train=1000)), net=net)
    assert usual_threads(spec, image) == (cores() if gains else 1)
