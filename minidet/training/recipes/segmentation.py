"""What each segmentation network is trained with: every number a choice that can be read and changed."""

from __future__ import annotations

from ...models import UNet
from ..recipe import Recipe

SCENES = {"epochs": 8, "batch_size": 8, "lr": 3e-3, "train_samples": 1600, "test_samples": 400}  # most of them
STREETS = {"batch_size": 4, "lr": 3e-3}
RARE_COUNT = {"class_weight_power": 0.4}
SCENES_TUNED = {**SCENES, "pretrained_lr": 0.4}
FINE_TUNED = {"batch_size": 8, "lr": 3e-3, "pretrained_lr": 0.4}
WINDOWS = {**RARE_COUNT, "scale": (0.83, 1.67), "degrees": 4.0}  # windows of 0.6 to 1.2 of their size are made as large
MOBILE = {"backbone": "mobilenet_v2"}
FIRST_FROZEN = {"pretrained_options": {"frozen_until": 4}}  # edges and colours need no change
LIGHT = {**MOBILE, "residual": True, "width": 64}  # sums, and one convolution a stage
FOUR_STAGES = {"widths": (16, 32, 64, 96), "convs": (1, 2, 2, 2)}

RECIPES = {
    ("deconvnet", "digits"): Recipe(
        "deconvnet",
        "digits",
        **{**SCENES, "lr": 8e-3},
        model_args={"widths": (16, 32), "convs": (1, 2), "hidden": 64, "hidden_kernel": 5},
    ),
    ("deconvnet", "shapes"): Recipe(
        "deconvnet", "shapes", **SCENES, model_args={"widths": (16, 32, 64), "convs": (1, 2, 2), "hidden": 96}
    ),
    ("segnet", "digits"): Recipe(
        "segnet",
        "digits",
        **{**SCENES, "batch_size": 32, "lr": 4e-3, "train_samples": 2048},
        options={"class_weight_power": 0.25},
        model_args=FOUR_STAGES,
    ),
    ("segnet", "shapes"): Recipe(
        "segnet",
        "shapes",
        **{**SCENES, "epochs": 6, "batch_size": 16, "lr": 4e-3},
        options={"class_weight_power": 0.25},
        model_args=FOUR_STAGES,
    ),
    ("segnet", "camvid"): Recipe("segnet", "camvid", epochs=14, **STREETS, options=RARE_COUNT, model_args=FOUR_STAGES),
    ("deconvnet", "camvid"): Recipe(
        "deconvnet", "camvid", epochs=18, **{**STREETS, "lr": 6e-3}, options=RARE_COUNT, model_args=FOUR_STAGES
    ),
    ("fcn32s", "digits"): Recipe("fcn32s", "digits", **SCENES),
    ("fcn32s", "shapes"): Recipe("fcn32s", "shapes", **SCENES),
    ("fcn32s", "camvid"): Recipe("fcn32s", "camvid", epochs=16, **STREETS, options=RARE_COUNT),
    ("fcn16s", "digits"): Recipe("fcn16s", "digits", **SCENES),
    ("fcn16s", "shapes"): Recipe("fcn16s", "shapes", **SCENES),
    ("fcn16s", "camvid"): Recipe("fcn16s", "camvid", epochs=16, **STREETS, options=RARE_COUNT),
    ("fcn8s", "digits"): Recipe("fcn8s", "digits", **SCENES),
    ("fcn8s", "shapes"): Recipe("fcn8s", "shapes", **SCENES),
    ("fcn8s", "camvid"): Recipe("fcn8s", "camvid", epochs=16, **STREETS, options=RARE_COUNT),
    ("full_resolution", "digits"): Recipe("full_resolution", "digits", **SCENES, model_args={"width": 16}),
    ("full_resolution", "shapes"): Recipe("full_resolution", "shapes", **SCENES, model_args={"width": 16}),
    ("full_resolution", "camvid"): Recipe(
        "full_resolution", "camvid", epochs=6, **STREETS, options=RARE_COUNT, model_args={"width": 24}
    ),
    ("sliding_window", "digits"): Recipe("sliding_window", "digits", **SCENES),
    ("sliding_window", "shapes"): Recipe("sliding_window", "shapes", **SCENES),
    ("sliding_window", "camvid"): Recipe("sliding_window", "camvid", epochs=5, **STREETS, options=RARE_COUNT),
    ("unet", "digits"): Recipe("unet", "digits", **SCENES, model_args={"width": 12}),
    ("unet", "shapes"): Recipe("unet", "shapes", **SCENES, model_args={"width": 12}),
    ("unet", "camvid"): Recipe(
        "unet",
        "camvid",
        epochs=40,
        **STREETS,
        options={**RARE_COUNT, "scale": (0.8, 1.6), "degrees": 4.0},
        model_args=UNet.FAST,
    ),
}

#: What takes their place where a backbone is asked for: ``minidet train unet --data camvid --pretrained``.
ON_BACKBONE = {
    ("fcn32s", "digits"): Recipe("fcn32s", "digits", **SCENES_TUNED, model_args=MOBILE),
    ("fcn32s", "shapes"): Recipe("fcn32s", "shapes", **SCENES_TUNED, model_args=MOBILE),
    ("fcn32s", "camvid"): Recipe("fcn32s", "camvid", epochs=30, **FINE_TUNED, options=WINDOWS, model_args=MOBILE),
    ("fcn16s", "digits"): Recipe("fcn16s", "digits", **SCENES_TUNED, model_args=MOBILE),
    ("fcn16s", "shapes"): Recipe("fcn16s", "shapes", **SCENES_TUNED, model_args=MOBILE),
    ("fcn16s", "camvid"): Recipe("fcn16s", "camvid", epochs=30, **FINE_TUNED, options=WINDOWS, model_args=MOBILE),
    ("fcn8s", "digits"): Recipe("fcn8s", "digits", **SCENES_TUNED, model_args=MOBILE),
    ("fcn8s", "shapes"): Recipe("fcn8s", "shapes", **SCENES_TUNED, model_args=MOBILE),
    ("fcn8s", "camvid"): Recipe("fcn8s", "camvid", epochs=30, **FINE_TUNED, options=WINDOWS, model_args=MOBILE),
    ("unet", "digits"): Recipe("unet", "digits", **SCENES_TUNED, model_args=LIGHT),
    ("unet", "shapes"): Recipe("unet", "shapes", **SCENES_TUNED, model_args=LIGHT),
    ("unet", "camvid"): Recipe(
        "unet",
        "camvid",
        epochs=36,
        **FINE_TUNED,
        **FIRST_FROZEN,
        options={**WINDOWS, "class_weight_power": 0.25},
        model_args=LIGHT,
    ),
}
