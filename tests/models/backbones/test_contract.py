"""What every backbone has to do, whatever network it is."""

import copy

import numpy as np
import pytest

import minidet
from minidet import nn, optim
from minidet.models import multiply_adds
from minidet.models.backbones import Backbone, FeaturePyramid, backbone

from .cases import CLASSIFIERS, constants, disturb, maps_of, rows, to_numpy

BACKBONES = {
    **{case: lambda case=case: CLASSIFIERS[case]().part() for case in CLASSIFIERS},
    "pyramid": lambda: FeaturePyramid(CLASSIFIERS["mobilenet_v1"](), 8),
    "pyramid, extra level": lambda: FeaturePyramid(CLASSIFIERS["resnet18"](), 8, strides=(4, 8, 32), extra_level=True),
}
NORMALISED = [case for case in CLASSIFIERS if case in ("mobilenet_v2", "resnet18", "resnet20", "vgg16_bn")]


def pictures(rng, *size, count=2):
    return minidet.tensor(rng.random((count, 3, *size), dtype=np.float32))


def state_of(module):
    return {key: value.numpy().copy() for key, value in module.state_dict().items()}


@pytest.mark.parametrize("case", rows(BACKBONES))
@pytest.mark.parametrize("size", [(32, 32), (97, 131)])
def test_maps_are_as_announced(case, size, rng):
    model = BACKBONES[case]()
    assert list(model.channels) == list(model.strides) == sorted(model.strides)
    maps = model.eval()(pictures(rng, *size))
    assert list(maps) == list(model.strides)
    expected = {stride: (2, model.channels[stride], *hw) for stride, hw in maps_of(size, model.strides).items()}
    assert {stride: features.shape for stride, features in maps.items()} == expected
    assert all(features.dtype == np.float32 for features in maps.values())


@pytest.mark.parametrize("case", rows(BACKBONES))
def test_every_parameter_and_the_images_get_a_gradient(case, rng):
    model = disturb(BACKBONES[case](), rng)
    images = pictures(rng, 64, 64).requires_grad_()
    sum((features * minidet.tensor(rng.random(features.shape, dtype=np.float32))).sum()
        for features in model(images).values()).backward()  # fmt: skip
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert np.isfinite(parameter.grad.numpy()).all(), key
        assert parameter.grad.numpy().any(), key
    assert images.grad.numpy().any()


@pytest.mark.parametrize("case", rows(BACKBONES))
def test_an_image_alone_is_as_beside_others(case, rng):
    model = disturb(BACKBONES[case](), rng).eval()
    images = pictures(rng, 45, 64, count=3)
    together, alone = to_numpy(model(images)), to_numpy(model(images[1:2]))
    for stride, features in alone.items():
        scale = np.abs(features).max()
        assert scale > 0
        np.testing.assert_allclose(features[0], together[stride][1], rtol=1e-4, atol=1e-5 * scale)


@pytest.mark.parametrize("case", rows(CLASSIFIERS))
def test_a_part_is_the_network_without_what_is_deeper(case, rng):
    """One stride alone: its map is the same, its names are the classifier's, and no deeper layer is there."""
    classifier = disturb(CLASSIFIERS[case](), rng).eval()
    images = pictures(rng, 40, 48, count=1)
    levels = list(classifier.levels)
    everything = to_numpy(classifier.part(levels)(images))
    sizes = []
    for stride in levels:
        part = classifier.part([stride])
        assert type(part) is Backbone
        assert not part.training
        assert part.channels == {stride: everything[stride].shape[1]}
        np.testing.assert_array_equal(part(images)[stride].detach().numpy(), everything[stride])
        state = part.state_dict()
        assert set(state) < set(classifier.state_dict())
        sizes.append(len(state))
        assert set(part.levels) == {s for s in levels if s <= stride}
    assert sizes == sorted(set(sizes)) or case.startswith("vgg")  # VGG's last step is a pooling
    assert list(classifier.part().strides) == levels[-3:]


