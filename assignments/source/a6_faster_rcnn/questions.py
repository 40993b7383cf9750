"""What is checked in assignment 6: inputs of every part, small, drawn anew each time."""

import functools

import numpy as np

from minidet.grading.assignments.assignment import Call, Part, Question

VARIANTS = {
    "q7": ("adaptive", "centre", "quota"),
    "q8": ("sides", "corners", "roots"),
    "q9": ("merge", "decay", "votes"),
}
LIMIT = float(np.log(1000 / 16))
#: A call whose result is boxes.
BoxCall = functools.partial(Call, picture="boxes")


def whole(rng, low, high, *shape):
    """Return whole numbers, as float."""
    return rng.integers(low, high + 1, shape) * 1.0


def boxes_of(rng, count, side=40, low=2, high=20):
    """Return boxes (count, 4) with whole corners; their upper left corner lies in a square of ``side`` pixels."""
    corner = whole(rng, 0, side, count, 2)
    return np.concatenate([corner, corner + whole(rng, low, high, count, 2)], 1)


def overlaps(one, other):
    """Return the IoU of boxes (M, 4) with boxes (N, 4); 0 where neither has an area."""
    shared = np.minimum(one[:, None, 2:], other[:, 2:]) - np.maximum(one[:, None, :2], other[:, :2])
    both = np.clip(shared, 0, None).prod(2)
    either = (one[:, 2:] - one[:, :2]).prod(1)[:, None] + (other[:, 2:] - other[:, :2]).prod(1) - both
    return both / np.where(either > 0, either, 1)


def centres(boxes):
    return (boxes[:, :2] + boxes[:, 2:]) / 2


# q1: anchors --------------------------------------------------------------------------------------------------------


def q1_shapes(rng, variant):
    size, ratio = 4.0 * int(rng.integers(2, 9)), float(rng.choice([0.5, 1.5, 2.0, 3.0]))
    sizes = tuple(float(s) for s in np.sort(rng.permutation(np.arange(6, 40))[:2]))
    return [
        BoxCall("cell_anchors", ((size,), (0.25, ratio, 4.0)), text="one size, three ratios"),
        BoxCall("cell_anchors", (sizes, (ratio,)), text="two sizes, one ratio"),
        BoxCall("cell_anchors", ((1.0,), (1.0,)), text="a single pixel"),
    ]


def q1_order(rng, variant):
    sizes = tuple(float(s) for s in np.sort(rng.permutation(np.arange(6, 40))[:3]))
    return [BoxCall("cell_anchors", (sizes, (0.5, float(rng.choice([1.0, 2.0, 3.0])))), text="three sizes, two ratios")]


def cells_of(rng, count):
    """Return anchors of a place, around (0, 0)."""
    half = whole(rng, 3, 20, count, 2)
    return np.concatenate([-half, half], 1)


def q1_places(rng, variant):
    calls = []
    for count in (1, 2):
        rows, stride = int(rng.integers(2, 4)), int(rng.choice([4, 8, 16]))
        size = rows * stride, (rows + int(rng.integers(1, 3))) * stride
        text = f"{size[0]} x {size[1]} pixels, stride {stride}, anchors at each place: {count}"
        calls.append(BoxCall("anchor_grid", (cells_of(rng, count), *size, stride), text=text))
    return calls


def q1_left_over(rng, variant):
    calls = []
    for rows, columns in ((2, 1), (0, 2), (0, 0)):
        stride = int(rng.choice([6, 8, 16]))
        size = [part * stride + int(rng.integers(1, stride)) for part in (rows, columns)]
        text = f"{size[0]} x {size[1]} pixels, stride {stride}"
        calls.append(BoxCall("anchor_grid", (cells_of(rng, 2), *size, stride), text=text))
    return calls


def q1_inside(rng, variant):
    height = int(rng.integers(20, 40))
    width = height + int(rng.integers(6, 20))
    rows = [
        (0, 0, width, height),
        (0, 1, 9, height),
        (3, 0, width, 9),
        (5, 5, 6, 6),
        (1, 1, width - 1, height - 1),
        (-1, 2, 9, 9),
        (2, -1, 9, 9),
        (2, 2, width + 1, 9),
        (2, 2, 9, height + 1),
        (-0.5, 0, 8, 8),
        (height + 1, 3, width, 9),
        (-9, -9, width + 9, height + 9),
        (width, 0, width + 8, 8),
    ]
    anchors = rng.permutation(np.array(rows, float))
    return [
        Call(
            "inside_image",
            (anchors, height, width),
            text=f"an image of {height} x {width} pixels; some anchors touch its border",
        )
    ]


# q2: IoU and matching -----------------------------------------------------------------------------------------------


def around(rng, count, low=0, high=30):
    """Return boxes that all contain the middle of a square: any two of them overlap."""
    middle = (low + high) // 2
    return np.concatenate([whole(rng, low, middle - 1, count, 2), whole(rng, middle + 1, high, count, 2)], 1)


def q2_overlap(rng, variant):
    m, n = (int(v) for v in rng.permutation(np.arange(2, 6))[:2])
    return [
        Call(
            "box_iou",
            (np.array([[0.0, 0, 4, 4]]), np.array([[0.0, 0, 4, 4], [1, 2, 5, 6]])),
            text="one object, two anchors",
        ),
        Call("box_iou", (around(rng, m), around(rng, n)), text=f"{m} objects, {n} anchors; all of them overlap"),
    ]


def q2_apart(rng, variant):
    x, y, side = (int(v) for v in rng.integers(5, 20, 3))
    box = [x, y, x + side, y + side]
    others = np.array(
        [
            [x + 1, y, x + side, y + side + 2],  # overlaps
            [x + side + 3, y + side + 2, x + side + 9, y + side + 8],  # apart in both directions
            [x - 9, y - 8, x - 4, y - 3],
            [x, y + side + 1, x + side, y + side + 4],  # apart in one
            [x + side, y, x + side + 5, y + side],  # touches
            [x + 1, y + 1, x + 1, y + 1],  # a point, inside
            [x - 40, y - 50, x - 35, y - 41],  # outside of the image
        ],
        float,
    )
    objects = np.array([box, [x + 1, y + 1, x + 1, y + 1], [x, y, x + side, y]], float)
    return [
        Call("box_iou", (objects[:1], others), text="most of the boxes share nothing"),
        Call("box_iou", (objects, rng.permutation(others)), text="boxes without an area: a point, a line"),
        Call("box_iou", (np.zeros((0, 4)), others), text="no object"),
    ]


