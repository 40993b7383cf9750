from itertools import combinations

import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.models import DeconvNet, SegNet
from minidet.models.segmentation.blocks import bed_of_nails
from minidet.models.segmentation.segnet import UNPOOL, DecoderStage
from minidet.nn import functional as F

from .cases import STAGES

SIZES = [(6, 8), (7, 9), (6, 9)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("how", UNPOOL)
def test_unpooling(how, size, rng):
    """Compare with a plain loop over the values."""
    x = rng.random((2, 3, *size))
    pooled, switches = F.max_pool2d(minidet.tensor(x), 2, return_indices=True)
    out = UNPOOL[how]()(pooled, switches, output_size=size).numpy()
    assert out.shape == x.shape
    if how == "bilinear":
        expected = F.interpolate(pooled, size, mode="bilinear").numpy()
        np.testing.assert_allclose(out, expected)
        return
    expected = np.zeros_like(x)
    for n, c, i, j in np.ndindex(pooled.shape):
        value = pooled.numpy()[n, c, i, j]
        if how == "switches":
            expected[n, c].flat[switches.numpy()[n, c, i, j]] = value
        elif how == "bed_of_nails":
            expected[n, c, 2 * i, 2 * j] = value
    if how == "nearest":
        h, w = pooled.shape[-2:]
        rows, columns = np.arange(size[0]) * h // size[0], np.arange(size[1]) * w // size[1]
        expected = pooled.numpy()[:, :, rows][..., columns]
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("size", SIZES)
def test_bed_of_nails_is_the_functions(size, rng):
    x = minidet.tensor(rng.random((2, 3, size[0] // 2, size[1] // 2)))
    expected = F.bed_of_nails2d(x, 2, output_size=size).numpy()
    np.testing.assert_array_equal(bed_of_nails(x, size).numpy(), expected)


@pytest.mark.parametrize("how", UNPOOL)
def test_only_switches_know_where_the_maxima_were(how, rng):
    stage = DecoderStage(3, 3, 1, how)
    x = rng.random((1, 3, 4, 5), dtype=np.float32)
    outputs = []
    for corner in (0, 1):  # the maximum of every block in its first or last pixel
        image = np.kron(x, np.diag([1 - corner, corner]).astype(np.float32))
        pooled, switches = F.max_pool2d(minidet.tensor(image), 2, return_indices=True)
        np.testing.assert_array_equal(pooled.numpy(), x)
        outputs.append(stage(pooled, switches, (8, 10)).detach().numpy())
    assert np.array_equal(*outputs) == (how != "switches")


def test_variants_share_their_parameters(rng):
    """All load one state, and give different scores with it."""
    state = SegNet(3, **STAGES).state_dict()
    images = minidet.tensor(rng.random((1, 3, 32, 32), dtype=np.float32))
    scores = []
    for how in UNPOOL:
        model = SegNet(3, **STAGES, unpool=how).eval()
        model.load_state_dict(state)
        scores.append(model(images).detach().numpy())
    for one, other in combinations(scores, 2):
        assert not np.allclose(one, other)


def test_paper_size_is_one_argument_away():
    model = SegNet(21, **SegNet.PAPER)
    convolutions = [m for m in model.encoder.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 13  # VGG16's


def test_bad_options():
    with pytest.raises(ValueError, match="SegNet: convs is"):
        SegNet(3, widths=(4, 4), convs=(1,))
    with pytest.raises(ValueError, match="SegNet: unpool is 'max', expected one of 'switches', 'bilinear'"):
        SegNet(3, unpool="max")


@pytest.mark.parametrize("model_class, smallest", [(SegNet, 32), (DeconvNet, 8)])
def test_too_small_an_image(model_class, smallest):
    message = f"{model_class.__name__}: images has shape .* with H and W at least {smallest}: every stage halves"
    with pytest.raises(ValueError, match=message):
        model_class(3)(minidet.zeros(2, 3, smallest, smallest - 1))