def test_what_is_deeper_is_not_computed():
    """Where the layers stay there, as when ``choose`` changes which maps come, the cost is that of the part."""
    whole = CLASSIFIERS["resnet18"]().part([4, 8, 16, 32])
    whole.choose([8])
    part = whole.part([8])
    assert multiply_adds(whole, (1, 3, 64, 64)) == multiply_adds(part, (1, 3, 64, 64))
    assert len(part.state_dict()) < len(whole.state_dict())


@pytest.mark.parametrize("case", rows(CLASSIFIERS))
def test_a_classifier_is_a_backbone_with_a_head(case, rng):
    """Its trunk computes nothing but the deepest map; the scores have one row for each image."""
    classifier = CLASSIFIERS[case]()
    images = pictures(rng, 33, 64, count=3)
    assert classifier(images).shape == (3, 10)
    deepest = max(classifier.levels)
    assert classifier.strides == (deepest,)
    if "squeezenet" not in case:  # whose part pads
        classifier.eval()
        features = Backbone.forward(classifier, images)
        part = classifier.part([deepest])
        np.testing.assert_array_equal(features[deepest].detach().numpy(), part(images)[deepest].detach().numpy())
    with pytest.raises(ValueError, match=f"{type(classifier).__name__}: images contains 255, expected values in"):
        classifier(minidet.tensor(np.full((1, 3, 64, 64), 255, np.float32)))


@pytest.mark.parametrize("case", rows(CLASSIFIERS))
def test_images_are_normalised_by_the_networks_constants(case, rng):
    """The first layer sees (image - mean) / std, in the precision of the images."""
    model = CLASSIFIERS[case]().part()
    seen = []
    _, first = next(model.steps())
    first.register_forward_pre_hook(lambda layer, args: seen.append(args[0].numpy()))
    images = rng.random((1, 3, 32, 32))
    model.double().eval()(minidet.tensor(images))
    mean, std = (np.array(values).reshape(3, 1, 1) for values in constants(case))
    np.testing.assert_allclose(seen[0], (images - mean) / std, rtol=1e-12)


BAD_IMAGES = [
    (np.zeros((1, 3, 32, 32), np.uint8), TypeError, "images has dtype uint8, expected float32 with values in .0, 1."),
    (np.full((1, 3, 32, 32), 1.6, np.float32), ValueError, "images contains 1.6, expected values in .0, 1."),
    (
        np.full((1, 3, 32, 32), -2.1, np.float32),
        ValueError,
        "images contains -2.1, expected .*: models normalise inside",
    ),
    (np.full((1, 3, 32, 32), np.inf, np.float32), ValueError, "images contains inf"),
    (np.zeros((3, 32, 32), np.float32), ValueError, r"images has shape \(3, 32, 32\), expected .* \(N, 3, H, W\)"),
    (np.zeros((1, 1, 32, 32), np.float32), ValueError, r"images has shape \(1, 1, 32, 32\), expected \(N, 3, H, W\)"),
    (np.zeros((1, 3, 32, 32), np.int64), TypeError, "images has dtype int64, expected float32 or float64"),
    ("cat.png", TypeError, "images is a str, expected a tensor"),
]


@pytest.mark.parametrize("case", ["mobilenet_v1", "resnet18", "pyramid"])
@pytest.mark.parametrize("images, error, message", BAD_IMAGES)
def test_images_that_are_none(case, images, error, message):
    with pytest.raises(error, match=message):
        BACKBONES[case]()(images)


def test_a_little_beyond_and_nan_are_let_through():
    """Augmentation may leave [0, 1] a little; a NaN is found where losses are looked at, which name the layer."""
    model = CLASSIFIERS["resnet20"]()
    model(minidet.tensor(np.full((1, 3, 8, 8), 1.2, np.float32)))
    model(minidet.tensor(np.full((1, 3, 8, 8), -0.2, np.float32)))
    assert np.isnan(model.eval()(minidet.tensor(np.full((1, 3, 8, 8), np.nan, np.float32))).detach().numpy()).all()