def table(rng, objects, anchors, low=1, high=25):
    """Return overlaps of two digits: all of them low."""
    return rng.integers(low, high + 1, (objects, anchors)) / 100


def with_thresholds(rng, high, low):
    """Return overlaps in which each object has a clear anchor: what is each object's best is positive anyway."""
    m, n = int(rng.integers(2, 5)), int(rng.integers(9, 12))
    iou, places = table(rng, m, n, 1, 18), rng.permutation(n)
    for i in range(m):
        iou[i, places[i]] = (90 + i) / 100
    for value, place in zip((high, low, high - 0.01, low - 0.01, high + 0.03), places[m:], strict=False):
        iou[int(rng.integers(m)), place] = round(value, 2)
    return iou


def q2_thresholds(rng, variant):
    return [
        Call("match", (with_thresholds(rng, high, low), high, low), text=f"thresholds {high} and {low}")
        for high, low in ((0.7, 0.3), (0.5, 0.4))
    ]


def q2_best(rng, variant):
    iou, places = table(rng, 3, 8, 1, 9), rng.permutation(8)
    for i, value in enumerate(rng.permutation([0.45 + int(rng.integers(5)) / 100, 0.12, 0.8])):
        iou[i, places[i]] = value
    iou[int(rng.integers(3)), places[3]] = 0.4
    iou[:, places[3]] = np.where(iou[:, places[3]] < iou.max(1), iou[:, places[3]], 0.05)
    return [
        Call("match", (iou, 0.7, 0.3), text="one object has no anchor above 0.7, and one has none above 0.3"),
        Call("match", (np.array([[0.2, 0.1]]), 0.7, 0.3), text="one object, two anchors"),
    ]


def q2_ties(rng, variant):
    iou, places = table(rng, 4, 11, 1, 9), rng.permutation(11)
    iou[0, places[:2]], iou[1, places[2:5]] = 0.55, 0.2  # two anchors, three anchors
    iou[2:, places[5]] = 0.75  # one anchor, and two objects whose best anchors are others
    iou[2, places[6]], iou[3, places[7]] = 0.8, 0.85
    again = table(rng, 1, 4, 1, 9)
    again[0, rng.permutation(4)[:2]] = 0.25
    return [
        Call(
            "match", (iou, 0.7, 0.3), text="objects with several best anchors, and an anchor that overlaps two equally"
        ),
        Call("match", (again, 0.7, 0.3), text="one object, with two best anchors"),
    ]


def q2_contested(rng, variant):
    iou, places = table(rng, 6, 11, 1, 9), rng.permutation(11)
    one, other = rng.permutation(2)
    iou[one, places[0]], iou[one, places[1]] = 0.9, 0.8
    iou[other, places[1]] = 0.74  # its best, but another object overlaps that anchor more
    iou[2:4, places[2]], iou[4:, places[3]] = [0.5, 0.4], [0.2, 0.6]  # the same best anchor: the larger IoU has it
    equal, (first, second) = table(rng, 3, 5, 1, 9), rng.permutation(5)[:2]
    equal[0, first], equal[1:, second] = 0.75, 0.6  # the first of the two has it
    return [
        Call(
            "match",
            (iou, 0.7, 0.3),
            text="twice, two objects have the same best anchor; and one wants an anchor that overlaps another more",
        ),
        Call("match", (equal, 0.7, 0.3), text="two objects have the same best anchor, with the same IoU"),
    ]


def q2_zero(rng, variant):
    iou, places = table(rng, 3, 7, 1, 25), rng.permutation(7)
    iou[0, places[0]], iou[1, places[1]], iou[2, places[2]] = 0.75, 0.85, 0.9
    iou[int(rng.integers(1, 3))] = 0
    return [
        Call("match", (iou, 0.7, 0.3), text="one object touches no anchor"),
        Call("match", (np.zeros((0, int(rng.integers(2, 6)))), 0.7, 0.3), text="an image without objects"),
    ]


# q3: sampling -------------------------------------------------------------------------------------------------------


def marked(rng, positives, negatives, ignored=0):
    """Return marks of anchors in a random order, and another random order to draw them in."""
    marks = np.concatenate([rng.integers(0, 3, positives), np.full(negatives, -1), np.full(ignored, -2)])
    marks[: min(positives, 2)] = 0  # object 0 is always there
    return rng.permutation(marks), rng.permutation(len(marks))


def q3_both(rng, variant):
    return [
        Call("sample_anchors", (*marked(rng, 11, 14), 8, 0.5), text="11 positives, 14 negatives"),
        Call("sample_anchors", (*marked(rng, 12, 12), 11, 0.25), text="12 positives, 12 negatives; a quarter of 11"),
    ]


def q3_few_positives(rng, variant):
    return [
        Call("sample_anchors", (*marked(rng, positives, 16), 12, 0.5), text=f"positives: {positives}; 16 negatives")
        for positives in (int(rng.integers(1, 4)), 0)
    ]


def q3_few_negatives(rng, variant):
    negatives = int(rng.integers(1, 4))
    return [
        Call("sample_anchors", (*marked(rng, 11, negatives), 12, 0.5), text=f"11 positives, negatives: {negatives}")
    ]


def q3_ignored(rng, variant):
    return [
        Call("sample_anchors", (*marked(rng, 6, 8, 12), 8, 0.5), text="6 positives, 8 negatives, 12 ignored"),
        Call("sample_anchors", (*marked(rng, 0, 0, 5), 4, 0.5), text="all anchors are ignored"),
    ]


# q4: box coder ------------------------------------------------------------------------------------------------------


