"""What happens inside a detector, in the order of Faster R-CNN's figure: from anchors to boxes.

The recorded calls tell what the network's parts said; what lies between two of them, NMS for example, is done once more
here, with the detector's own functions, and timed.
"""

from __future__ import annotations

import time

import numpy as np

from ....models.detection import RegionProposalNetwork, RoIHeads
from ....models.detection.answers import flat
from ....models.detection.two_stage.rpn import best_first, level_anchors
from ....nn import functional as F
from ....ops import clip_boxes_to_image
from ....viz import overlay_boxes
from ....viz.explain import Bars, Call, Picture, Stage, heat, parts_of, shape_of, source_of, stage_of, strength_picture
from .mask_stages import branch_stages, is_branch

DRAWN = 20  # proposals
REGIONS = 3  # that are followed to the end
SMALL = 320  # pixels of pictures side by side
WORDS = {
    "anchors": (
        "Boxes of a few sizes and shapes at each place of each map. Drawn: those of the middle place of "
        "each map, cut off at the picture's rim."
    ),
    "objectness": ("How sure the network is at each place that there is something: of its anchors, the surest."),
    "proposals before NMS": (
        "The deltas move and stretch the anchors; of each map the surest are kept, and cut off at the picture's rim."
    ),
    "proposals after NMS": (
        "Of two that overlap by more than {:g}, the surer is kept; at most {}. The time is that of the "
        "whole region proposal network."
    ),
    "proposals": ("Regions in which something may be, looked for without the network."),
    "regions and their bins": (
        "Each proposal is divided into as many bins, whatever its size, and the maps are read in each of "
        "them. Drawn, here and below: the regions that are surest to be an object."
    ),
    "class scores": (
        "Of each region, the probability of each class: softmax of what the head says. The time is that "
        "of the layers from the bins to the scores and deltas."
    ),
    "deltas applied": ("Each class moves and stretches a region by deltas of its own; drawn: the likeliest class's."),
    "final boxes": (
        "Boxes of a class that score more than {:g}; of two of a class that overlap by more than {:g}, "
        "the better is kept."
    ),
}


def detector_stages(call: Call, classes: list[str]) -> list[Stage]:
    """Return the stages of a detector's call; all but proposals and box head as any layer."""
    stages, image, proposed = [], None, False
    for part in parts_of(call):
        if image is None and part.args and getattr(part.args[0], "ndim", 0) == 4:
            image = part.args[0].detach().numpy()[0]
        if isinstance(part.module, RegionProposalNetwork):
            stages += proposal_stages(part, image)
            proposed = True
        elif isinstance(part.module, RoIHeads):
            if not proposed:
                stages.append(given_proposals(call, part, image))
            stages += region_stages(part, image, classes)
        elif is_branch(part):
            stages += branch_stages(part, call, image)
        else:
            stages.append(stage_of(part, classes))
    return stages


def drawn(image: np.ndarray, boxes: np.ndarray, labels=None, names=None, side: int = 640) -> np.ndarray:
    """Paint boxes over an image that is enlarged to about ``side`` pixels first.

    Without labels, neighbouring boxes have different colours; without names, nothing is written.
    """
    labels = np.arange(len(boxes)) if labels is None else np.asarray(labels)
    names = [""] * (int(labels.max(initial=0)) + 1) if names is None else names
    return overlay_boxes(image, {"boxes": boxes, "labels": labels}, names, min_side=side)


def stage(title: str, seconds: float | None, thing, takes: str = "", gives: str = "") -> Stage:
    """Return a stage of this file, with its words, and the file of ``thing``."""
    return Stage(title, WORDS[title], takes, gives, seconds, source_of(thing))


def inner(call: Call, module) -> Call:
    """Return the call of a part inside a call."""
    return next(part for part in call.walk() if part.module is module)


# Region proposals ------------------------------------------------------------------------------------------------


