"""The plan of everything: all studies of the registry with their further forms, each run and each folder once."""

import pytest

from bnlab.errors import SettingsError
from bnlab.studies import STUDIES
from bnlab.studies.reproduction import PARTS, plan_all
from bnlab.studies.settings import Override

QUICK = [Override("data.dataset", "synthetic", "here"), Override("replicates", 1, "here")]


@pytest.fixture(scope="module")
def everything():
    return plan_all((), QUICK, ())


def test_every_study_is_there_as_its_file_has_it_and_in_its_further_forms(everything):
    assert len(everything.studies) == len(STUDIES) + sum(len(entry.forms) for entry in STUDIES)
    for entry in STUDIES:
        assert everything.studies[entry.name].changed.keys() <= {"data.dataset", "replicates"}
        plans = [plan for plan in everything.studies.values() if plan.entry is entry]
        for form, plan in zip(entry.forms, plans[1:], strict=True):
            assert {key: plan.changed[key] for key in form.settings} == form.settings
            assert form.reason


def test_each_folder_and_each_run_is_there_once(everything):
    assert len({*everything.folders}) == len(everything.folders) == len(everything.studies) + 2
    names = [run.name for run in everything.runs]
    assert len({*names}) == len(names)
    assert {*names} == {run.name for plan in everything.studies.values() for run in plan.runs} == {*everything.labels}


def test_runs_are_labelled_by_the_first_study_that_has_them(everything):
    baseline = next(run for run in everything.studies["compare"].runs if run.net.normalization == "none")
    assert baseline.name in {run.name for run in everything.studies["compare --norm layernorm"].runs}
    assert everything.labels[baseline.name] == "compare: no normalization"


def test_a_part_may_be_planned_alone():
    alone = plan_all(("sweep batch-size", "gradcheck"), QUICK, ())
    assert [*alone.studies] == ["sweep batch-size", "sweep batch-size --norm all", "sweep batch-size --equal-updates"]
    assert (alone.verify, alone.gradcheck) == (None, True)
    assert plan_all(PARTS, QUICK, ()).runs == plan_all((), QUICK, ()).runs
    with pytest.raises(SettingsError, match="did you mean sweep depth"):
        plan_all(("sweep dept",), QUICK, ())


def test_overrides_go_before_a_form():
    form = plan_all(("compare",), [Override("arms.norm", "all", "here"), *QUICK], ()).studies["compare --norm layernorm"]
    assert form.settings.arms.norm == "all"


def test_with_cifar10_the_trainings_of_verify_are_runs_like_others(made_images, facts):
    facts["training"]["replicates"] = 2
    both = plan_all(("compare", "verify"), QUICK, [made_images()])
    assert len(both.verify.runs) == 4
    assert {run.name for run in both.verify.runs} <= {run.name for run in both.runs}
    assert both.labels[both.verify.runs[0].name].startswith("verify: compare_")