def q4_encode(rng, variant):
    n = int(rng.integers(3, 7))
    return [
        Call("encode", (np.array([[10.0, 10, 26, 42]]), boxes_of(rng, 1, low=4, high=30)), text="one anchor"),
        Call(
            "encode",
            (boxes_of(rng, n, low=3), boxes_of(rng, n, low=1, high=30)),
            text=f"{n} anchors, each with its box",
        ),
    ]


def q4_decode(rng, variant):
    n = int(rng.integers(3, 7))
    deltas = rng.integers(-90, 91, (n, 4)) / 100
    return [
        BoxCall("decode", (np.array([[10.0, 10, 26, 42]]), deltas[:1], LIMIT), text="one anchor"),
        BoxCall("decode", (boxes_of(rng, n, low=3), deltas, LIMIT), text=f"{n} anchors, each with its deltas"),
    ]


def q4_limit(rng, variant):
    deltas = rng.integers(-90, 91, (6, 4)) / 100
    deltas[0, 2], deltas[1, 3], deltas[2, 2:] = 6.5, 5.0, 12.0
    deltas[3, 2:] = -6.0, -9.0  # becoming small is no danger
    deltas[4, :2] = 7.0, -8.0  # nor is a long way
    deltas[5, 2:] = 4.0, 1000.0
    anchors = boxes_of(rng, 6, low=3)
    small = np.where(np.abs(deltas) > 4, deltas / 4, deltas)
    return [
        BoxCall("decode", (anchors, deltas, LIMIT), text="some deltas are large"),
        BoxCall("decode", (anchors, small, 1.0), text="a limit of 1"),
    ]


def q4_same(rng, variant):
    anchors, none = boxes_of(rng, 3, low=3), np.zeros((0, 4))
    return [
        Call("encode", (anchors, anchors.copy()), text="each box is its anchor"),
        BoxCall("decode", (anchors, np.zeros((3, 4)), LIMIT), text="all deltas are 0"),
        Call("encode", (none, none.copy()), text="no anchor"),
        BoxCall("decode", (none, none.copy(), LIMIT), text="no anchor"),
    ]


# q5: two losses -----------------------------------------------------------------------------------------------------


def drawn(rng, n=12, positives=5, few=False):
    """Return marks (N,), and which of them were drawn: not all, and none that is ignored."""
    marks = np.concatenate([rng.integers(0, 3, positives), np.full(n - positives - 2, -1), [-2, -2]])
    marks[: min(positives, 2)] = 0
    chosen = np.concatenate(
        [np.arange(positives) < max(positives - 2, few), np.arange(n - positives - 2) < 3, [False, False]]
    )
    order = rng.permutation(n)
    return marks[order], chosen[order]


def logits_of(rng, n):
    return rng.integers(-40, 41, n) / 10


def q5_objectness(rng, variant):
    marks, chosen = drawn(rng)
    known = marks != -2
    return [
        Call("objectness_loss", (logits_of(rng, 12), marks, known), text="all but the ignored anchors are drawn"),
        Call("objectness_loss", (logits_of(rng, 12), marks, chosen), text="half of the anchors are drawn"),
    ]


def q5_objectness_slope(rng, variant):
    marks, chosen = drawn(rng)
    return [Call("objectness_grad", (logits_of(rng, 12), marks, chosen), text="half of the anchors are drawn")]


def q5_large(rng, variant):
    marks, chosen = drawn(rng)
    logits = logits_of(rng, 12) * 300
    return [
        Call(name, (logits, marks, chosen), text="logits between -1200 and 1200")
        for name in ("objectness_loss", "objectness_grad")
    ]


def moved(rng, marks, elsewhere=0.0):
    """Return deltas and targets: some differ by little, some by much, one not at all."""
    deltas = rng.integers(-60, 61, (len(marks), 4)) / 100
    difference = rng.choice([-0.8, -0.3, -0.06, -0.03, 0.0, 0.02, 0.05, 0.4, 0.9], deltas.shape)
    difference[:, int(rng.integers(4))] = 0.45  # never all within beta
    return deltas, np.where((marks >= 0)[:, None], deltas + difference, elsewhere)


def q5_boxes(rng, variant, name="box_loss"):
    marks, chosen = drawn(rng)
    return [
        Call(name, (*moved(rng, marks), marks, marks != -2, 1 / 9), text="all but the ignored anchors are drawn"),
        Call(name, (*moved(rng, marks), marks, chosen, 0.5), text="half of the anchors are drawn"),
        Call(name, (*moved(rng, marks, np.nan), marks, chosen, 1 / 9), text="targets of the background are NaN"),
    ]


def q5_boxes_slope(rng, variant):
    return q5_boxes(rng, variant, "box_grad")


def q5_nothing(rng, variant):
    marks, chosen = drawn(rng, positives=0)
    logits, deltas = logits_of(rng, 12), rng.integers(-60, 61, (12, 4)) / 100
    targets, empty = np.zeros((12, 4)), np.zeros(12, bool)
    others, _ = drawn(rng)
    first, second = "no object: only background is drawn", "nothing is drawn"
    return [
        Call("box_loss", (deltas, targets, marks, chosen, 0.5), text=first),
        Call("box_grad", (deltas, targets, marks, chosen, 0.5), text=first),
        Call("objectness_loss", (logits, marks, chosen), text=first),
        Call("objectness_loss", (logits, others, empty), text=second),
        Call("objectness_grad", (logits, others, empty), text=second),
        Call("box_loss", (deltas, targets, others, empty, 0.5), text=second),
        Call("box_grad", (deltas, targets, others, empty, 0.5), text=second),
    ]


# q6: proposals ------------------------------------------------------------------------------------------------------


def heaps(rng, count=3, each=4, side=60, reach=4):
    """Return boxes on some heaps, and scores, all different; the heaps do not touch."""
    corners = np.stack(np.meshgrid(np.arange(count), np.arange(count)), 2).reshape(-1, 2)[
        rng.permutation(count**2)[:count]
    ]
    boxes = []
    for corner in corners * side:
        base = np.concatenate([corner, corner + whole(rng, 14, 24, 2)])
        boxes.append(base + whole(rng, -reach, reach, each, 4))
    boxes = np.concatenate(boxes) + 10
    order = rng.permutation(len(boxes))
    return boxes[order], scores_of(rng, len(boxes))


