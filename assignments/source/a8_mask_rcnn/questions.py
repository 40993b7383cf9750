"""What is checked in assignment 8: inputs of every part, small, drawn anew each time."""

import numpy as np

from minidet.grading.assignments.assignment import Call, Part, Question

VARIANTS = {
    "q7": ("largest", "cubic", "rotated"),
    "q8": ("jaccard", "balanced", "border"),
    "q9": ("boundary", "trimap", "hull"),
}


def numbers(rng, *shape):
    """Return numbers with one digit after the point: short to print, and rarely equal."""
    return rng.integers(-40, 41, shape) / 10


def tenths(rng, low, high):
    """Return a number with one digit after the point, and not a whole one."""
    return int(rng.integers(low, high)) + int(rng.integers(1, 10)) / 10


# q1 and q2: RoIAlign ------------------------------------------------------------------------------------------------


def inner_box(rng, height, width, scale, least=1.5):
    """Return a box in pixels whose corners are half a cell or more inside of a map, and at least some cells apart."""
    while True:
        x1, x2 = sorted(rng.integers(6, 10 * width - 5, 2) / 10)
        y1, y2 = sorted(rng.integers(6, 10 * height - 5, 2) / 10)
        if min(x2 - x1, y2 - y1) >= least and abs((x2 - x1) - (y2 - y1)) > 0.3:
            return np.array([x1, y1, x2, y2]) / scale


def corner_box(rng, height, width, begin):
    """Return a box, in cells, that reaches over the first corner of a map, or over the last one."""
    inside, outside = tenths(rng, 1, 2), tenths(rng, 1, 2)
    box = [-outside, -outside - 0.3, inside, inside + 0.2]
    return box if begin else [width - inside, height - inside - 0.1, width + outside, height + outside + 0.3]


def beyond(box, bins, samples, height, width):
    """Tell whether a sample lies where the rule of the border begins: nobody's rounding shall decide."""
    for low, high, length in ((box[0], box[2], width), (box[1], box[3], height)):
        places = low + (high - low) * (np.arange(bins * samples) + 0.5) / (bins * samples)
        if min(np.abs(places + 0.5).min(), np.abs(places - length - 0.5).min()) < 1e-3:
            return True
    return False


def border_box(rng, height, width, begin, bins, samples):
    while True:
        box = corner_box(rng, height, width, begin)
        if not beyond(box, bins, samples, height, width):
            return box


def with_image(number, box):
    return np.array([[number, *box]], float)


def align_cases(rng, part):
    """Yield x, rois, bins, scale, samples and what it is about, for both questions."""
    h, w = int(rng.integers(5, 7)), int(rng.integers(7, 9))
    if part == "inside":
        small, box = with_image(0, inner_box(rng, 4, 4, 1.0)), with_image(0, inner_box(rng, h, w, 0.5, 2.5))
        yield numbers(rng, 1, 1, 4, 4), small, 1, 1.0, 1, "one map of 4 x 4, one bin, one sample"
        yield numbers(rng, 1, 2, h, w), box, 2, 0.5, 1, "2 x 2 bins, one sample in each, scale 1/2"
    if part == "samples":
        for bins, samples in ((1, 2), (2, 3)):
            box = with_image(0, inner_box(rng, h, w, 0.25, 2.5))
            text = f"{samples} x {samples} samples in a bin, scale 1/4"
            yield numbers(rng, 1, 1, h, w), box, bins, 0.25, samples, text
    if part == "images":
        order = rng.permutation(3)
        rois = np.concatenate([with_image(n, inner_box(rng, h, w, 0.5, 2.5)) for n in order])
        yield numbers(rng, 3, 2, h, w), rois, 2, 0.5, 1, "three images, one region in each, in another order"
    if part == "border":
        for begin in (True, False):
            box, corner = with_image(0, border_box(rng, h, w, begin, 5, 1)), "upper left" if begin else "lower right"
            yield numbers(rng, 1, 1, h, w), box, 5, 1.0, 1, f"over the {corner} corner"
        last = np.array([[0, w - 1.2, h - 1.1, w + 0.4, h + 0.3], [0, -0.4, -0.3, 1.5, 1.4],
                         [0, w + 2.0, 1.0, w + 5.0, 3.0]])
        text = "regions that reach a little over the border, and one that is outside"
        yield numbers(rng, 1, 1, h, w), last, 4, 1.0, 1, text
    if part == "thin":
        x, y = tenths(rng, 1, w - 1), tenths(rng, 1, h - 1)
        rois = np.array([[0, x, y, x, y], [0, x, y - 0.4, x, y + 0.4], [0, x - 0.35, y - 0.2, x + 0.35, y + 0.2]])
        text = "a region without area, one without width, and one that is smaller than a cell"
        yield numbers(rng, 1, 1, h, w), rois, 2, 1.0, 1, text
    if part == "none":
        yield numbers(rng, 2, 2, h, w), np.zeros((0, 5)), 2, 0.5, 2, "no region"


def align_calls(part):
    def cases(rng, variant):
        return [Call("roi_align", (x, rois, bins, scale, samples), text=text, picture=bins > 1)
                for x, rois, bins, scale, samples, text in align_cases(rng, part)]
    return cases


