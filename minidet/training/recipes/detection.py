"""What detectors are trained with."""

from __future__ import annotations

from dataclasses import replace

from ...data.skeleton import PAIRS
from ...metrics.pose import SIGMAS
from ..recipe import Recipe

#: Digits are 16 to 28 pixels high and turned by up to 20 degrees: 10 to 30 pixels wide, taller than wide.
DIGITS = {"backbone": "resnet20", "strides": (4,), "anchor_sizes": ((14, 19, 26),), "aspect_ratios": (0.9, 1.5)}
#: From a tenth to half of the picture's side, as wide as high or not.
SHAPES = {"backbone": "resnet20", "strides": (4,), "anchor_sizes": ((16, 26, 42),), "aspect_ratios": (0.6, 1.0, 1.7)}
#: Platelets, red cells, white cells, in pictures that are enlarged by a third: platelets have 20 pixels. With
#: --pretrained, the backbone learns at 0.4 of the rate.
CELLS = {
    "backbone": "mobilenet_v2",
    "pyramid": 96,
    "strides": (8, 16, 32),
    "anchor_sizes": ((24, 40), (58, 82), (120, 173)),
    "aspect_ratios": (0.7, 1.0, 1.4),
}

#: The pyramid sees nuclei of 8 to 100 pixels.
NUCLEI = {
    "backbone": "mobilenet_v2",
    "pyramid": 64,
    "strides": (4, 8, 16),
    "anchor_sizes": ((10, 18), (28, 42), (64, 96)),
    "aspect_ratios": (0.7, 1.0, 1.4),
}
#: People are 54 to 115 pixels high. The backbone is that of the chapter on poses.
PEOPLE = {
    "backbone": "vgg11_bn_0375",
    "pyramid": 64,
    "strides": (4, 8, 16),
    "anchor_sizes": ((36,), (56,), (80,)),
    "aspect_ratios": (1.0, 1.7, 2.6),
}

#: Two or three maps; scales as shares of the shorter side, and every ratio both ways.
SSD_DIGITS = {"backbone": "resnet20", "strides": (4,), "extra_layers": 1, "scales": ((0.18, 0.25), (0.32,)),
              "aspect_ratios": (1.6,)}  # fmt: skip
SSD_SHAPES = {"backbone": "resnet20", "strides": (4,), "extra_layers": 2, "aspect_ratios": (1.6,),
              "scales": ((0.17, 0.23), (0.3, 0.38), (0.48,))}  # fmt: skip
SSD_CELLS = {"backbone": "mobilenet_v2", "strides": (8, 16, 32), "extra_layers": 1, "aspect_ratios": (1.5,),
             "scales": ((0.06, 0.085), (0.16, 0.21), (0.28, 0.4), (0.55,))}  # fmt: skip

