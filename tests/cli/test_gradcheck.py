"""`bnlab gradcheck`: that it checks what it is told to, and fails when a layer is wrong."""

from dataclasses import replace

import numpy as np
import pytest

from bnlab.cases import CASES


def test_what_is_printed_of_layers_that_pass(call):
    done = call("gradcheck", "relu", "layernorm")
    assert (done.status, done.err) == (0, "")
    assert [line.split()[:2] for line in done.out.splitlines() if line.endswith(" ok")] == [
        ["relu", "dx"], ["layernorm", "dx"], ["layernorm", "dgamma"], ["layernorm", "dbeta"],
    ]  # fmt: skip
    assert done.out.splitlines()[-1].startswith("4 gradients, 0 failed. Relative errors, at most 1e-06")


def test_without_names_all_of_the_table_is_checked(call, monkeypatch):
    few = {name: CASES[name] for name in ("affine", "svm_loss", "relu")}
    monkeypatch.setattr("bnlab.cli.gradcheck.CASES", few)
    assert list(dict.fromkeys(row["case"] for row in call("gradcheck", "--json").json)) == list(few)


def test_only_the_layers_named_are_checked_each_once(call):
    document = call("gradcheck", "layernorm", "relu", "layernorm", "--json").json
    assert [(comparison["case"], comparison["gradient"]) for comparison in document] == [
        ("layernorm", "x"), ("layernorm", "gamma"), ("layernorm", "beta"), ("relu", "x"),
    ]  # fmt: skip
    assert all(comparison["ok"] for comparison in document)


def broken(case, which, how):
    """The case with one of its gradients spoilt."""

    def backward(dout, cache):
        gradients = case.backward_function(dout, cache)
        gradients = [*gradients] if isinstance(gradients, tuple) else [gradients]
        gradients[which] = how(gradients[which])
        return tuple(gradients)

    return replace(case, backward_function=backward)


def by_a_millionth_or_two(gradient):
    return gradient * (1 + 5e-6)


def in_one_entry(gradient):
    gradient = gradient.copy()
    gradient.flat[-1] += 0.01
    return gradient


WRONG = {"a little": by_a_millionth_or_two, "in one entry": in_one_entry, "nan": lambda g: g * np.nan, "sign": np.negative}


@pytest.mark.parametrize("how", WRONG)
@pytest.mark.parametrize(("name", "which", "gradient"), [("relu", 0, "x"), ("affine", 1, "w"), ("batchnorm", 2, "beta")])
def test_a_wrong_gradient_fails_with_status_1_and_is_named(call, monkeypatch, name, which, gradient, how):
    monkeypatch.setitem(CASES, name, broken(CASES[name], which, WRONG[how]))
    done = call("gradcheck", name, "layernorm")
    assert (done.status, done.err) == (1, "")
    lines = [line.split() for line in done.out.splitlines() if "FAILED" in line]
    assert [(line[0], line[1]) for line in lines] == [(name, f"d{gradient}")]
    assert " 1 failed" in done.out


def test_a_wrong_gradient_fails_in_json_too(call, monkeypatch):
    monkeypatch.setitem(CASES, "relu", broken(CASES["relu"], 0, np.negative))
    done = call("gradcheck", "relu", "--json")
    assert done.status == 1
    assert [comparison["ok"] for comparison in done.json] == [False]


def test_a_nonzero_gradient_where_it_should_be_zero_fails(call, monkeypatch):
    name, which = "affine_bn_relu", 2
    monkeypatch.setitem(CASES, name, broken(CASES[name], which, lambda b: b + 1e-6))
    done = call("gradcheck", name)
    assert done.status == 1
    assert [line.split()[1] for line in done.out.splitlines() if "FAILED" in line] == ["db"]


def test_the_seed_changes_the_inputs(call):
    first, again, other = (call("gradcheck", "affine", "--seed", seed, "--json").out for seed in (1, 1, 2))
    assert first == again
    assert first != other


def at(case, **given):
    """The case at inputs of its own."""

    class At(type(case)):
        def inputs(self, rng, dtype, batch=None):
            return given

    return At(*(getattr(case, field) for field in case.__dataclass_fields__))


def test_entries_at_kinks_are_left_out_by_name_and_count(call, monkeypatch):
    monkeypatch.setitem(CASES, "relu", at(CASES["relu"], x=np.array([[0.0, 1e-6, 1.0], [-1.0, 2.0, -2.0]])))
    done = call("gradcheck", "relu", "layernorm")
    assert done.status == 0
    assert [line.split()[-4:-1] for line in done.out.splitlines() if " relu " in line] == [["2", "of", "6"]]
    assert "4 gradients, 0 failed, 2 entries left out at kinks." in done.out
    relu, *others = call("gradcheck", "relu", "layernorm", "--json").json
    assert (relu["kinks"], relu["entries"]) == ([[0, 0], [0, 1]], 6)
    assert all(comparison["kinks"] == [] for comparison in others)


def test_without_kinks_nothing_is_said_of_them(call):
    assert "kinks" not in call("gradcheck", "relu").out


def test_where_all_lies_at_kinks_the_check_fails(call, monkeypatch):
    monkeypatch.setitem(CASES, "relu", at(CASES["relu"], x=np.zeros((2, 3))))
    done = call("gradcheck", "relu", "--json")
    assert done.status == 1
    [comparison] = done.json
    assert (comparison["ok"], comparison["error"], len(comparison["kinks"])) == (False, None, 6)
    assert call("gradcheck", "relu").status == 1


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_null_in_json(call, monkeypatch, value):
    monkeypatch.setitem(CASES, "relu", broken(CASES["relu"], 0, lambda dx: dx * 0 + value))
    done = call("gradcheck", "relu", "--json")
    assert done.status == 1
    [comparison] = done.json
    assert (comparison["error"], comparison["analytic"], comparison["ok"]) == (None, None, False)
    assert comparison["numeric"] is not None


def test_nets_are_checked_by_their_parameters(call):
    document = call("gradcheck", "FullyConnectedNet-batchnorm", "--json").json
    gradients = ["W1", "b1", "gamma1", "beta1", "W2", "b2", "gamma2", "beta2", "W3", "b3"]
    assert [row["gradient"] for row in document] == gradients
    assert [row["gradient"] for row in document if row["zero"]] == ["b1", "b2"]
