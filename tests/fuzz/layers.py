"""Calls of layers. They take the arguments of their function: the layer is built, gets these parameters, and is called."""

import functools

import numpy as np

from minidet import nn

from . import elementwise, images, linear, losses, norm, shapes
from .operation import Operation

FUNCTIONS = {
    operation.name: operation
    for module in (elementwise, images, linear, losses, norm, shapes)
    for operation in module.OPERATIONS
}


def layer(name, function, call, **changes):
    """Make an operation of a layer: its function's draws and references, another call."""
    of = FUNCTIONS[function]
    fields = {"draw": of.draw, "reference": of.reference, "steps": of.steps, "loose": of.loose, "own_nan": of.own_nan,
              "torch": of.torch and of.pytorch}  # fmt: skip
    return Operation(f"nn.{name}", call=functools.partial(call, getattr(nn, name)), **{**fields, **changes})


def keep(module, **parameters):
    """Put tensors in the place of a layer's parameters, so that gradients come to them."""
    for name, value in parameters.items():
        if value is not None:
            module._parameters[name] = value
    return module


def options_first(build, x, *options, **named):
    """layer(options)(x)"""
    return build(*options, **named)(x)


def loss(build, x, target, *options, **named):
    return build(*options, **named)(x, target)


def margin_loss(build, x, target, **named):
    return build(**named)(x, target)


def convolution(transposed, build, x, weight, bias=None, **options):
    channels, filters = (weight.shape[0], weight.shape[1]) if transposed else (weight.shape[1], weight.shape[0])
    groups = options.get("groups", 1)
    channels, filters = (channels, filters * groups) if transposed else (channels * groups, filters)
    module = build(channels, filters, weight.shape[2:], bias=bias is not None, **options)
    return keep(module, weight=weight, bias=bias)(x)


def linear_layer(build, x, weight, bias=None):
    module = build(max(weight.shape[1], 1), max(weight.shape[0], 1), bias is not None)
    return keep(module, weight=weight, bias=bias)(x)


def unpool_layer(build, x, indices, kernel, stride=None, padding=0, output_size=None):
    return build(kernel, stride, padding)(x, indices, output_size)


def nails_layer(build, x, kernel, stride=None):
    return build(kernel, stride)(x)


def nails(d):
    args, options = images.nails(d)
    return args, {key: value for key, value in options.items() if key == "stride"}


def batch_norm_layer(build, x, mean, var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    tracked = mean is not None
    module = build(x.shape[1], eps, momentum, weight is not None, tracked, bias=bias is not None)
    keep(module, weight=weight, bias=bias).train(training)
    if not tracked:
        return (module(x),)
    module._buffers["running_mean"], module._buffers["running_var"] = mean.clone(), var.clone()
    return module(x), module.running_mean, module.running_var


def batch_norm_draw(low, high):
    def draw(d):
        args, options = norm.batch_norm(d)
        x = args[0]
        if not low <= len(x.shape) <= high:
            x = d.array((*x.shape[:2], 3, 2)[:high], x.dtype)
        return (x, *args[1:]), options

    return draw


def frozen(build, x, mean, var, weight, bias, eps=1e-5):
    module = build(x.shape[1], eps)
    for name, value in (("weight", weight), ("bias", bias), ("running_mean", mean), ("running_var", var)):
        module._buffers[name] = value
    return module(x)


def frozen_draw(d):
    shape, dtype = (d.pick(1, 2, 0), d.pick(1, 2, 3, 17), d.size(empty=False), d.size(empty=False)), d.float()
    mean, weight, bias = (d.array(shape[1:2], dtype, grad=False) for _ in range(3))
    var = d.array(shape[1:2], dtype, "uniform", grad=False, low=0.1, high=3)
    return (d.array(shape, dtype), mean, var, weight, bias), {}


def group_norm_layer(build, x, groups, weight=None, bias=None, eps=1e-5):
    module = build(groups, x.shape[1], eps, weight is not None, bias=bias is not None)
    return keep(module, weight=weight, bias=bias)(x)


def l2_norm_layer(build, x, weight, eps=1e-10):
    return keep(build(x.shape[1], eps=eps), weight=weight)(x)


def dropout_layer(planes, build, x, p, training):
    def function(values, p, training, rng):
        return build(p, rng=rng).train(training)(values)

    return norm.masked(function, planes)(x, p, training)


def flatten_draw(d):
    (x, *dims), _ = shapes.flatten(d)
    return ((x, *dims) if dims else (x, 0)), {}


def resized(build, x, **options):
    return build(**options)(x)


OPERATIONS = [
    *(layer(name, function, options_first) for name, function in (
        ("ReLU", "F.relu"), ("ReLU6", "F.relu6"), ("LeakyReLU", "F.leaky_relu"), ("Sigmoid", "F.sigmoid"),
        ("Tanh", "F.tanh"), ("Softplus", "F.softplus"), ("Softmax", "F.softmax"), ("LogSoftmax", "F.log_softmax"),
        ("MaxPool2d", "F.max_pool2d"), ("AvgPool2d", "F.avg_pool2d"), ("AdaptiveAvgPool2d", "F.adaptive_avg_pool2d"),
        ("AdaptiveMaxPool2d", "F.adaptive_max_pool2d"), ("LocalResponseNorm", "F.local_response_norm"))),
    layer("Flatten", "minidet.flatten", options_first, draw=flatten_draw),
    layer("Upsample", "F.interpolate", resized),
    layer("MaxUnpool2d", "F.max_unpool2d", unpool_layer),
    layer("BedOfNails2d", "F.bed_of_nails2d", nails_layer, draw=nails),
    *(layer(f"Conv{axes}d", f"F.conv{axes}d", functools.partial(convolution, False)) for axes in (1, 2)),
    *(layer(f"ConvTranspose{axes}d", f"F.conv_transpose{axes}d", functools.partial(convolution, True))
      for axes in (1, 2)),
    layer("Linear", "F.linear", linear_layer),
    layer("BatchNorm1d", "F.batch_norm", batch_norm_layer, draw=batch_norm_draw(2, 3)),
    layer("BatchNorm2d", "F.batch_norm", batch_norm_layer, draw=batch_norm_draw(4, 4)),
    layer("FrozenBatchNorm2d", "F.batch_norm", frozen, draw=frozen_draw, torch=None,
          reference=lambda *args: norm.batch_norm_reference(*args)[0]),
    layer("GroupNorm", "F.group_norm", group_norm_layer),
    layer("L2Norm", "F.l2_norm", l2_norm_layer),
    layer("Dropout", "F.dropout", functools.partial(dropout_layer, False)),
    layer("Dropout2d", "F.dropout2d", functools.partial(dropout_layer, True)),
    *(layer(name, function, loss) for name, function in (
        ("MSELoss", "F.mse_loss"), ("L1Loss", "F.l1_loss"), ("SmoothL1Loss", "F.smooth_l1_loss"),
        ("HuberLoss", "F.huber_loss"), ("BCELoss", "F.binary_cross_entropy"),
        ("BCEWithLogitsLoss", "F.binary_cross_entropy_with_logits"), ("CrossEntropyLoss", "F.cross_entropy"),
        ("NLLLoss", "F.nll_loss"), ("MultiMarginLoss", "F.multi_margin_loss"))),
    Operation("nn.Identity", lambda d: ((d.array(d.shape(), d.float()),), {}), np.array, lambda x: x * 1,
              lambda x: nn.Identity()(x) * 1),
]  # fmt: skip
