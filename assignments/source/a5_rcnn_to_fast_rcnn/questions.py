"""What is checked in assignment 5: inputs of every part, small, drawn anew each time."""

import numpy as np

from minidet.grading.assignments.assignment import Call, Part, Question

VARIANTS = {
    "q2": ("vote", "hull", "median"),
    "q7": ("centres", "touched", "area"),
    "q10": ("hardest", "balanced", "certain"),
}


def numbers(rng, *shape):
    """Return numbers with one digit after the point: short to print, and rarely equal."""
    return rng.integers(-40, 41, shape) / 10


def distinct(rng, *shape):
    """Return positive numbers of which no two are equal."""
    return rng.permutation(np.arange(1, int(np.prod(shape)) + 1)).reshape(shape) / 2


def chances(rng, count):
    """Return scores between 0 and 1 of which no two are equal."""
    return rng.permutation(np.arange(1, 40))[:count] / 40


def shuffled(rng, boxes, *others):
    """Return rows in another order."""
    order = rng.permutation(len(boxes))
    return tuple(np.asarray(values, float)[order] for values in (boxes, *others))


def heap(rng, count, left, top=0):
    """Return boxes that lie one upon the other: any two have an IoU of more than 0.7."""
    corner = rng.integers(0, 2, (count, 4)) + np.array([left, top, left + 22, top + 22])
    corner[:, 2] += np.arange(count) % 2  # never all equal
    return corner.astype(float)


def chain(rng, left):
    """Return three boxes in a row: each has an IoU of 0.6 with the next one, the outer ones have 1/3."""
    top, height = rng.integers(0, 10), rng.integers(5, 12)
    return np.array([[left + 3 * i, top, left + 3 * i + 12, top + height] for i in range(3)], float)


# q1: greedy NMS -----------------------------------------------------------------------------------------------------


def q1_order(rng, variant):
    calls = []
    for sizes in ((1, 3), (2, 4, 1)):
        boxes = np.concatenate([heap(rng, size, 40 * i) for i, size in enumerate(sizes)])
        boxes, scores = shuffled(rng, boxes, numbers(rng, 1) + chances(rng, len(boxes)))
        text = f"{len(boxes)} boxes in {len(sizes)} heaps that lie apart"
        calls.append(Call("nms", (boxes, scores, 0.5), text=text))
    return calls


def q1_measure(rng, variant):
    x, y = rng.integers(-9, 10, 2)
    move = np.array([x, y, x, y])
    near = np.array([[0, 0, 4, 4], [2, 0, 6, 4]]) + move
    inside = np.array([[0, 0, 12, 12], [2, 2, 8, 8]]) + move
    side = int(rng.integers(5, 9))
    corner = np.array([[0, 0, side, side], [2 * side, 2 * side, 3 * side, 3 * side]]) + move
    words = ("two boxes of 4 x 4 with an IoU of 1/3", "a box inside of another one, IoU 0.25",
             "two boxes far apart, in both directions")  # fmt: skip
    return [Call("nms", (*shuffled(rng, boxes, chances(rng, 2)), 0.4), text=text)
            for boxes, text in zip((near, inside, corner), words, strict=True)]


def q1_chain(rng, variant):
    boxes = np.concatenate([chain(rng, 0), chain(rng, 40)])
    scores = np.array([0.9, 0.8, 0.7, 0.5, 0.6, 0.4])
    return [Call("nms", (*shuffled(rng, boxes, scores), 0.45), text="two rows of three boxes; each overlaps the "
         "next one")]


def q1_threshold(rng, variant):
    size = float(rng.integers(1, 9))
    half = np.array([[0, 0, 4, 2], [0, 0, 4, 4]]) * size
    quarter = np.array([[0, 0, 2, 2], [0, 0, 4, 4]]) * size - 3
    border = np.array([[0, 0, 2, 2], [2, 0, 4, 2]]) * size
    return [Call("nms", (*shuffled(rng, boxes, chances(rng, 2)), limit), text=f"an IoU of exactly the threshold, "
         f"{limit}")
            for boxes, limit in ((half, 0.5), (quarter, 0.25), (border, 0.0))]


def q1_ties(rng, variant):
    boxes = np.concatenate([heap(rng, 3, 0), heap(rng, 3, 40), chain(rng, 100)])
    return [Call("nms", (boxes, np.full(9, 0.5), 0.45), text="nine boxes, all scores equal"),
            Call("nms", (*shuffled(rng, boxes, np.repeat([1.0, 0.5, 2.0], 3)), 0.45), text="equal scores in each heap")]


def q1_empty(rng, variant):
    x, y = rng.integers(2, 9, 2)
    boxes = np.array([[x, y, x, y], [0, 0, 10, 10], [x, y, x, y], [3, 0, 3, 9], [3, 0, 3, 9]], float)
    return [Call("nms", (boxes, chances(rng, 5), 0.5), text="boxes without area, some of them twice"),
            Call("nms", (np.zeros((0, 4)), np.zeros(0), 0.5), text="no boxes")]


