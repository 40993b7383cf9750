import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.models import multiply_adds
from minidet.models.complexity import counting


@pytest.mark.parametrize(
    "layer, shape, expected",
    [
        (nn.Conv2d(3, 8, 3, padding=1), (2, 3, 5, 7), 2 * 5 * 7 * 8 * 3 * 9),
        (nn.Conv2d(4, 8, 3, stride=2), (1, 4, 7, 7), 3 * 3 * 8 * 4 * 9),
        (nn.Conv2d(4, 8, (1, 3), groups=4, dilation=2), (1, 4, 5, 7), 5 * 3 * 8 * 3),
        (nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1), (3, 4, 5, 7), 3 * 5 * 7 * 4 * 6 * 16),
        (nn.ConvTranspose2d(4, 4, 4, stride=2, groups=4), (1, 4, 5, 7), 5 * 7 * 4 * 16),
        (nn.Linear(6, 5), (3, 2, 6), 3 * 2 * 6 * 5),
        (nn.BatchNorm2d(3), (2, 3, 4, 4), 0),
    ],
)
def test_one_layer(layer, shape, expected):
    assert multiply_adds(layer, shape) == expected


def test_a_product_for_every_pair_that_meets(rng):
    """Count the products of a convolution in its matrix: the entries that are not 0, with padding beside the image."""
    conv = nn.Conv2d(2, 3, 3, bias=False)
    conv.weight._write_array()[...] = 1
    columns = [
        conv(minidet.tensor(unit.reshape(1, 2, 5, 6))).detach().numpy().ravel() for unit in np.eye(60, dtype="f")
    ]
    assert multiply_adds(conv, (1, 2, 5, 6)) == np.count_nonzero(columns)


def test_a_layer_that_is_called_twice_counts_twice():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 2, 1)

        def forward(self, x):
            return self.conv(self.conv(x))

    assert multiply_adds(Twice(), (1, 2, 3, 3)) == 2 * 9 * 4


def test_leaves_no_trace():
    net = nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1)).double()
    net[1].eval()
    assert multiply_adds(net, (1, 2, 3, 3)) == 9 * 4
    assert (net.training, net[0].training, net[1].training) == (True, True, False)
    assert net[0].num_batches_tracked.item() == 0
    with pytest.raises(ValueError, match="conv2d: weight has shape"):
        multiply_adds(net[1], (1, 3, 3, 3))
    assert not net[1]._forward_hooks


def test_counting_lists_the_calls():
    net = nn.Sequential(nn.Conv2d(2, 3, 1), nn.ReLU(), nn.Conv2d(3, 1, 1))
    with counting(net) as counts:
        net(minidet.zeros(1, 2, 4, 4))
    net(minidet.zeros(1, 2, 4, 4))
    assert counts == [16 * 6, 16 * 3]
