"""What detectors are trained with."""

from __future__ import annotations

from ..recipe import Recipe

#: Digits are 16 to 28 pixels high and turned by up to 20 degrees: 10 to 30 pixels wide, taller than wide.
DIGITS = {"backbone": "resnet20", "strides": (4,), "anchor_sizes": ((14, 19, 26),), "aspect_ratios": (0.9, 1.5)}
#: From a tenth to half of the picture's side, as wide as high or not.
SHAPES = {"backbone": "resnet20", "strides": (4,), "anchor_sizes": ((16, 26, 42),), "aspect_ratios": (0.6, 1.0, 1.7)}
#: Platelets, red cells, white cells. With --pretrained, the backbone learns at 0.4 of the rate.
CELLS = {
    "backbone": "mobilenet_v2",
    "pyramid": 96,
    "strides": (8, 16, 32),
    "anchor_sizes": ((18, 30), (44, 62), (90, 130)),
    "aspect_ratios": (0.7, 1.0, 1.4),
}

#: Two or three maps; scales as shares of the shorter side, and every ratio both ways.
SSD_DIGITS = {"backbone": "resnet20", "strides": (4,), "extra_layers": 1, "scales": ((0.18, 0.25), (0.32,)),
              "aspect_ratios": (1.6,)}  # fmt: skip
SSD_SHAPES = {"backbone": "resnet20", "strides": (4,), "extra_layers": 2, "aspect_ratios": (1.6,),
              "scales": ((0.17, 0.23), (0.3, 0.38), (0.48,))}  # fmt: skip
SSD_CELLS = {"backbone": "mobilenet_v2", "strides": (8, 16, 32), "extra_layers": 1, "aspect_ratios": (1.5,),
             "scales": ((0.06, 0.085), (0.16, 0.21), (0.28, 0.4), (0.55,))}  # fmt: skip

RECIPES = {
    ("faster_rcnn", "digits"): Recipe(
        "faster_rcnn",
        "digits",
        epochs=12,
        batch_size=8,
        lr=2e-3,
        train_samples=1600,
        test_samples=400,
        quick_samples=8,
        model_args={**DIGITS, "proposals": (300, 100)},
    ),
    ("faster_rcnn", "shapes"): Recipe(
        "faster_rcnn",
        "shapes",
        epochs=8,
        batch_size=8,
        lr=2e-3,
        train_samples=1200,
        test_samples=200,
        quick_samples=8,
        model_args={**SHAPES, "proposals": (300, 100)},
    ),
    ("faster_rcnn", "bccd"): Recipe(
        "faster_rcnn",
        "bccd",
        epochs=24,
        batch_size=4,
        lr=6e-4,
        pretrained_lr=0.4,
        quick_samples=8,
        model_args=CELLS,
    ),
    ("ssd", "digits"): Recipe(
        "ssd",
        "digits",
        epochs=12,
        batch_size=8,
        lr=2e-3,
        train_samples=1600,
        test_samples=400,
        quick_samples=8,
        model_args=SSD_DIGITS,
    ),
    ("ssd", "shapes"): Recipe(
        "ssd",
        "shapes",
        epochs=8,
        batch_size=8,
        lr=2e-3,
        train_samples=1200,
        test_samples=200,
        quick_samples=8,
        model_args=SSD_SHAPES,
    ),
    ("ssd", "bccd"): Recipe(
        "ssd",
        "bccd",
        epochs=24,
        batch_size=4,
        lr=6e-4,
        pretrained_lr=0.4,
        quick_samples=8,
        model_args=SSD_CELLS,
    ),
    ("yolo", "digits"): Recipe(
        "yolo",
        "digits",
        epochs=24,
        batch_size=8,
        lr=1e-3,
        train_samples=1600,
        test_samples=400,
        quick_samples=8,
        model_args={"backbone": "resnet20", "strides": (4,), "grid": 8},
    ),
    ("yolo", "shapes"): Recipe(
        "yolo",
        "shapes",
        epochs=16,
        batch_size=8,
        lr=1e-3,
        train_samples=1200,
        test_samples=200,
        quick_samples=8,
        model_args={"backbone": "resnet20", "strides": (4,), "grid": 12, "width": 256},
    ),
    ("yolo", "bccd"): Recipe(
        "yolo",
        "bccd",
        epochs=48,
        batch_size=4,
        lr=6e-4,
        pretrained_lr=0.4,
        quick_samples=8,
        options={"size": (448, 448), "scale": (0.8, 1.25)},
        model_args={"backbone": "mobilenet_v2", "strides": (32,), "grid": 14, "width": 256},
    ),
}
