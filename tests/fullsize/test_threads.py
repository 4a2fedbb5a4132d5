"""How many threads BLAS gets."""

from dataclasses import replace

import pytest

from bnlab.fullsize import threads
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
def test_all_cores_where_the_net_gains_and_nobody_else_uses_them(net, batch, image, gains, make_spec, monkeypatch):
    spec = replace(make_spec(batch_size=batch, data=replace(make_spec().data, num_train=1000)), net=net)
    for idle, expected in {None: cores(), cores(): cores(), cores() - 0.6: 1, 0: 1}.items():
        monkeypatch.setattr(threads, "idle_cores", lambda idle=idle: idle)
        assert usual_threads(spec, image) == (expected if gains else 1)