def train_a_little(model, trunk, rng, steps=2):
    """Take steps of a parent that holds the trunk, with everything that learns."""
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = optim.SGD(learned, lr=0.05, momentum=0.9, weight_decay=0.1)
    for _ in range(steps):
        model.train()
        optimizer.zero_grad()
        sum((features * features).mean() for features in trunk(pictures(rng, 32, 32)).values()).backward()
        optimizer.step()


@pytest.mark.parametrize("case", rows(CLASSIFIERS))
def test_frozen_layers_do_not_change(case, rng):
    """Neither weights, running statistics nor the count of batches; what follows learns. Then all learn again."""
    trunk = disturb(CLASSIFIERS[case](), rng).part()
    until = trunk.strides[0]
    assert trunk.freeze(until) is trunk
    parent = nn.Sequential(trunk)
    last = trunk.levels[until][0]
    paths = [path for path, _ in trunk.steps()]
    frozen = {key for key in trunk.state_dict()
              if any(key.startswith(f"{path}.") for path in paths[: paths.index(last) + 1])}  # fmt: skip
    before = state_of(trunk)
    train_a_little(parent, trunk, rng)
    after = state_of(trunk)
    assert frozen
    assert frozen < set(before)
    for key, value in before.items():
        assert np.array_equal(value, after[key]) == (key in frozen), key
    for key, parameter in trunk.named_parameters():
        assert (parameter.grad is None) == (key in frozen), key
    for index, (_, step) in enumerate(trunk.steps()):
        assert {module.training for module in step.modules()} == {index > paths.index(last)}

    trunk.unfreeze()
    assert all(module.training for module in parent.modules())
    train_a_little(parent, trunk, rng, steps=1)
    unfrozen = state_of(trunk)
    assert not any(np.array_equal(value, unfrozen[key]) for key, value in after.items())


@pytest.mark.parametrize("case", NORMALISED)
def test_a_frozen_trunk_under_a_head_that_learns(case, rng):
    """A classifier's ``freeze()`` leaves the head; a copy and a part are frozen too; train() of any depth keeps it so."""
    classifier = disturb(CLASSIFIERS[case](), rng).freeze()
    head = {key for key, parameter in classifier.named_parameters() if parameter.requires_grad}
    trunk = {key for key, _ in classifier.part([max(classifier.levels)]).named_parameters()}
    assert head | trunk == {key for key, _ in classifier.named_parameters()}
    assert head
    assert not head & trunk
    for model in (classifier, copy.deepcopy(classifier), classifier.part()):
        nn.ModuleList([nn.Sequential(model)]).train()
        norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
        assert norms
        assert not any(norm.training for norm in norms)
        before = state_of(model)
        model(pictures(rng, 32, 32))
        for key, value in state_of(model).items():
            np.testing.assert_array_equal(value, before[key], err_msg=key)


def test_freezing_lets_gradients_of_the_images_through(rng):
    trunk = CLASSIFIERS["resnet18"]().part().freeze()
    images = pictures(rng, 32, 32).requires_grad_()
    trunk(images)[8].sum().backward()
    assert images.grad.numpy().any()
    assert all(parameter.grad is None for parameter in trunk.parameters())


def test_bad_strides():
    classifier = CLASSIFIERS["squeezenet1_1"]()
    for strides in ((32,), (), 8, (8, "16")):
        with pytest.raises(
            ValueError, match="SqueezeNetClassifier: strides is .*, expected one or several of 2, 4, 8, 16"
        ):
            backbone(classifier, strides)
    with pytest.raises(ValueError, match="SqueezeNetClassifier: until is 32, expected 2, 4, 8, 16"):
        classifier.freeze(until=32)
