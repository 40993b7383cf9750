"""What is checked in assignment 7: inputs of every part, small, drawn anew each time."""

import numpy as np

from minidet.grading.assignments.assignment import Call, Part, Question

VARIANTS = {
    "q8": ("sides", "cross", "corner"),
    "q9": ("draft", "quota", "average"),
    "q10": ("groups", "trapezoids", "soft"),
}
INSIDE = (0.25, 0.375, 0.625, 0.75)  # places in a cell that rounding does not move to another cell
PRIMES = (3, 7, 9, 11, 13)  # numbers of objects: no recall but 0 and 1 is a whole tenth


def sized(rng, grid):
    """Return (height, width) of a picture whose cells have whole, even, unequal sides."""
    height, width = rng.permutation([8, 12, 16, 20])[:2]
    return int(grid * height), int(grid * width)


def box_at(rng, cell, size, grid, sides=None):
    """Return a box whose centre lies in a cell; its sides are even, so that the centre is exact."""
    height, width = size[0] / grid, size[1] / grid
    x, y = (cell[1] + rng.choice(INSIDE)) * width, (cell[0] + rng.choice(INSIDE)) * height
    w, h = 2 * rng.integers(2, 12, 2) if sides is None else sides
    return x - w / 2, y - h / 2, x + w / 2, y + h / 2


def some_cells(rng, grid, count):
    """Return different cells (count, 2)."""
    return np.stack(np.divmod(rng.permutation(grid * grid)[:count], grid), 1)


