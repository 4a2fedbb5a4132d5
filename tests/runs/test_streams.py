"""Streams by address: repeatable, apart from each other, and frozen."""

import numpy as np

from bnlab.runs.streams import ROLES, streams


def draws(seed, replicate=0):
    return {role: tuple(stream.randint(2**31, size=4)) for role, stream in streams(seed, replicate)._asdict().items()}


def test_there_is_one_for_each_role():
    assert tuple(draws(0)) == ROLES == ("weights", "minibatches", "dropout", "evaluation", "images")


def test_the_same_address_gives_the_same_draws():
    assert draws(231, 4) == draws(231, 4)
    assert draws(231) == draws(231, 0)


def test_every_address_gives_its_own():
    addresses = [(seed, replicate) for seed in (0, 1, 231) for replicate in range(3)]
    seen = [numbers for address in addresses for numbers in draws(*address).values()]
    assert len(set(seen)) == len(addresses) * len(ROLES)


def test_a_draw_from_one_leaves_the_others_alone():
    undisturbed, disturbed = streams(231), streams(231)
    disturbed.dropout.rand(1000)
    for role in ("weights", "minibatches", "evaluation"):
        assert (getattr(disturbed, role).rand(5) == getattr(undisturbed, role).rand(5)).all()


def test_neither_making_nor_using_them_touches_the_global_stream():
    np.random.seed(7)
    draws(231)
    assert np.random.rand() == np.random.RandomState(7).rand()


def test_the_generators_are_those_whose_draws_numpy_has_frozen():
    for role, stream in enumerate(streams(231, 2)):
        assert type(stream) is np.random.RandomState
        address = np.random.SeedSequence(231, spawn_key=(2, role))
        np.testing.assert_array_equal(stream.randn(3), np.random.RandomState(np.random.MT19937(address)).randn(3))