def scores_of(rng, count):
    """Return different scores between 0.1 and 1, in no order; no two of their products are equal but by chance."""
    return rng.permutation(np.arange(1000, 10000))[:count] / 10000


def row_of_boxes(rng, count, side=12, step=4):
    """Return boxes in a row: each overlaps its neighbours by an IoU of 1/2. The scores fall along the row."""
    start, down = whole(rng, 0, 20, 2), int(rng.integers(2))
    boxes = np.concatenate([start, start + side]) + np.outer(np.arange(count), step * np.roll([1, 0, 1, 0], down))
    scores = np.sort(scores_of(rng, count))[::-1]
    order = rng.permutation(count)
    return boxes[order], scores[order]


def q6_clip(rng, variant):
    height = int(rng.integers(12, 24))
    width = height + int(rng.integers(5, 12))
    boxes = (
        np.concatenate(
            [
                boxes_of(rng, 4, side=12, high=40) - 8,
                [[-9, -9, width + 9, height + 9], [width + 1, 2, width + 8, 9], [3, -9, 8, -2], [2, 3, 5, 6]],
            ]
        )
        + 0.5
    )
    return [BoxCall("clip_boxes", (boxes, height, width), text=f"an image of {height} x {width} pixels")]


def q6_nms(rng, variant):
    boxes, scores = heaps(rng)
    return [
        Call("nms", (*row_of_boxes(rng, 3), 0.4), text="three boxes in a row: each overlaps the next one"),
        Call(
            "nms", (*row_of_boxes(rng, int(rng.integers(5, 8))), 0.4), text="boxes in a row: each overlaps the next one"
        ),
        Call("nms", (boxes, scores, 0.4321), text="12 boxes on three heaps"),
        Call("nms", (np.zeros((0, 4)), np.zeros(0), 0.5), text="no box"),
    ]


def q6_ties(rng, variant):
    x, y, side = (2 * int(v) for v in rng.integers(3, 12, 3))
    half = np.array([[x, y, x + side, y + side], [x, y, x + side, y + side / 2]])  # their IoU is exactly 1/2
    boxes, _ = row_of_boxes(rng, 6)
    order = np.argsort(boxes.sum(1))
    return [
        Call("nms", (half, np.array([0.9, 0.8]), 0.5), text="two boxes whose IoU is exactly the threshold"),
        Call("nms", (boxes[order], np.full(6, 0.7), 0.4), text="six boxes in a row, with the same score"),
        Call("nms", (np.repeat(half[:1], 3, 0), np.array([0.4, 0.6, 0.6]), 0.5), text="the same box three times"),
    ]


NAMES = ("boxes", "scores")


def q6_top(rng, variant):
    best = boxes = np.zeros((3, 4))
    while not np.triu(overlaps(best, best), 1).max() > 0.3:  # of the best three, one is dropped
        boxes, scores = heaps(rng, 4, 3)
        best = boxes[np.argsort(-scores)[:3]]
    alone = boxes_of(rng, 1, side=5) + 400
    boxes, scores = np.concatenate([boxes, alone]), np.append(scores, 0.05)  # no other box is near, but it is the last
    order = rng.permutation(len(boxes))
    boxes, scores, size = boxes[order], scores[order] * 8 - 4, (500, 500)
    return [
        BoxCall("propose", (boxes, scores, size, before, after, 0.3, 1.0), names=NAMES, text=text)
        for before, after, text in (
            (8, 100, "13 boxes, the best 8 go into NMS"),
            (100, 3, "all go into NMS, the best 3 come out"),
        )
    ]


def q6_clip_first(rng, variant):
    h, w = (int(v) for v in rng.integers(20, 40, 2))
    boxes = np.array(
        [[w - 10, 5, w + 2, 15], [w - 10, 5, w + 30, 15], [5, h - 9, 12, h + 1], [5, h - 9, 12, h + 25], [2, 2, 10, 4]],
        float,
    )
    order = rng.permutation(5)
    return [
        BoxCall(
            "propose",
            (boxes[order], logits_of(rng, 5) + np.arange(5) / 100, (h, w), 10, 10, 0.6, 1.0),
            names=NAMES,
            text=f"boxes that reach far beyond an image of {h} x {w} pixels",
        )
    ]


def q6_small(rng, variant):
    h, w = (int(v) for v in rng.integers(20, 40, 2))
    boxes = np.array(
        [
            [w - 1, 5, w + 9, 15],
            [4, -9, 9, 1.5],
            [w + 5, 3, w + 9, 12],
            [5, 5, 7, 15],
            [12, 5, 18, 15],
            [3, 14, 15, 17],
            [2, 2, 4, 4],
        ],
        float,
    )  # shortest side inside: 1, 1.5, 0, 2, 6, 3, 2
    order = rng.permutation(7)
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]) * 4
    return [
        BoxCall("propose", (boxes[order], scores[order], (h, w), before, 9, 0.5, 2.0), names=NAMES, text=text)
        for before, text in ((9, "some boxes are too small inside the image"), (5, "of the best 5, some are too small"))
    ]


def q6_nothing(rng, variant):
    boxes = boxes_of(rng, 3) + np.array([60, 0, 60, 0])
    none, one = np.zeros((0, 4)), np.array([[3.0, 4, 9, 12]])
    return [
        BoxCall("propose", (one, np.array([-2.0]), (20, 20), 9, 9, 0.7, 1.0), names=NAMES, text="one box"),
        BoxCall(
            "propose", (boxes, logits_of(rng, 3), (50, 60), 9, 9, 0.7, 1.0), names=NAMES, text="all boxes lie outside"
        ),
        BoxCall("propose", (none, np.zeros(0), (50, 60), 9, 9, 0.7, 1.0), names=NAMES, text="no box"),
    ]


# q7: another rule of matching ---------------------------------------------------------------------------------------

NEAREST = 5
TRIES = 2000


