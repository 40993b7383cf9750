"""What classification with localisation is trained with."""

from __future__ import annotations

from ..recipe import Recipe

RECIPES = {
    ("localization", "shapes"): Recipe(
        "localization",
        "shapes",
        epochs=20,
        batch_size=32,
        lr=6e-3,
        train_samples=3200,
        test_samples=400,
        options={"size": (64, 64)},
        model_args={"backbone": "vgg11_bn_0375", "stride": 16, "box_weight": 4.0},
    ),
    ("localization", "bccd"): Recipe(
        "localization",
        "bccd",
        epochs=12,
        batch_size=16,
        lr=2e-3,
        pretrained_lr=0.4,
        model_args={"backbone": "mobilenet_v1_025"},
    ),
}