#: A window of 20 x 20 pixels: convolutions leave 16, 8, 6 and 3 rows, then comes the first fully connected layer.
WINDOWS = {"window": 20, "widths": (24, 48), "kernels": (5, 3), "hidden": 128, "scales_per_octave": 2}
#: R-CNN sees one crop at a time, so that it needs a network that is cheap; features of a region are 4 x 128 numbers.
CROPS = {"backbone": "mobilenet_v1_025", "stride": 16, "crop_size": 64, "context": 8}

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
        epochs=18,
        batch_size=4,
        lr=6e-4,
        pretrained_lr=0.4,
        quick_samples=8,
        options={"min_size": 320, "scale": (0.8, 1.25), "vertical_flip": 0.5},
        model_args=CELLS,
    ),
    ("mask_rcnn", "digits"): Recipe(
        "mask_rcnn",
        "digits",
        epochs=10,
        batch_size=8,
        lr=2e-3,
        train_samples=1600,
        test_samples=400,
        quick_samples=8,
        options={"masks": True},
        model_args={**DIGITS, "proposals": (300, 100), "mask_layers": (48, 48), "rois_per_image": 64},
    ),
    ("mask_rcnn", "shapes"): Recipe(
        "mask_rcnn",
        "shapes",
        epochs=19,
        batch_size=8,
        lr=2e-3,
        train_samples=1200,
        test_samples=200,
        quick_samples=8,
        options={"masks": True},
        model_args={**SHAPES, "proposals": (300, 100), "mask_layers": (48, 48), "rois_per_image": 64},
    ),
    ("mask_rcnn", "figures"): Recipe(
        "mask_rcnn",
        "figures",
        epochs=13,
        batch_size=4,
        lr=2e-3,
        train_samples=1200,
        test_samples=200,
        quick_samples=8,
        options={"keypoints": True},
        model_args={
            **PEOPLE,
            "proposals": (200, 60),
            "mask_size": None,
            "num_keypoints": 14,
            "keypoint_layers": (64, 64, 64, 64),
            "kpt_oks_sigmas": SIGMAS,
            "keypoint_pairs": PAIRS,
            "rois_per_image": 32,
        },
    ),
    ("mask_rcnn", "nuclei"): Recipe(
        "mask_rcnn",
        "nuclei",
        epochs=22,
        batch_size=2,
        lr=1e-3,
        pretrained_lr=0.4,
        quick_samples=4,
        options={"masks": True, "max_dets": 250, "scale": (0.8, 1.25), "vertical_flip": 0.5},
        model_args={**NUCLEI, "detections_per_img": 250, "proposals": (600, 400), "mask_layers": (64, 64, 64, 64)},
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
        epochs=19,
        batch_size=4,
        lr=6e-4,
        pretrained_lr=0.4,
        quick_samples=8,
        options={"min_size": 320, "scale": (0.8, 1.25), "vertical_flip": 0.5},
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
        model_args={"backbone": "resnet20", "strides": (4,), "grid": 8, "width": None, "dropout": 0.0},
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
        model_args={"backbone": "resnet20", "strides": (4,), "grid": 12, "width": None, "dropout": 0.0},
    ),
    ("yolo", "bccd"): Recipe(
        "yolo",
        "bccd",
        epochs=24,
        batch_size=4,
        lr=6e-4,
        pretrained_lr=0.4,
        quick_samples=8,
        options={"size": (448, 448), "scale": (0.8, 1.25)},
        model_args={"backbone": "mobilenet_v2", "strides": (32,), "grid": 14, "width": None, "dropout": 0.0},
    ),
    # Selective search in the "fast" mode takes 4 ms for a scene of digits, 7 for one of shapes, and 60 for a picture of
    # blood cells, on one core. Of the digits it has a box with IoU 0.5 for 96 %, "single" for 55 % in 2 ms. Beside a
    # step of training that is little: scenes are new in every epoch, and are searched as they come. Photographs are
    # searched once, before the first epoch.
    ("fast_rcnn", "digits"): Recipe(
        "fast_rcnn",
        "digits",
        epochs=12,
        batch_size=8,
        lr=2e-3,
        train_samples=1600,
        test_samples=400,
        quick_samples=8,
        model_args={"backbone": "resnet20", "strides": (4,)},
    ),
    ("fast_rcnn", "shapes"): Recipe(
        "fast_rcnn",
        "shapes",
        epochs=8,
        batch_size=8,
        lr=2e-3,
        train_samples=1200,
        test_samples=200,
        quick_samples=8,
        model_args={"backbone": "resnet20", "strides": (4,)},
    ),
    ("fast_rcnn", "bccd"): Recipe(
        "fast_rcnn",
        "bccd",
        epochs=24,
        batch_size=4,
        lr=6e-4,
        pretrained_lr=0.4,
        quick_samples=8,
        options={"min_size": 240},
        model_args={"backbone": "mobilenet_v2", "pyramid": 96, "strides": (4, 8, 16)},
    ),
    # Trained stage by stage: an epoch of fine-tuning is a batch of 32 objects and 96 others for every batch_size
    # pictures, which are the same in every epoch. Features of a region take 1 to 2 kB on the disk, of all 0.1 to 0.4
    # GB.
    # The SVMs' C is small, and so are margins: the surest regions of a test score 0.4 to 0.6.
    ("rcnn", "digits"): Recipe(
        "rcnn",
        "digits",
        epochs=4,
        batch_size=4,
        lr=2e-2,
        weight_decay=5e-4,
        train_samples=1200,
        test_samples=200,
        quick_samples=4,
        options={"score": 0.4},
        model_args={**CROPS, "stride": 8, "crop_size": 32, "context": 4},
    ),
    ("rcnn", "shapes"): Recipe(
        "rcnn",
        "shapes",
        epochs=4,
        batch_size=4,
        lr=2e-2,
        weight_decay=5e-4,
        train_samples=1200,
        test_samples=200,
        quick_samples=4,
        options={"score": 0.4},
        model_args={**CROPS, "stride": 8, "crop_size": 32, "context": 4},
    ),
    ("rcnn", "bccd"): Recipe(
        "rcnn",
        "bccd",
        epochs=8,
        batch_size=4,
        lr=1e-2,
        weight_decay=5e-4,
        quick_samples=4,
        options={"min_size": 240, "score": 0.4},
        model_args={**CROPS, "max_proposals": 800},
    ),
    # Windows are boxes as they are: sizes and shapes as those of the anchors above.
    ("sliding_window_detector", "digits"): Recipe(
        "sliding_window_detector",
        "digits",
        epochs=8,
        batch_size=8,
        lr=2e-3,
        train_samples=1600,
        test_samples=400,
        quick_samples=8,
        model_args={**WINDOWS, "smallest": 15, "aspect_ratios": (0.9, 1.5)},
    ),
    ("sliding_window_detector", "shapes"): Recipe(
        "sliding_window_detector",
        "shapes",
        epochs=8,
        batch_size=8,
        lr=2e-3,
        train_samples=1200,
        test_samples=200,
        quick_samples=8,
        model_args={**WINDOWS, "smallest": 14, "aspect_ratios": (0.6, 1.0, 1.7)},
    ),
    ("sliding_window_detector", "bccd"): Recipe(
        "sliding_window_detector",
        "bccd",
        epochs=16,
        batch_size=4,
        lr=2e-3,
        quick_samples=4,
        options={"min_size": 240},
        model_args={**WINDOWS, "smallest": 11, "aspect_ratios": (0.8, 1.2)},
    ),
}
#: One's own photographs with masks, in COCO's form: as the nuclei.
RECIPES["mask_rcnn", "coco"] = replace(RECIPES["mask_rcnn", "nuclei"], data="coco")