def places(rng, rows=4, columns=4, shift=(1, 0)):
    """Return two anchors at each place of stride 8; the second one is shifted, so that no two centres are the same."""
    y, x = np.mgrid[:rows, :columns] * 8 + 4.0
    half = ((6, 6), (9, 5)) if rng.random() < 0.5 else ((5, 5), (5, 8))
    cell = np.array([[-w, -h, w, h] for w, h in half], float)
    cell[1] += np.tile(shift, 2)
    return (np.stack([x, y, x, y], 2)[:, :, None] + cell).reshape(-1, 4)


def object_boxes(rng, count, low=8, high=20, size=(32, 32), offset=(0.3, 0.4)):
    """Return boxes inside an image; no corner lies where an anchor's centre could, unless ``offset`` is 0."""
    sides = whole(rng, low, high, count, 2)
    corner = np.floor(rng.random((count, 2)) * np.maximum(np.array(size) - sides, 1)) + offset
    return np.concatenate([corner, corner + sides], 1)


def within(anchors, box, part=1.0):
    """Return which anchors have their centre in a box, shrunk to a part of its sides."""
    away = np.abs(centres(anchors) - centres(box[None]))
    return (2 * away <= part * (box[2:] - box[:2])).all(1)


def claims_of(iou, anchors, objects, variant, half=False):
    """Return which objects claim which anchors (M, N), and values of which none may be 0, else rounding decides.

    ``half`` leaves out the deviation of the rule "adaptive".
    """
    claims, values = np.zeros(iou.shape, bool), [1.0]
    for i, box in enumerate(objects):
        if variant == "adaptive":
            distance = ((centres(anchors) - centres(box[None])) ** 2).sum(1)
            near = np.argsort(distance, kind="stable")[:NEAREST]
            limit = iou[i, near].mean() + (0 if half else iou[i, near].std())
            values += list(iou[i, near] - limit) if iou[i].any() else []
            claims[i, near] = ((iou[i] >= limit) & within(anchors, box) & (iou[i] > 0))[near]
        elif variant == "centre":
            claims[i] = within(anchors, box, 0.5) & (iou[i] >= 0.3)
        else:
            total = np.sort(iou[i])[::-1][:5].sum()
            values.append(total - np.rint(total) if total else 1.0)
            best = np.argsort(-iou[i], kind="stable")[: max(1, int(total))]
            claims[i, best[iou[i, best] > 0]] = True
    return claims, np.array(values)


def strengths(iou, objects, variant):
    """Return (M, N): of several claims of an anchor, the highest wins."""
    area = (objects[:, 2:] - objects[:, :2]).prod(1)
    return np.broadcast_to(-area[:, None], iou.shape) if variant == "centre" else iou


def learnt(iou, anchors, objects, variant, half=False):
    """Return what each anchor learns; ``half`` leaves out the deviation, or what is ignored."""
    claims, _ = claims_of(iou, anchors, objects, variant, half)
    result = np.full(len(anchors), -1)
    if variant == "centre" and not half:
        inside = np.array([within(anchors, box) for box in objects])
        result[(inside & (iou >= 0.3)).any(0)] = -2
    if variant == "quota" and not half:
        result[(iou >= 0.4).any(0)] = -2
    winner = np.where(claims, strengths(iou, objects, variant), -np.inf).argmax(0)
    return np.where(claims.any(0), winner, result)


def usual(iou):
    """Return what each anchor learns by the rule of question 2, but for claims of several objects."""
    best = iou.max(0)
    kept = ((iou == iou.max(1, keepdims=True)) & (iou > 0)).any(0)
    return np.where(kept | (best >= 0.7), iou.argmax(0), np.where(best >= 0.3, -2, -1))


def tied(iou, anchors, objects, variant):
    """Tell whether the order of the anchors makes a difference."""
    claims, _ = claims_of(iou, anchors, objects, variant)
    turned, _ = claims_of(iou[:, ::-1], anchors[::-1], objects, variant)
    return (turned[:, ::-1] != claims).any()


def telling(iou, anchors, objects, variant):
    """Tell whether neither the usual rule nor half of the term's gives the right result, whatever ties do."""
    right = learnt(iou, anchors, objects, variant)
    others = usual(iou), learnt(iou, anchors, objects, variant, half=True)
    return all((right != other).any() for other in others) and not tied(iou, anchors, objects, variant)


def moved_together(rng, anchors, boxes):
    """Return both, moved by the same whole number of pixels: no two calls have the same anchors."""
    move = np.tile(whole(rng, 0, 60, 2), 2)
    return anchors + move, boxes + move


def assign_call(rng, variant, text, objects, grid=places, wanted=lambda *drawn: True, test=telling):
    """Return a call; anchors and objects are drawn until rounding decides nothing, and ``wanted`` and ``test`` hold."""
    for _ in range(TRIES):
        anchors, boxes = moved_together(rng, grid(rng), objects())
        iou = overlaps(boxes, anchors)
        claims, values = claims_of(iou, anchors, boxes, variant)
        clear_cut = np.abs(values).min() > 1e-6 and claims.any(1)[iou.any(1)].all()
        if clear_cut and test(iou, anchors, boxes, variant) and wanted(iou, anchors, boxes, claims):
            return Call("assign", (iou, anchors, boxes), text=text)
    raise RuntimeError(f"no case was found: {variant}, {text}")


def q7_one(rng, variant):
    return [assign_call(rng, variant, "one object", lambda: object_boxes(rng, 1)) for _ in range(2)]


def q7_several(rng, variant):
    def objects():
        near = object_boxes(rng, 1, 12, 20) + whole(rng, -3, 3, 3, 4)
        return np.concatenate([near, object_boxes(rng, 1)])[rng.permutation(4)]

    def contested(iou, anchors, boxes, claims):
        """Some anchor is neither its first claim's nor its last one's, and no two claims are equally strong."""
        some = np.flatnonzero(claims.sum(0) > 1)
        strength = np.where(claims, strengths(iou, boxes, variant), -np.arange(1.0, 5)[:, None] * 1e6)[:, some]
        first, last = claims.argmax(0)[some], 3 - claims[::-1].argmax(0)[some]
        best = strength.argmax(0)
        equal = (np.diff(np.sort(strength, 0), axis=0) == 0).any()
        first_has_one = (learnt(iou, anchors, boxes, variant) == 0).any()
        return (best != last).any() and (best != first).any() and first_has_one and not equal

    return [assign_call(rng, variant, "four objects; some want the same anchors", objects, wanted=contested)]