def slope_of(rng, x, rois, bins, scale, samples, text):
    grad = numbers(rng, len(rois), x.shape[1], bins, bins) + 0.05  # never 0
    return Call("roi_align_grad", (grad, rois, x.shape, scale, samples), text=text, picture=True)


def q2_inside(rng, variant):
    h, w = int(rng.integers(6, 8)), int(rng.integers(8, 10))
    wide = [tenths(rng, 0, 1) + 0.6, tenths(rng, 0, 1) + 0.6]
    wide = with_image(0, [wide[0], wide[1], wide[0] + 5.4, wide[1] + 4.2])  # samples more than two cells apart
    return [slope_of(rng, np.zeros((1, 1, 4, 4)), with_image(0, inner_box(rng, 4, 4, 1.0)), 1, 1.0, 1,
                     "one map of 4 x 4, one bin, one sample"),
            slope_of(rng, np.zeros((1, 1, h, w)), wide * [1, 2, 2, 2, 2], 2, 0.5, 1,
                     "2 x 2 bins that are far apart, scale 1/2")]


def q2_overlap(rng, variant):
    h, w = int(rng.integers(5, 7)), int(rng.integers(7, 9))
    box = inner_box(rng, h - 1, w - 1, 0.5, 2.5)
    two = np.concatenate([with_image(0, box), with_image(0, box + 0.6), with_image(0, inner_box(rng, h, w, 0.5, 2.5))])
    return [slope_of(rng, np.zeros((1, 1, h, w)), with_image(0, inner_box(rng, h, w, 1.0, 1.5)), 3, 1.0, 2,
                     "bins that share cells"),
            slope_of(rng, np.zeros((1, 2, h, w)), two, 2, 0.5, 2, "three regions that share cells")]


def q2_images(rng, variant):
    return [slope_of(rng, *case) for case in align_cases(rng, "images")]


def q2_border(rng, variant):
    cases = list(align_cases(rng, "border"))
    return [slope_of(rng, x, rois[r : r + 1], *rest) for x, rois, *rest in cases for r in range(len(rois))]


def q2_thin(rng, variant):
    cases = list(align_cases(rng, "thin"))
    return [slope_of(rng, x, rois[r : r + 1], *rest) for x, rois, *rest in cases for r in range(len(rois))]


def q2_none(rng, variant):
    return [slope_of(rng, *case) for case in align_cases(rng, "none")]


# q3: mask targets ---------------------------------------------------------------------------------------------------


