"""What is measured: each case is the same work in minidet and in PyTorch, named by a string that a worker understands.
Two stand beside ONNX Runtime, which only infers.

A case is built by one function that is given a ``backend`` (of ``frameworks.backends``) and returns a callable without
arguments. PyTorch's names are minidet's, so nearly every case is written once for both.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    part: str  # "conv forward", "conv forward + backward", "operations", "training step", "inference", "scaling"
    build: Callable  # build(backend) -> callable
    flops: float = 0.0  # multiplications and additions of the direct method, 0 where that means nothing
    pixels: int = 0  # of all images, where the time for one is told
    warm: Callable | None = None  # the same, tiny: it loads all code before memory is measured
    beside: str = "torch"  # the backend that takes turns with minidet


# (N, C, H, W), F, kernel, stride, padding, dilation, groups
CONVS = [
    ((4, 3, 128, 128), 16, 3, 1, 1, 1, 1),
    ((4, 16, 128, 128), 32, 3, 1, 1, 1, 1),
    ((4, 32, 64, 64), 64, 3, 1, 1, 1, 1),
    ((4, 64, 32, 32), 128, 3, 1, 1, 1, 1),
    ((4, 128, 16, 16), 256, 3, 1, 1, 1, 1),
    ((4, 64, 32, 32), 128, 3, 2, 1, 1, 1),
    ((1, 64, 64, 64), 64, 3, 1, 1, 1, 1),
    ((8, 64, 32, 32), 64, 1, 1, 0, 1, 1),
    ((2, 3, 224, 224), 64, 7, 2, 3, 1, 1),
    ((2, 64, 56, 56), 64, 3, 1, 1, 1, 1),
    ((128, 256, 7, 7), 256, 3, 1, 1, 1, 1),
    ((4, 64, 32, 32), 64, 3, 1, 1, 1, 64),
    ((1, 64, 64, 64), 64, 3, 1, 2, 2, 1),
]


def conv_name(shape, f, k, s, p, d, g) -> str:
    """Describe a convolution in one short string."""
    extra = (f" dilation {d}" if d > 1 else "") + (f" groups {g}" if g > 1 else "")
    return f"({','.join(map(str, shape))})->{f},k{k},s{s},p{p}{extra}"


def conv_flops(shape, f, k, s, p, d, g) -> float:
    """Count 2 N F OH OW (C / groups) k^2."""
    n, c, h, w = shape
    oh, ow = ((side + 2 * p - d * (k - 1) - 1) // s + 1 for side in (h, w))
    return 2.0 * n * f * oh * ow * (c // g) * k * k


def conv_case(spec, backward: bool) -> Case:
    """Forward alone without recording, or forward and all three gradients."""
    shape, f, k, s, p, d, g = spec

    def build(backend):
        conv2d = backend.functional.conv2d
        x = backend.random(shape, grad=backward)
        weight = backend.random((f, shape[1] // g, k, k), grad=backward)
        bias = backend.random((f,), grad=backward)
        if not backward:
            return backend.without_grad(lambda: conv2d(x, weight, bias, s, p, d, g))
        return with_backward(backend, lambda: conv2d(x, weight, bias, s, p, d, g), [x, weight, bias])

    part = "conv forward + backward" if backward else "conv forward"
    return Case(f"{part} {conv_name(*spec)}", part, build, conv_flops(*spec) * (3 if backward else 1))


def with_backward(backend, forward, leaves):
    """Return a callable: forward, then backward with a fixed cotangent, gradients dropped before."""
    cotangent = backend.random(tuple(forward().shape))

    def run():
        for leaf in leaves:
            leaf.grad = None
        forward().backward(cotangent)

    return run


def _layer(shape, make):
    """Forward and backward of a function of one tensor."""

    def build(backend):
        x = backend.random(shape, grad=True)
        forward = make(backend)
        return with_backward(backend, lambda: forward(x), [x])

    return build


def _module(shape, make):
    """Forward and backward of a layer, its parameters included."""

    def build(backend):
        x = backend.random(shape, grad=True)
        layer = make(backend)
        return with_backward(backend, lambda: layer(x), [x, *layer.parameters()])

    return build


def _unpool(backend):
    functional = backend.functional
    x = backend.random((4, 64, 64, 64))
    pooled, indices = functional.max_pool2d(x, 2, return_indices=True)
    pooled = pooled.detach()
    pooled.requires_grad_(True)
    return with_backward(backend, lambda: functional.max_unpool2d(pooled, indices, 2), [pooled])


def _cross_entropy(backend):
    scores = backend.random((4, 12, 180, 240), grad=True)
    labels = backend.integers(12, (4, 180, 240))

    def run():
        scores.grad = None
        backend.functional.cross_entropy(scores, labels).backward()

    return run


def _optimiser(name: str, **options):
    def build(backend):
        parameters = [backend.random((256, 256, 3, 3), grad=True), *(backend.random((64, 64), True) for _ in range(20))]
        for parameter in parameters:
            parameter.grad = backend.random(tuple(parameter.shape))
        return getattr(backend.optim, name)(parameters, lr=1e-6, **options).step

    return build


def _training_step(module: str, name: str, shape, num_classes: int, **arguments):
    """Forward, loss, backward, SGD with momentum."""

    def build(backend):
        model = getattr(backend.model_file(module), name)(num_classes, **arguments)
        optimizer = backend.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
        images = backend.random(shape)
        labels = backend.integers(num_classes, (shape[0], *shape[2:]))

        def run():
            optimizer.zero_grad()
            loss = backend.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            return loss

        return run

    return build


def _classifier_step(module: str, name: str, shape, num_classes: int = 1000):
    """Forward, loss, backward, SGD with momentum, of a network with one answer for each image."""

    def build(backend):
        model = getattr(backend.model_file(module), name)(num_classes)
        optimizer = backend.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
        images, labels = backend.pictures(shape), backend.integers(num_classes, (shape[0],))

        def run():
            optimizer.zero_grad()
            loss = backend.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            return loss

        return run

    return build


def _inference(module: str, name: str, shape):
    """Class scores of a network in evaluation mode, without recording."""

    def build(backend):
        model = getattr(backend.model_file(module), name)()
        model.eval()
        images = backend.pictures(shape)
        return backend.without_grad(lambda: model(images))

    return build


def _scores(module: str, name: str, shape, backend):
    """Class scores as above, but of the same weights and pictures in every backend: they can be compared."""
    return backend.scores(module, name, shape)


def step_case(name: str, model, shape, num_classes: int = 11) -> Case:
    """A whole training step, and the same with one small image to warm up."""
    module, model_name, arguments = model
    build, warm = (
        _training_step(module, model_name, size, num_classes, **arguments) for size in (shape, (1, 3, 64, 64))
    )
    return Case(name, "training step", build, warm=warm)


OPERATIONS = {
    "ConvTranspose2d (4,64,32,32)->32,k4,s2,p1": _module(
        (4, 64, 32, 32), lambda b: b.nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1)
    ),
    "ConvTranspose2d (4,64,32,32)->32,k2,s2": _module(
        (4, 64, 32, 32), lambda b: b.nn.ConvTranspose2d(64, 32, 2, stride=2)
    ),
    "max_pool2d with indices (4,64,64,64) k2": _layer(
        (4, 64, 64, 64), lambda b: lambda x: b.functional.max_pool2d(x, 2, return_indices=True)[0]
    ),
    "max_unpool2d (4,64,32,32) k2": _unpool,
    "avg_pool2d (4,64,64,64) k2": _layer((4, 64, 64, 64), lambda b: lambda x: b.functional.avg_pool2d(x, 2)),
    "bilinear interpolate (4,64,32,32) x2": _layer(
        (4, 64, 32, 32),
        lambda b: lambda x: b.functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
    ),
    "batch_norm, training (4,64,64,64)": _module((4, 64, 64, 64), lambda b: b.nn.BatchNorm2d(64)),
    "relu (4,64,64,64)": _layer((4, 64, 64, 64), lambda b: b.functional.relu),
    "cross_entropy over pixels (4,12,180,240)": _cross_entropy,
    "Linear 1024->1024, batch 64": _module((64, 1024), lambda b: b.nn.Linear(1024, 1024)),
    "SGD step, momentum, 0.7 M parameters": _optimiser("SGD", momentum=0.9),
    "Adam step, 0.7 M parameters": _optimiser("Adam"),
}

DEMO = (
    "models.segmentation.deconvnet",
    "DeconvNet",
    {
        "widths": (16, 32),
        "convs": (1, 2),
        "hidden": 64,
        "hidden_kernel": 5,
    },  # as in training/recipes/segmentation.py
)
SEGNET = ("models.segmentation.segnet", "SegNet", {})
DECONVNET = ("models.segmentation.deconvnet", "DeconvNet", {})
FCN8S = ("models.segmentation.fcn", "FCN8s", {})
UNET = ("models.segmentation.unet", "UNet", {})
UNET_FAST = (*UNET[:2], {"width": 24, "residual": True, "stem_stride": 2})  # UNet.FAST
FULL_RESOLUTION = ("models.segmentation.full_resolution", "FullResolutionFCN", {})
SLIDING_WINDOW = ("models.segmentation.sliding_window", "SlidingWindow", {})
STEPS = [
    step_case("DeconvNet (demo), batch 8, 64x64", DEMO, (8, 3, 64, 64)),
    step_case("SegNet, batch 8, 180x240", SEGNET, (8, 3, 180, 240)),
    step_case("DeconvNet, batch 2, 180x240", DECONVNET, (2, 3, 180, 240)),
    step_case("FCN8s, batch 4, 180x240", FCN8S, (4, 3, 180, 240)),
    step_case("UNet, batch 1, 180x240", UNET, (1, 3, 180, 240)),
    step_case("UNet.FAST, batch 4, 180x240", UNET_FAST, (4, 3, 180, 240)),
    step_case("FullResolutionFCN, batch 1, 180x240", FULL_RESOLUTION, (1, 3, 180, 240)),
    step_case("SlidingWindow, batch 4, 64x64", SLIDING_WINDOW, (4, 3, 64, 64)),
]
MOBILENET = ("models.backbones.mobilenetv2", "mobilenet_v2")
RESNET18 = ("models.backbones.resnet", "resnet18")
CLASSIFIERS = {"MobileNetV2": MOBILENET, "ResNet-18": RESNET18}
CLASSIFIER_STEPS = [
    Case(f"{title}, batch 8, 224x224", "training step", _classifier_step(*model, (8, 3, 224, 224)),
         warm=_classifier_step(*model, (2, 3, 64, 64)))
    for title, model in CLASSIFIERS.items()
]  # fmt: skip
INFERENCE = [
    Case(f"inference {title}, batch {n}, 224x224", "inference", _inference(*model, (n, 3, 224, 224)),
         warm=_inference(*model, (n, 3, 64, 64)))
    for title, model in CLASSIFIERS.items()
    for n in (1, 8)
]  # fmt: skip
ONNX = [
    Case(f"inference beside ONNX Runtime {title}, batch 1, 224x224", "inference beside ONNX Runtime",
         functools.partial(_scores, *model, (1, 3, 224, 224)), beside="onnx")
    for title, model in CLASSIFIERS.items()
]  # fmt: skip
SIZES = [(n, 64) for n in (1, 4, 16, 64)] + [(4, side) for side in (32, 128, 256)]

CASES = [
    *(conv_case(spec, False) for spec in CONVS),
    *(conv_case(spec, True) for spec in CONVS),
    *(Case(name, "operations", build) for name, build in OPERATIONS.items()),
    *STEPS,
    *CLASSIFIER_STEPS,
    *INFERENCE,
    *ONNX,
    *(
        Case(f"DeconvNet (demo), batch {n}, {side}x{side}", "scaling",
             _training_step(*DEMO[:2], (n, 3, side, side), 11, **DEMO[2]), pixels=n * side * side)
        for n, side in SIZES
    ),
]  # fmt: skip
