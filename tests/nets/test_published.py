"""The nets against the notebooks' printed numbers; `bnlab verify` shows the same."""

import pytest

from bnlab.published.groups import recompute


@pytest.mark.parametrize("group", ["initial_loss", "batchnorm_net_gradients"])
def test_published_numbers(group):
    rows = recompute(group)
    assert rows
    assert [row for row in rows if not row.ok] == []
