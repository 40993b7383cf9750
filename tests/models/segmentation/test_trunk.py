"""FCN and U-Net on a backbone: any backbone, any size, its weights; and what they were without one."""

import copy
import hashlib

import numpy as np
import pytest

import minidet
from minidet import nn, optim
from minidet.models import FCN8s, FCN16s, FCN32s, UNet, backbones
from minidet.models.backbones import BACKBONES, FeaturePyramid, build
from minidet.nn import functional as F
from minidet.serialization import load_checkpoint, save_checkpoint

from .cases import SMALL, blocks, disturb
from .test_fcn import cells, enlarge

FCNS = (FCN32s, FCN16s, FCN8s)

#: The networks' small relatives, by the kind of maps that they have.
TRUNKS = {
    "mobilenet_v1": lambda: backbones.mobilenet_v1(10, width=0.25),
    "mobilenet_v2": lambda: backbones.mobilenet_v2(10, width_mult=0.25),
    "resnet18": lambda: backbones.resnet18(10, width=4),
    "vgg11": lambda: backbones.vgg11(10, width=4, hidden=8),
    "vgg16_bn": lambda: backbones.vgg16_bn(10, width=4, hidden=8),
    "pyramid": lambda: FeaturePyramid(SMALL, 8, strides=(8, 16, 32)),
    "pyramid, one level more": lambda: FeaturePyramid(SMALL, 8, strides=(8, 16, 32), extra_level=True),
}
FINE = {  # no map of stride 32
    "resnet20": lambda: backbones.resnet20(10, width=4),
    "squeezenet1_1": lambda: backbones.squeezenet1_1(10),
}


def check_learns(model, size, rng):
    """A score for every pixel, and a gradient for every parameter."""
    disturb(model, rng)
    images = minidet.tensor(rng.random((2, 3, *size), dtype=np.float32))
    scores = model(images)
    assert scores.shape == (2, 4, *size)
    F.cross_entropy(scores, minidet.tensor(rng.integers(0, 4, (2, *size)))).backward()
    for key, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, key
            assert np.isfinite(parameter.grad.numpy()).all(), key


@pytest.mark.parametrize("name", {**TRUNKS, **FINE})
def test_unet_takes_any_backbone(name, rng):
    check_learns(UNet(4, width=4, backbone={**TRUNKS, **FINE}[name]()), (49, 66), rng)


@pytest.mark.parametrize("name", TRUNKS)
def test_fcn_takes_any_backbone_with_its_strides(name, rng):
    check_learns(FCN8s(4, backbone=TRUNKS[name]()), (49, 66), rng)


@pytest.mark.parametrize("name", FINE)
def test_fcn_says_which_strides_it_needs(name):
    with pytest.raises(ValueError, match=r"FCN16s: backbone has the strides \(.*\), expected 16, 32 among them"):
        FCN16s(4, backbone=FINE[name]())


@pytest.mark.parametrize("model_class", [*FCNS, UNet])
@pytest.mark.parametrize("size", [(97, 131), (180, 240), (1, 1)])
def test_sizes_that_are_no_multiple_of_32(model_class, size, rng):
    model = model_class(11, backbone=SMALL).eval()
    with minidet.no_grad():
        scores = model(minidet.tensor(rng.random((1, 3, *size), dtype=np.float32))).numpy()
    assert scores.shape == (1, 11, *size)
    assert np.isfinite(scores).all()


class Maps(nn.Module):
    """A backbone whose maps are given."""

    def __init__(self, maps):
        super().__init__()
        self.maps = maps
        self.channels = {stride: features.shape[1] for stride, features in maps.items()}

    def forward(self, images):
        return {stride: minidet.tensor(features) for stride, features in self.maps.items()}