def one_centre(rng):
    """Return anchors of which the two of a place have the same centre."""
    return places(rng, shift=(0, 0))


def q7_ties(rng, variant):
    twins = assign_call(
        rng,
        variant,
        "two objects have the same box",
        lambda: np.repeat(object_boxes(rng, 1, offset=(0, 0)), 2, 0),
        wanted=lambda iou, anchors, boxes, claims: claims.any(),
    )
    if variant == "centre":
        x, y = 4.0 + 8 * int(rng.integers(1, 3)), 4.0 + 8 * int(rng.integers(2))
        boxes = np.array([[x - 16, y - 5, x + 16, y + 5], [x, y + 11, x + 8, y + 21]])
        anchors, boxes = moved_together(rng, one_centre(rng), boxes)
        text = "centres lie on the border of an inner box, and on that of a box"
        return [twins, Call("assign", (overlaps(boxes, anchors), anchors, boxes), text=text)]

    def symmetric():
        at, half = 8.0 * rng.integers(1, 4, 2) + 4 * rng.integers(0, 2, 2), whole(rng, 4, 9, 2)
        return np.concatenate([at - half, at + half])[None]

    return [twins, assign_call(rng, variant, "some anchors are equally good", symmetric, one_centre, test=tied)]


def q7_outside(rng, variant):
    at = 4 + 8.0 * rng.integers(0, 4, 2)
    far, point = whole(rng, 60, 70, 4) + np.array([0, 0, 20, 20]), np.concatenate([at, at])
    return [
        assign_call(
            rng, variant, "one object lies outside of the image", lambda: np.stack([object_boxes(rng, 1)[0], far])
        ),
        assign_call(
            rng,
            variant,
            "one object is a point",
            lambda: np.stack([point, object_boxes(rng, 1)[0]]),
            places,
            lambda iou, anchors, boxes, claims: not (within(anchors, boxes[1]) & within(anchors, boxes[0])).any(),
        ),
    ]


def q7_nothing(rng, variant):
    anchors, none = moved_together(rng, places(rng, 2, int(rng.integers(2, 4))), np.zeros((0, 4)))

    def near():
        return object_boxes(rng, 1, 6, 14, (20, 12))

    return [
        Call("assign", (np.zeros((0, len(anchors))), anchors, none), text="an image without objects"),
        assign_call(rng, variant, "only four anchors", near, lambda rng: places(rng, 1, 2)),
    ]


# q8: another code for boxes -----------------------------------------------------------------------------------------


def square_sized(rng, count):
    """Return anchors with whole corners."""
    return boxes_of(rng, count, low=4, high=16)


def q8_encode(rng, variant):
    n = int(rng.integers(3, 7))
    return [
        Call("encode_box", (np.array([[10.0, 10, 18, 42]]), boxes_of(rng, 1, low=4, high=30)), text="one anchor"),
        Call(
            "encode_box",
            (square_sized(rng, n), boxes_of(rng, n, low=1, high=30)),
            text=f"{n} anchors, each with its box",
        ),
    ]


def gentle(rng, n, variant):
    """Return codes that no limit touches."""
    codes = rng.integers(-90, 91, (n, 4)) / 100
    if variant == "sides":
        return codes + 1.5
    return codes + [0, 0, 2, 2] if variant == "corners" else codes


def q8_decode(rng, variant):
    n = int(rng.integers(3, 7))
    return [
        BoxCall("decode_box", (np.array([[10.0, 10, 18, 42]]), gentle(rng, 1, variant)), text="one anchor"),
        BoxCall("decode_box", (square_sized(rng, n), gentle(rng, n, variant)), text=f"{n} anchors, each with its code"),
    ]


def q8_limit(rng, variant):
    codes = gentle(rng, 6, variant)
    if variant == "sides":
        codes[0, 0], codes[1, 3], codes[2] = 30.0, 9.5, 50.0  # too far
        codes[3, 0], codes[3, 2], codes[4, 1], codes[4, 3] = -2.0, 0.5, 1.0, -3.5  # crossed
        codes[5, 0] = -20.0
    elif variant == "corners":
        codes[0, 0], codes[1, 3], codes[2] = -9.0, 7.5, [-5, 5, 50, 60]
        codes[3, 0], codes[3, 2], codes[4, 1], codes[4, 3] = 3.0, -1.5, 2.0, -2.5
        codes[5, 2] = -30.0
    else:
        codes[0, 2], codes[1, 3], codes[2, 2:] = 9.0, 30.0, 50.0
        codes[3, 2:], codes[4, 2] = [-1.5, -6.0], -2.0  # no width below 0
        codes[5, :2] = 12.0, -15.0  # a long way is allowed
    return [BoxCall("decode_box", (square_sized(rng, 6), codes), text="some codes are large, some are negative")]


def q8_same(rng, variant):
    anchors, none = square_sized(rng, 3), np.zeros((0, 4))
    plain = {"sides": np.full((3, 4), 0.5)}.get(variant, np.zeros((3, 4)))
    return [
        Call("encode_box", (anchors, anchors.copy()), text="each box is its anchor"),
        BoxCall("decode_box", (anchors, plain), text="codes of boxes that are their anchors"),
        Call("encode_box", (none, none.copy()), text="no anchor"),
        BoxCall("decode_box", (none, none.copy()), text="no anchor"),
    ]


# q9: another way to thin out ----------------------------------------------------------------------------------------

LIMITS = {"merge": 0.4321, "decay": 0.1234, "votes": 0.5678}


def thin_call(boxes, scores, limit, text):
    return BoxCall("thin", (boxes, scores, limit), text=text, names=NAMES)


