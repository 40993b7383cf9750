"""What happens behind the box head of Mask R-CNN: masks on their grid, pasted and cut; maps of joints."""

from __future__ import annotations

import time

import numpy as np

from ....models.detection import KeypointRCNNPredictor, MaskRCNNPredictor
from ....models.detection.two_stage.branches import joint_reader
from ....models.detection.two_stage.mask_head import mask_probabilities
from ....ops import paste_masks_in_image
from ....ops.masks import crop_masks
from ....viz import overlay_objects
from ....viz.explain import Call, Picture, Stage, heat, shape_of, source_of

SHOWN = 3  # objects that are followed
SIDE = 320  # pixels of pictures side by side
WORDS = {
    "masks on their grid": (
        "Of each final box, the mask of the class that the box head chose: the sigmoid of the head's last map. The "
        "time is that of the last layers."
    ),
    "masks pasted": (
        "Each mask is stretched over its box, bin centres to pixel centres, bilinearly; where it is at least 0.5, the "
        "object is."
    ),
    "mask targets": (
        "In training it goes the other way round: the object's true mask is cut to the region, and the share of each "
        "bin that it covers is the target. Here so is cut what was found."
    ),
    "maps of joints": (
        "Of each final box a map for each joint, of which a softmax over all bins makes probabilities. Drawn: the "
        "highest of all joints' in each bin."
    ),
    "joints": "The highest place of each joint's map, once it is stretched over the box, bicubically.",
}


def is_branch(call: Call) -> bool:
    """Tell whether a recorded call is the end of a mask head or a keypoint head."""
    return isinstance(call.module, (MaskRCNNPredictor, KeypointRCNNPredictor))


def branch_stages(call: Call, whole: Call, image: np.ndarray) -> list[Stage]:
    """Return the stages of the last layers of a head; ``whole`` is the detector's call, for its answer."""
    found = {name: value.numpy() for name, value in whole.result[0].items()}
    count = len(found["boxes"])
    logits = call.result.detach()[:count]
    make = mask_stages if isinstance(call.module, MaskRCNNPredictor) else keypoint_stages
    return make(call, logits, found, image, whole.module.roi_heads)


def stage(title: str, seconds: float | None, thing, takes: str = "", gives: str = "") -> Stage:
    """Return a stage of this file, with its words, and the file of ``thing``."""
    return Stage(title, WORDS[title], takes, gives, seconds, source_of(thing))


def mask_stages(call: Call, logits, found: dict, image: np.ndarray, heads) -> list[Stage]:
    """Return the stages from a mask head's logits to the pixels of an image, and back."""
    masks = mask_probabilities(logits, found["labels"], heads.mask_loss).numpy()
    grid = stage("masks on their grid", call.seconds, call.module, call.takes, call.gives)
    grid.inner = call.inner
    size = image.shape[1:]
    begun = time.perf_counter()
    pasted = paste_masks_in_image(masks, found["boxes"], size).numpy()
    paste = stage("masks pasted", time.perf_counter() - begun, paste_masks_in_image,
                  f"{masks.shape}, {found['boxes'].shape}", shape_of(pasted))  # fmt: skip
    begun = time.perf_counter()
    targets = crop_masks(pasted[:, 0] >= 0.5, found["boxes"], masks.shape[2:])
    cut = stage("mask targets", time.perf_counter() - begun, crop_masks, shape_of(pasted), shape_of(targets))
    for i in range(min(SHOWN, len(masks))):
        here = {"boxes": found["boxes"][i : i + 1], "labels": np.ones(1, int), "masks": pasted[i : i + 1]}
        words = f"object {i + 1}: {masks[i].min():.2f} to {masks[i].max():.2f}"
        grid.pictures.append(Picture(heat(masks[i, 0]), words))
        paste.pictures.append(Picture(overlay_objects(image, here, ["", ""], min_side=SIDE), f"object {i + 1}"))
        cut.pictures.append(Picture(heat(targets[i]), f"object {i + 1}: {targets[i].mean():.0%} of the box"))
    return [grid, paste, cut]


def keypoint_stages(call: Call, logits, found: dict, image: np.ndarray, heads) -> list[Stage]:
    """Return the stages from a keypoint head's logits to places."""
    maps = logits.numpy()
    first = stage("maps of joints", call.seconds, call.module, call.takes, call.gives)
    first.inner = call.inner
    begun = time.perf_counter()
    read, sigmas = joint_reader(heads)
    places, _ = read(maps, found["boxes"], *sigmas)
    takes = f"{maps.shape}, {found['boxes'].shape}"
    last = stage("joints", time.perf_counter() - begun, read, takes, shape_of(places))
    for i in range(min(SHOWN, len(maps))):
        flat = np.exp(maps[i] - maps[i].max((1, 2), keepdims=True))
        sure = (flat / flat.sum((1, 2), keepdims=True)).max(0)
        first.pictures.append(Picture(heat(sure), f"object {i + 1}: up to {sure.max():.2f}"))
    shown = {key: found[key][:SHOWN] for key in ("boxes", "labels", "keypoints")}
    drawn = overlay_objects(image, shown, [""] * heads.num_classes, min_side=SIDE)
    last.pictures = [Picture(drawn, "the surest objects")]
    return [first, last]
