"""The tables are the networks: parameters and multiply-adds are those that others published, or that a model has."""

import importlib

import numpy as np
import pytest

from benchmarks.networks import classifiers, detectors, segmenters
from benchmarks.networks.layers import walk
from benchmarks.networks.table import FOCUS, NETWORKS, all_views, distinct, select
from minidet import nn, no_grad, tensor

RESNET50_FC = 2048 * 1000 + 1000

# torchvision's num_params, less the linear layers, and less two per channel that is normalised; its multiply-adds
# (in 10^9, "_ops"), less the linear layers'. VGG16's three layers have 25088 x 4096, 4096 x 4096 and 4096 x 1000.
PUBLISHED = {
    "resnet18": (11_689_512, 512 * 1000 + 1000, True, 1.814, 512 * 1000),
    "resnet50": (25_557_032, RESNET50_FC, True, 4.089, 2048 * 1000),
    "mobilenet_v2": (3_504_872, 1280 * 1000 + 1000, True, 0.301, 1280 * 1000),
    "vgg16": (138_357_544, 25089 * 4096 + 4097 * 4096 + 4097 * 1000, False, 15.47, 29184 * 4096 + 4096 * 1000),
    "squeezenet1_0": (1_248_424, 0, False, 0.819, 0),
}


def parameters(shapes):
    return sum(shape.parameters for shape in shapes)


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_are_the_published_ones(name):
    total, linear, normalised, _, _ = PUBLISHED[name]
    shapes = walk(NETWORKS[name][0](), (224, 224), 1)
    norms = 2 * sum(shape.f for shape in shapes) if normalised else 0
    assert parameters(shapes) == total - linear - norms
    assert all(shape.bias != normalised for shape in shapes)


def test_the_convolutions_of_resnet18():
    assert parameters(walk(classifiers.resnet18(), (224, 224), 2)) == 11_166_912


@pytest.mark.parametrize("name", PUBLISHED)
def test_multiply_adds_are_the_published_ones(name):
    billions, linear = PUBLISHED[name][3:]
    shapes = walk(NETWORKS[name][0](), (224, 224), 3)
    digits = 10 ** (2 if name == "vgg16" else 3)
    whole = sum(shape.multiply_adds for shape in shapes) / 3 + linear
    assert round(whole / 1e9 * digits) == round(billions * digits)


def test_the_parts_of_faster_mask_and_keypoint_rcnn():
    # torchvision's fasterrcnn_resnet50_fpn: its normalisation is frozen, which has no parameters
    resnet50, pyramid = (parameters(walk(rows(), (224, 224), 1)) for rows in (classifiers.resnet50, detectors.fpn))
    one_level = parameters(walk(detectors.rpn(strides=(4,)), (224, 224), 1))
    linear = 12545 * 1024 + 1025 * 1024 + 1025 * 91 + 1025 * 4 * 91
    assert resnet50 + pyramid + one_level + linear == 41_755_286
    mask, keypoint = (parameters(walk(rows(), (14, 14), 2)) for rows in (detectors.mask_head, detectors.keypoint_head))
    assert 41_755_286 + mask == 44_401_393
    assert 41_755_286 - 1025 * 5 * (91 - 2) + keypoint == 59_137_258  # keypointrcnn_resnet50_fpn has two classes


def test_the_proposals_share_a_head_over_five_maps():
    one, all_five = walk(detectors.rpn(strides=(4,)), (224, 224), 1), walk(detectors.rpn(), (224, 224), 1)
    assert parameters(all_five) == 5 * parameters(one)
    assert [shape.h for shape in all_five if shape.k == 3] == [56, 28, 14, 7, 4]


def test_ssd300_is_torchvision_s():
    # ssd300_vgg16: VGG16's 13 convolutions, and a scale for each of the 512 channels of conv4_3
    backbone = parameters(walk(classifiers.vgg16(), (300, 300), 1))
    shapes = walk(detectors.ssd300(), (300, 300), 1)
    assert backbone + 512 + parameters(shapes) == 35_641_826
    assert [shape.h for shape in shapes if shape.f in (4 * 91, 6 * 91)] == [38, 19, 10, 5, 3, 1]  # figure 2