def q1_classes(rng, variant):
    heaps = [heap(rng, 4, -300, -100), heap(rng, 3, -200, -100)]
    boxes = np.concatenate([*heaps, [[-20, -20, 0, 0]]])
    labels = np.array([1, 2, 1, 2, 0, 0, 2, 2])
    boxes, scores, labels = shuffled(rng, boxes, chances(rng, 8), labels)
    none = np.zeros((0, 4)), np.zeros(0), np.zeros(0, int)
    return [Call("nms_per_class", (boxes, scores, labels.astype(int), 0.5), text="three classes; coordinates are "
         "negative"),
            Call("nms_per_class", (*none, 0.5), text="no boxes")]


# q2: another way with double answers --------------------------------------------------------------------------------


MERGED = ("boxes", "scores")


def merge(boxes, scores, threshold, text, picture=False):
    args = np.asarray(boxes, float), np.asarray(scores, float), threshold
    return Call("merge_groups", args, text=text, names=MERGED, picture="boxes" if picture else False)


def q2_groups(rng, variant):
    calls = []
    for sizes in ((3, 1), (2, 4, 1)):
        boxes = np.concatenate([heap(rng, size, 40 * i) for i, size in enumerate(sizes)])
        boxes, scores = shuffled(rng, boxes, chances(rng, len(boxes)))
        text = f"{len(boxes)} boxes in {len(sizes)} heaps that lie apart"
        calls.append(merge(boxes, scores, 0.5, text, len(sizes) == 2))
    return calls


def q2_measure(rng, variant):
    size = float(rng.integers(1, 5))
    inside = np.array([[0, 0, 12, 12], [2, 3, 8, 6], [30, 0, 34, 4]]) * size
    half = np.array([[0, 0, 8, 4], [4, 0, 12, 4], [30, 0, 34, 4]]) * size
    scores = rng.permutation([0.3, 0.6, 0.8])
    return [merge(inside, scores, 0.5, "a box inside of another one", True),
            merge(half, scores, 0.5, "two boxes with a share of exactly 0.5")]


def q2_leader(rng, variant):
    boxes, scores = shuffled(rng, chain(rng, 0), [0.9, 0.8, 0.7])
    across, marks = shuffled(rng, chain(rng, 0), [0.7, 0.9, 0.8])
    return [merge(boxes, scores, 0.6, "a row of three boxes, the best one at an end", True),
            merge(across, marks, 0.6, "a row of three boxes, the best one in the middle")]


def q2_ties(rng, variant):
    score, left = float(chances(rng, 1)[0]), float(rng.integers(1, 20))
    boxes = np.array([[200, 0, 204, 4], [left, 0, left + 20, 20], [50, 50, 58, 58], [50, 80, 58, 88]], float)
    row = np.array([[3, 0, 15, 10], [0, 0, 12, 10], [6, 0, 18, 12]], float)  # who leads decides who joins
    return [merge(boxes, np.full(4, score), 0.5, "four boxes that lie apart, all scores equal"),
            merge(row + left, np.full(3, score), 0.6, "a row of three boxes, all scores equal")]


def q2_edge(rng, variant):
    x, y = rng.integers(2, 9, 2)
    boxes = [[x, y, x, y], [0, 0, 10, 10], [x, y, x, y], [3, 0, 3, 9]]
    return [merge(boxes, chances(rng, 4), 0.5, "boxes without area, inside of another one; one of them twice"),
            merge(np.zeros((0, 4)), np.zeros(0), 0.5, "no boxes")]


# q3: the warp -------------------------------------------------------------------------------------------------------


def warped(rng, boxes, size, context, text, picture=False, shape=(2, 11, 13)):
    image, fill = rng.integers(0, 100, shape) / 1.0, rng.integers(200, 300, shape[0]) / 1.0
    args = image, np.asarray(boxes, float), size, context, fill
    return Call("warp", args, text=text, picture=picture, names=("crops", "positions"))


def q3_size(rng, variant):
    x, y, w, h = rng.integers(1, 4), rng.integers(1, 4), rng.integers(3, 6), rng.integers(6, 8)
    boxes = [[x, y, x + w, y + h], [2.25, 3.5, 11.25, 8.5]]
    return [warped(rng, [[1, 2, 9, 6]], 4, 0, "a box of 8 x 4 becomes 4 x 4, no context", True),
            warped(rng, boxes, 5, 0, "two boxes inside of the picture, no context")]


def q3_context(rng, variant):
    x, y, w = rng.integers(4, 6), rng.integers(4, 6), rng.integers(2, 4)
    boxes = [[x, y, x + w, y + 2], [5, 3, 7, 7]]
    return [warped(rng, [[4, 4, 8, 6]], 4, 1, "1 pixel of context, all inside of the picture", True),
            warped(rng, boxes, 8, 2, "two boxes, 2 pixels of context"),
            warped(rng, boxes, 6, 1, "two boxes, 1 pixel of context")]


