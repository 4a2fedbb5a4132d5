"""The layers against the notebooks' printed numbers; `bnlab verify` shows the same."""

import pytest

from bnlab.published.groups import recompute


@pytest.mark.parametrize(
    "group",
    [
        "batchnorm_forward_train",
        "batchnorm_forward_test",
        "batchnorm_backward",
        "batchnorm_backward_alt",
        "layernorm_forward",
        "layernorm_backward",
    ],
)
def test_published_numbers(group):
    rows = [row for row in recompute(group) if row.status != "reported"]
    assert rows
    assert [row for row in rows if not row.ok] == []
