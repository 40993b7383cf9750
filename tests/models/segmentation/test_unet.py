import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.models import UNet, multiply_adds

from .cases import disturb


def influence(model, size, row, column):
    """Return where the scores of any of eight images move when one pixel does: (rows, columns) of bool."""
    model.eval()
    images = np.random.default_rng(0).random((8, 3, *size), dtype=np.float32)
    with minidet.no_grad():
        before = model(minidet.tensor(images)).numpy()
        images[:, :, row, column] += 5
        after = model(minidet.tensor(images)).numpy()
    return (before != after).any((0, 1))


def silence(stage):
    """Cut what comes from the levels below."""
    for parameter in stage.up.parameters():
        parameter._write_array()[...] = 0


@pytest.mark.parametrize("residual", [False, True])
def test_copies_bring_what_is_near_and_the_deep_levels_what_is_far(residual, rng):
    model = disturb(UNet(3, width=4, levels=3, residual=residual), rng)
    far = influence(model, (48, 48), 24, 24)
    silence(model.decoder[-1])
    near = influence(model, (48, 48), 24, 24)
    reach = 3 if residual else 4  # pixels: two convolutions of 3 x 3 before the copy; one or two after it
    rows, columns = np.nonzero(near)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (24 - reach, 24 + reach, 24 - reach, 24 + reach)
    assert far.sum() > 4 * near.sum()


def test_each_level_is_copied_to_its_own(rng):
    """Cut off what comes from below, level by level: what one pixel reaches shrinks each time, about by half."""
    model = disturb(UNet(3, width=4, levels=4), rng)
    sides = []
    for stage in model.decoder:
        silence(stage)
        rows, _ = np.nonzero(influence(model, (96, 96), 48, 48))
        sides.append(rows.max() - rows.min() + 1)
    assert sides[-1] == 9
    assert sides[0] > 1.5 * sides[1] > 2.2 * sides[2]


def test_the_figure():
    """Channels and sizes of figure 1, for an image of 64 x 64."""
    model = UNet(2, **UNet.PAPER)
    shapes = []
    for stage in (*model.encoder, *model.decoder):
        stage.register_forward_hook(lambda layer, args, output: shapes.append(output.shape[1:]))
    with minidet.no_grad():
        model.eval()(minidet.zeros(1, 3, 32, 32))
    down = [(64, 32, 32), (128, 16, 16), (256, 8, 8), (512, 4, 4), (1024, 2, 2)]
    assert shapes == down + down[-2::-1]
    weights = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]
    assert len(weights) == 23  # section 2: "in total the network has 23 convolutional layers"


def test_fast_is_what_it_says():
    fast = UNet(11, **UNet.FAST)
    assert fast.classifier.out_channels == 44
    cost, plain = (multiply_adds(model, (1, 3, 180, 240)) for model in (fast, UNet(11)))
    assert cost == 607_029_120
    assert 0.35 < cost / plain < 0.45
    assert sum(p.numel() for p in fast.parameters()) == 897_116


@pytest.mark.parametrize("stem_stride", [2, 3])
def test_pixels_of_a_block_come_from_its_channels(stem_stride, rng):
    """Bias k s s + a s + b of the last convolution is seen in class k, in row a and column b of every block."""
    model = UNet(2, width=4, levels=2, stem_stride=stem_stride).eval()
    bias = rng.random(2 * stem_stride**2).astype(np.float32)
    model.classifier.weight._write_array()[...] = 0
    model.classifier.bias._write_array()[...] = bias
    with minidet.no_grad():
        scores = model(minidet.zeros(1, 3, 33, 35)).numpy()[0]
    for k in range(2):
        block = bias.reshape(2, stem_stride, stem_stride)[k]
        np.testing.assert_array_equal(scores[k], np.tile(block, (18, 18))[:33, :35])


@pytest.mark.parametrize("options", [{"levels": 0}, {"stem_stride": 0}, {"width": 0}])
def test_bad_options(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))}|channels"):
        UNet(3, **options)


def test_one_level_is_a_plain_stack():
    with minidet.no_grad():
        assert UNet(3, width=4, levels=1)(minidet.zeros(1, 3, 5, 7)).shape == (1, 3, 5, 7)