def q3_outside(rng, variant):
    x, y = rng.integers(-4, 0, 2)
    boxes = [[x, y, x + 8, y + 16], [8, 6, 16, 14], [20, 20, 24, 24]]
    return [warped(rng, boxes, 8, 0, "boxes that reach beyond the picture, and one that lies beyond it"),
            warped(rng, [[1, 3, 5, 7], [0, 0, 4, 4]], 4, 1, "context that reaches beyond the picture", True),
            warped(rng, [[0, 0, 4, 11], [11, 1, 13, 11]], 8, 0, "places in the half pixel at the border")]


def q3_pixel(rng, variant):
    x, y = rng.integers(2, 9, 2)
    return [warped(rng, [[x, y, x + 1, y + 1]], 4, 0, "a box of one pixel", True)]


def q3_dropped(rng, variant):
    x, y = rng.integers(1, 9, 2)
    boxes = [[x, y, x, y + 3], [x, y, x + 2, y + 3], [x, y, x, y], [0, y, 5, y], [1, 1, 4, 5]]
    same, fill = np.full((2, 9, 10), 3.0), np.full(2, 3.0)  # where it is read does not matter here
    names = "crops", "positions"
    return [Call("warp", (same, np.array(boxes, float), 4, 1, fill), text="three of five boxes have no area",
        names=names),
            Call("warp", (same, np.array(boxes[:1], float), 4, 1, fill), text="one box, without area", names=names),
            Call("warp", (same, np.zeros((0, 4)), 5, 0, fill), text="no boxes", names=names)]


# q4: hard negatives -------------------------------------------------------------------------------------------------


def roles_of(highest, own, objects, rng, text, **limit):
    """Return a call whose regions have these highest overlaps, each with one of the objects."""
    overlaps = rng.random((len(highest), objects)) * np.asarray(highest)[:, None] * 0.9
    overlaps[np.arange(len(highest)), rng.integers(0, objects, len(highest))] = highest
    return Call("svm_roles", (overlaps, np.asarray(own, bool)), limit, text=text)


def q4_positives(rng, variant):
    highest = np.array([1, 1, 0.95, 0.7, 0.55, 0.2, 0.1, 0, 1.0])
    own = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0])
    order = rng.permutation(9)
    return [roles_of(highest[order], own[order], 2, rng, "two objects; proposals overlap them by more than 0.5, or "
         "little")]


def q4_gap(rng, variant):
    highest = np.array([0.3, 0.29, 0.31, 0.45, 0.1, 0, 0.25, 1])
    order = rng.permutation(8)
    none = np.zeros((int(rng.integers(3, 6)), 0))
    return [roles_of(highest[order], order == 7, 3, rng, "overlaps around 0.3"),
            roles_of(highest[order], order == 7, 3, rng, "a limit of 0.25", limit=0.25),
            Call("svm_roles", (none, np.zeros(len(none), bool)), text="no object of this class")]


def mining(rng, scores, roles, inside, most, text):
    """Return a call whose regions stand in another order; ``inside`` are positions before that."""
    scores, roles = np.asarray(scores, float), np.asarray(roles)
    order = rng.permutation(len(scores))
    there = np.flatnonzero(np.isin(order, inside))
    return Call("hard_negatives", (scores[order], roles[order], there, most), text=text)


def q4_hardest(rng, variant):
    scores = rng.permutation(np.arange(-8, 10))[:10] / 10
    roles = np.array([-1, -1, -1, -1, -1, -1, 0, 1, 0, 1])
    scores[6:8] += 5  # who is no negative would come first
    return [mining(rng, scores, roles, [], most, f"ten regions, six negatives, at most {most}") for most in (3, 10)]


def q4_margin(rng, variant):
    scores = [-1, -1.2, -0.9, -3, 0.4, -0.1, -0.99, -1.01]
    return [mining(rng, scores, [-1] * 8, [], 7, "scores around -1")]


def q4_inside(rng, variant):
    scores = np.arange(-7, 11, 2) / 10
    best = np.argsort(-scores)
    return [mining(rng, scores, [-1] * 9, best[[0, 2, 5]], 4, "three regions are in training already")]


def q4_ties(rng, variant):
    scores = np.repeat([0.5, 1.5, -0.5], 4)
    return [mining(rng, scores, [-1] * 12, [], 6, "many equal scores")]


# q5: ridge regression -----------------------------------------------------------------------------------------------


def fit(rng, pairs, width, lam, text, centred=True):
    features, targets = numbers(rng, pairs, width), numbers(rng, pairs, 4) / 4
    if centred:
        features, targets = features - features.mean(0), targets - targets.mean(0)
    else:
        features, targets = features + rng.integers(3, 9, width), targets + rng.integers(3, 9, 4)
    return Call("fit_ridge", (features, targets, lam), text=text, names=("weight", "bias"), rtol=1e-4, atol=1e-5)


