"""What each pose network is trained with: every number a choice that can be read and changed."""

from __future__ import annotations

from ..recipe import Recipe

FIGURES = {"batch_size": 16, "lr": 2e-3, "train_samples": 1600, "test_samples": 400}
FIGURES_OPTIONS = {"size": 96}
SMALL = {"backbone": "mobilenet_v1_025"}  # enough for generated people, from untrained weights
LSPET = {"batch_size": 16, "lr": 2e-3, "pretrained_lr": 0.45}
SPORTS = {"options": {"degrees": 30.0, "scale": (0.8, 1.2)}, "pretrained_options": {"frozen_until": 4}}
COARSE = {"options": {"degrees": 20.0, "scale": (0.85, 1.15)}, "pretrained_options": {"frozen_until": 8}}
LARGER = {"backbone": "mobilenet_v2"}  # and `--pretrained`: from untrained weights, 1600 people are few

RECIPES = {
    ("pose", "figures"): Recipe(
        "pose",
        "figures",
        epochs=16,
        **{**FIGURES, "lr": 4e-3},
        options=FIGURES_OPTIONS,
        model_args={"backbone": "vgg11_bn_0375", "width": 48},
    ),
    ("pose_regression", "figures"): Recipe(
        "pose_regression", "figures", epochs=10, **FIGURES, options=FIGURES_OPTIONS, model_args=SMALL
    ),
    ("pose_cascade", "figures"): Recipe(
        "pose_cascade", "figures", epochs=10, **FIGURES, options=FIGURES_OPTIONS, model_args=SMALL
    ),
    ("pose", "lspet"): Recipe("pose", "lspet", epochs=24, **LSPET, **SPORTS, model_args=LARGER),
    ("pose_regression", "lspet"): Recipe("pose_regression", "lspet", epochs=10, **LSPET, **COARSE, model_args=LARGER),
    ("pose_cascade", "lspet"): Recipe("pose_cascade", "lspet", epochs=13, **LSPET, **COARSE, model_args=LARGER),
}