def iou_of(boxes, box):
    """Return the IoU of boxes (R, 4), all of them with an area, with one box."""
    sides = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0, None)
    shared = sides.prod(1)
    return shared / ((boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod() - shared)


# q1: YOLO's targets -------------------------------------------------------------------------------------------------


def q1_cells(rng, variant):
    calls = []
    for grid, count in ((4, 3), (int(rng.integers(5, 8)), 5)):
        size = sized(rng, grid)
        boxes = np.array([box_at(rng, cell, size, grid) for cell in some_cells(rng, grid, count)])
        text = f"{count} objects in a picture {size[0]} high and {size[1]} wide, {grid} x {grid} cells"
        calls.append(Call("centre_cells", (boxes, size, grid), text=text))
    return calls


def q1_borders(rng, variant):
    grid = int(rng.integers(3, 7))
    height, width = size = tuple(int(side * grid) for side in rng.permutation([8, 16]))
    x, y = (int(v) for v in rng.integers(2, 6, 2))
    centres = np.array([(width, y), (x, height), (width, height), (width + x, y), (x, height + y), (-x, -y), (x, y)])
    half = rng.integers(3, 9, (len(centres), 2))
    boxes = np.concatenate([centres - half, centres + half], 1) / 1.0
    return [Call("centre_cells", (boxes, size, grid), text="centres on the right and lower border, and beyond borders")]


def q1_codes(rng, variant):
    calls = []
    for grid, count in ((4, 2), (int(rng.integers(5, 8)), 4)):
        size = sized(rng, grid)
        cells = some_cells(rng, grid, count)
        boxes = np.array([box_at(rng, cell, size, grid) for cell in cells])
        text = f"{count} objects in a picture {size[0]} high and {size[1]} wide, {grid} x {grid} cells"
        calls.append(Call("cell_codes", (boxes, cells, size, grid), text=text))
    return calls


def q1_owners(rng, variant):
    grid, size = 4, (48, 64)
    first, second, third = some_cells(rng, grid, 3)
    alone = box_at(rng, third, size, grid)
    pair = [box_at(rng, first, size, grid, sides) for sides in ((20, 16), (10, 12))]
    equal = [box_at(rng, second, size, grid, sides) for sides in ((8, 12), (12, 8), (6, 16))]
    boxes, cells = np.array([*pair, alone, *equal]), np.array([first, first, third, second, second, second])
    turned = slice(None, None, -1)
    return [Call("cell_owners", (boxes[:3], cells[:3], grid), text="three objects, two of them in one cell"),
            Call("cell_owners", (boxes[:3][turned], cells[:3][turned], grid), text="the same in another order"),
            Call("cell_owners", (boxes, cells, grid), text="two in one cell, and three of equal area in another")]


def q1_nothing(rng, variant):
    grid, size = 3, (48, 60)
    here, there = some_cells(rng, grid, 2)
    boxes = np.array([box_at(rng, cell, size, grid, sides) for cell, sides in
                      ((here, (0, 10)), (there, (12, 10)), (there, (12, 0)))])  # fmt: skip
    return [Call("cell_owners", (np.zeros((0, 4)), np.zeros((0, 2), int), grid), text="a picture without objects"),
            Call("cell_owners", (boxes, np.array([here, there, there]), grid), text="two of three have no area")]


# q2: the responsible predictor --------------------------------------------------------------------------------------


def q2_decode(rng, variant):
    calls = []
    for grid, predictors in ((2, 1), (int(rng.integers(3, 5)), 2)):
        size = sized(rng, grid)
        said = rng.integers(10, 80, (grid, grid, predictors, 4)) / 100
        text = f"{grid} x {grid} cells, predictors in each: {predictors}, a picture {size[0]} high and {size[1]} wide"
        calls.append(Call("said_boxes", (said, size), text=text, picture="boxes"))
    return calls


def q2_iou(rng, variant):
    x, y = (int(v) for v in rng.integers(0, 9, 2))
    w, h = (int(v) for v in rng.integers(8, 20, 2))
    box = np.array([x, y, x + w, y + h]) / 1.0
    far = 2 * w, 2 * h, 2 * w, 2 * h
    moves = [(0, 0, 0, 0), (3, 0, 3, 0), (2, 5, 2, 5), (2, 2, -3, -1), (-4, -3, 5, 2), (w, 0, w, 0), far]
    boxes = box + np.array(moves)
    return [Call("iou_with", (boxes[:3], box), text="the same box, and two that are moved"),
            Call("iou_with", (boxes, box), text="boxes inside, around, beside and far away")]


def q2_no_area(rng, variant):
    x, y = (int(v) for v in rng.integers(0, 9, 2))
    boxes = np.array([[x, y, x, y + 6], [x, y, x + 5, y], [x, y, x, y], [x, y, x + 5, y + 6]]) / 1.0
    return [Call("iou_with", (boxes, boxes[3]), text="boxes without width, without height, and without both"),
            Call("iou_with", (boxes, boxes[2]), text="an object without area, and some such boxes")]


def q2_best(rng, variant):
    calls = []
    for _ in range(2):
        x, y = rng.integers(20, 40, 2)
        side = 2 * int(rng.integers(4, 9))
        box = np.array([x, y, x + side, y + side]) / 1.0
        half = side // 2
        beside = box + [side, 0, side, 0]  # the nearest, with an IoU of 0
        around = box + [-half, -half, half, half]  # farther, with an IoU of 1/4
        boxes = np.stack([beside, around, box + [2 * side, 0, 3 * side, 0]])[rng.permutation(3)]
        if calls:  # the best is not the first one
            boxes = np.concatenate([beside[None], boxes, box[None] + [1, 0, 1, 0]])
        calls.append(Call("responsible", (iou_of(boxes, box), boxes, box), text=f"{len(boxes)} predictors"))
    return calls


def q2_ties(rng, variant):
    x, y = rng.integers(20, 40, 2)
    side = 2 * int(rng.integers(4, 9))
    box = np.array([x, y, x + side, y + side]) / 1.0
    far, near = box + [0, 3 * side, 0, 3 * side], box + [side, 0, side, 0]
    flat, tall = box + [0, 0, 0, -side // 2], box + [0, 0, 0, side]  # both have an IoU of 1/2
    shape = box + [side, 0, 3 * side, 2 * side]  # does not touch either, and is too large
    tries = [((far, near), "none touches the object"), ((shape, far, near), "none touches the object"),
             ((tall, flat), "both have an IoU of 1/2"), ((far, tall, flat), "two have an IoU of 1/2"),
             ((far, near, near), "none touches the object, two are the same"),
             ((tall, box, box), "two fit exactly")]
    return [Call("responsible", (iou_of(np.array(boxes), box), np.array(boxes), box), text=text)
            for boxes, text in tries]


# q3: the loss and its gradient --------------------------------------------------------------------------------------


def grid_of(rng, exact):
    """Return the first six arguments of the loss; what is named in ``exact`` is said without an error."""
    grid, predictors, classes = 3, int(rng.integers(2, 4)), int(rng.integers(2, 4))
    labels = np.full(grid * grid, -1)
    labels[rng.permutation(grid * grid)[:5]] = [0, 1, classes - 1, *rng.integers(0, classes, 2)]
    labels = labels.reshape(grid, grid)
    here = labels >= 0
    best = np.full((grid, grid), -1)
    best[here] = [0, predictors - 1, *rng.integers(0, predictors, 3)]
    codes = np.where(here[..., None], rng.integers(5, 96, (grid, grid, 4)) / 100, 0.0)
    ious = np.where(here, rng.integers(20, 90, (grid, grid)) / 100, 0.0)
    said = rng.integers(-20, 120, (grid, grid, predictors, 5)) / 100
    kinds = rng.integers(-20, 120, (grid, grid, classes)) / 100
    mine = np.arange(predictors) == best[..., None]
    if "boxes" in exact:
        said[..., :4] = np.where(here[..., None, None], codes[:, :, None], said[..., :4])
    if "confidence" in exact:
        ious = here * 1.0
        said[..., 4] = mine
    if "classes" in exact:
        kinds = (np.arange(classes) == labels[..., None]) * 1.0
    return said, kinds, codes, labels, best, ious


def q3_part(function, exact, about):
    names = ("xy", "wh", "object", "no_object", "classes") if function == "yolo_terms" else ("d_said", "d_classes")

    def cases(rng, variant):
        weights = {"coord": float(rng.integers(2, 9)), "noobj": float(rng.choice((0.25, 0.75)))}
        return [Call(function, grid_of(rng, exact), text=about, names=names),
                Call(function, grid_of(rng, exact), weights, text=f"{about}, other weights", names=names)]

    return cases


def q3_empty(rng, variant):
    said, kinds, codes, labels, best, ious = grid_of(rng, ())
    nothing = said, kinds, codes * 0, np.full_like(labels, -1), np.full_like(best, -1), ious * 0
    names = ("xy", "wh", "object", "no_object", "classes")
    return [Call("yolo_terms", nothing, text="a picture without objects", names=names)]


# q4: default boxes --------------------------------------------------------------------------------------------------


def q4_scales(rng, variant):
    low = int(rng.integers(10, 30)) / 100
    return [Call("box_scales", (2, 0.2, 0.9), text="two maps, from 0.2 to 0.9"),
            Call("box_scales", (int(rng.integers(3, 7)), low, low + 0.5), text=f"from {low} to {low + 0.5}")]


def q4_shapes(rng, variant):
    scale = int(rng.integers(15, 40)) / 100
    return [Call("cell_shapes", (scale, scale + 0.2, (2,)), text="one ratio, 2"),
            Call("cell_shapes", (scale, 2 * scale, (3, 1.5)), text="two ratios, 3 and 1.5"),
            Call("cell_shapes", (scale, scale + 0.3, ()), text="no ratio: squares only")]


def q4_places(rng, variant):
    shapes = rng.integers(4, 20, (2, 2)) * 2.0
    rows, columns = int(rng.integers(3, 5)), 2
    size = rows * 2 * int(rng.integers(5, 9)), columns * 2 * int(rng.integers(9, 16))
    return [Call("place_boxes", ([(1, 2)], [shapes[:1]], (40, 100)), text="one map of 1 x 2 cells", picture="boxes"),
            Call("place_boxes", ([(rows, columns)], [shapes], size), picture="boxes", text=f"one map of {rows} x "
                 f"{columns} cells, two boxes in each, a picture {size[0]} high and {size[1]} wide")]


def q4_maps(rng, variant):
    counts = [(3, 4), (2, 2), (1, 1)]
    shapes = [rng.integers(2, 16, (count, 2)) * 2.0 for count in rng.permutation([1, 2, 3])]
    return [Call("place_boxes", (counts[1:], shapes[1:], (48, 64)), text="two maps: 2 x 2 cells, and 1 x 1"),
            Call("place_boxes", (counts, shapes, (48, 64)), text="three maps: 3 x 4 cells, 2 x 2, and 1 x 1")]


# q5: matching -------------------------------------------------------------------------------------------------------


def hundredths(rng, *shape, low=1, high=60):
    """Return different numbers of two digits."""
    values = rng.permutation(np.arange(low, high))[: int(np.prod(shape))]
    return values.reshape(shape) / 100


def clash(rng, objects, boxes):
    """Return overlaps: object 0 and object 1 have the same favourite, and the later one overlaps it more."""
    overlap = hundredths(rng, objects, boxes, high=61)
    one, other = rng.permutation(boxes)[:2]
    overlap[0, one], overlap[1, one], overlap[0, other] = 0.8, 0.9, 0.7
    return overlap


def q5_clash(rng, variant):
    calls = []
    for objects, boxes in ((2, 4), (4, int(rng.integers(6, 9)))):
        text = f"{objects} objects, {boxes} boxes; two objects have the same favourite"
        calls.append(Call("bipartite", (clash(rng, objects, boxes),), text=text))
    overlap = hundredths(rng, 2, 5)
    overlap[0, 1], overlap[1, 3] = 0.9, 0.8
    return [*calls, Call("bipartite", (overlap,), text="2 objects, 5 boxes; different favourites")]


def q5_ties(rng, variant):
    low = int(rng.integers(1, 3)) / 8
    tables = [[[0.5, 0.5, low], [0.5, 0.5, low]], [[low, 0.5, 0.5], [0.5, low, 0.5]], [[low, 0.5], [0.5, 0.5]]]
    return [Call("bipartite", (np.array(table),), text="several pairs with the same IoU") for table in tables]


def q5_left_over(rng, variant):
    crowded = np.concatenate([hundredths(rng, 4, 2), np.zeros((4, 2))], 1)
    crowded[[0, 1], rng.permutation(2)] = 0.9, 0.8
    lonely = hundredths(rng, 3, 4)
    lonely[np.arange(3), rng.permutation(4)[:3]] = rng.permutation([0.7, 0.8, 0.9])
    lonely[int(rng.integers(3))] = 0
    return [Call("bipartite", (crowded,), text="4 objects, and 2 of 4 boxes touch any of them"),
            Call("bipartite", (lonely,), text="one of three objects touches no box"),
            Call("bipartite", (np.zeros((0, 5)),), text="no objects, 5 boxes")]


def q5_threshold(rng, variant):
    calls = []
    for threshold in ({}, {"threshold": 0.75}):
        limit = threshold.get("threshold", 0.5)
        overlap = hundredths(rng, 3, 9, high=45)
        own = rng.permutation(9)[:3]
        overlap[np.arange(3), own] = 0.9, 0.88, 0.93
        free = np.setdiff1d(np.arange(9), own)
        overlap[rng.integers(3), free[0]] = limit + 0.06
        overlap[rng.integers(3), free[1]] = limit  # not above
        overlap[rng.integers(3), free[2]] = limit - 0.03
        text = f"3 objects, 9 boxes, one IoU is exactly the threshold, {limit}"
        calls.append(Call("match_boxes", (overlap, own), threshold, text=text))
    return calls


def q5_own(rng, variant):
    overlap = hundredths(rng, 3, 6, high=45)
    own = rng.permutation(5)[:3]  # the last box is nobody's
    overlap[:, own[1]] = 0.95, 0.62, 0.2  # another object overlaps this own box more
    overlap[0, own[0]], overlap[2, own[2]], overlap[0, 5] = 0.97, 0.3, 0.9
    poor = np.where(np.arange(3) == 2, -1, own)
    return [Call("match_boxes", (overlap, own), text="own boxes: one that another overlaps more, one with IoU 0.3"),
            Call("match_boxes", (overlap, poor), text="an object that has no own box"),
            Call("match_boxes", (np.zeros((0, 4)), np.zeros(0, int)), text="no objects: all boxes are background")]


# q6: hard negatives -------------------------------------------------------------------------------------------------


def mining(rng, positives, boxes=14):
    """Return losses and labels (N, A): the highest losses are not those of background."""
    losses = np.stack([rng.permutation(boxes) + 1.0 for _ in positives]) / 8 + rng.integers(0, 3, (len(positives), 1))
    labels = np.zeros(losses.shape, int)
    for row, count in zip(labels, positives, strict=True):
        order = rng.permutation(boxes)
        row[order[:count]] = rng.integers(1, 4, count)
        row[order[count : count + 2]] = -1
    return np.where(labels != 0, losses + 2, losses), labels


def q6_choice(rng, variant):
    return [Call("hard_negatives", mining(rng, (1, 1)), text="two images, one positive in each"),
            Call("hard_negatives", mining(rng, (2, 1, 3)), text="three images with 2, 1 and 3 positives"),
            Call("hard_negatives", mining(rng, (2, 1)), {"ratio": 2}, text="two negatives for each positive")]


def q6_few(rng, variant):
    return [Call("hard_negatives", mining(rng, (4, 5), 12), text="fewer background boxes than three for each positive"),
            Call("hard_negatives", mining(rng, (0, 2)), text="the first of two images has no positive")]


def q6_ties(rng, variant):
    _, labels = mining(rng, (1, 1))
    return [Call("hard_negatives", (np.where(labels == 0, 0.5, 2.0), labels), text="all background has one loss"),
            Call("hard_negatives", (rng.integers(1, 3, labels.shape) / 2, labels), text="many equal losses")]


def q6_loss(rng, variant):
    losses, labels = mining(rng, (2, 1))
    chosen = (labels == 0) & (rng.random(labels.shape) < 0.5)
    nothing = np.where(labels > 0, 0, labels)
    return [Call("mined_loss", (losses, labels, chosen), text="3 positives in two images"),
            Call("mined_loss", (losses, nothing, chosen & False), text="no positives, no negatives"),
            Call("mined_loss", (losses, nothing, chosen), text="no positives, but some negatives")]


# q7: average precision ----------------------------------------------------------------------------------------------


def moved(box, by):
    """Return a box of 20 x 20 that is moved to the right; by 5 its IoU with the box is 0.6, by 8 it is 0.43."""
    return np.asarray(box) + np.array([by, 0, by, 0])


def truth_of(rng, count):
    """Return boxes (count, 4) of 20 x 20 that lie far apart."""
    places = rng.permutation(9)[:count]
    corner = np.stack(np.divmod(places, 3), 1) * 50 + rng.integers(0, 10, (count, 2))
    return np.concatenate([corner, corner + 20], 1).reshape(-1, 4) / 1.0


def listed(rng, detections, truths, hard=None, scores=None, **settings):
    """Return the arguments for a list of (box, image), with scores in an order that is not the list's."""
    boxes, images = np.array([box for box, _ in detections]).reshape(-1, 4), np.array([n for _, n in detections], int)
    scores = rng.permutation(np.arange(1, len(boxes) + 1)) / (len(boxes) + 1) if scores is None else scores
    hard = [np.zeros(len(truth), bool) for truth in truths] if hard is None else hard
    return (boxes, np.asarray(scores, float), images, truths, hard), settings


def q7_matches(rng, variant):
    truths = [truth_of(rng, 3), np.zeros((0, 4)), truth_of(rng, 2)]
    a, b = truths[0], truths[2]
    found = [(moved(a[0], 3), 0), (moved(a[1], 8), 0), (moved(a[2], 5), 0), (moved(b[0], 2), 2), (moved(b[1], 30), 2),
             (moved(a[0], 1), 1)]
    half = np.array([a[0][0], a[0][1], a[0][2], a[0][1] + 10])
    args, _ = listed(rng, [found[n] for n in rng.permutation(len(found))], truths)
    exact, _ = listed(rng, [(half, 0), (moved(a[1], 5), 0)], truths)
    strict, settings = listed(rng, [found[n] for n in rng.permutation(4)], truths, threshold=0.65)
    return [Call("judge_detections", args, text="three images, one of them without objects"),
            Call("judge_detections", exact, text="one IoU is exactly 0.5"),
            Call("judge_detections", strict, settings, text="a threshold of 0.65")]


def q7_duplicates(rng, variant):
    a, b = pair = truth_of(rng, 2)
    truths = [pair, pair[:1].copy()]  # in both images an object in the same place
    c = a
    found = [(moved(a, by), 0) for by in rng.permutation(4)] + [(moved(b, 2), 0), (moved(c, 1), 1), (moved(c, 3), 1)]
    beside = [np.array([a, moved(a, 4)])]  # two objects with an IoU of 2/3
    both = [(moved(a, 1), 0), (a, 0), (moved(a, -1), 0)]
    late = [0.9, 0.3, 0.6, 0.9, 0.9, 0.6, 0.6]
    args, _ = listed(rng, found, truths)
    first, _ = listed(rng, both, beside)
    equal, _ = listed(rng, found, truths, scores=late)
    return [Call("judge_detections", args, text="up to four detections of one object"),
            Call("judge_detections", first, text="two objects close together, three detections of the first"),
            Call("judge_detections", equal, text="several detections of one object, some with equal scores")]


def q7_difficult(rng, variant):
    a, b, c = first = truth_of(rng, 3)
    d, e = second = first[[0, 2]]  # in the same places, but a is difficult and d is not
    truths, hard = [first, second], [np.array([True, False, False]), np.array([False, True])]
    found = [(moved(a, 2), 0), (moved(a, 4), 0), (moved(b, 1), 0), (moved(c, 9), 0), (moved(d, 2), 1), (moved(e, 3), 1),
             (moved(e, 9), 1)]
    args, _ = listed(rng, [found[n] for n in rng.permutation(len(found))], truths, hard)
    none, _ = listed(rng, [], truths, hard)
    return [Call("judge_detections", args, text="two of five objects are difficult"),
            Call("judge_detections", none, text="no detections")]


def q7_curve(rng, variant):
    calls = []
    for count, total in ((6, 3), (9, 7)):
        marks = rng.permutation([1, 0, -1, 1, 0, 1, *rng.integers(-1, 2, count - 6)])
        scores = rng.permutation(np.arange(1, count + 1)) / (count + 1)
        calls.append(Call("precision_recall", (marks, scores, total), text=f"{count} detections, {total} objects",
                          names=("precision", "recall")))
    tied = np.array([0, 1, 1, 0, 1]), np.array([0.5, 0.5, 0.9, 0.9, 0.5]), 4
    return [*calls, Call("precision_recall", tied, text="equal scores stay in the order of the list",
                         names=("precision", "recall"))]


def curve(rng, count):
    """Return precision and recall after each of ``count`` detections: precision goes up and down."""
    right = rng.random(count) < 0.5
    right[:4] = rng.permutation([True, False, False, True])
    right[-1], right[0] = True, bool(rng.random() < 0.5)  # precision ends with a step upwards
    found = np.cumsum(right)
    total = next(number for number in PRIMES if number >= found[-1] + 1)
    return found / np.arange(1, count + 1), found / total


def q7_part(function):
    def cases(rng, variant):
        nothing = np.zeros(0), np.zeros(0)
        all_right = np.ones(7), np.arange(1, 8) / 7
        return [Call(function, curve(rng, 6), text="6 detections"),
                Call(function, curve(rng, int(rng.integers(9, 12))), text="precision goes up and down"),
                Call(function, all_right, text="everything is found, and nothing else"),
                Call(function, nothing, text="no detections: 0")]

    return cases


# q8: another grid ---------------------------------------------------------------------------------------------------


def q8_owner(rng, variant):
    calls = []
    for grid in (4, 5):
        height, width = size = sized(rng, grid)
        cell = rng.integers(1, grid - 1, 2)
        sides = 2 * (width // grid) + 2, 2 * (height // grid) + 4
        box = np.array([box_at(rng, cell, size, grid, sides)])
        calls.append(Call("grid_owner", (box, size, grid), text=f"one object, {grid} x {grid} cells"))
    beyond = np.array([[-9, -7, width // grid + 3, height // grid + 5]]) / 1.0
    return [*calls, Call("grid_owner", (beyond, size, grid), text="one object that begins outside of the picture")]


def q8_contested(rng, variant):
    grid, size = 4, (48, 64)
    while True:
        row, column = rng.integers(1, 3, 2)
        sides = rng.permutation([(30, 22), (26, 18), (34, 26)])
        places = [(row, column), (row, column), (row, 3 - column)]
        boxes = np.array([box_at(rng, place, size, grid, side) for place, side in zip(places, sides, strict=True)])
        if tell_apart(boxes, size, grid):
            break
    flat = np.array([[0, 4, 60, 4], [8, 2, 8, 40]]) / 1.0
    with_flat = np.concatenate([flat, boxes[:1]])
    return [Call("grid_owner", (boxes[:2], size, grid), text="two objects in the same place"),
            Call("grid_owner", (boxes[1::-1], size, grid), text="the same two, in another order"),
            Call("grid_owner", (boxes, size, grid), text="three objects close together"),
            Call("grid_owner", (boxes[[0, 0, 2, 2]], size, grid), text="objects that are there twice"),
            Call("grid_owner", (with_flat, size, grid), text="two objects without area, and one with")]


def tell_apart(boxes, size, grid):
    """Tell whether no two objects have nearly the same distance from a cell, nor the same area."""
    side = np.array([size[1], size[0]]) / grid
    middle = (np.stack(np.meshgrid(np.arange(grid), np.arange(grid)), -1).reshape(-1, 1, 2) + 0.5) * side
    distance = ((((boxes[:, :2] + boxes[:, 2:]) / 2 - middle) / side) ** 2).sum(2)  # (cells, objects)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return all(abs(distance[:, i] - distance[:, j]).min() > 0.01 and area[i] != area[j]
               for i in range(len(boxes)) for j in range(i))


def q8_codes(rng, variant):
    calls = []
    for grid, count in ((3, 1), (4, 3)):
        height, width = size = sized(rng, grid)
        cells = some_cells(rng, grid, count)
        sides = 2 * (width // grid), 2 * (height // grid) + 2
        boxes = np.array([box_at(rng, cell, size, grid, sides) for cell in cells])
        owner = np.full((grid, grid), -1)
        for number, (x1, y1, _, _) in enumerate(boxes):
            row, column = cells[number]
            if variant == "corner":  # there it is the cell of another point that learns
                row, column = (int(np.clip(v, 0, grid - 1)) for v in (y1 // (height // grid), x1 // (width // grid)))
            owner[row, column] = number
        calls.append(Call("grid_codes", (boxes, owner, size), text=f"{grid * grid} cells, {count} with an object"))
    return calls


def q8_decode(rng, variant):
    calls = []
    for grid in (2, 3):
        low, high = {"sides": (20, 160), "cross": (-90, 150), "corner": (10, 80)}[variant]
        codes = rng.integers(low, high, (grid, grid, 4)) / 100
        size = sized(rng, grid)
        text = f"{grid} x {grid} cells, a picture {size[0]} high and {size[1]} wide"
        calls.append(Call("grid_boxes", (codes, size), text=text, picture="boxes"))
    return calls


# q9: another matching -----------------------------------------------------------------------------------------------


def parts_of_64(rng, *shape, low=1, high=63):
    """Return different multiples of 1/64: sums and means of them are exact."""
    return rng.permutation(np.arange(low, high))[: int(np.prod(shape))].reshape(shape) / 64


def apart(rng, objects, each, low, high):
    """Return overlaps (G, A): each object overlaps its own boxes alone, ``each`` of them; one box is nobody's."""
    overlap = np.zeros((objects, objects * each + 1))
    order = rng.permutation(objects * each + 1)
    values = parts_of_64(rng, objects, each, low=low, high=high)
    for one in range(objects):
        overlap[one, order[one * each : (one + 1) * each]] = values[one]
    return overlap


def q9_boxes(rng, variant):
    return [Call("assign_boxes", (apart(rng, 2, 3, 1, 40), 2, 1.0), text="2 objects with 3 boxes each, k = 2"),
            Call("assign_boxes", (apart(rng, 3, 5, 1, 60), 3, 1.0), text="3 objects with 5 boxes each, k = 3"),
            Call("assign_boxes", (apart(rng, 1, 4, 1, 60), 1, 1.0), text="one object with 4 boxes, k = 1")]


def q9_contested(rng, variant):
    clashing = parts_of_64(rng, 3, 7, high=40)
    clashing[:, 2], clashing[:, 5] = [50 / 64, 61 / 64, 55 / 64], [49 / 64, 45 / 64, 58 / 64]
    return [Call("assign_boxes", (parts_of_64(rng, 2, 5), 2, 1.0), text="2 objects, 5 boxes, all overlap, k = 2"),
            Call("assign_boxes", (clashing, 2, 1.0), text="3 objects, 7 boxes, two boxes that all want, k = 2"),
            Call("assign_boxes", (parts_of_64(rng, 4, 9), 3, 1.0), text="4 objects, 9 boxes, k = 3")]


def q9_near(rng, variant):
    calls = []
    for near in (0.375, 0.25):
        overlap = apart(rng, 2, 5, 1, 12)
        for row in overlap:
            row[rng.permutation(np.flatnonzero(row))[:4]] = 60 / 64, 58 / 64, near, near - 1 / 64
        calls.append(Call("assign_boxes", (overlap, 2, near), text=f"2 objects, k = 2, near is {near}"))
    return calls


def q9_nothing(rng, variant):
    few = np.zeros((3, 5))
    few[0, 1], few[1, 3] = 0.5, 0.25
    equal = np.full((2, 4), 0.5)
    return [Call("assign_boxes", (np.zeros((0, 6)), 2, 0.375), text="no objects: all boxes are background"),
            Call("assign_boxes", (few, 3, 1.0), text="one of three objects touches nothing, the others one box each"),
            Call("assign_boxes", (equal, 1, 1.0), text="all IoUs are equal, k = 1"),
            Call("assign_boxes", (equal[:, :2], 3, 1.0), text="all IoUs are equal, fewer boxes than k")]


# q10: another average precision -------------------------------------------------------------------------------------


def outcomes(rng, count, wrong=0.4):
    """Return scores without equal ones, and overlaps: 0 where nothing was found."""
    scores = rng.permutation(np.arange(1, count + 1)) / (count + 1)
    overlaps = np.where(rng.random(count) < wrong, 0.0, rng.choice((0.31, 0.44, 0.56, 0.68, 0.81, 0.97), count))
    overlaps[:3] = rng.permutation([0.0, 0.9, 0.62])
    return scores, overlaps


def q10_values(rng, variant):
    calls = [Call("class_score", (*outcomes(rng, count), total, 0.5), text=f"{count} detections, {total} objects")
             for count, total in ((4, 4), (9, 7))]
    scores, overlaps = outcomes(rng, 8)
    overlaps[3] = 0.75  # as good as asked for
    return [*calls, Call("class_score", (scores, overlaps, 6, 0.75), text="at least 0.75 is asked for")]


def q10_ties(rng, variant):
    two = np.array([0.8, 0.8, 0.8, 0.5, 0.5, 0.3]), np.array([0.9, 0.0, 0.6, 0.7, 0.0, 0.8])
    order = rng.permutation(6)
    scores, overlaps = outcomes(rng, 9, 0.5)
    return [Call("class_score", (*two, 5, 0.5), text="several detections with the same score"),
            Call("class_score", (two[0][order], two[1][order], 5, 0.5), text="the same in another order"),
            Call("class_score", (np.round(scores * 3) / 4, overlaps, 7, 0.5), text="few different scores")]


def q10_classes(rng, variant):
    scores, overlaps = outcomes(rng, 14)
    labels = rng.permutation([0] * 4 + [1] * 3 + [2] * 3 + [3] * 4)
    overlaps = np.where(labels == 2, 0.0, overlaps)
    surest = np.flatnonzero(labels == 0)[np.argsort(-scores[labels == 0])]
    overlaps[surest[:2]] = 0, 0.9  # precision rises
    totals = np.array([5, 3, 0, 6, 2])
    return [Call("mean_score", (labels[labels < 2], scores[labels < 2], overlaps[labels < 2], totals[:2], 0.5),
                 text="two classes"),
            Call("mean_score", (labels, scores, overlaps, totals, 0.5),
                 text="five classes; of class 2 there is nothing to find, of class 4 nothing was said")]


def q10_nothing(rng, variant):
    none, labels, totals = np.zeros(0), np.zeros(0, int), np.array([3, 2])
    scores, overlaps = np.array([0.9, 0.7]), np.array([0.8, 0.0])
    return [Call("class_score", (none, none, 4, 0.5), text="no detections"),
            Call("mean_score", (labels, none, none, totals, 0.5), text="no detections of any class"),
            Call("mean_score", (np.arange(2), scores, overlaps, totals * 0, 0.5), text="nothing to find at all"),
            Call("class_score", (scores[:1], np.ones(1), 2, 0.5), text="one of two objects is found exactly")]


SLOPE = "The slope of (a - b) squared with respect to a is 2 (a - b). The weights stand before it as in the loss."
QUESTIONS = [
    Question("q1", "YOLO's targets", ("centre_cells", "cell_codes", "cell_owners"), [
        Part("cells", 2, q1_cells, hint="Rows go down: they belong to y and the height. A cell is size / grid large."),
        Part("borders", 1, q1_borders, hint="Cells are numbered from 0 to grid - 1. Which of them is nearest?"),
        Part("codes", 3, q1_codes, hint="x and y are counted in cells, from the upper left corner of the given cell; "
             "widths and heights are shares of the whole picture, and then roots."),
        Part("owners", 2, q1_owners, hint="Several in one cell: which of them stays? And if their areas are equal?"),
        Part("nothing", 1, q1_nothing, hint="An object without area cannot be found, so no cell learns it."),
    ]),
    Question("q2", "The responsible predictor", ("said_boxes", "iou_with", "responsible"), [
        Part("decode", 2, q2_decode, hint="Put the codes of question 1 back: add the cell, and undo the root."),
        Part("iou", 2, q2_iou, hint="Width is x2 - x1. Boxes that do not overlap have a shared width or height of 0, "
             "not a negative one."),
        Part("no area", 1, q2_no_area, hint="If both have no area, there is nothing to divide by: the IoU is 0."),
        Part("best", 2, q2_best, hint="The IoU decides. Distance is only asked where IoUs are equal."),
        Part("ties", 2, q2_ties, hint="Of those with the highest IoU, the nearest in (x, y, w, h); then the first."),
    ]),
    Question("q3", "YOLO's loss and its gradient", ("yolo_terms", "yolo_gradient"), [
        Part("boxes", 3, q3_part("yolo_terms", ("confidence", "classes"), "only boxes are wrong"),
             hint="Only the responsible predictor of a cell with an object pays for its box. Both have a weight."),
        Part("confidence", 3, q3_part("yolo_terms", ("boxes", "classes"), "only confidences are wrong"),
             hint="What is the target of the responsible one? And what do all the others pay, in which cells?"),
        Part("classes", 2, q3_part("yolo_terms", ("boxes", "confidence"), "only classes are wrong"),
             hint="Once for each cell, not for each predictor. And what of a cell without an object?"),
        Part("empty", 1, q3_empty, hint="No object: which of the five terms is left? -1 is not a predictor."),
        Part("slope of boxes", 2, q3_part("yolo_gradient", ("confidence", "classes"), "only boxes are wrong"),
             hint=SLOPE),
        Part("slope of confidence", 2, q3_part("yolo_gradient", ("boxes", "classes"), "only confidences are wrong"),
             hint=SLOPE),
        Part("slope of classes", 1, q3_part("yolo_gradient", ("boxes", "confidence"), "only classes are wrong"),
             hint=SLOPE),
    ]),
    Question("q4", "Default boxes", ("box_scales", "cell_shapes", "place_boxes"), [
        Part("scales", 2, q4_scales, hint="From low to high in maps - 1 equal steps; then one step more."),
        Part("shapes", 2, q4_shapes, hint="All boxes of ratios have the area of the first square. Does yours?"),
        Part("places", 2, q4_places, hint="The first cell's middle is half a cell from the border. Shapes are (width, "
             "height), but size is (height, width)."),
        Part("maps", 2, q4_maps, hint="Map by map, row by row, cell by cell, and all boxes of a cell side by side."),
    ]),
    Question("q5", "Matching", ("bipartite", "match_boxes"), [
        Part("clash", 3, q5_clash, hint="Look for the best of all pairs in the whole table, then cross out its row and "
             "its column."),
        Part("ties", 1, q5_ties, hint="Of equal pairs the first in reading order: row by row."),
        Part("left over", 2, q5_left_over, hint="An IoU of 0 is no overlap. Who finds nothing has -1."),
        Part("threshold", 2, q5_threshold, hint="Above the threshold, not at it. Of several objects, the best."),
        Part("own", 1, q5_own, hint="An object keeps its own box, whoever overlaps it more. But -1 is not a box."),
    ]),
    Question("q6", "Hard-negative mining", ("hard_negatives", "mined_loss"), [
        Part("choice", 3, q6_choice, hint="Image by image: count the positives, sort the background by its loss. "
             "Only label 0 is background."),
        Part("few", 2, q6_few, hint="Three for each positive, but not more than there are; and without a positive?"),
        Part("ties", 1, q6_ties, hint="Of equal losses the first. What does argsort do with equal numbers, and what "
             "becomes of their order when you turn it around?"),
        Part("loss", 2, q6_loss, hint="The sum is over positives and chosen ones; it is divided by the positives."),
    ]),
    Question("q7", "Average precision", ("judge_detections", "precision_recall", "area_ap", "eleven_point_ap"), [
        Part("matches", 3, q7_matches, hint="Only objects of the same image count. An IoU of exactly the threshold is "
             "enough. Marks stand in the order of the list."),
        Part("duplicates", 2, q7_duplicates, hint="The surest detection comes first, wherever it stands in the list. "
             "Each looks at the object that it overlaps most, even if that was found before."),
        Part("difficult", 2, q7_difficult, hint="A detection of a difficult object is neither right nor wrong: "
             "-1, each time."),
        Part("curve", 2, q7_curve, hint="Leave out -1, sort by score, and count. What is each of the two divided by?"),
        Part("area", 2, q7_part("area_ap"), hint="First each precision becomes the largest of those at its recall or "
             "more. Then widths of recall times heights; the first width begins at 0."),
        Part("eleven", 2, q7_part("eleven_point_ap"), hint="Eleven values of recall, 0 and 1 are two of them. One that "
             "is never reached counts as 0, and the mean is of eleven numbers."),
    ]),
    Question("q8", "Another grid", ("grid_owner", "grid_codes", "grid_boxes"), [
        Part("owner", 3, q8_owner, hint="Do the example of the text on paper, then print yours beside it."),
        Part("contested", 2, q8_contested, hint="Several want one cell: the rule says which. Whoever has no area wants "
             "nothing."),
        Part("codes", 3, q8_codes, hint="A cell's width is the picture's width / grid: x is counted in those. Where no "
             "object is, all four are 0."),
        Part("decode", 2, q8_decode, hint="Solve the four formulas for x1, y1, x2, y2. Encode, decode: the same box."),
    ]),
    Question("q9", "Another matching", ("assign_boxes",), [
        Part("boxes", 3, q9_boxes, hint="Nobody is in the way here. Follow the rule for one object, with k on paper."),
        Part("contested", 3, q9_contested, hint="Do the table of the text on paper. Print who takes what, and when."),
        Part("near", 2, q9_near, hint="Only boxes that no object has can be -2. The highest IoU of the column "
             "decides."),
        Part("nothing", 2, q9_nothing, hint="An IoU of 0 never makes a match. Of equal ones, the first."),
    ]),
    Question("q10", "Another average precision", ("class_score", "mean_score"), [
        Part("values", 4, q10_values, hint="Do the example of the text on paper: R and P after each step."),
        Part("ties", 3, q10_ties, hint="Equal scores: the order of the list must not matter. What does the rule say?"),
        Part("classes", 2, q10_classes, hint="A class with nothing to find is left out, one without detections is 0."),
        Part("nothing", 1, q10_nothing, hint="No detections, or nothing to find in any class: 0."),
    ]),
]