def q5_fit(rng, variant):
    lam = float(rng.integers(2, 30))
    return [fit(rng, 6, 2, lam, f"6 pairs, 2 features, lambda {lam:g}; all means are 0"),
            fit(rng, 9, 3, 0.5, "9 pairs, 3 features, lambda 0.5; all means are 0")]


def q5_bias(rng, variant):
    return [fit(rng, 6, 2, 10.0, "6 pairs, 2 features, lambda 10; no mean is 0", False),
            fit(rng, 5, 3, 1e6, "a very large lambda; no mean is 0", False)]


def q5_few(rng, variant):
    return [fit(rng, 3, 5, 2.0, "3 pairs, 5 features; all means are 0")]


def q5_nothing(rng, variant):
    width = int(rng.integers(2, 6))
    args = np.zeros((0, width)), np.zeros((0, 4)), 1000.0
    return [Call("fit_ridge", args, text=f"no pairs, {width} features", names=("weight", "bias"))]


def proposals(rng, count):
    start = rng.integers(-5, 30, (count, 2))
    return np.concatenate([start, start + rng.integers(4, 30, (count, 2))], 1).astype(float)


def q5_move(rng, variant):
    calls = []
    for count, width in ((3, 1), (5, 4)):
        args = proposals(rng, count), numbers(rng, count, width) / width, numbers(rng, width, 4) / 10, numbers(rng,
            4) / 10
        calls.append(Call("move_boxes", args, text=f"{count} proposals, {width} features each", picture="boxes"))
    return calls


def q5_flat(rng, variant):
    boxes = proposals(rng, 3)
    boxes[0, 2], boxes[1, 2:] = boxes[0, 0], boxes[1, :2]
    weight, bias = numbers(rng, 2, 4) / 10, numbers(rng, 4) / 10
    return [Call("move_boxes", (boxes, numbers(rng, 3, 2) / 4, weight, bias), text="two of three proposals have no "
         "area",
                 picture="boxes"),
            Call("move_boxes", (np.zeros((0, 4)), np.zeros((0, 2)), weight, bias), text="no proposals")]


# q6: RoI pooling ----------------------------------------------------------------------------------------------------


POOLED = ("values", "places")


def pool_call(features, rois, bins, scale, text, picture=False):
    return Call("roi_pool", (features, np.asarray(rois, float), bins, scale), text=text, picture=picture, names=POOLED)


def q6_cells(rng, variant):
    maps = distinct(rng, 1, 1, 6, 8)
    halves = [[0, 4, 4, 20, 28], [0, 20, 12, 36, 20], [0, 8, 8, 8, 8]]
    x, y = rng.integers(0, 20, 2)
    some = [[0, x, y, x + 13, y + 10], [0, 9, 7, 50, 38]]
    return [pool_call(maps, halves, 1, 1 / 8, "numbers that become halves, as 4 / 8; one bin"),
            pool_call(maps, some, 1, 1 / 8, "a scale of 1/8, one bin")]


def q6_bins(rng, variant):
    x, y = rng.integers(0, 3, 2)
    rois = [[0, 0, 0, 2, 2], [0, x, y, x + 4, y + 6], [0, 1, 1, 7, 5]]
    single = distinct(rng, 1, 1, 4, 4)
    return [pool_call(single, [[0, 0, 0, 2, 2]], 2, 1.0, "3 x 3 cells, 2 x 2 bins", True),
            pool_call(distinct(rng, 1, 2, 9, 8), rois, 3, 1.0, "three regions, 3 x 3 bins"),
            pool_call(single, [[0, 3, 1, 3, 1]], 3, 1.0, "a region of one cell, 3 x 3 bins")]


def q6_outside(rng, variant):
    x, y = rng.integers(1, 4, 2)
    rois = [[0, -2, -2, 3, 3], [0, x, y, x + 5, y + 5], [0, 20, 20, 23, 23]]
    args = rng.permutation(np.arange(1, 9)).reshape(2, 1, 2, 2) / 1.0, np.array([[[[0, -1], [4, -1]]], [[[-1, -1],
        [7, -1]]]])
    boxes = np.array([[0, 0, 0, 7, 3], [0, 2, 2, 5, 9]], float)
    return [pool_call(distinct(rng, 1, 2, 5, 6), rois, 2, 1.0, "regions that reach beyond the map, and one that lies "
         "beyond it"),
            Call("roi_pool_grad", (*args, boxes, (1, 1, 3, 4)), text="the gradient; some bins have no cell")]


def q6_negative(rng, variant):
    maps = -distinct(rng, 1, 2, 4, 6)
    return [pool_call(maps, [[0, 0, 0, 3, 3], [0, 2, 0, 5, 3]], 2, 1.0, "all values of the map are negative")]


