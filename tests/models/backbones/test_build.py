import os
import pathlib

import numpy as np
import pytest
from PIL import Image

import minidet
from minidet import nn
from minidet.data import sample_photograph
from minidet.models import SSD, backbones
from minidet.models.backbones import BACKBONES, Backbone, FeaturePyramid, backbone, build, load_pretrained

#: Parameters of the classifiers as published (torchvision's tables; for the two of 2017 and CIFAR, the weights' sources).
COUNTS = {
    "mobilenet_v1": 4_221_032,
    "mobilenet_v2": 3_504_872,
    "resnet18": 11_689_512,
    "resnet20": 269_722,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "squeezenet1_0": 1_248_424,
    "squeezenet1_1": 1_235_496,
    "vgg11": 132_863_336,
    "vgg11_bn": 132_868_840,
    "vgg16": 138_357_544,
    "vgg16_bn": 138_365_992,
}


@pytest.fixture
def undrawn(monkeypatch):
    """Leave weights as the memory comes: half a gigabyte of them is never touched then."""
    for name in ("kaiming_normal_", "kaiming_uniform_", "normal_", "uniform_"):
        monkeypatch.setattr(nn.init, name, lambda tensor, *args, **options: tensor)


@pytest.mark.parametrize("name", COUNTS)
def test_as_many_parameters_as_published(name, undrawn):
    """A backbone by its name has the classifier's names and shapes, without the head."""
    classifier = getattr(backbones, name)()
    assert sum(parameter.numel() for parameter in classifier.parameters()) == COUNTS[name]
    whole = {key: value.shape for key, value in classifier.state_dict().items()}
    trunk = backbone(name, strides=[max(classifier.levels)])
    part = {key: value.shape for key, value in trunk.state_dict().items()}
    assert part.items() < whole.items()
    assert {key.split(".")[0] for key in whole.keys() - part.keys()} <= {"classifier", "fc", "linear"}


def test_every_network_has_a_name():
    assert set(BACKBONES) == {*COUNTS, "mobilenet_v1_025", "vgg11_bn_0375"}
    assert set(COUNTS) < set(backbones.__all__)


def test_a_backbone_out_of_a_classifier_shares_its_layers(rng):
    classifier = backbones.resnet18(10, width=4)
    trunk = backbone(classifier, strides=(16, 8))
    assert trunk.strides == (8, 16)
    assert trunk.layer3 is classifier.layer3
    assert not hasattr(trunk, "layer4")
    again = backbone(trunk, strides=(8,))
    assert type(again) is Backbone
    assert (again.strides, again.channels) == ((8,), {8: 8})
    assert backbone(trunk, (4, 16)).strides == (4, 16)


def test_weights_of_a_classifier(rng):
    """The part that is there is copied; what is missing is named; heads and deeper layers stay unused."""
    classifier = backbones.mobilenet_v1(10, width=0.25)
    state = {key: value.numpy().copy() for key, value in classifier.state_dict().items()}
    trunk = backbone("mobilenet_v1_025", (8, 16), pretrained=state)
    for key, value in trunk.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), state[key])
    del state["dw3.bias"]
    with pytest.raises(ValueError, match=r"(?s)does not fit Backbone:\s+dw3.bias is missing$"):
        backbone("mobilenet_v1_025", (8, 16), pretrained=state)


def test_published_weights_by_name(monkeypatch):
    """``pretrained=True`` asks for the weights of the name, and for nothing else."""
    state = {key: value.numpy().copy() for key, value in backbones.mobilenet_v1(width=0.25).state_dict().items()}
    asked = []
    monkeypatch.setattr(build, "load_pretrained", lambda name: asked.append(name) or state)
    trunk = FeaturePyramid("mobilenet_v1_025", 4, strides=(8, 16), pretrained=True).backbone
    assert asked == ["mobilenet_v1_025"]
    np.testing.assert_array_equal(trunk.pw11.weight.detach().numpy(), state["pw11.weight"])


