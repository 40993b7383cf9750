"""Every model in a small size, and its variants: (name in MODELS, arguments)."""

import numpy as np

from minidet.models import MODELS

STAGES = {"widths": (4, 6, 8), "convs": (1, 2, 1)}
FCN = {"widths": (4, 4, 6, 6, 8), "convs": (1, 1, 1, 2, 1), "hidden": 10, "dropout": 0.0}

CASES = {
    "deconvnet": ("deconvnet", {**STAGES, "hidden": 10}),
    "fcn8s": ("fcn8s", FCN),
    "fcn8s, fixed up-sampling": ("fcn8s", {**FCN, "learn_upsampling": False}),
    "fcn16s": ("fcn16s", FCN),
    "fcn32s": ("fcn32s", {**FCN, "hidden_kernel": 5}),
    "full_resolution": ("full_resolution", {"width": 6, "depth": 3}),
    "segnet": ("segnet", STAGES),
    "segnet, bilinear": ("segnet", {**STAGES, "unpool": "bilinear"}),
    "segnet, bed of nails": ("segnet", {**STAGES, "unpool": "bed_of_nails"}),
    "segnet, nearest": ("segnet", {**STAGES, "unpool": "nearest"}),
    "sliding_window": ("sliding_window", {"window": 18, "widths": (6, 8), "kernels": (3, 3), "hidden": 12}),
    "unet": ("unet", {"width": 4, "levels": 3}),
    "unet, residual at half the resolution": ("unet", {"width": 4, "levels": 3, "residual": True, "stem_stride": 2}),
}

SMALL = "mobilenet_v1_025"

#: The same on a backbone; PyTorch's twins of the files have none.
ON_BACKBONE = {
    "fcn8s on a backbone": ("fcn8s", {"backbone": SMALL, "dropout": 0.0}),
    "fcn16s on a backbone": ("fcn16s", {"backbone": SMALL, "dropout": 0.0}),
    "fcn32s on a backbone": ("fcn32s", {"backbone": SMALL, "dropout": 0.0}),
    "unet on a backbone": ("unet", {"backbone": SMALL, "width": 12}),
    "unet on a backbone, residual": ("unet", {"backbone": SMALL, "width": 12, "residual": True}),
}


def build(case: str, num_classes: int):
    """Build a model of the tables, in its small size."""
    name, options = {**CASES, **ON_BACKBONE}[case]
    return MODELS[name].network(num_classes, **options)


def disturb(model, rng):
    """Add noise to every parameter that is learned: layers that start at zero take part then."""
    for parameter in model.parameters():
        if parameter.requires_grad:
            noise = rng.normal(0.0, 0.1, parameter.shape).astype(np.float32)
            parameter._write_array()[...] += noise
    return model


def blocks(rng, num_classes: int, size: int = 32, count: int = 4):
    """Generate two images of count x count coloured blocks with their labels: (2, 3, S, S) float32 and (2, S, S)."""
    side = size // count
    labels = np.kron(rng.integers(0, num_classes, (2, count, count)), np.ones((side, side), int))
    colours = rng.random((num_classes, 3))
    return colours[labels].transpose(0, 3, 1, 2).astype(np.float32), labels