def decayed(boxes, scores):
    """Return the new scores of the variant "decay"."""
    order = np.argsort(-scores, kind="stable")
    iou = np.triu(overlaps(boxes[order], boxes[order]), 1)
    worst = iou.max(0)
    with np.errstate(all="ignore"):
        factors = np.where((worst < 1)[:, None], (1 - iou) / (1 - worst)[:, None], 1)
    return scores[order] * np.where(np.tri(len(boxes), dtype=bool), 1, factors).min(0, initial=1)


def voted(boxes, scores, limit):
    """Return the new scores of the variant "votes", in the order in which boxes are taken."""
    sides = boxes[:, 2:] - boxes[:, :2]
    shared = np.minimum(boxes[:, None, 2:], boxes[:, 2:]) - np.maximum(boxes[:, None, :2], boxes[:, :2])
    smaller = np.minimum(sides.prod(1)[:, None], sides.prod(1))
    share = np.clip(shared, 0, None).prod(2) / np.where(smaller > 0, smaller, 1)
    left, new = np.argsort(-scores), []
    while len(left):
        voters = share[left[0], left] > limit
        new.append(1 - np.prod(1 - scores[left[voters]]))
        left = left[~voters]
    return np.array(new)


def clear(rng, variant, draw, text, reordered=False):
    """Return a call in which rounding decides nothing.

    Of new scores none is near the limit or another one, and some are dropped. ``reordered``: their order is new.
    """
    limit = LIMITS[variant]
    for _ in range(TRIES):
        boxes, scores = draw()
        if variant == "merge":
            return thin_call(boxes, scores, limit, text)
        new = decayed(boxes, scores) if variant == "decay" else voted(boxes, scores, limit)
        ends = np.sort(np.append(new, limit) if variant == "decay" else new)
        some = variant != "decay" or ends[0] < limit < ends[-2]
        if np.diff(ends).min(initial=1) > 1e-6 and some and ((np.diff(new) > 0).any() or not reordered):
            return thin_call(boxes, scores, limit, text)
    raise RuntimeError(f"no case was found: {variant}, {text}")


def q9_heaps(rng, variant):
    return [
        clear(rng, variant, lambda: heaps(rng, 2, 3, reach=5), "six boxes on two heaps", True),
        clear(rng, variant, lambda: heaps(rng, 3, 3, reach=5), "nine boxes on three heaps", True),
    ]


def q9_chain(rng, variant):
    step = 2 if variant == "votes" else 4
    return [clear(rng, variant, lambda: row_of_boxes(rng, int(rng.integers(5, 8)), step=step), "boxes in a row")]


def q9_ties(rng, variant):
    x, y, side = (4 * int(v) for v in rng.integers(2, 6, 3))
    box = np.array([x, y, x + side, y + side], float)
    half = np.array([box, box - [0, 0, 0, side / 2]])  # IoU 1/2
    chain = np.array([0, 0, 12, 12.0]) + np.outer([0, 4, 8, 12, 40], [1, 0, 1, 0])
    if variant == "merge":
        return [
            thin_call(half, np.array([0.9, 0.8]), 0.5, "two boxes whose IoU is exactly the limit"),
            thin_call(chain, np.full(5, 0.6), 0.4, "five boxes with the same score"),
        ]
    if variant == "decay":
        far = np.array([box, box + 100, box + 200])
        return [
            thin_call(far, np.array([0.25, 0.5, 0.75]), 0.5, "a score that is exactly the limit"),
            thin_call(chain, np.full(5, 0.6), 0.1, "five boxes with the same score"),
        ]
    corner = box + [side / 2, 0, side / 2, 0]  # half of it lies in the box
    nested = np.array([box, box + [0, 0, 4, 4], box + 200, box + 300])
    return [
        thin_call(np.array([box, corner]), np.array([0.9, 0.8]), 0.5, "two boxes whose share is exactly the limit"),
        thin_call(
            nested, np.array([0.5, 0.5, 0.8, 0.8]), 0.4, "equal scores: of the first two, one contains the other"
        ),
    ]


def q9_no_area(rng, variant):
    x, y, side = (2 * int(v) for v in rng.integers(4, 12, 3))
    box = np.array([x, y, x + side, y + side], float)
    point, line = np.array([x + 2, y + 2, x + 2, y + 2.0]), np.array([x, y + 1, x + side, y + 1.0])
    boxes = np.array([box, point, line, point, box + [0, 0, 2, 2], box, box + [1, 0, 1, 0]])
    scores = np.array([0.9, 0.7, 0.6, 0.5, 0.8, 0.45, 0.4])
    order = np.roll(np.arange(7), int(rng.integers(1, 5)))
    return [thin_call(boxes[order], scores[order], LIMITS[variant], "points, a line, and the same box twice")]


def q9_nothing(rng, variant):
    return [
        thin_call(boxes_of(rng, 1), np.array([0.75]), 0.5, "one box"),
        thin_call(np.zeros((0, 4)), np.zeros(0), 0.5, "no box"),
    ]


