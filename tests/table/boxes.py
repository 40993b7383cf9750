"""Rows for the geometry of boxes."""

import numpy as np

from minidet import ops
from minidet.autograd.operations.arithmetic import Div
from minidet.autograd.operations.elementwise import Clamp
from minidet.kernels.reference.regions import nms as reference_nms

from .row import Bad, Row


def boxes(rng, count, low=0.0, high=10.0):
    """Draw boxes with area; no two corners are equal."""
    corner = rng.uniform(low, high, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(3, 9, (count, 2))], 1)


def two_lists(rng):
    return [boxes(rng, 3), boxes(rng, 4)]


def no_boxes(rng):
    return [np.zeros((0, 4)), boxes(rng, 4)]


def areas(b):
    return (b[:, 2:] - b[:, :2]).prod(1)


def iou(a, b):
    return np.array([reference_nms.overlaps(box, b) for box in a]).reshape(len(a), len(b))


def giou(a, b):
    around = np.maximum(a[:, None, 2:], b[:, 2:]) - np.minimum(a[:, None, :2], b[:, :2])
    overlap, around = iou(a, b), around.prod(2)
    union = (areas(a)[:, None] + areas(b)) / (1 + overlap)  # shared = overlap * union
    return overlap - (around - union) / around


def clipped(b):
    return np.clip(b, 0, [8, 6, 8, 6])


def stretched(mask, box):
    """Interpolate one mask between the centres of its bins, into an image of 6 x 8."""
    x1, y1, x2, y2 = box
    rows, columns = np.arange(6) + 0.5, np.arange(8) + 0.5
    down, across = (low + (np.arange(2) + 0.5) * (high - low) / 2 for low, high in ((y1, y2), (x1, x2)))
    wide = np.array([np.interp(columns, across, row) for row in mask])
    image = np.array([np.interp(rows, down, column) for column in wide.T]).T
    return image * ((rows >= y1) & (rows < y2))[:, None] * ((columns >= x1) & (columns < x2))


def scored(rng):
    """Draw boxes with scores that are all different."""
    return [boxes(rng, 12), rng.permutation(12) / 12]


def greedy(b, scores, threshold):
    """Write non-maximum suppression down as the docstring does."""
    left, keep = list(np.argsort(-scores, kind="stable")), []
    while left:
        best = left.pop(0)
        keep.append(best)
        left = [i for i in left if reference_nms.overlaps(b[best], b[[i]])[0] <= threshold]
    return np.array(keep, np.int64)


def greedy_by_class(b, scores, classes, threshold):
    keep = [
        np.flatnonzero(classes == k)[greedy(b[classes == k], scores[classes == k], threshold)] for k in set(classes)
    ]
    keep = np.concatenate(keep)
    return keep[np.argsort(-scores[keep], kind="stable")]


def softened(b, scores):
    """Write soft suppression down as the docstring does, gaussian."""
    left, order, found = list(range(len(b))), [], []
    while left:
        best = max(left, key=lambda i: (scores[i], -i))
        if scores[best] < 0.05:
            break
        left.remove(best)
        order.append(best)
        found.append(scores[best])
        scores = scores * np.exp(-(reference_nms.overlaps(b[best], b) ** 2) / 0.5)
    return np.array(order), np.array(found)


def best_pairs(quality):
    """Take the best pair, cross out its row and column, and so on."""
    quality, found = quality.copy(), np.full(len(quality), -1)
    while quality.max() > 0:
        i, j = np.unravel_index(quality.argmax(), quality.shape)
        found[i] = j
        quality[i], quality[:, j] = 0, 0
    return found


def hardest(loss, labels):
    """Go through each image's background from the highest loss on, three times as often as there are positives."""
    found = np.zeros(loss.shape, bool)
    for i, marks in enumerate(labels):
        left = [j for j, mark in enumerate(marks) if mark == 0]
        for _ in range(min(3 * sum(mark > 0 for mark in marks), len(left))):
            worst = max(left, key=lambda j: (loss[i, j], -j))
            found[i, worst] = True
            left.remove(worst)
    return found


