import numpy as np
import pytest

import minidet
import minidet.nn.functional as F
from minidet import nn, random
from minidet.viz import draw_layers, format_layers, layer_table
from minidet.viz.page import COLOURS


class Net(nn.Module):
    """One layer that is called twice, one whose output nobody uses, one that is never called."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.inner = nn.Sequential(nn.BatchNorm2d(2), nn.Dropout(0.5))
        self.side = nn.Linear(4, 1)
        self.absent = nn.ReLU()

    def forward(self, x):
        self.side(x)
        return self.inner(self.conv(self.conv(x)))


def test_figures_by_hand():
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU())
    net[0].weight.detach().copy_(np.array([[1.0, 2.0], [0.0, -1.0]]))
    linear, relu = layer_table(net, np.array([[3.0, 1.0]], np.float32), loss=lambda y: (y * y).sum())
    # y = W x = (5, -1), relu 5 and 0; loss 25; d/d relu = (10, 0), d/dy = (10, 0), d/dW = (10, 0)^T x^T
    assert linear[:6] == ("0", "Linear", (1, 2), 2.0, -1.0, 5.0)
    assert relu[:6] == ("1", "ReLU", (1, 2), 2.5, 0.0, 5.0)
    assert (linear.grad_norm, relu.grad_norm) == pytest.approx((10, 10))
    assert linear.weight_grad_norm == pytest.approx(10 * np.sqrt(10))
    assert relu.weight_grad_norm is None


def test_the_default_loss_is_the_mean_square():
    net = nn.Linear(3, 2)
    x = np.ones((4, 3), np.float32)
    (row,) = layer_table(net, x)
    assert row.name == "Linear"
    assert row.grad_norm == pytest.approx(np.linalg.norm(2 * net(minidet.tensor(x)).detach().numpy() / 8))


def test_rows_are_calls_in_their_order():
    rows = layer_table(Net(), np.ones((1, 2, 4, 4), np.float32))
    assert [row.name for row in rows] == ["side", "conv", "conv", "inner.0", "inner.1"]
    assert [row.kind for row in rows] == ["Linear", "Conv2d", "Conv2d", "BatchNorm2d", "Dropout"]
    assert rows[0].grad_norm is None, "no gradient comes to what nobody uses"
    assert rows[0].weight_grad_norm is None
    assert rows[1].grad_norm != rows[2].grad_norm
    assert rows[1].weight_grad_norm == rows[2].weight_grad_norm > 0


def test_figures_are_those_of_the_mode():
    """In training batch normalisation uses the batch's mean, so that its output has mean 0."""
    x = 5 + np.random.default_rng(0).standard_normal((8, 2, 4, 4)).astype(np.float32)
    net = nn.Sequential(nn.BatchNorm2d(2))
    assert layer_table(net, x)[0].mean == pytest.approx(0, abs=1e-5)
    assert layer_table(net.eval(), x)[0].mean == pytest.approx(x.mean(), rel=1e-3)


def test_it_leaves_no_trace():
    net = Net()
    net.conv.weight.grad = minidet.ones(2, 2, 3, 3)
    before = {name: value.numpy().copy() for name, value in net.state_dict().items()}
    numbers = random.get_rng_state()
    layer_table(net, np.ones((3, 2, 4, 4), np.float32))
    for name, value in net.state_dict().items():
        assert np.array_equal(value.numpy(), before[name]), name
    assert random.get_rng_state() == numbers
    assert net.conv.weight.grad.numpy().sum() == 36
    assert net.conv.bias.grad is None
    assert not any(module._forward_hooks for module in net.modules())
    with pytest.raises(ValueError, match="conv2d"):
        layer_table(net, np.ones((3, 5, 4, 4), np.float32))
    assert not any(module._forward_hooks for module in net.modules())
    assert random.get_rng_state() == numbers


def test_running_statistics_do_change_in_an_ordinary_run():
    """Otherwise the test above would prove nothing."""
    net = Net()
    mean = net.inner[0].running_mean.numpy().copy()
    net(minidet.ones(3, 2, 4, 4))
    assert not np.array_equal(net.inner[0].running_mean.numpy(), mean)


def test_a_frozen_network_has_no_gradients():
    net = nn.Sequential(nn.Linear(2, 2)).requires_grad_(False)
    (row,) = layer_table(net, np.ones((1, 2), np.float32))
    assert row.grad_norm is row.weight_grad_norm is None


def test_inside_no_grad_too():
    with minidet.no_grad():
        (row,) = layer_table(nn.Linear(2, 2), np.ones((1, 2), np.float32))
    assert row.grad_norm > 0


def test_tuples_and_labels():
    class Switches(nn.Module):
        def __init__(self):
            super().__init__()
            self.pool = nn.MaxPool2d(2, return_indices=True)
            self.head = nn.Conv2d(2, 3, 1)

        def forward(self, x):
            return {"scores": self.head(self.pool(x)[0])}

    x, labels = np.ones((1, 2, 4, 4), np.float32), np.zeros((1, 2, 2), np.int64)
    pool, head = layer_table(Switches(), x, loss=lambda result: F.cross_entropy(result["scores"], labels))
    assert pool.shape == (1, 2, 2, 2)
    assert head.grad_norm > 0
    with pytest.raises(TypeError, match="layer_table: loss is None, expected a function.*dict"):
        layer_table(Switches(), x)


def test_the_text_has_a_line_per_row_in_columns():
    lines = format_layers(layer_table(Net(), np.ones((1, 2, 4, 4), np.float32))).splitlines()
    assert len(lines) == 2 + 5
    assert lines[0].split()[:3] == ["layer", "kind", "output"]
    assert len({len(line) for line in lines}) == 1
    assert lines[3].split()[:6] == ["conv", "Conv2d", "(1,", "2,", "4,", "4)"]
    assert lines[2].endswith("-")


def test_what_is_wrong_stands_out():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    for param in net[0].parameters():
        param.detach().fill_(-1.0)  # nothing passes the ReLU
    rows = layer_table(net, np.ones((1, 2), np.float32))
    assert rows[1].max == 0
    ax = draw_layers(rows)
    red = [text.get_text() for text in ax.texts if text.get_color() == COLOURS[0]]
    # both gradients of the first layer; mean, min and max of the ReLU
    assert red == ["0"] * 5
    assert len(ax.texts) == 8 * 4


def test_infinite_values_do_not_warn_and_stand_out():
    rows = layer_table(nn.ReLU(), np.array([np.inf, 1.0], np.float32))
    assert rows[0].max == np.inf
    red = [text.get_text() for text in draw_layers(rows).texts if text.get_color() == COLOURS[0]]
    assert red == ["inf", "inf"]  # mean and max


def test_texts_do_not_overlap():
    ax = draw_layers(layer_table(Net(), np.ones((1, 2, 4, 4), np.float32)))
    ax.figure.canvas.draw()
    extents = [text.get_window_extent() for text in ax.texts]
    for i, one in enumerate(extents):
        assert not any(one.overlaps(other) for other in extents[:i])


def test_bad_arguments():
    with pytest.raises(TypeError, match="layer_table: module is a function"):
        layer_table(F.relu, np.ones(2))
    with pytest.raises(ValueError, match=r"layer_table: the loss has shape \(1, 2\)"):
        layer_table(nn.Linear(2, 2), np.ones((1, 2), np.float32), loss=lambda y: y)
    with pytest.raises(ValueError, match="layer_table: the loss is a float"):
        layer_table(nn.Linear(2, 2), np.ones((1, 2), np.float32), loss=lambda y: y.sum().item())