def q6_ties(rng, variant):
    maps = rng.integers(1, 3, (1, 2, 6, 6)) / 1.0
    maps[0, 0, :3, :3] = 2
    return [pool_call(maps, [[0, 0, 0, 5, 5], [0, 1, 1, 4, 4]], 2, 1.0, "many equal values")]


def q6_images(rng, variant):
    rois = [[1, 0, 0, 3, 3], [0, 0, 0, 3, 3], [2, 1, 0, 4, 3]]
    return [pool_call(distinct(rng, 3, 2, 4, 5), rois, 2, 1.0, "three pictures"),
            pool_call(distinct(rng, 1, 3, 4, 5), np.zeros((0, 5)), 2, 1.0, "no regions")]


def q6_gradient(rng, variant):
    grad = distinct(rng, 1, 2, 2, 2)
    places = np.array([[[[12, 12], [17, 18]], [[7, 12], [12, 12]]]])
    rois = np.array([[0, 4, 11, 27, 28]], float)
    return [Call("roi_pool_grad", (grad[:, :1], places[:, :1], rois, (1, 1, 4, 5)), text="two bins share a cell",
        picture=True),
            Call("roi_pool_grad", (grad, places, rois, (1, 2, 4, 5)), text="two channels; several bins share a cell")]


def q6_regions(rng, variant):
    count = 5
    places = np.stack([rng.permutation(12)[:8].reshape(2, 2, 2) for _ in range(count)])
    places[1] = places[0]
    rois = np.zeros((count, 5))
    rois[:, 0], rois[:, 3:] = [1, 1, 0, 2, 0], 3
    args = distinct(rng, count, 2, 2, 2), places, rois, (3, 2, 3, 4)
    return [Call("roi_pool_grad", args, text="five regions of three pictures; they share cells"),
            Call("roi_pool_grad", (np.zeros((0, 2, 2, 2)), np.zeros((0, 2, 2, 2), int), np.zeros((0, 5)), (1, 2, 3, 4)),
                 text="no regions")]


# q7: another pooling ------------------------------------------------------------------------------------------------