QUESTIONS = [
    Question(
        "q1",
        "Anchors",
        ("cell_anchors", "anchor_grid", "inside_image"),
        [
            Part(
                "shapes",
                2,
                q1_shapes,
                hint="Two equations, w h = s * s and h / w = r: multiply your w and h, then divide them.",
            ),
            Part("order", 2, q1_order, hint="All sizes of the first ratio, then all sizes of the second one."),
            Part(
                "places",
                2,
                q1_places,
                hint="Print the centres of your anchors: row by row, place by place, and the A anchors of "
                "a place side by side. Is a place's centre in the middle of its cell?",
            ),
            Part("left over", 2, q1_left_over, hint="How many places does a row of 9 pixels have, if the stride is 8?"),
            Part("inside", 2, q1_inside, hint="Four comparisons. An anchor that touches the border does not cross it."),
        ],
    ),
    Question(
        "q2",
        "IoU, and which anchor learns what",
        ("box_iou", "match"),
        [
            Part("overlap", 2, q2_overlap, hint="The union counts what both share once, not twice."),
            Part("apart", 2, q2_apart, hint="Two negative sides have a positive product. And 0 / 0 is no number."),
            Part(
                "thresholds",
                2,
                q2_thresholds,
                hint="At the upper threshold an anchor is positive, at the lower one it is ignored. "
                "Objects are counted from 0.",
            ),
            Part(
                "each its best", 2, q2_best, hint="Which object would never be learnt if only the thresholds counted?"
            ),
            Part("ties", 2, q2_ties, hint="An object may have several best anchors; an anchor has one object."),
            Part(
                "contested", 2, q2_contested, hint="Ask of an anchor: whose best am I? And if that are several objects?"
            ),
            Part("zero", 1, q2_zero, hint="Whom does an object touch, if the best IoU of its row is 0?"),
        ],
    ),
    Question(
        "q3",
        "A sample",
        ("sample_anchors",),
        [
            Part(
                "both",
                2,
                q3_both,
                hint="First the positives, in the drawn order, then the negatives. A part of a positive is none.",
            ),
            Part("few positives", 2, q3_few_positives, hint="Who takes the places that positives leave empty?"),
            Part("few negatives", 2, q3_few_negatives, hint="Positives have a largest number. Is it allowed to grow?"),
            Part("ignored", 1, q3_ignored, hint="-2 is neither of the two."),
        ],
    ),
    Question(
        "q4",
        "A box as four changes of an anchor",
        ("encode", "decode"),
        [
            Part(
                "encode",
                3,
                q4_encode,
                hint="All lengths are measured with the anchor's width and height; the places are centres.",
            ),
            Part(
                "decode",
                3,
                q4_decode,
                hint="Do what encode does backwards. Does your decode(encode(box)) return the box?",
            ),
            Part(
                "limit",
                3,
                q4_limit,
                hint="What becomes dangerous if it is large: a shift, or an exponent? In which direction?",
            ),
            Part("same, and none", 1, q4_same, hint="No anchors: the result has the shape (0, 4)."),
        ],
    ),
    Question(
        "q5",
        "The two losses of the RPN",
        ("objectness_loss", "objectness_grad", "box_loss", "box_grad"),
        [
            Part("objectness", 3, q5_objectness, hint="Which anchors are in the sum, and by how many do you divide?"),
            Part("objectness slope", 2, q5_objectness_slope, hint="p - y for one anchor. And the mean divides."),
            Part("large", 1, q5_large, hint="exp(1000) is infinite. Write the loss with exp(-|z|)."),
            Part(
                "boxes",
                3,
                q5_boxes,
                hint="Do the text's d = (0.3, 0, -0.1, 0): what do its two pieces cost? Only positives that were drawn "
                "pay; the divisor is the one of the objectness. And NaN times 0 is NaN: choose the rows first.",
            ),
            Part(
                "boxes slope",
                3,
                q5_boxes_slope,
                hint="Two pieces: d / beta, and the sign of d. Rows that pay nothing have slope 0.",
            ),
            Part("nothing", 2, q5_nothing, hint="Nobody pays: loss 0, slope 0. What do you divide by?"),
        ],
    ),
    Question(
        "q6",
        "From boxes to proposals",
        ("clip_boxes", "nms", "propose"),
        [
            Part("clip", 2, q6_clip, hint="x lies between 0 and the width, y between 0 and the height."),
            Part(
                "nms", 3, q6_nms, hint="A box that was dropped drops no other. Return numbers of boxes, the best first."
            ),
            Part(
                "ties",
                2,
                q6_ties,
                hint="Higher than the threshold is not the threshold. Of equal scores, the first comes first.",
            ),
            Part("top", 2, q6_top, hint="One cut before NMS, another one after it."),
            Part(
                "clip first",
                1,
                q6_clip_first,
                hint="Two boxes that differ outside of the image only are the same proposal.",
            ),
            Part(
                "small",
                1,
                q6_small,
                hint="In which order: cut, clip, drop the small ones? How large is a box that was clipped?",
            ),
            Part("nothing", 1, q6_nothing, hint="Even then the shapes are (0, 4) and (0,)."),
        ],
    ),
    Question(
        "q7",
        "Another rule of matching",
        ("assign",),
        [
            Part(
                "one object", 3, q7_one, hint="Do the example of the text, and print which anchors the object asks for."
            ),
            Part(
                "several objects",
                3,
                q7_several,
                hint="First collect what each object asks for, then decide each anchor.",
            ),
            Part(
                "ties",
                2,
                q7_ties,
                hint="Of equal ones the first: in argsort, kind='stable'. And are borders part of a box?",
            ),
            Part("outside", 2, q7_outside, hint="An IoU of 0 is no match, wherever the object lies."),
            Part(
                "nothing",
                2,
                q7_nothing,
                hint="No object: everything is background. Few anchors: no more than there are.",
            ),
        ],
    ),
    Question(
        "q8",
        "Another code for boxes",
        ("encode_box", "decode_box"),
        [
            Part(
                "encode",
                3,
                q8_encode,
                hint="Do the example of the text by hand. Which lengths is each number divided by?",
            ),
            Part(
                "decode",
                3,
                q8_decode,
                hint="Solve the four equations for the box. Does decode_box(encode_box(box)) return it?",
            ),
            Part(
                "limits",
                3,
                q8_limit,
                hint="First cut the codes that the text names, no others; then calculate; then look whether the box is "
                "one.",
            ),
            Part("same, and none", 1, q8_same, hint="No anchors: the result has the shape (0, 4)."),
        ],
    ),
    Question(
        "q9",
        "Another way to thin out",
        ("thin",),
        [
            Part("heaps", 4, q9_heaps, hint="Do the example of the text, and print what belongs together."),
            Part("chain", 3, q9_chain, hint="In a row, neighbours overlap. Who is compared with whom?"),
            Part(
                "ties", 2, q9_ties, hint="Exactly the limit: read that sentence again. Equal scores: who comes first?"
            ),
            Part("no area", 2, q9_no_area, hint="A point overlaps nothing. The same box twice overlaps entirely."),
            Part("nothing", 1, q9_nothing, hint="Even then the shapes are (0, 4) and (0,)."),
        ],
    ),
]