def test_tiny_yolo_is_the_published_file():
    # yolov2-tiny-voc.weights: 63,471,556 bytes, of which 16 are a head; four numbers per normalised channel
    shapes = walk(detectors.tiny_yolo(), (416, 416), 1)
    assert 4 * (parameters(shapes) + 4 * sum(shape.f for shape in shapes[:-1])) + 16 == 63_471_556
    assert shapes[-1].output_size == (13, 13)


def test_yolo_has_a_grid_of_seven():
    assert walk(detectors.yolo_head(), (224, 224), 1)[-1].output_size == (7, 7)


def called_shapes(model, images):
    """Return what every convolution of a model of minidet was called with."""
    calls = []

    def note(layer, args, _output):
        transposed = isinstance(layer, nn.ConvTranspose2d)
        sizes = (layer.kernel_size, layer.stride, layer.padding, layer.dilation)
        assert all(a == b for a, b in sizes)
        k, s, p, d = (a for a, _ in sizes)
        n, c, h, w = args[0].shape
        bias = layer.bias is not None
        calls.append((n, c, h, w, layer.out_channels, k, s, p, d, layer.groups, bias, transposed))

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(note)
    with no_grad():
        model(tensor(np.zeros(images, np.float32)))
    return calls


@pytest.mark.slow
@pytest.mark.parametrize(
    "rows, module, name, arguments",
    [
        (segmenters.unet, "unet", "UNet", {}),
        (segmenters.unet_fast, "unet", "UNet", {"width": 24, "residual": True, "stem_stride": 2}),
        (segmenters.segnet, "segnet", "SegNet", {}),
    ],
    ids=["unet", "unet_fast", "segnet"],
)
@pytest.mark.parametrize("size", [(180, 240), (46, 38)])
def test_minidet_s_own_networks_are_called_with_these(rows, module, name, arguments, size):
    model = getattr(importlib.import_module(f"minidet.models.segmentation.{module}"), name)(11, **arguments).eval()
    shapes = walk(rows(), size, 2)
    expected = [tuple(vars(shape).values())[:-1] for shape in shapes]
    assert sorted(expected) == sorted(called_shapes(model, (2, 3, *size)))
    assert [shape.image for shape in shapes] == [True] + [False] * (len(shapes) - 1)


def test_every_map_exists_and_only_pictures_have_three_channels():
    for view in all_views():
        for shape in view.shapes:
            assert min(shape.output_size) >= 1, (view.name, shape)
            assert shape.c % shape.g == shape.f % shape.g == 0, (view.name, shape)
            assert shape.image == (shape.c == 3 and view.network != "focus"), (view.name, shape)


def test_a_view_has_each_shape_once_with_its_calls():
    (view,) = select(["resnet18"], [(224, 224)], [2])
    assert view.name == "resnet18, 224x224, batch 2"
    assert sum(view.shapes.values()) == 20
    calls = {shape.name: times for shape, times in view.shapes.items()}
    assert calls["(2,64,56,56)->64,k3,s1,p1"] == 4
    assert calls["(2,512,7,7)->512,k3,s1,p1"] == 3
    assert calls["(2,3,224,224)->64,k7,s2,p3 no input gradient"] == 1


def test_names_tell_shapes_apart():
    shapes = distinct(all_views())
    assert len({shape.name for shape in shapes}) == len(shapes)


def test_choices():
    assert {view.network for view in select(["resnet"], [(320, 240)])} == {"resnet18", "resnet50"}
    assert {view.batch for view in select(["vgg16", "fpn64"], batches=[1, 8])} == {1, 8}
    assert {view.size for view in select(batches=[128])} == {(7, 7), (14, 14)}
    assert select(["focus"], batches=[2]) == []
    assert select(["no such network"]) == []


def test_the_short_list_has_to_be_named():
    assert "focus" not in {view.network for view in select()}
    (view,) = select(["focus"])
    assert list(view.shapes) == FOCUS
    names = {shape.name for shape in FOCUS}
    assert len(names) == 18
    assert "(2,96,112,112)->96,k3,s2,p1 groups 96 bias" in names
    assert "(1,128,32,32)->128,k3,s1,p4 dilation 4 bias" in names
    assert "(4,32,32,32)->32,k7,s1,p3 bias" in names


def test_equal_shapes_of_two_networks_are_one():
    views = select(["resnet18", "resnet50"], [(224, 224)], [1])
    stems = [shape for shape in distinct(views) if shape.image]
    assert len(stems) == 1
    assert len(distinct(views)) < sum(len(view.shapes) for view in views)