def exact_box(rng, bins, shape):
    """Return a box inside of the map whose bins begin and end at whole eighths of a cell, but rarely at a middle."""
    sides = [bins * int(rng.integers(5, 8 * size // bins - 2)) / 8 for size in shape]
    corner = [int(rng.integers(0, 8 * (size - side))) / 8 for size, side in zip(shape, sides, strict=True)]
    return [corner[1], corner[0], corner[1] + sides[1], corner[0] + sides[0]]


def regions(function, features, boxes, bins, text, rng=None, picture=False):
    """Return a call with a scale of 1/8; ``boxes`` are given in cells. With a generator, a gradient comes first."""
    boxes = np.asarray(boxes, float).reshape(-1, 4) * 8
    args = features, boxes, bins, 1 / 8
    if rng is not None:
        args = (distinct(rng, len(boxes), len(features), bins, bins), *args)
    return Call(function, args, text=text, picture=picture)


POOL, POOL_GRAD = "pool_regions", "pool_regions_grad"


def q7_inside(rng, variant):
    maps = distinct(rng, 2, 6, 7)
    boxes = [exact_box(rng, 3, (6, 7)) for _ in range(3)]
    return [regions(POOL, distinct(rng, 1, 4, 5), [[0.5, 0.5, 3.5, 2.5]], 2, "the box of the text", picture=True),
            regions(POOL, maps, [exact_box(rng, 2, (6, 7))], 2, "one region inside of the map"),
            regions(POOL, maps, boxes, 3, "three regions inside of the map, 3 x 3 bins")]


def q7_outside(rng, variant):
    x, y = rng.integers(-12, -3, 2) / 8
    boxes = [[x, y, x + 4.5, y + 5.5], [4.5, 0, 8.5, 4], [2.75, 1.25, 8.25, 7.75], [-2.5, 0, 0.5, 4], [9, 9, 11, 12],
        [-4, 1, -1, 3]]
    return [regions(POOL, distinct(rng, 2, 4, 5), boxes, 2, "regions that reach beyond the map, and two that lie "
         "beyond it")]


def q7_small(rng, variant):
    x, y = (int(v) for v in rng.integers(0, 3, 2))
    tiny, corner = [x + 0.375, y + 0.375, x + 0.75, y + 0.75], [x + 0.125, y + 0.125, x + 0.375, y + 0.375]
    flat = [[x + 0.5, y, x + 0.5, y + 3], [x, y, x, y], [1, y + 0.25, 4, y + 0.25]]
    return [regions(POOL, distinct(rng, 1, 4, 5), [tiny, corner, [x, y, x + 1, y + 1]], 2, "regions within a single "
         "cell"),
            regions(POOL, distinct(rng, 1, 4, 5), [tiny, *flat], 1, "three of four regions have no area"),
            regions(POOL, distinct(rng, 2, 4, 5), [], 2, "no regions")]


def q7_gradient(rng, variant):
    box = [0.5, 0.5, 3.5, 2.5]
    return [regions(POOL_GRAD, distinct(rng, 1, 4, 5), [box], 2, "the box of the text", rng, True),
            regions(POOL_GRAD, distinct(rng, 2, 5, 6), [[0.25, 0.125, 5.5, 4.625]], 3, "one region, 3 x 3 bins", rng)]


def q7_shared(rng, variant):
    maps = distinct(rng, 2, 6, 6)
    boxes = [[0.5, 0.5, 3.5, 3.75], [0.5, 0.25, 3.5, 3.75], exact_box(rng, 2, (6, 6)), [2, 2, 2, 4], [4.25, 4.25, 8, 7]]
    equal = np.round(maps / 12)  # for the maximum: of equal values, one gets all
    return [regions(POOL_GRAD, maps, boxes, 2, "regions that overlap, one without area, one that reaches beyond the "
         "map", rng),
            regions(POOL_GRAD, equal, boxes[:2], 2, "two regions that overlap; many values of the map are equal", rng)]


# q8: sampling -------------------------------------------------------------------------------------------------------


def sampled(rng, highest, objects, size, share, text):
    """Return a call whose regions have these highest overlaps with one of the objects, in a random order."""
    highest = np.asarray(highest, float)
    overlaps = rng.random((len(highest), objects)) * highest[:, None] * 0.9
    overlaps[np.arange(len(highest)), rng.integers(0, objects, len(highest))] = highest
    overlaps = overlaps[rng.permutation(len(highest))]
    args = overlaps, rng.permutation(len(highest)), size, share
    return Call("sample_regions", args, text=text, names=("positions", "objects"))


def spread(low, high, count):
    """Return numbers between two limits, which they do not come near."""
    return np.linspace(low + 0.02, high - 0.02, count)


def q8_objects(rng, variant):
    highest = [*spread(0.5, 1, 6), *spread(0.1, 0.5, 9)]
    return [sampled(rng, highest, 2, size, share, f"6 objects, 9 background; size {size}, share {share}")
            for size, share in ((7, 0.25), (8, 0.5), (6, 0.5))]


def q8_background(rng, variant):
    highest = [*spread(0.5, 1, 2), *spread(0.1, 0.5, 9), *spread(0, 0.1, 6)]
    return [sampled(rng, highest, 3, 8, 0.5, "2 objects, 9 background, 6 of the rest; size 8, share 0.5")]


def q8_filled(rng, variant):
    highest = [*spread(0.5, 1, 5), *spread(0.1, 0.5, 2), *spread(0, 0.1, 6)]
    return [sampled(rng, highest, 2, size, 0.25, f"5 objects, 2 background, 6 of the rest; size {size}, share 0.25")
            for size in (7, 20)]


def q8_limits(rng, variant):
    return [sampled(rng, [0.5, 0.5, 0.7, 0.6, 0.1, 0.1, 0.3, 0.2, 0.4], 2, 9, 0.5, "overlaps of exactly 0.5 and 0.1"),
            sampled(rng, [0.5, 0.1, 0.1, 0.2, 0.3, 0.4, 0.05], 1, 7, 0.5, "overlaps of exactly 0.5 and 0.1, one "
                 "object")]


def q8_nothing(rng, variant):
    names, count = ("positions", "objects"), int(rng.integers(5, 9))
    none = np.zeros((count, 0)), rng.permutation(count), 4, 0.25
    nobody = np.zeros((0, 2)), np.zeros(0, int), 4, 0.25
    return [Call("sample_regions", args, text=text, names=names)
            for args, text in ((none, "no objects in the picture"), (nobody, "no regions"))]


# q9 and q10: the losses ---------------------------------------------------------------------------------------------


def heads(rng, labels, classes=3):
    """Return scores, deltas, labels and targets; some differences are below 1 and some are above."""
    labels = np.asarray(labels)
    scores, deltas = numbers(rng, len(labels), classes), numbers(rng, len(labels), classes, 4)
    targets = numbers(rng, len(labels), 4)
    rows = np.flatnonzero(labels > 0)
    near = deltas[rows, labels[rows]] + rng.integers(-9, 10, (len(rows), 4)) / 10
    targets[rows, ::2] = near[:, ::2]
    return scores, deltas, labels, targets


def mixed(rng, count, classes=3):
    """Return labels of a random order: some are objects of every class, more are background."""
    return rng.permutation(np.arange(count) % (classes + 2) % classes)


LOSSES = "loss of the classes", "loss of the boxes"
GRADIENTS = "gradient of the scores", "gradient of the deltas"


def q9_values(rng, variant):
    return [Call("multi_task_loss", heads(rng, labels), text="all regions are objects", names=LOSSES)
            for labels in (rng.integers(1, 3, 2), rng.integers(1, 3, 5))]


def q9_background(rng, variant):
    return [Call("multi_task_loss", heads(rng, mixed(rng, 7)), text="objects and background", names=LOSSES),
            Call("multi_task_loss", heads(rng, mixed(rng, 8, 4), 4), text="four classes", names=LOSSES)]


def q9_large(rng, variant):
    scores, *rest = heads(rng, rng.integers(1, 3, 4))
    return [Call(function, (scores * 500, *rest), text="scores between -2000 and 2000", names=names)
            for function, names in (("multi_task_loss", LOSSES), ("multi_task_grad", GRADIENTS))]


def q9_gradient(rng, variant):
    return [Call("multi_task_grad", heads(rng, mixed(rng, count)), text=f"{count} regions, objects and background",
                 names=GRADIENTS) for count in (3, 8)]


def q9_none(rng, variant):
    return [Call(function, heads(rng, labels), text=text, names=names)
            for labels, text in ((np.zeros(4, int), "background only"), (np.zeros(0, int), "no regions"))
            for function, names in (("multi_task_loss", LOSSES), ("multi_task_grad", GRADIENTS))]


def q10_values(rng, variant):
    return [Call("roi_loss", heads(rng, mixed(rng, count)), text=f"{count} regions, objects and background")
            for count in (3, 7, 8)]


def q10_kind(rng, variant):
    return [Call("roi_loss", heads(rng, rng.integers(1, 3, 5)), text="all regions are objects"),
            Call("roi_loss", heads(rng, np.zeros(4, int)), text="all regions are background")]


def q10_gradient(rng, variant):
    return [Call("roi_loss_grad", heads(rng, mixed(rng, count)), text=f"{count} regions", names=GRADIENTS)
            for count in (3, 7, 8)]


def q10_none(rng, variant):
    scores, deltas, labels, targets = heads(rng, np.zeros(0, int))
    equal = np.zeros((3, 3)), np.ones((3, 3, 4)) / 2, np.array([1, 2, 1]), np.zeros((3, 4))
    return [Call("roi_loss", (scores, deltas, labels, targets), text="no regions"),
            Call("roi_loss_grad", (scores, deltas, labels, targets), text="no regions", names=GRADIENTS),
            Call("roi_loss_grad", equal, text="three regions with equal losses", names=GRADIENTS)]


QUESTIONS = [
    Question("q1", "Greedy non-maximum suppression", ("nms", "nms_per_class"), [
        Part("order", 2, q1_order, hint="Positions in the array, not boxes; and the best first."),
        Part("measure", 2, q1_measure, hint="Width and height of what two boxes share: what if they do not meet? "
             "Compute the IoU of the two boxes by hand, and print yours."),
        Part("chain", 1, q1_chain, hint="Whom may a box drop that was dropped itself?"),
        Part("threshold", 1, q1_threshold, hint="An IoU of exactly the threshold is not larger than it."),
        Part("ties", 1, q1_ties, hint="Is your way of sorting stable? What does it do with equal scores when it is "
             "reversed?"),
        Part("no area", 1, q1_empty, hint="What is your IoU of two equal boxes without area? And does it work for 0 "
             "boxes?"),
        Part("classes", 2, q1_classes, hint="Each class by itself, but the result is sorted over all classes. "
             "Do not move boxes of a class to another place unless that works for negative numbers."),
    ]),
    Question("q2", "Another way with double answers", ("merge_groups",), [
        Part("groups", 4, q2_groups, hint="Print who is in which group first, then check box and score of one group "
             "by hand."),
        Part("measure", 2, q2_measure, hint="The share of the smaller box, and larger than the threshold."),
        Part("leader", 2, q2_leader, hint="Who joins is compared with the leader's own box, and with nobody else's."),
        Part("ties", 2, q2_ties, hint="Read the rule for equal scores again: it decides who leads, and in which "
             "order."),
        Part("no area", 2, q2_edge, hint="A box without area joins nobody, and nobody joins it. Which shapes has an "
             "empty result?"),
    ]),
    Question("q3", "Every region becomes a square", ("warp",), [
        Part("size", 3, q3_size, hint="Print the places at which you read, and compare them with those of the example. "
             "Pixel 0 of the picture lies at 0.5."),
        Part("context", 3, q3_context, hint="The box fills the inner S - 2p pixels of the crop: how large is what "
             "all S show?"),
        Part("outside", 2, q3_outside, hint="Beyond the picture is fill. On the border, and in the half pixel "
             "inside of it, is "
             "the outermost pixel."),
        Part("one pixel", 1, q3_pixel, hint="Neighbours of a place may lie outside of the box."),
        Part("dropped", 2, q3_dropped, hint="A width or a height of 0 is enough. Which shape have 0 crops?"),
    ]),
    Question("q4", "Hard negatives", ("svm_roles", "hard_negatives"), [
        Part("positives", 2, q4_positives, hint="A proposal is never positive here, however well it fits."),
        Part("gap", 2, q4_gap, hint="Look at the highest overlap of a region. Is exactly the limit below it? What "
             "is the highest of "
             "none?"),
        Part("hardest", 1, q4_hardest, hint="The hardest are the negatives with the highest scores; only regions "
             "with role -1."),
        Part("margin", 1, q4_margin, hint="A negative with a score of -1 or less costs nothing."),
        Part("inside", 1, q4_inside, hint="Take out those that are in training before you count to the most allowed."),
        Part("ties", 1, q4_ties, hint="Of equal scores, the region that stands first."),
    ]),
    Question("q5", "A ridge regression moves boxes", ("fit_ridge", "move_boxes"), [
        Part("fit", 3, q5_fit, hint="With means of 0 the bias is 0. Try the example by hand: 0.4 / (8 + lambda)."),
        Part("bias", 2, q5_bias, hint="A very large lambda makes the weight 0. What should the regression answer "
             "then?"),
        Part("few pairs", 1, q5_few, hint="X'X alone has no inverse here; with lambda on its diagonal it has."),
        Part("no pairs", 1, q5_nothing, hint="What is the mean of no rows? Return zeros of the right shapes before "
             "you ask."),
        Part("move", 2, q5_move, hint="Centres move by shares of the proposal's own size; sides are multiplied by e "
             "to the power."),
        Part("no area", 1, q5_flat, hint="0 times something is 0: no special case, and nothing to be added to a "
             "width."),
    ]),
    Question("q6", "RoI pooling", ("roi_pool", "roi_pool_grad"), [
        Part("cells", 2, q6_cells, hint="Multiply, add 1/2, round down, for all four numbers. The last cell belongs "
             "to the region."),
        Part("bins", 3, q6_bins, hint="A bin's begin is rounded down, its end is rounded up: of three rows, two "
             "bins have two each."),
        Part("outside", 2, q6_outside, hint="Bins are made of the whole region, and cut afterwards. Place -1 is no "
             "place: what does "
             "NumPy do with an index of -1?"),
        Part("negative", 1, q6_negative, hint="The largest of some negative numbers is negative."),
        Part("ties", 1, q6_ties, hint="Of equal values, the first in reading order: rows first."),
        Part("pictures", 1, q6_images, hint="The first number of a region says in which picture it lies. And with 0 "
             "regions?"),
        Part("gradient", 2, q6_gradient, hint="A cell that won twice gets two gradients. Does your way of adding "
             "see both?"),
        Part("regions", 1, q6_regions, hint="Regions share cells too. And each picture has its own map."),
    ]),
    Question("q7", "Another pooling", ("pool_regions", "pool_regions_grad"), [
        Part("inside", 4, q7_inside, hint="Print begin and end of the bins, and which cells you count, for the "
             "example of the text."),
        Part("outside", 2, q7_outside, hint="Read what this term's rule says about cells that the map does not have."),
        Part("small", 2, q7_small, hint="A bin may be smaller than a cell; a region may be nothing at all."),
        Part("gradient", 3, q7_gradient, hint="How much does a bin grow if one of its cells grows by 1?"),
        Part("shared", 2, q7_shared, hint="A cell gets a gradient from each bin of each region that it belongs to."),
    ]),
    Question("q8", "Which regions learn?", ("sample_regions",), [
        Part("objects", 2, q8_objects, hint="At most size times share, rounded down; those that come first in order."),
        Part("background", 2, q8_background, hint="Where there are few objects, more background is taken; in the "
             "order of order."),
        Part("filled", 2, q8_filled, hint="The rest comes last, and only as much as is missing. A sample may stay "
             "smaller."),
        Part("limits", 1, q8_limits, hint="At least 0.5 is an object; at least 0.1, and below 0.5, is background."),
        Part("nothing", 1, q8_nothing, hint="Without objects the highest overlap of every region is 0. What has "
             "NumPy to say to the "
             "maximum of nothing?"),
    ]),
    Question("q9", "Two losses at once", ("multi_task_loss", "multi_task_grad"), [
        Part("values", 2, q9_values, hint="Try the example of the text, region 0 alone. Only the deltas of the true "
             "class count."),
        Part("background", 2, q9_background, hint="Background has no box. By what number is the loss of the boxes "
             "divided?"),
        Part("large", 1, q9_large, hint="Subtract the largest score of each region first."),
        Part("gradient", 2, q9_gradient, hint="Smooth L1 pulls with d up to 1, and with 1 beyond. Is everything "
             "divided by R?"),
        Part("none", 1, q9_none, hint="No objects: the boxes cost 0. No regions: both cost 0, and no gradient has a "
             "row."),
    ]),
    Question("q10", "Another loss", ("roi_loss", "roi_loss_grad"), [
        Part("values", 2, q10_values, hint="Try the example with its three regions, and print the two parts of the "
             "loss."),
        Part("one kind", 1, q10_kind, hint="What does the rule say if all regions are objects, or none is?"),
        Part("gradient", 3, q10_gradient, hint="Move one score by 0.001 and see by how much your own loss changes."),
        Part("none", 1, q10_none, hint="No regions: nothing to divide by. And who counts if all losses are equal?"),
    ]),
]
