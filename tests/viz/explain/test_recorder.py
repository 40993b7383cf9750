"""What is noted of each module's call: order, depth, shapes; and that the hooks go away again."""

import numpy as np
import pytest

from minidet import nn, tensor
from minidet.viz.explain import record, shape_of


class Net(nn.Module):
    """Two branches, one of which is asked twice, after layers in a row."""

    def __init__(self):
        super().__init__()
        self.branch = nn.Linear(4, 2)
        self.row = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.ReLU(), nn.ReLU()))

    def forward(self, x):
        x = self.row(x)
        return {8: self.branch(x), 16: self.branch(x)}


def test_calls_are_noted_in_the_order_in_which_they_began():
    model = Net()
    calls, seen = record(model, lambda: model(tensor(np.ones((5, 3), np.float32)))[16].shape)
    assert seen == (5, 2)
    (root,) = calls
    noted = [(call.name, call.depth, call.takes, call.gives) for call in root.walk()]
    assert noted == [
        ("", 0, "(5, 3)", "{8: (5, 2), 16: (5, 2)}"),
        ("row", 1, "(5, 3)", "(5, 4)"),
        ("row.0", 2, "(5, 3)", "(5, 4)"),
        ("row.1", 2, "(5, 4)", "(5, 4)"),
        ("row.1.0", 3, "(5, 4)", "(5, 4)"),
        ("row.1.1", 3, "(5, 4)", "(5, 4)"),
        ("branch", 1, "(5, 4)", "(5, 2)"),
        ("branch", 1, "(5, 4)", "(5, 2)"),
    ]
    assert [call.result is None for call in root.walk()] == [False] * 4 + [True] * 2 + [False] * 2
    assert all(call.seconds >= sum(part.seconds for part in call.inner) for call in root.walk())


def test_hooks_go_away_also_after_an_error():
    model = Net()
    with pytest.raises(ValueError):
        record(model, lambda: model(tensor(np.ones((5, 7), np.float32))))
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
    assert len(record(model, lambda: model(tensor(np.ones((1, 3), np.float32))))[0]) == 1


def test_shapes_are_described_in_their_containers():
    assert shape_of([np.zeros(2), (tensor([1]), None)]) == "[(2,), [(1,), None]]"
    assert shape_of([1] * 9) == "[1, 1, 1, 1, ... 9 in all]"
    assert shape_of({"a": np.zeros((0, 4)), "b": object()}) == "{a: (0, 4), b: object}"
