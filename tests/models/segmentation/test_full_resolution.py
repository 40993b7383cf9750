import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.models import FullResolutionFCN, UNet, multiply_adds

from .test_unet import influence


def test_nothing_is_sampled_down():
    model = FullResolutionFCN(3, width=4, depth=3)
    sizes = []
    for layer in model.modules():
        layer.register_forward_hook(lambda layer, args, output: sizes.append(output.shape[-2:]))
    model(minidet.zeros(1, 3, 33, 35))
    assert set(sizes) == {(33, 35)}


@pytest.mark.parametrize("options", [{"depth": 2}, {"depth": 5}, {"depth": 3, "kernel_size": 5}])
def test_receptive_field(options):
    model = FullResolutionFCN(3, width=8, **options)
    rows, columns = np.nonzero(influence(model, (40, 40), 20, 20))
    assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == model.receptive_field


def test_cost_is_that_of_every_layer_at_every_pixel():
    model = FullResolutionFCN(11)
    assert multiply_adds(model, (1, 3, 20, 30)) == 600 * (9 * 3 * 32 + 5 * 9 * 32 * 32 + 32 * 11)
    parameters = {kind: sum(p.numel() for p in kind(11).parameters()) for kind in (FullResolutionFCN, UNet)}
    per_parameter = {kind: multiply_adds(kind(11), (1, 3, 64, 64)) / parameters[kind] for kind in parameters}
    assert per_parameter[FullResolutionFCN] > 10 * per_parameter[UNet]  # what sampling down saves


def test_paper_size_is_one_argument_away():
    model = FullResolutionFCN(2, **FullResolutionFCN.PAPER)
    convolutions = [m for m in model.convs.modules() if isinstance(m, nn.Conv2d)]
    assert [m.weight.shape for m in convolutions] == [(8, 3, 5, 5)] + [(8, 8, 5, 5)] * 4


@pytest.mark.parametrize(
    "options, message",
    [({"depth": 0}, "FullResolutionFCN: depth is 0"), ({"kernel_size": 2}, "FullResolutionFCN: kernel_size is 2")],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        FullResolutionFCN(3, **options)