B, S = np.array([[0.0, 0, 2, 2], [1, 1, 4, 3]]), np.array([0.5, 0.25])
WRONG = np.where(B == 3, np.nan, B)
FLAT = np.zeros(4)
mine = ops.hard_negative_mining


def bad_boxes(name, call):
    """Return calls that have to raise for every operation that takes boxes."""
    return (
        Bad(lambda: call(WRONG), ValueError, f"{name}: boxes1? contains NaN or infinity, expected finite numbers"),
        Bad(lambda: call(np.where(B == 4, np.inf, B)), ValueError, f"{name}: boxes1? contains NaN or infinity"),
        Bad(lambda: call(FLAT[:3]), ValueError, rf"{name}: boxes1? has shape \(3,\), expected \(.*4\)"),
        Bad(lambda: call(B.astype(complex)), TypeError, f"{name}: boxes1?"),
        Bad(lambda: call("boxes"), TypeError, f"{name}: boxes1? is a str, expected a tensor"),
    )


ROWS = [
    Row(
        name="ops.box_area",
        call=ops.box_area,
        inputs=lambda rng: [boxes(rng, 4)],
        reference=areas,
        empty=lambda rng: [np.zeros((0, 4))],
        bad=bad_boxes("box_area", ops.box_area),
    ),
    Row(
        name="ops.box_iou",
        call=ops.box_iou,
        inputs=two_lists,
        reference=iou,
        empty=no_boxes,
        bad=bad_boxes("box_iou", lambda b: ops.box_iou(b, B)),
    ),
    Row(
        name="ops.generalized_box_iou",
        call=ops.generalized_box_iou,
        inputs=two_lists,
        reference=giou,
        empty=no_boxes,
        bad=bad_boxes("generalized_box_iou", lambda b: ops.generalized_box_iou(b, B)),
    ),
    Row(
        name="ops.generalized_box_iou",
        variant="apart",
        call=ops.generalized_box_iou,
        inputs=lambda rng: [boxes(rng, 2), boxes(rng, 3, 30, 50)],
        reference=giou,
        functions=(Div,),  # nothing is shared: no gradient goes through the intersections' clamp
    ),
    Row(
        name="ops.box_convert",
        call=lambda b: ops.box_convert(b, "xyxy", "cxcywh"),
        inputs=lambda rng: [boxes(rng, 4)],
        reference=lambda b: np.concatenate([(b[:, :2] + b[:, 2:]) / 2, b[:, 2:] - b[:, :2]], 1),
        empty=lambda rng: [np.zeros((0, 4))],
        bad=(
            *bad_boxes("box_convert", lambda b: ops.box_convert(b, "xyxy", "xywh")),
            Bad(
                lambda: ops.box_convert(B, "xyxy", "xyhw"),
                ValueError,
                "box_convert: out_fmt is 'xyhw', expected one of",
            ),
            Bad(
                lambda: ops.box_convert(B, "yxyx", "xywh"), ValueError, "box_convert: in_fmt is 'yxyx', expected one of"
            ),
            Bad(lambda: ops.box_convert(WRONG, "xywh", "xywh"), ValueError, "box_convert: boxes contains NaN"),
        ),
    ),
    Row(
        name="ops.box_convert",
        variant="xywh to xyxy",
        call=lambda b: ops.box_convert(b, "xywh", "xyxy"),
        inputs=lambda rng: [boxes(rng, 4)],
        reference=lambda b: np.concatenate([b[:, :2], b[:, :2] + b[:, 2:]], 1),
    ),
    Row(
        name="ops.clip_boxes_to_image",
        call=lambda b: ops.clip_boxes_to_image(b, (6, 8)),
        inputs=lambda rng: [boxes(rng, 5, -4, 9)],
        reference=clipped,
        functions=(Clamp,),  # what is moved has no gradient: a mistake there, before the clamp, changes nothing
        empty=lambda rng: [np.zeros((0, 4))],
        bad=(
            *bad_boxes("clip_boxes_to_image", lambda b: ops.clip_boxes_to_image(b, (6, 8))),
            Bad(lambda: ops.clip_boxes_to_image(B, 8), ValueError, "clip_boxes_to_image: size is 8"),
            Bad(lambda: ops.clip_boxes_to_image(B, (6, -8)), ValueError, "clip_boxes_to_image: size is -8"),
            Bad(lambda: ops.clip_boxes_to_image(B, (6.5, 8)), TypeError, "clip_boxes_to_image: size is 6.5"),
        ),
    ),
    Row(
        name="ops.remove_small_boxes",
        call=lambda b: ops.remove_small_boxes(b, 5.0),
        inputs=lambda rng: [boxes(rng, 9)],
        reference=lambda b: np.array([i for i, (x, y, x2, y2) in enumerate(b) if min(x2 - x, y2 - y) >= 5]),
        empty=lambda rng: [np.zeros((0, 4))],
        differentiable=False,
        bad=(
            *bad_boxes("remove_small_boxes", lambda b: ops.remove_small_boxes(b, 1)),
            Bad(lambda: ops.remove_small_boxes(B, np.nan), ValueError, "remove_small_boxes: min_size is nan"),
        ),
    ),
    Row(
        name="ops.paste_masks_in_image",
        call=lambda m, b: ops.paste_masks_in_image(m, b, (6, 8)),
        inputs=lambda rng: [rng.random((2, 1, 2, 2)), np.array([[1.0, 2, 5, 6], [0, 0, 8, 3]])],
        reference=lambda m, b: np.stack([stretched(*pair) for pair in zip(m[:, 0], b, strict=True)])[:, None],
        empty=lambda rng: [np.zeros((0, 1, 2, 2)), np.zeros((0, 4))],
        differentiable=False,
        bad=(
            *bad_boxes("paste_masks_in_image", lambda b: ops.paste_masks_in_image(np.ones((2, 1, 3, 3)), b, (6, 8))),
            Bad(lambda: ops.paste_masks_in_image(np.ones((2, 3, 3)), B, (6, 8)), ValueError, "masks has shape"),
            Bad(
                lambda: ops.paste_masks_in_image(np.ones((1, 1, 3, 3)), np.ones((2, 4)), (6, 8)),
                ValueError,
                "boxes has shape",
            ),
            Bad(lambda: ops.paste_masks_in_image(np.ones((2, 1, 3, 3), int), B, (6, 8)), TypeError, "masks has dtype"),
            Bad(lambda: ops.paste_masks_in_image(np.ones((2, 1, 3, 3)), B, (6, -8)), ValueError, "img_shape is"),
        ),
    ),
    Row(
        name="ops.nms",
        call=lambda b, s: ops.nms(b, s, 0.3),
        inputs=scored,
        reference=lambda b, s: greedy(b, s, 0.3),
        empty=lambda rng: [np.zeros((0, 4)), np.zeros(0)],
        differentiable=False,
        bad=(
            *bad_boxes("nms", lambda b: ops.nms(b, S, 0.5)),
            Bad(lambda: ops.nms(B, S[:1], 0.5), ValueError, r"nms: scores has shape \(1,\), expected \(2,\)"),
            Bad(lambda: ops.nms(B, S * np.nan, 0.5), ValueError, "nms: scores contains NaN"),
            Bad(lambda: ops.nms(B, S, 1.5), ValueError, "nms: iou_threshold is 1.5"),
            Bad(lambda: ops.nms(B, S, np.nan), ValueError, "nms: iou_threshold is nan"),
        ),
    ),
    Row(
        name="ops.batched_nms",
        call=lambda b, s, k: ops.batched_nms(b, s, k, 0.3),
        inputs=lambda rng: [*scored(rng), rng.integers(0, 3, 12)],
        reference=lambda b, s, k: greedy_by_class(b, s, k, 0.3),
        empty=lambda rng: [np.zeros((0, 4)), np.zeros(0), np.zeros(0, np.int64)],
        differentiable=False,
        bad=(
            *bad_boxes("batched_nms", lambda b: ops.batched_nms(b, S, [0, 1], 0.5)),
            Bad(lambda: ops.batched_nms(B, S, S, 0.5), TypeError, "batched_nms: idxs has dtype float64"),
            Bad(
                lambda: ops.batched_nms(B, S, [0], 0.5),
                ValueError,
                r"batched_nms: idxs has shape \(1,\), expected \(2,\)",
            ),
            Bad(lambda: ops.batched_nms(B, S, [0, 1], -0.5), ValueError, "batched_nms: iou_threshold is -0.5"),
        ),
    ),
    Row(
        name="ops.soft_nms",
        call=lambda b, s: ops.soft_nms(b, s, score_threshold=0.05, method="gaussian"),
        inputs=scored,
        reference=softened,
        empty=lambda rng: [np.zeros((0, 4)), np.zeros(0)],
        differentiable=False,
        bad=(
            *bad_boxes("soft_nms", lambda b: ops.soft_nms(b, S)),
            Bad(lambda: ops.soft_nms(B, -S), ValueError, "soft_nms: scores contains -0.5 to -0.25"),
            Bad(lambda: ops.soft_nms(B, S * np.inf), ValueError, "soft_nms: scores contains inf"),
            Bad(lambda: ops.soft_nms(B, S, sigma=0), ValueError, "soft_nms: sigma is 0, expected a positive number"),
            Bad(lambda: ops.soft_nms(B, S, method="hard"), ValueError, "soft_nms: method is 'hard', expected one of"),
            Bad(lambda: ops.soft_nms(B, S, 2), ValueError, "soft_nms: iou_threshold is 2"),
        ),
    ),
    Row(
        name="ops.bipartite_match",
        call=ops.bipartite_match,
        inputs=lambda rng: [rng.permutation(48).reshape(6, 8) / 48],
        reference=best_pairs,
        empty=lambda rng: [np.zeros((0, 8))],
        differentiable=False,
        bad=(
            Bad(lambda: ops.bipartite_match(S), ValueError, r"bipartite_match: match_quality_matrix has shape \(2,\)"),
            Bad(
                lambda: ops.bipartite_match(B * np.nan),
                ValueError,
                "bipartite_match: match_quality_matrix contains NaN",
            ),
            Bad(lambda: ops.bipartite_match("x"), TypeError, "bipartite_match: match_quality_matrix"),
        ),
    ),
    Row(
        name="ops.hard_negative_mining",
        call=ops.hard_negative_mining,
        inputs=lambda rng: [rng.permutation(60).reshape(3, 20) / 60, rng.integers(-9, 4, (3, 20)).clip(-1)],
        reference=hardest,
        empty=lambda rng: [np.zeros((0, 8)), np.zeros((0, 8), np.int64)],
        differentiable=False,
        bad=(
            Bad(lambda: mine(S, S), TypeError, "hard_negative_mining: labels has dtype float64"),
            Bad(lambda: mine(S, [0, 1]), ValueError, r"hard_negative_mining: loss has shape \(2,\), expected \(N, A\)"),
            Bad(
                lambda: mine([S], [[0]]),
                ValueError,
                r"hard_negative_mining: labels has shape \(1, 1\), expected \(1, 2\)",
            ),
            Bad(lambda: mine([S * np.nan], [[0, 1]]), ValueError, "hard_negative_mining: loss contains NaN"),
            Bad(lambda: mine([S], [[0, 1]], -1), ValueError, "hard_negative_mining: neg_pos_ratio is -1"),
            Bad(lambda: mine([S], [[0, 1]], np.inf), ValueError, "hard_negative_mining: neg_pos_ratio is inf"),
            Bad(lambda: mine([S], [[0, 1]], 3, 1.5), TypeError, "hard_negative_mining: min_negatives is 1.5"),
            Bad(lambda: mine([S], [[0, 1]], 3, -1), ValueError, "hard_negative_mining: min_negatives is -1"),
        ),
    ),
]