def proposal_stages(call: Call, image: np.ndarray) -> list[Stage]:
    """Return the stages of a region proposal network: anchors, objectness, proposals before and after NMS."""
    rpn, (maps, sizes) = call.module, call.args[:2]
    head = inner(call, rpn.head)
    begun = time.perf_counter()
    anchors = level_anchors(rpn.anchor_generator, maps)
    first = stage("anchors", time.perf_counter() - begun, rpn.anchor_generator, gives=shape_of(anchors))
    first.pictures = [middle_anchors(maps, anchors, image)]

    scores = stage("objectness", head.seconds, rpn.head, head.takes, head.gives)
    scores.inner = head.inner
    for stride, logits in zip(maps, head.result[0], strict=True):
        sure = F.sigmoid(logits).detach().numpy()[0].max(0)
        scores.pictures.append(Picture(heat(sure), f"stride {stride}: {sure.min():.2f} to {sure.max():.2f}"))

    begun = time.perf_counter()
    boxes, logits = before_nms(rpn, head.result, anchors, sizes[0])
    seconds = time.perf_counter() - begun
    before = stage("proposals before NMS", seconds, type(rpn).propose, gives=shape_of(boxes))
    best = boxes[best_first(logits, DRAWN)[::-1]]
    before.pictures = [Picture(drawn(image, best), f"the surest {len(best)} of {len(boxes)}", large=True)]

    found = call.result[0][0]
    after = stage("proposals after NMS", call.seconds, rpn, call.takes, shape_of(found))
    after.words = after.words.format(rpn.nms_thresh, rpn.post_nms_top_n[1])
    best = found[:DRAWN][::-1]
    after.pictures = [Picture(drawn(image, best), f"the surest {len(best)} of {len(found)}", large=True)]
    return [first, scores, before, after]