def test_any_module_with_channels_is_a_backbone():
    class Halves(nn.Module):
        channels = {2: 3}

        def forward(self, images):
            return {2: images[:, :, ::2, ::2]}

    module = Halves()
    assert backbone(module) is module
    assert backbone(module, strides=[2]) is module
    with pytest.raises(
        ValueError, match=r"backbone: strides is \[4\], expected \(2,\): a Halves is given its strides when"
    ):
        backbone(module, strides=[4])


def test_bad_arguments():
    with pytest.raises(ValueError, match="backbone: backbone is 'resnet19', expected one of 'mobilenet_v1',"):
        backbone("resnet19")
    with pytest.raises(
        TypeError, match="backbone: backbone is Linear.*, expected a name .mobilenet_v1, .* or a module"
    ):
        backbone(nn.Linear(2, 3))
    with pytest.raises(TypeError, match="backbone: pretrained is a str, expected True or False"):
        backbone("mobilenet_v1_025", pretrained="weights.pth")
    with pytest.raises(ValueError, match="backbone: pretrained is True beside a module, .* only a network's name says"):
        backbone(backbones.resnet20(), pretrained=True)


# published weights -------------------------------------------------------------------------------------------------

BUILDERS = {
    "mobilenet_v1_025": lambda: backbones.mobilenet_v1(width=0.25),
    "mobilenet_v2": backbones.mobilenet_v2,
    "resnet20": backbones.resnet20,
    "squeezenet1_0": backbones.squeezenet1_0,
}


@pytest.mark.data
@pytest.mark.parametrize("name", BUILDERS)
def test_published_weights_load_strictly(name):
    state = load_pretrained(name)
    model = BUILDERS[name]()
    assert model.load_state_dict(state) == ([], [])
    own = {key for key in model.state_dict() if not key.endswith("num_batches_tracked")}
    assert own == set(state)
    trunk = backbone(name, pretrained=True)
    for key, value in trunk.state_dict().items():
        if key in state:
            np.testing.assert_array_equal(value.numpy(), state[key])


@pytest.mark.data
@pytest.mark.parametrize("name, side", [("mobilenet_v1_025", 128), ("mobilenet_v2", 224), ("squeezenet1_0", 227)])
def test_published_weights_see_a_temple(name, side):
    """On a photograph that comes with scikit-learn: a Chinese temple under trees."""
    names = (pathlib.Path(os.environ["MINIDET_DATA"]) / "weights_small/imagenet_classes.txt").read_text().split("\n")
    picture = Image.fromarray((255 * sample_photograph("china").transpose(1, 2, 0)).round().astype(np.uint8))
    pixels = np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR), np.float32) / 255  # (H, W, 3)
    model = BUILDERS[name]().eval()
    model.load_state_dict(load_pretrained(name))
    with minidet.no_grad():
        scores = model(minidet.tensor(pixels.transpose(2, 0, 1)[None].copy())).numpy()[0]
    best = [names[index] for index in np.argsort(-scores)[:3]]
    assert best[0] in {"bell cote", "monastery", "palace", "stupa"}, best


def test_a_narrow_vgg(undrawn):
    """Three eighths of the channels everywhere."""
    wide, narrow = backbone("vgg11_bn"), backbone("vgg11_bn_0375")
    assert narrow.strides == wide.strides
    assert narrow.channels == {stride: channels * 3 // 8 for stride, channels in wide.channels.items()}


def test_a_backbone_keeps_the_strides_that_it_was_given():
    one = backbone("resnet20", (4,))
    assert backbone(one).strides == (4,)
    assert backbone(one, (2,)).strides == (2,)
    chosen = backbone("resnet20")
    chosen.choose((1, 4))
    assert backbone(chosen).strides == (1, 4)
    assert set(SSD(3, one, extra_layers=1, scales=((0.2,), (0.4,))).backbone.channels) == {4}