def blot(rng, height, width):
    """Return a mask of a few large pieces: neither empty nor full."""
    while True:
        cells = rng.random(((height + 1) // 2, (width + 1) // 2)) < 0.5
        mask = cells.repeat(2, 0).repeat(2, 1)[:height, :width] ^ (rng.random((height, width)) < 0.15)
        if 0.25 < mask.mean() < 0.75:
            return mask


def blots(rng, count, height, width):
    return np.stack([blot(rng, height, width) for _ in range(count)])


def q3_whole(rng, variant):
    x, y = (int(v) for v in rng.integers(0, 3, 2))
    return [Call("mask_targets", (blots(rng, 1, 6, 6), np.array([[x, y, x + 4.0, y + 4.0]]), np.array([0]), 2),
                 picture=True,
                 text="one mask of 6 x 6, a box of 4 x 4, bins of 2 x 2 pixels"),
            Call("mask_targets", (blots(rng, 1, 8, 9), np.array([[x, y, x + 6.0, y + 3.0]]), np.array([0]), 3),
                 picture=True,
                 text="a box of 6 x 3, bins of 2 x 1 pixels")]


def fractions(rng, height, width, least=2.2):
    while True:
        x1, x2 = tenths(rng, 0, width - 3), tenths(rng, 3, width)
        y1, y2 = tenths(rng, 0, height - 3), tenths(rng, 3, height)
        if min(x2 - x1, y2 - y1) > least:
            return np.array([x1, y1, x2, y2])


def q3_shares(rng, variant):
    one = np.array([fractions(rng, 6, 6)])
    boxes = np.stack([fractions(rng, 8, 9), fractions(rng, 8, 9)])
    small = boxes[0, :2] // 1 + 0.2
    return [Call("mask_targets", (blots(rng, 1, 6, 6), one, np.array([0]), 2), picture=True,
                 text="one mask of 6 x 6, a box between pixels, 2 x 2 bins"),
            Call("mask_targets", (blots(rng, 2, 8, 9), boxes, np.array([0, 1]), 5), picture=True,
                 text="bins that are smaller than a pixel"),
            Call("mask_targets", (blots(rng, 1, 8, 9), np.array([[*small, *small + [1.5, 1.1]]]), np.array([0]), 3),
                 picture=True,
                 text="a box that is hardly larger than a pixel")]


def q3_matches(rng, variant):
    masks = blots(rng, 3, 7, 8)
    matches = np.array([2, 0, 0, 1])
    boxes = np.repeat(np.array([[1.0, 1.0, 7.0, 5.0]]), 4, 0) + [[0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 1]]
    return [Call("mask_targets", (masks, boxes, matches, 2),
                 text="three objects, four boxes: two of them belong to object 0")]


def q3_outside(rng, variant):
    h, w = 6, 7
    boxes = np.array([[-2.0, -1.0, 4.0, 3.0], [w - 3.0, h - 2.0, w + 1.0, h + 2.0], [w + 1.0, 0, w + 3.0, 2.0]])
    masks = blots(rng, 3, h, w)
    masks[:, 0, 0] = masks[:, -1, -1] = True
    return [Call("mask_targets", (masks, boxes, np.arange(3), 2), picture=True,
                 text="boxes that reach beyond the image, and one that is outside")]


def q3_thin(rng, variant):
    masks = blots(rng, 2, 6, 7)
    masks[:, 1:4, 1:4] = True
    boxes = np.array([[2.0, 2.0, 2.0, 2.0], [2.5, 1.0, 2.5, 4.0], [1.0, 1.0, 4.0, 4.0]])
    return [Call("mask_targets", (masks, boxes, np.array([0, 1, 1]), 3),
                 text="boxes without area, and one that the object fills")]


def q3_none(rng, variant):
    return [Call("mask_targets", (blots(rng, 1, 5, 6), np.zeros((0, 4)), np.zeros(0, int), 2), text="no box"),
            Call("mask_targets", (np.zeros((0, 5, 6), bool), np.zeros((0, 4)), np.zeros(0, int), 3),
                 text="no object and no box")]


# q4 and q8: losses --------------------------------------------------------------------------------------------------


def headed(rng, labels, classes=4, bins=3, span=4.0):
    """Return logits (R, K, M, M), targets in eighths, and labels: a target has numbers on both sides of 1/2."""
    regions = len(labels)
    targets = rng.integers(0, 9, (regions, bins, bins)) / 8
    targets[:, 0, 0], targets[:, 0, 1], targets[:, 1, 1] = 1.0, 0.25, 0.625
    return rng.integers(-10, 11, (regions, classes, bins, bins)) / 10 * span, targets, np.array(labels)


def loss_cases(function):
    """Return the case functions for a loss, or its gradient."""

    def values(rng, variant):
        return [Call(function, headed(rng, [2], 3, 2), text="one region, three classes, 2 x 2 bins"),
                Call(function, headed(rng, [1, 3, int(rng.integers(1, 4))]), text="three regions with an object each")]

    def background(rng, variant):
        return [Call(function, headed(rng, [0, 2, 0, 3, 1]), text="two of five regions are background"),
                Call(function, headed(rng, [1, 0, 0]), text="two of three regions are background")]

    def nothing(rng, variant):
        empty = headed(rng, [1])
        return [Call(function, headed(rng, [0, 0]), text="background alone"),
                Call(function, (empty[0][:0], empty[1][:0], empty[2][:0]), text="no region at all"),
                Call(function, headed(rng, [2]), text="one region with an object")]  # who always says 0 is not right

    def large(rng, variant):
        return [Call(function, headed(rng, [2, 0, 1], span=2000.0), text="logits between -2000 and 2000")]

    return values, background, nothing, large


LOSS, LOSS_GRAD = loss_cases("mask_loss"), loss_cases("mask_loss_grad")
OTHER, OTHER_GRAD = loss_cases("other_mask_loss"), loss_cases("other_mask_loss_grad")


def both(first, second):
    """Return the cases of two functions as those of one part."""
    return lambda rng, variant: [*first(rng, variant), *second(rng, variant)]


def extreme(rng, variant):
    """Return calls whose targets are all 0, or all 1, and one with both."""
    calls = []
    for function in ("other_mask_loss", "other_mask_loss_grad"):
        logits, targets, labels = headed(rng, [1, 2, 3])
        targets[0], targets[1] = 0.0, 1.0
        calls.append(Call(function, (logits, targets, labels),
                          text="a region with nothing of the object in it, one that is full of it, and another"))
    return calls


# q5: pasting --------------------------------------------------------------------------------------------------------


def q5_whole(rng, variant):
    x, y = (int(v) for v in rng.integers(0, 3, 2))
    masks = rng.integers(0, 33, (1, 2, 2)) / 32
    return [Call("paste_masks", (masks, np.array([[x, y, x + 4.0, y + 4.0]]), (6, 7)), picture=True,
                 text="2 x 2 bins, a box of 4 x 4 pixels"),
            Call("paste_masks", (rng.random((2, 3, 3)).round(2), np.array([[x, y, x + 6.0, y + 3.0], [1, 0, 4, 8.0]]),
                                 (8, 9)), picture=True,
                 text="3 x 3 bins, boxes of 6 x 3 and 3 x 8 pixels")]


def q5_between(rng, variant):
    masks = rng.integers(8, 33, (3, 3, 3)) / 32
    halves = [0.5 + int(rng.integers(0, 2)), 1.5, 5.5, 4.5 + int(rng.integers(0, 2))]
    return [Call("paste_masks", (masks[:2], np.stack([fractions(rng, 7, 8), fractions(rng, 7, 8)]), (7, 8)),
                 picture=True, text="boxes with corners between pixels"),
            Call("paste_masks", (masks[2:], np.array([halves]), (7, 8)), picture=True,
                 text="a box whose edges go through the centres of pixels")]


def q5_outside(rng, variant):
    h, w = 6, 7
    boxes = np.array([[-2.4, -1.0, 4.0, 3.3], [w - 3.0, h - 2.6, w + 1.7, h + 2.0], [w + 1.0, 0, w + 3.0, 2.0],
                      [-1.0, -2.0, w + 2.0, h + 1.0]])
    return [Call("paste_masks", (rng.integers(8, 33, (4, 3, 3)) / 32, boxes, (h, w)), picture=True,
                 text="boxes that reach beyond the image, and one that is outside")]


def q5_thin(rng, variant):
    boxes = np.array([[2.0, 2.0, 2.0, 4.0], [2.5, 2.5, 2.5, 2.5], [1.6, 1.0, 2.4, 4.0], [3.2, 1.3, 4.1, 2.0]])
    return [Call("paste_masks", (rng.integers(8, 33, (4, 3, 3)) / 32, boxes, (5, 6)),
                 text="boxes without area, one between centres, one with a single pixel"),
            Call("paste_masks", (rng.integers(8, 33, (1, 1, 1)) / 32, np.array([[1.0, 1.0, 4.0, 3.0]]), (5, 6)),
                 text="a mask with a single bin"),
            Call("paste_masks", (np.zeros((0, 4, 4)), np.zeros((0, 4)), (3, 4)), text="no mask")]


def linear(low, high, bins, length):
    centres = np.arange(length) + 0.5
    u = np.clip((centres - low) / (high - low) * bins - 0.5, 0, bins - 1)
    return np.maximum(0, 1 - np.abs(u[:, None] - np.arange(bins)))


def clear(logits, labels, boxes, size, threshold):
    """Tell whether every pixel is far enough from the threshold that rounding does not decide."""
    for mask, label, (x1, y1, x2, y2) in zip(logits, labels, boxes):
        p = 1 / (1 + np.exp(-mask[label]))
        values = linear(y1, y2, len(p), size[0]) @ p @ linear(x1, x2, len(p), size[1]).T
        if np.abs(values - threshold).min() < 1e-4 or not 0.2 < (values > threshold).mean() < 0.8:
            return False
    return True


def q5_final(rng, variant):
    calls = []
    for classes, bins, size, threshold in ((3, 2, (8, 9), 0.5), (4, 3, (10, 9), 0.5), (3, 3, (9, 8), 0.3)):
        while True:
            labels = rng.permutation(np.arange(1, classes))[:2]
            logits = rng.integers(-30, 31, (2, classes, bins, bins)) / 10
            boxes = np.stack([[0.3, 0.6, size[1] - 0.7, size[0] - 1.2], [1.2, 0.2, size[1] - 0.3, size[0] - 0.6]])
            if clear(logits, labels, boxes, size, threshold):
                break
        kwargs = {} if threshold == 0.5 else {"threshold": threshold}
        calls.append(Call("final_masks", (logits, labels, boxes, size), kwargs, picture=True,
                          text=f"two regions, {classes} classes, threshold {threshold}"))
    return calls


# q6: overlaps and average precision ---------------------------------------------------------------------------------


def q6_iou(rng, variant):
    return [Call("mask_iou", (blots(rng, 1, 4, 4), blots(rng, 1, 4, 4)), text="one mask of 4 x 4 and another"),
            Call("mask_iou", (blots(rng, 3, 5, 7), blots(rng, 2, 5, 7)), picture=True,
                 text="three masks and two true ones")]


def q6_empty(rng, variant):
    masks = blots(rng, 2, 5, 6)
    gone = masks & np.array([False, True])[:, None, None]
    return [Call("mask_iou", (gone, np.concatenate([gone[:1], masks])), text="a mask without pixels on both sides"),
            Call("mask_iou", (masks[:0], masks), text="nothing was found"),
            Call("mask_iou", (masks, masks[:0]), text="nothing is there")]


def hundredths(rng, low, high, *shape):
    return rng.integers(low, high, shape) / 100


def q6_match(rng, variant):
    limit = int(rng.integers(55, 75)) / 100
    ious = hundredths(rng, 20, 50, 3, 2)
    ious[0] = [limit + 0.05, limit + 0.15]
    ious[1] = [limit + 0.04, limit + 0.2]  # the better one is taken
    border = np.array([[limit, 0.1], [0.2, limit - 0.01]])
    many = rng.permutation(np.arange(20, 95))[:18].reshape(6, 3) / 100  # no two are equal
    many[0, 0], many[1] = 0.97, [0.96, 0.1, 0.2]  # found twice
    return [Call("match", (ious, limit), text=f"three detections, two objects, threshold {limit}"),
            Call("match", (border, limit), text=f"overlaps of exactly {limit}, and a little less"),
            Call("match", (many, limit), text="six detections, three objects"),
            Call("match", (np.zeros((2, 0)), 0.5), text="two detections, no object")]


def q6_ties(rng, variant):
    value = int(rng.integers(60, 90)) / 100
    scores = np.array([0.9, 0.5, 0.5, 0.5, 0.2])
    return [Call("match", (np.array([[value, value], [0.1, value]]), 0.5), text="two objects with the same overlap"),
            Call("match", (np.array([[value, 0.2, value], [value, value, 0.3], [0.2, 0.1, value]]), 0.5),
                 text="the same overlaps, three objects"),
            Call("average_precision", (scores, np.array([True, False, False, True, False]), 3), text="equal scores")]


def judged(rng, total, count):
    """Return scores in any order and which are right: of the best, one is wrong, and one object stays unfound."""
    right = np.zeros(count, bool)
    right[rng.permutation(np.arange(1, count))[: total - 1]] = True
    right[0], right[1], right[2] = True, False, True
    while right.sum() >= total:
        right[np.flatnonzero(right)[-1]] = False
    scores = np.sort(rng.permutation(np.arange(5, 99))[:count] / 100)[::-1]
    order = np.roll(rng.permutation(count), 1)
    if (np.diff(order) > 0).all():
        order = order[::-1]
    return scores[order], right[order]


def q6_precision(rng, variant):
    all_found = np.array([0.4, 0.9, 0.6, 0.8]), np.array([True, True, True, False])
    return [Call("average_precision", (*judged(rng, 3, 6), 3), text="three objects, six detections"),
            Call("average_precision", (*judged(rng, 7, 9), 7), text="seven objects, nine detections"),
            Call("average_precision", (*all_found, 3), text="every object is found in the end"),
            Call("average_precision", (np.zeros(0), np.zeros(0, bool), 3), text="no detection")]


THRESHOLDS = np.linspace(0.5, 0.95, 10)


def rectangle(rng, height, width):
    mask = np.zeros((height, width), bool)
    y, x = int(rng.integers(0, height - 3)), int(rng.integers(0, width - 4))
    mask[y : y + int(rng.integers(3, 6)), x : x + int(rng.integers(4, 7))] = True
    return mask


def found_for(rng, mask):
    """Return a mask that is near a true one: a few pixels are missing, or it is moved by one."""
    near = mask & (rng.random(mask.shape) > rng.choice([0.0, 0.1, 0.25, 0.4]))
    return np.roll(near, 1, 1) if rng.random() < 0.25 else near


def decisive(masks, true):
    """Tell whether no overlap is next to a threshold, or equal to another: neither rounding nor order shall decide."""
    overlaps = np.array([[(a & b).sum() / max((a | b).sum(), 1) for b in true] for a in masks])
    apart = all(len(np.unique(row[row >= 0.5])) == (row >= 0.5).sum() for row in overlaps)
    return apart and np.abs(overlaps[..., None] - THRESHOLDS).min() > 1e-6


def scene(rng, height, width, labels):
    """Return detections and truth of one image."""
    while True:
        found, truth = drawn_scene(rng, height, width, labels)
        if decisive(found[0], truth[0]):
            return found, truth


def drawn_scene(rng, height, width, labels):
    true = np.stack([rectangle(rng, height, width) for _ in labels])
    kept = [g for g in range(len(labels)) if rng.random() < 0.9]
    masks = [found_for(rng, true[g]) for g in (*kept, *kept[:1])]  # the first one twice
    masks.append(rectangle(rng, height, width))
    names = [labels[g] for g in kept] + [labels[g] for g in kept[:1]] + [int(rng.integers(1, 3))]
    if len(kept) > 1:
        names[1] = 3 - names[1]  # a wrong class
    return (np.array(masks), np.array(names)), (true, np.array(labels))


def set_of_scenes(rng, layout=((1, 1, 2), (1, 2, 2, 1), (2, 1, 1, 2), (1, 2, 2, 1), (2, 1, 2))):
    """Return detections and truths of some images.

    There are 9 objects of each of two classes: no recall but 0 and 1 is one of those that are asked for.
    """
    pairs = [scene(rng, 9, 10, labels) for labels in layout]
    counts = [len(names) for (_, names), _ in pairs]
    scores = np.split(rng.permutation(np.arange(2, 99))[: sum(counts)] / 100, np.cumsum(counts)[:-1])
    detections = [(*found, score) for (found, _), score in zip(pairs, scores)]
    return detections, [truth for _, truth in pairs]


NAMES = ("AP", "AP50", "AP75")


def q6_classes(rng, variant):
    detections, truths = set_of_scenes(rng)
    return [Call("mask_ap", (detections, truths, 3), text="five images, two classes", names=NAMES)]


def q6_absent(rng, variant):
    detections, truths = set_of_scenes(rng)
    detections = [(masks, np.where(labels == 2, 4, labels), scores) for masks, labels, scores in detections]
    truths = [(masks, np.where(labels == 2, 4, labels)) for masks, labels in truths]
    detections[0][1][-1] = 2  # said, but nowhere true
    size = truths[0][0].shape[1:]
    detections.append((np.zeros((0, *size), bool), np.zeros(0, int), np.zeros(0)))
    truths.append((np.zeros((0, *size), bool), np.zeros(0, int)))
    text = "five classes, three of them without an object; an image without anything"
    return [Call("mask_ap", (detections, truths, 6), text=text, names=NAMES)]


# q7: another way to read --------------------------------------------------------------------------------------------


def region(rng, variant, height, width, where="inside"):
    """Return a region of this term's kind."""
    if variant != "rotated":
        if where == "inside":
            return inner_box(rng, height, width, 1.0, 2.0)
        return np.array(corner_box(rng, height, width, where == "begin"))
    angle = int(rng.integers(2, 7)) / 5 * rng.choice([-1, 1])
    w, h = np.array([2, 1]) + rng.integers(0, 9, 2) / 10
    if where == "inside":
        return np.array([*(np.array([width, height]) / 2 + rng.integers(-3, 4, 2) / 10), w, h, angle])
    at = (0.3, -0.2) if where == "begin" else (width + 0.4, height - 0.3)
    return np.array([*at, w + 1, h + 1.2, angle])


def samples_of(x, box, bins, samples):
    """Return the samples of each bin of a region that is not rotated, (C, M, M, n n)."""
    weights = []
    for low, high, length in ((box[1], box[3], x.shape[1]), (box[0], box[2], x.shape[2])):
        u = np.clip(low + (high - low) * (np.arange(bins * samples) + 0.5) / (bins * samples) - 0.5, 0, length - 1)
        weights.append(np.maximum(0, 1 - np.abs(u[:, None] - np.arange(length))))
    read = (weights[0] @ x @ weights[1].T).reshape(len(x), bins, samples, bins, samples)
    return read.transpose(0, 1, 3, 2, 4).reshape(len(x), bins, bins, -1)


def decided(x, regions, bins, samples):
    """Tell whether in each bin one sample is clearly the largest."""
    tops = [np.sort(samples_of(x, box, bins, samples), -1) for box in regions]
    return samples == 1 or all((top[..., -1] - top[..., -2] > 1e-3).all() for top in tops)


def map_and_regions(rng, variant, channels, height, width, where, bins, samples):
    while True:
        x = numbers(rng, channels, height, width)
        regions = np.stack([region(rng, variant, height, width, one) for one in where])
        if variant != "largest" or decided(x, regions, bins, samples):
            return x, regions


def q7_values(rng, variant):
    calls = []
    for channels, size, where, bins, samples in ((1, (5, 6), ["inside"], 1, 2), (2, (6, 7), ["inside"] * 2, 2, 2),
                                                 (1, (6, 7), ["inside"], 2, 3)):
        x, regions = map_and_regions(rng, variant, channels, *size, where, bins, samples)
        count = "one region" if len(regions) == 1 else f"{len(regions)} regions"
        text = f"{count}, {bins} x {bins} bins, {samples} x {samples} samples"
        calls.append(Call("other_align", (x, regions, bins, samples), text=text, picture=bins > 1))
    return calls


def q7_borders(rng, variant):
    calls = []
    for where, corner in (("begin", "upper left"), ("end", "lower right")):
        x, regions = map_and_regions(rng, variant, 1, 5, 6, [where], 3, 1)
        calls.append(Call("other_align", (x, regions, 3, 1), text=f"over the {corner} corner", picture=True))
    x, regions = map_and_regions(rng, variant, 2, 5, 6, ["inside"], 2, 1)
    regions = regions + (np.array([[9.0, 0, 9.0, 0]]) if variant != "rotated" else np.array([[9.0, 0, 0, 0, 0]]))
    return [*calls, Call("other_align", (x, regions, 2, 1), text="a region that lies outside of the map"),
            Call("other_align", (x, regions[:0], 2, 2), text="no region")]


def slope_call(rng, variant, channels, size, where, bins, samples, text):
    x, regions = map_and_regions(rng, variant, channels, *size, where, bins, samples)
    grad = numbers(rng, len(regions), channels, bins, bins) + 0.05
    return Call("other_align_grad", (grad, x, regions, bins, samples), text=text, picture=True)


def q7_gradient(rng, variant):
    calls = [slope_call(rng, variant, 1, (5, 6), ["inside"], 1, 1, "one bin, one sample"),
             slope_call(rng, variant, 1, (5, 6), ["inside"], 1, 2, "one bin, 2 x 2 samples"),
             slope_call(rng, variant, 1, (5, 6), ["begin"], 1, 1, "one bin, one sample, at the border")]
    if variant == "largest":  # equal samples, on the cells themselves: no rounding
        x, y = (int(v) for v in rng.integers(0, 3, 2))
        flat, box = np.full((1, 5, 6), 3.0), np.array([[x, y, x + 2.0, y + 2.0]])
        calls.append(Call("other_align_grad", (numbers(rng, 1, 1, 1, 1) + 0.05, flat, box, 1, 2),
                          text="four equal samples", picture=True))
    return calls


def q7_overlap(rng, variant):
    calls = [slope_call(rng, variant, 2, (5, 6), ["inside"], 3, 2, "bins that share cells, two channels"),
             slope_call(rng, variant, 1, (5, 6), ["inside"] * 3, 2, 2, "three regions")]
    first = calls[1].args
    again = first[2].copy()
    again[1] = again[0]  # the same region twice: all its cells are shared
    args = (*first[:2], again, *first[3:])
    return [calls[0], Call("other_align_grad", args, text="three regions that share cells", picture=True)]


# q9: another overlap ------------------------------------------------------------------------------------------------


def lump(rng, height, width, touching=False):
    """Return a thick mask: two rectangles that overlap; at the image's border, or two pixels away from it."""
    mask, edge = np.zeros((height, width), bool), 0 if touching else 2
    y, x = edge + int(rng.integers(0, 2)), edge + int(rng.integers(0, 2))
    y, x = (0, 0) if touching else (y, x)
    mask[y : y + 5, x : x + 4] = True
    mask[y + 1 : y + 4, x : x + 5 + int(rng.integers(0, 2))] = True
    return mask


def near(rng, mask):
    """Return a mask that is moved, and lacks some of its pixels."""
    moved = np.roll(mask, (int(rng.integers(0, 2)), 1), (0, 1))
    return moved & (rng.random(mask.shape) < 0.85)


def q9_values(rng, variant):
    true = lump(rng, 11, 12)
    others = np.stack([lump(rng, 11, 14), np.roll(lump(rng, 11, 14), 2, 1)])
    full, ring = np.zeros((2, 11, 12), bool)
    full[2:8, 3:9] = ring[2:8, 3:9] = True
    ring[3:7, 4:8] = False
    return [Call("other_overlap", (near(rng, true)[None], true[None], 1), text="a mask of 11 x 12 pixels, d = 1"),
            Call("other_overlap", (np.stack([near(rng, mask) for mask in (*others, others[0])]), others, 1),
                 text="three masks and two true ones, d = 1"),
            Call("other_overlap", (full[None], np.stack([ring, full]), 1),
                 text="a filled square, and a true one with a hole")]


def q9_width(rng, variant):
    true = np.zeros((15, 16), bool)
    true[3:11, 3 : 8 + int(rng.integers(0, 2))] = True
    true[5:9, 3:11] = True
    return [Call("other_overlap", (near(rng, true)[None], true[None], 2), text="a large mask, d = 2")]


def q9_borders(rng, variant):
    true = lump(rng, 9, 10, touching=True)
    other = true[::-1, ::-1].copy()
    return [Call("other_overlap", (near(rng, true)[None], true[None], 1),
                 text="a mask in the upper left corner of the image"),
            Call("other_overlap", (np.roll(other, -1, 1)[None], other[None], 1),
                 text="a mask in the lower right corner")]


def q9_empty(rng, variant):
    masks = np.zeros((3, 9, 12), bool)
    masks[1, int(rng.integers(2, 6)), 8 + int(rng.integers(0, 2))] = True
    masks[2, 2:5, 2:5] = True
    return [Call("other_overlap", (masks, masks.copy(), 1),
                 text="no pixel, one pixel, and 3 x 3 pixels, each found and true")]


LOSS_HINTS = (
    "Try the example of the text. logits[r, labels[r]] is the mask that learns; the mean goes over its bins.",
    "Regions with label 0 have no mask: they are neither in the sum nor in the number that divides it.",
    "With no region that has an object there is nothing to be wrong about: return 0, before anything is divided by 0.",
)
READ_HINT = "Print the places of the samples, then what one of them reads, and compare with the example of the text."
QUESTIONS = [
    Question("q1", "RoIAlign", ("roi_align",), [
        Part("inside", 4, align_calls("inside"),
             hint="Do the example of the text, one place at a time. In cells, the centre of "
             "cell 0 is at 0.5; corners are multiplied by the scale, and not rounded."),
        Part("samples", 3, align_calls("samples"),
             hint="Print the places of the samples: each is the centre of its part of the bin."),
        Part("images", 2, align_calls("images"), hint="The first number of each row of rois says which image is read."),
        Part("border", 2, align_calls("border"),
             hint="Up to half a cell outside of the map, the outermost cell goes on. A place "
             "that is farther away reads 0, and is counted."),
        Part("thin", 1, align_calls("thin"),
             hint="A region may be as small as it likes: its width is x2 - x1, even if that is 0."),
        Part("none", 1, align_calls("none"), hint="No region: an array with 0 rows, (0, C, M, M)."),
    ]),
    Question("q2", "The gradient of RoIAlign", ("roi_align_grad",), [
        Part("inside", 3, q2_inside,
             hint="Do the example of the text: which four cells, and with which weights? Do they add up to 1?"),
        Part("overlap", 3, q2_overlap,
             hint="What a cell gets from several samples, bins and regions is added. Does NumPy add "
             "if an index comes twice? And what does the mean of n x n samples divide by?"),
        Part("images", 1, q2_images, hint="The gradient of a region belongs to the map that it was read from."),
        Part("border", 1, q2_border, hint="Where two of the four cells are the same one, it gets both shares. "
             "A sample that reads 0 outside sends nothing."),
        Part("thin", 1, q2_thin, hint="A region without area has samples all the same, all at one place."),
        Part("none", 1, q2_none,
             hint="No region: nobody asked for anything, so the gradient is 0 everywhere, in the shape of x."),
    ]),
    Question("q3", "Mask targets", ("mask_targets",), [
        Part("whole", 3, q3_whole, hint="Count by hand: how many pixels of the bin belong to the mask, of how many?"),
        Part("shares", 3, q3_shares,
             hint="How much of pixel j lies in a bin from a to b? The overlap of [j, j + 1) and [a, b), "
             "at least 0. Rows times columns, over the area of the bin."),
        Part("matches", 1, q3_matches, hint="Box r belongs to object matches[r], not to object r."),
        Part("outside", 1, q3_outside, hint="The bins stay where they are: outside of the image, nothing is covered."),
        Part("thin", 1, q3_thin, hint="A box without area: all zeros, before anything is divided by 0."),
        Part("none", 1, q3_none, hint="No box: an array with 0 rows, (0, M, M)."),
    ]),
    Question("q4", "The loss of the masks", ("mask_loss", "mask_loss_grad"), [
        Part("values", 3, LOSS[0], hint=LOSS_HINTS[0]),
        Part("background", 2, both(LOSS[1], LOSS_GRAD[1]), hint=LOSS_HINTS[1]),
        Part("gradient", 3, LOSS_GRAD[0],
             hint="For one bin it is p - t. And the mean divides. The masks of all other classes get 0."),
        Part("nothing", 1, both(LOSS[2], LOSS_GRAD[2]), hint=LOSS_HINTS[2]),
        Part("large", 1, both(LOSS[3], LOSS_GRAD[3]),
             hint="exp(1000) is infinite, and log(0) too. np.logaddexp is neither."),
    ]),
    Question("q5", "Pasting, and the final masks", ("paste_masks", "final_masks"), [
        Part("whole", 3, q5_whole,
             hint="Do the example of the text: print u for each column of the image. A mask of ones has to "
                  "fill its box, and nothing else."),
        Part("between", 2, q5_between,
             hint="Which pixels have their centre in the box? The first edge belongs to it, the last one does not. "
             "Nothing is rounded."),
        Part("outside", 2, q5_outside, hint="Compute as if the image were larger, and keep what lies in it."),
        Part("thin", 1, q5_thin,
             hint="A box without a pixel's centre in it leaves all zeros. With one bin, nothing is interpolated."),
        Part("final", 3, q5_final,
             hint="In this order: the mask of the label, sigmoid, paste, compare with the threshold."),
    ]),
    Question("q6", "IoU of masks, and COCO's AP", ("mask_iou", "match", "average_precision", "mask_ap"), [
        Part("iou", 2, q6_iou,
             hint="Pixels in both over pixels in at least one. Rows: what was found; columns: what is true."),
        Part("empty", 1, q6_empty,
             hint="Two masks without pixels have the IoU 0. D or G may be 0: that many rows and columns, then."),
        Part("match", 3, q6_match,
             hint="It looks at the objects that are still free, and no other. Exactly the threshold is enough."),
        Part("ties", 1, q6_ties,
             hint="Of equal overlaps the last object is taken. Of equal scores the first detection comes first."),
        Part("precision", 3, q6_precision,
             hint="Do the example of the text: sort, count, and for each of 101 recalls take the largest "
             "precision at that recall or any higher one; 0 if it is not reached."),
        Part("classes", 3, q6_classes,
             hint="Sort by score, the best one first; then match, in each image and in each class by itself. At last "
                  "put the detections of all images together."),
        Part("absent", 1, q6_absent,
             hint="A class without any true object is left out of the mean, whatever was detected."),
    ]),
    Question("q7", "Another way to read a region", ("other_align", "other_align_grad"), [
        Part("values", 4, q7_values, hint=READ_HINT),
        Part("borders", 2, q7_borders,
             hint="Nothing reads 0 here: the outermost cells go on for ever, in all four directions."),
        Part("gradient", 4, q7_gradient,
             hint="Take one bin: which cells was it made of, and with which weights? "
                  "Its gradient goes there, by the same weights."),
        Part("overlap", 2, q7_overlap, hint="What a cell gets from several samples, bins and regions is added."),
    ]),
    Question("q8", "Another loss", ("other_mask_loss", "other_mask_loss_grad"), [
        Part("values", 3, OTHER[0],
             hint="Do the example of the text by hand. Each region has a loss of its own; then comes their mean."),
        Part("gradient", 3, OTHER_GRAD[0],
             hint="Change one logit by 0.001 and look how the loss changes: that is what the gradient has to say."),
        Part("background", 2, both(OTHER[1], OTHER_GRAD[1]), hint=LOSS_HINTS[1]),
        Part("extreme", 1, extreme, hint="Some sums may be 0 here. Read again what the text says about that."),
        Part("nothing", 1, both(OTHER[2], OTHER_GRAD[2]), hint=LOSS_HINTS[2]),
    ]),
    Question("q9", "Another overlap of masks", ("other_overlap",), [
        Part("values", 4, q9_values, hint="Do the example of the text, and print what you count beside it."),
        Part("width", 2, q9_width, hint="The square around a pixel, or the rectangle, grows with d."),
        Part("borders", 2, q9_borders, hint="Read again what the text says about the border of the image."),
        Part("empty", 2, q9_empty, hint="Where there is nothing to divide by, the overlap is what the text says."),
    ]),
]