def middle_anchors(maps: dict, anchors: list[np.ndarray], image: np.ndarray) -> Picture:
    """Draw the anchors of the middle place of each map."""
    middle, levels = [], []
    for level, (x, boxes) in enumerate(zip(maps.values(), anchors, strict=True)):
        (h, w), each = x.shape[2:], len(boxes) // (x.shape[2] * x.shape[3])
        place = (h // 2 * w + w // 2) * each
        middle.append(boxes[place : place + each])
        levels += [level] * each
    words = f"{len(levels)} of {sum(map(len, anchors))} anchors, a colour for each map"
    return Picture(drawn(image, np.concatenate(middle), levels), words, large=True)


def before_nms(rpn, said, anchors: list[np.ndarray], size) -> tuple[np.ndarray, np.ndarray]:
    """Return the first image's proposals (P, 4) that go into NMS, and their objectness (P,)."""
    boxes, scores = [], []
    for logits, deltas, places in zip(*said, anchors, strict=True):
        logits = flat(logits, len(places), 1).detach().numpy()[0, :, 0]
        deltas = flat(deltas, len(places), 4).detach()[0]
        order = best_first(logits, rpn.pre_nms_top_n[1])
        boxes.append(rpn.box_coder.decode_single(deltas[order], places[order]).numpy().reshape(-1, 4))
        scores.append(logits[order])
    return clip_boxes_to_image(np.concatenate(boxes), size).numpy(), np.concatenate(scores)


def given_proposals(call: Call, heads: Call, image: np.ndarray) -> Stage:
    """Return the stage of proposals that come from outside the network; looked for once more, to time it."""
    boxes, seconds = heads.args[1][0], None
    propose = getattr(type(call.module), "propose", None)
    if propose is not None:
        begun = time.perf_counter()
        call.module.propose([image])
        seconds = time.perf_counter() - begun
    found = stage("proposals", seconds, propose or call.module, shape_of(image), shape_of(boxes))
    first = boxes[:DRAWN][::-1]
    found.pictures = [Picture(drawn(image, first), f"the first {len(first)} of {len(boxes)}", large=True)]
    return found


# Regions ---------------------------------------------------------------------------------------------------------


def region_stages(call: Call, image: np.ndarray, classes: list[str]) -> list[Stage]:
    """Return the stages of a box head: regions and their bins, class scores, deltas applied, NMS of each class."""
    heads, proposals = call.module, call.args[1][0]
    logits, deltas = (value.detach()[: len(proposals)] for value in call.result)  # those of the first image
    probabilities = F.softmax(logits, 1).numpy()
    chosen = np.argsort(-probabilities[:, 1:].max(1, initial=0), kind="stable")[:REGIONS].tolist()
    begun = time.perf_counter()
    moved = heads.box_coder.decode_single(deltas, proposals.astype(deltas.dtype)).numpy()
    moved = moved.reshape(len(proposals), heads.num_classes, 4)
    apply = stage("deltas applied", time.perf_counter() - begun, heads.box_coder, shape_of(deltas), shape_of(moved))
    for number, i in enumerate(chosen, 1):
        best = int(probabilities[i, 1:].argmax()) + 1
        pair = np.stack([moved[i, best], proposals[i]])
        names = ["region", *classes[1:]]
        parts = deltas.numpy()[i].reshape(-1, 4)[best] / heads.box_coder.weights
        words = ", ".join(f"{name} {part:+.2f}" for name, part in zip(("dx", "dy", "dw", "dh"), parts, strict=True))
        apply.pictures.append(Picture(drawn(image, pair, [best, 0], names, SMALL), f"region {number}: {words}"))
    return [bins_stage(call, chosen, image), scores_stage(call, chosen, probabilities, classes), apply,
            final_stage(heads, probabilities, deltas.numpy(), moved, proposals, image)]  # fmt: skip


def bins_stage(call: Call, chosen: list[int], image: np.ndarray) -> Stage:
    """Return the stage in which regions are brought to one size."""
    pool, proposals = inner(call, call.module.box_roi_pool), call.args[1][0]
    bins = stage("regions and their bins", pool.seconds, pool.module, pool.takes, pool.gives)
    for number, i in enumerate(chosen, 1):
        grid = grid_boxes(proposals[i], pool.module.output_size)
        strength = strength_picture(pool.result.detach().numpy()[i])
        words = f"region {number}: the mean of |x| over {pool.result.shape[1]} channels"
        bins.pictures += [
            Picture(drawn(image, grid, np.ones(len(grid), int), side=SMALL), f"region {number}"),
            Picture(strength, words),
        ]
    return bins


def scores_stage(call: Call, chosen: list[int], probabilities: np.ndarray, classes: list[str]) -> Stage:
    """Return the stage in which each region has a probability of each class."""
    head, predictor = (inner(call, module) for module in (call.module.box_head, call.module.box_predictor))
    scores = stage("class scores", head.seconds + predictor.seconds, predictor.module, head.takes, predictor.gives)
    scores.inner = [*head.inner, *predictor.inner]
    if len(probabilities):
        words = f"the {len(probabilities)} regions from left to right, from above {', '.join(classes)}: from "
        words += f"{probabilities.min():.2f} to {probabilities.max():.2f}"
        thick = max(1, len(probabilities) // (8 * len(classes)))
        scores.pictures.append(Picture(heat(probabilities.T.repeat(thick, 0)), words, large=True))
    for number, i in enumerate(chosen, 1):
        scores.pictures.append(Bars(classes, probabilities[i].tolist(), f"region {number}"))
    return scores


def final_stage(heads, probabilities, deltas, moved, proposals, image) -> Stage:
    """Return the stage in which what scores little and what is found twice is left out."""
    size = image.shape[1:]
    rows, labels = np.nonzero(probabilities[:, 1:] > heads.score_thresh)
    begun = time.perf_counter()
    found = heads.detections_of(probabilities, deltas, proposals, size)
    seconds = time.perf_counter() - begun
    takes = f"{probabilities.shape}, {deltas.shape}"
    final = stage("final boxes", seconds, type(heads).detections_of, takes, shape_of(found))
    final.words = final.words.format(heads.score_thresh, heads.nms_thresh)
    before = clip_boxes_to_image(moved[rows, labels + 1], size).numpy()
    boxes, kinds = found["boxes"].numpy(), found["labels"].numpy()
    final.pictures = [Picture(drawn(image, before, labels + 1, side=SMALL), f"before NMS: {len(before)}"),
                      Picture(drawn(image, boxes, kinds, side=SMALL), f"after NMS: {len(boxes)}")]  # fmt: skip
    return final


def grid_boxes(box: np.ndarray, bins: tuple[int, int]) -> np.ndarray:
    """Return the bins of a region as boxes."""
    x, y = np.linspace(box[0], box[2], bins[1] + 1), np.linspace(box[1], box[3], bins[0] + 1)
    return np.array([(x[j], y[i], x[j + 1], y[i + 1]) for i in range(bins[0]) for j in range(bins[1])])
