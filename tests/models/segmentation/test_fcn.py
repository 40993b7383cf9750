import numpy as np
import pytest

import minidet
from minidet import nn
from minidet.models import FCN8s, FCN16s, FCN32s
from minidet.models.segmentation import fcn
from minidet.models.segmentation.fcn import Upsampling, bilinear_weight
from minidet.nn import functional as F
from minidet.nn import init

from .cases import FCN, disturb

SIZES = [(32, 32), (33, 47), (45, 64), (64, 97)]
SLOPES = np.array([[0.5, 0.0], [0.0, -0.25], [0.125, 0.25]])  # rows: classes; score per pixel down, and to the right


def cells(size, stride):
    return tuple(-(-n // stride) for n in size)


def ramp(shape, stride):
    """Scores that change linearly over the image, at the centres of cells of ``stride`` pixels: (1, 3, h, w)."""
    rows, columns = ((np.arange(n) + 0.5) * stride - 0.5 for n in shape)
    return (SLOPES[:, :1, None] * rows[:, None] + SLOPES[:, 1:, None] * columns)[None]


class Stub(nn.Module):
    """Take the backbone's place, with given features of pool3, pool4 and fc7: three channels that already are scores."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def forward(self, images):
        return tuple(minidet.tensor(self.make(cells(images.shape[-2:], s), s)) for s in (8, 16, 32))


def scores_of(model_class, size, make):
    """Return the scores of a network with the stub, whose score layers pass on what they get."""
    model = model_class(3, **{**FCN, "widths": (3,) * 5, "hidden": 3}).double()
    model.backbone = Stub(make)
    for name, layer in model.named_children():
        if name.startswith("score"):
            layer.weight._write_array()[...] = np.eye(3)[:, :, None, None]
    with minidet.no_grad():
        return model(minidet.zeros(1, 3, *size, dtype=np.float64)).numpy()


def enlarge(scores, factor, size):
    out = F.interpolate(minidet.tensor(scores), scale_factor=factor, mode="bilinear").numpy()
    return out[:, :, : size[0], : size[1]]


def check_by_interpolation(size):
    """Compare all three with resizing and adding."""
    rng = np.random.default_rng(1)
    features = {s: rng.random((1, 3, *cells(size, s))) for s in (8, 16, 32)}

    def scores(model_class):
        return scores_of(model_class, size, lambda shape, s: features[s])

    np.testing.assert_allclose(scores(FCN32s), enlarge(features[32], 32, size), atol=1e-12)
    sum16 = enlarge(features[32], 2, cells(size, 16)) + features[16]
    np.testing.assert_allclose(scores(FCN16s), enlarge(sum16, 16, size), atol=1e-12)
    sum8 = enlarge(sum16, 2, cells(size, 8)) + features[8]
    np.testing.assert_allclose(scores(FCN8s), enlarge(sum8, 8, size), atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_untrained_upsampling_is_interpolation(size):
    check_by_interpolation(size)


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_wrong_crop_would_be_seen(shift, monkeypatch):
    crop = fcn.crop
    monkeypatch.setattr(fcn, "crop", lambda x, size, offset: crop(x, size, offset + shift))
    with pytest.raises(AssertionError):
        check_by_interpolation((33, 47))


@pytest.mark.parametrize("size", [(96, 96), (97, 126)])
@pytest.mark.parametrize("model_class, maps", [(FCN32s, 1), (FCN16s, 2), (FCN8s, 3)])
def test_cells_lie_where_their_pixels_are(model_class, maps, size):
    """Linear interpolation keeps a linear function: a map that is off by a fraction of a pixel would be seen everywhere.

    Away from the borders, where cells are repeated.
    """
    scores = scores_of(model_class, size, ramp)[:, :, 48:-48, 48:-48]
    np.testing.assert_allclose(scores, maps * ramp(size, 1)[:, :, 48:-48, 48:-48], rtol=1e-7, atol=1e-9)


class TestBilinearWeight:
    @pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5, 16, 64])
    def test_agrees_with_init(self, kernel_size):
        for outputs in (1, 3):
            own = bilinear_weight(3, outputs, kernel_size)
            layer = nn.ConvTranspose2d(3, 3, kernel_size, groups=3 if outputs == 1 else 1)
            np.testing.assert_allclose(own.numpy(), init.bilinear_(layer.weight).detach().numpy(), rtol=1e-6)

    def test_known_values(self):
        weight = bilinear_weight(2, 2, 4).numpy()
        row = np.array([0.25, 0.75, 0.75, 0.25])
        np.testing.assert_array_equal(weight[0, 0], np.outer(row, row))
        np.testing.assert_array_equal(weight[0, 1], 0)

    @pytest.mark.parametrize("factor", [2, 8, 32])
    @pytest.mark.parametrize("learned", [False, True])
    def test_interpolates_as_interpolate_does(self, factor, learned, rng):
        x = minidet.tensor(rng.random((2, 3, 4, 5)))
        out = Upsampling(3, factor, learned).double()(x, (4 * factor, 5 * factor - 1))
        expected = F.interpolate(x, scale_factor=factor, mode="bilinear").numpy()[..., :-1]
        np.testing.assert_allclose(out.detach().numpy(), expected, atol=1e-12)

    def test_bad_arguments(self):
        with pytest.raises(ValueError, match=r"bilinear_weight: out_channels is 2, expected 3 \(or 1"):
            bilinear_weight(3, 2, 4)
        with pytest.raises(ValueError, match="bilinear_weight: kernel_size is 0"):
            bilinear_weight(3, 3, 0)


class TestStart:
    @pytest.mark.parametrize("model_class", [FCN32s, FCN16s, FCN8s])
    def test_loss_is_log_of_the_number_of_classes(self, model_class, rng):
        model = model_class(11, **FCN)
        scores = model(minidet.tensor(rng.random((1, 3, 40, 40), dtype=np.float32)))
        loss = F.cross_entropy(scores, minidet.tensor(rng.integers(0, 11, (1, 40, 40))))
        assert loss.item() == pytest.approx(np.log(11), rel=1e-6)

    def test_what_is_learned(self):
        def fixed(model):
            return {name for name, parameter in model.named_parameters() if not parameter.requires_grad}

        assert fixed(FCN32s(4, **FCN)) == {"upscore32.weight"}
        assert fixed(FCN16s(4, **FCN)) == {"upscore16.weight"}
        assert fixed(FCN8s(4, **FCN)) == {"upscore8.weight"}
        every = {"upscore2.weight", "upscore_pool4.weight", "upscore8.weight"}
        assert fixed(FCN8s(4, **FCN, learn_upsampling=False)) == every


class TestFromCoarser:
    @pytest.fixture
    def coarse(self, rng):
        return disturb(FCN32s(5, **FCN), rng).eval()

    @pytest.fixture
    def images(self, rng):
        return minidet.tensor(rng.random((2, 3, 70, 93), dtype=np.float32))

    def outputs(self, model, images):
        """Return what every named layer computes."""
        seen = {}
        handles = [
            layer.register_forward_hook(lambda layer, args, output, name=name: seen.update({name: output}))
            for name, layer in model.named_children()
            if name != "backbone"
        ]
        with minidet.no_grad():
            seen["scores"] = model.eval()(images)
        for handle in handles:
            handle.remove()
        return {name: output.numpy() for name, output in seen.items()}

    @pytest.mark.parametrize("learn", [True, False])
    def test_weights_are_those_of_the_coarser(self, coarse, learn, rng):
        middle = FCN16s.from_32s(coarse, learn_upsampling=learn)
        shared = middle.state_dict().keys() & coarse.state_dict().keys()
        assert {name for name in coarse.state_dict() if name not in shared} == {"upscore32.weight"}
        for name in shared:
            np.testing.assert_array_equal(middle.state_dict()[name].numpy(), coarse.state_dict()[name].numpy())
        assert not middle.score_pool4.weight.detach().numpy().any()
        assert not middle.score_pool4.bias.detach().numpy().any()
        disturb(middle, rng)
        fine = FCN8s.from_16s(middle)
        shared = fine.state_dict().keys() & middle.state_dict().keys()
        assert {name for name in middle.state_dict() if name not in shared} == {"upscore16.weight"}
        for name in shared:
            np.testing.assert_array_equal(fine.state_dict()[name].numpy(), middle.state_dict()[name].numpy())
        assert not fine.score_pool3.weight.detach().numpy().any()

    def test_memory_is_its_own(self, coarse):
        middle = FCN16s.from_32s(coarse)
        before = coarse.score_fc7.weight.detach().numpy().copy()
        middle.score_fc7.weight._write_array()[...] += 1
        np.testing.assert_array_equal(coarse.score_fc7.weight.detach().numpy(), before)

    def test_scores_at_the_coarse_level_are_equal(self, coarse, images, rng):
        before = self.outputs(coarse, images)
        middle = FCN16s.from_32s(coarse)
        after = self.outputs(middle, images)
        np.testing.assert_array_equal(after["score_fc7"], before["score_fc7"])
        assert not after["score_pool4"].any()
        disturb(middle, rng)
        middle_after = self.outputs(middle, images)
        fine = self.outputs(FCN8s.from_16s(middle), images)
        for name in ("score_fc7", "upscore2", "score_pool4"):
            np.testing.assert_array_equal(fine[name], middle_after[name])
        assert not fine["score_pool3"].any()

    def test_scores_at_the_pixels_differ_by_the_interpolation_alone(self, coarse, images):
        """Twice, then 16 times bilinear is nearly 32 times bilinear: a kink of the tent is cut off."""
        before = self.outputs(coarse, images)["scores"]
        after = self.outputs(FCN16s.from_32s(coarse), images)["scores"]
        assert np.abs(after - before).max() < 0.2 * np.ptp(before)
        assert np.abs(after - before).mean() < 0.02 * np.ptp(before)
        with pytest.raises(AssertionError):
            np.testing.assert_allclose(after, before, rtol=1e-3)

    def test_bad_arguments(self, coarse):
        with pytest.raises(TypeError, match="FCN16s.from_32s: model is a FCN8s, expected an FCN32s"):
            FCN16s.from_32s(FCN8s(4, **FCN))
        with pytest.raises(TypeError, match="FCN8s.from_16s: model is a FCN32s, expected an FCN16s"):
            FCN8s.from_16s(coarse)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"widths": (4, 4)}, "FCN8s: widths is"),
        ({"convs": (1,) * 6}, "FCN8s: convs is"),
        ({"hidden_kernel": 4}, "FCN8s: hidden_kernel is 4, expected an odd"),
        ({"dropout": 1.5}, "Dropout: p is 1.5"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        FCN8s(3, **{**FCN, **options})


def test_dropout_is_at_work_in_training_only(rng):
    model = disturb(FCN32s(3, **{**FCN, "dropout": 0.5}), rng)
    images = minidet.tensor(rng.random((2, 3, 32, 32), dtype=np.float32))
    with minidet.no_grad():
        assert not np.array_equal(model(images).numpy(), model(images).numpy())
        model.eval()
        np.testing.assert_array_equal(model(images).numpy(), model(images).numpy())


def test_paper_size_is_one_argument_away():
    model = FCN8s(21, **{**FCN8s.PAPER, "hidden": 8})
    convolutions = [m for m in model.backbone.stages.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 13
    assert sum(m.weight.numel() for m in convolutions) == 14_710_464  # VGG16's, without the biases
    assert model.backbone.fc6[0].weight.shape == (8, 512, 7, 7)
    assert FCN8s.PAPER["hidden"] == 4096