@pytest.mark.parametrize("size", [(33, 47), (64, 97)])
def test_fcn_adds_the_maps_where_they_lie(size, rng):
    """With score layers that pass on what they get, all three are resizing and adding."""
    maps = {s: rng.random((1, 3, *cells(size, s))) for s in (8, 16, 32)}
    found = []
    for model_class in FCNS:
        model = model_class(3, backbone=Maps(maps)).double().eval()
        for name, layer in model.named_children():
            if name.startswith("score"):
                layer.weight._write_array()[...] = np.eye(3)[:, :, None, None]
        with minidet.no_grad():
            found.append(model(minidet.zeros(1, 3, *size, dtype=np.float64)).numpy())
    sum16 = enlarge(maps[32], 2, cells(size, 16)) + maps[16]
    sum8 = enlarge(sum16, 2, cells(size, 8)) + maps[8]
    for scores, coarse, factor in zip(found, (maps[32], sum16, sum8), (32, 16, 8), strict=True):
        np.testing.assert_allclose(scores, enlarge(coarse, factor, size), atol=1e-12)


@pytest.mark.parametrize("stride, size", [(4, (37, 50)), (8, (41, 50)), (2, (33, 35)), (1, (9, 12))])
def test_unet_enlarges_its_scores_where_they_lie(stride, size, rng):
    """One level, whose layers pass on what they get: blocks of 2 x 2 pixels, then bilinear interpolation."""
    share = 2 if stride > 1 else 1
    features = rng.random((1, 3 * share**2, *cells(size, stride)))
    model = UNet(3, width=3 * share**2, levels=1, backbone=Maps({stride: features})).double().eval()
    same = np.eye(3 * share**2)[:, :, None, None]
    model.lateral[0][0].weight._write_array()[...] = same * np.sqrt(1 + 1e-5)  # batch normalisation divides by it
    model.classifier.weight._write_array()[...] = same
    model.classifier.bias._write_array()[...] = 0
    with minidet.no_grad():
        scores = model(minidet.zeros(1, 3, *size, dtype=np.float64)).numpy()
    _, _, height, width = features.shape
    fine = np.zeros((1, 3, height * share, width * share))
    for a in range(share):
        for b in range(share):
            fine[:, :, a::share, b::share] = features[:, a * share + b :: share**2]
    np.testing.assert_allclose(scores, enlarge(fine, stride // share, size), rtol=1e-6)


@pytest.mark.parametrize("residual", [False, True])
def test_every_map_is_seen(residual, rng):
    """Scores change with the map of each level, and only with the ``levels`` coarsest."""
    maps = {s: rng.random((1, 5, *cells((64, 64), s))) for s in (2, 4, 8, 16, 32)}
    model = disturb(UNet(3, width=4, residual=residual, backbone=Maps(maps)), rng).double().eval()
    assert model.strides == (4, 8, 16, 32)
    with minidet.no_grad():
        before = model(minidet.zeros(1, 3, 64, 64, dtype=np.float64)).numpy()
        for stride in maps:
            maps[stride] += 0.5
            after = model(minidet.zeros(1, 3, 64, 64, dtype=np.float64)).numpy()
            assert np.array_equal(before, after) == (stride == 2), stride
            maps[stride] -= 0.5


def test_levels_choose_the_maps():
    for levels, strides in ((1, (32,)), (2, (16, 32)), (5, (2, 4, 8, 16, 32)), (9, (2, 4, 8, 16, 32))):
        model = UNet(3, width=4, levels=levels, backbone=SMALL)
        assert model.strides == model.backbone.strides == strides
        assert model.enlarge == strides[0] // 2
    assert UNet(3, backbone=SMALL).decoder[0].up.out_channels == 64


# weights -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model_class", [*FCNS, UNet])
def test_pretrained_weights_are_the_backbones(model_class, monkeypatch, rng):
    classifier = disturb(backbones.mobilenet_v1(width=0.25), rng)
    state = {key: value.numpy().copy() for key, value in classifier.state_dict().items()}
    asked = []
    monkeypatch.setattr(build, "load_pretrained", lambda name: asked.append(name) or state)
    model = model_class(5, backbone=SMALL, pretrained=True)
    assert asked == [SMALL]
    own = model.backbone.state_dict()
    assert len(own) > 50
    for key, value in own.items():
        np.testing.assert_array_equal(value.numpy(), state[key])
    model_class(5, backbone=SMALL, pretrained=state)
    assert asked == [SMALL]


@pytest.mark.parametrize("model_class", [FCN8s, UNet])
def test_a_frozen_backbone_stays_as_it_is_while_the_decoder_learns(model_class, rng):
    model = model_class(4, backbone=SMALL)
    model.backbone.freeze()
    model.train()
    before = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    optimizer = optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    images, labels = blocks(rng, 4)
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(model(minidet.tensor(images)), minidet.tensor(labels)).backward()
        optimizer.step()
    changed = {key.split(".")[0] for key, value in model.state_dict().items() if (value.numpy() != before[key]).any()}
    assert "backbone" not in changed
    assert changed > {"classifier"} or changed > {"score_fc7", "score_pool3"}


@pytest.mark.parametrize("given", [SMALL, lambda: backbones.resnet18(10, width=4)])
def test_finer_networks_start_from_coarser_ones(given, rng):
    coarse = disturb(FCN32s(5, backbone=given if isinstance(given, str) else given()), rng).eval()
    middle = FCN16s.from_32s(coarse)
    fine = FCN8s.from_16s(middle).eval()
    for key, value in coarse.state_dict().items():
        if not key.startswith("upscore"):
            np.testing.assert_array_equal(fine.state_dict()[key].numpy(), value.numpy())
    images = minidet.tensor(rng.random((1, 3, 64, 64), dtype=np.float32))
    with minidet.no_grad():
        a, b = coarse(images).numpy(), fine(images).numpy()
    assert np.abs(a - b).mean() < 0.05 * np.ptp(a)  # the interpolation alone
    first = next(iter(fine.backbone.parameters()))
    before = next(iter(coarse.backbone.parameters())).detach().numpy().copy()
    first._write_array()[...] += 1
    np.testing.assert_array_equal(next(iter(coarse.backbone.parameters())).detach().numpy(), before)


@pytest.mark.parametrize("model_class", [FCN8s, UNet])
def test_a_checkpoint_is_the_same_network(model_class, tmp_path, rng):
    model = disturb(model_class(5, backbone=SMALL), rng).eval()
    save_checkpoint(tmp_path / "run", model.state_dict(), {"state": {}, "param_groups": []}, {})
    again = model_class(5, backbone=SMALL).eval()
    again.load_state_dict(load_checkpoint(tmp_path / "run").model)
    images = minidet.tensor(rng.random((1, 3, 40, 50), dtype=np.float32))
    with minidet.no_grad():
        np.testing.assert_array_equal(again(images).numpy(), model(images).numpy())
        np.testing.assert_array_equal(copy.deepcopy(model)(images).numpy(), model(images).numpy())


#: Before there were backbones: entries of the state, their names and shapes as SHA-256, and figures of the scores.
BEFORE = {
    "unet": (UNet, {}, 92, "976e9a0dde7d72d3", 0.11863216, 0.090991996, -0.030885838),
    "unet, fast": (UNet, UNet.FAST, 83, "dba46c5aa66784e7", 0.12666404, 0.15498090, -0.15543641),
    "fcn32s": (FCN32s, {}, 69, "2a6171c2faa66302", 0.60274267, 0.71033269, -0.50221223),
    "fcn16s": (FCN16s, {}, 72, "8768b92e2dfa661b", 1.32831025, 1.56329238, -1.10733628),
    "fcn8s": (FCN8s, {}, 75, "f2f0bcb7008eaa00", 2.46470356, 2.90094163, -2.09184003),
}


@pytest.mark.parametrize("case", BEFORE)
def test_without_a_backbone_all_is_as_it_was(case):
    """Old checkpoints load: same names, shapes and order; the same seed gives the same weights and scores."""
    model_class, options, entries, digest, size, spread, one = BEFORE[case]
    images = minidet.tensor(np.random.default_rng(0).random((1, 3, 40, 56), dtype=np.float32))
    minidet.manual_seed(0)
    model = model_class(5, **options).eval()
    listed = [f"{key} {tuple(value.shape)}" for key, value in model.state_dict().items()]
    assert len(listed) == entries
    assert hashlib.sha256("\n".join(listed).encode()).hexdigest()[:16] == digest
    for key, value in model.named_parameters():
        if key.startswith("score"):
            value._write_array()[...] = np.linspace(-1, 1, value.numel(), dtype=np.float32).reshape(value.shape)
    with minidet.no_grad():
        scores = model(images).numpy()
    found = (np.abs(scores).mean(), scores.std(), scores[0, 1, 20, 30])
    np.testing.assert_allclose(found, (size, spread, one), rtol=1e-4)


# mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model_class, options, message",
    [
        (UNet, {"pretrained": True}, "UNet: pretrained is True, and backbone is None, expected False: without"),
        (FCN8s, {"pretrained": True}, "FCN8s: pretrained is True, and backbone is None, expected False: without"),
        (UNet, {"backbone": SMALL, "stem_stride": 2}, "UNet: stem_stride is 2 beside a backbone, expected 1: it bel"),
        (UNet, {"backbone": SMALL, "in_channels": 4}, "UNet: in_channels is 4 beside a backbone, expected 3"),
        (FCN16s, {"backbone": SMALL, "hidden": 9}, "FCN16s: hidden is 9 beside a backbone, expected 128"),
        (FCN32s, {"backbone": SMALL, "widths": (1,) * 5}, r"FCN32s: widths is .* beside a backbone, expected \(16, 32"),
        (UNet, {"backbone": "resnet19"}, "backbone: backbone is 'resnet19', expected one of"),
        (UNet, {"backbone": SMALL, "levels": 0}, "UNet: levels is 0"),
        (UNet, {"backbone": Maps({4: np.zeros((1, 2, 1, 1)), 16: np.zeros((1, 2, 1, 1))})},
         r"UNet: backbone has the strides \(4, 16\), expected each twice the one before: every stage doubles"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(model_class, options, message):
    with pytest.raises(ValueError, match=message):
        model_class(5, **options)


def test_images_are_checked():
    assert SMALL in BACKBONES
    with pytest.raises(ValueError, match="contains 255, expected values in"):
        UNet(5, backbone=SMALL)(255 * minidet.ones(1, 3, 32, 32))


# the decoders beside PyTorch's --------------------------------------------------------------------------------------


def four_convolutions(nn):
    """Build a backbone of PyTorch's or our layers: maps of strides 4, 8, 16 and 32, sizes rounded up."""

    class Four(nn.Module):
        channels = {4: 4, 8: 5, 16: 6, 32: 7}

        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Conv2d(3, 4, 5, 4, 2), nn.Conv2d(4, 5, 3, 2, 1)])
            self.layers.extend([nn.Conv2d(5, 6, 3, 2, 1), nn.Conv2d(6, 7, 3, 2, 1)])

        def forward(self, images):
            maps, x = {}, images
            for stride, layer in zip(self.channels, self.layers, strict=True):
                maps[stride] = x = layer(x)
            return maps

    return Four()


@pytest.mark.parity
@pytest.mark.parametrize("model_class, options", [(FCN8s, {"dropout": 0.0}), (UNet, {"width": 4, "residual": True})])
def test_scores_and_gradients_beside_pytorch(model_class, options, rng):
    torch = pytest.importorskip("torch")
    from benchmarks.frameworks.torch_twin import twin

    mine = disturb(model_class(5, backbone=four_convolutions(nn), **options), rng)
    other = getattr(twin(model_class.__module__.removeprefix("minidet.")), model_class.__name__)
    theirs = other(5, backbone=four_convolutions(torch.nn), **options)
    theirs.load_state_dict({key: torch.from_numpy(value.numpy().copy()) for key, value in mine.state_dict().items()})
    mine, theirs = mine.double(), theirs.double()
    images, labels = rng.random((2, 3, 37, 45)), rng.integers(0, 5, (2, 37, 45))
    scores, expected = mine(minidet.tensor(images)), theirs(torch.from_numpy(images))
    assert expected.std() > 1e-3
    np.testing.assert_allclose(scores.detach().numpy(), expected.detach().numpy(), rtol=1e-9, atol=1e-11)
    F.cross_entropy(scores, minidet.tensor(labels)).backward()
    torch.nn.functional.cross_entropy(expected, torch.from_numpy(labels)).backward()
    gradients = dict(theirs.named_parameters())
    for key, parameter in mine.named_parameters():
        if parameter.requires_grad:
            np.testing.assert_allclose(
                parameter.grad.numpy(), gradients[key].grad.numpy(), rtol=1e-6, atol=1e-9, err_msg=key
            )
