"""What is checked in assignment 4: boxes, losses, heatmaps and joints, small, drawn anew each time."""

import numpy as np

from minidet.grading.assignments.assignment import Call, Part, Question

VARIANTS = {
    "q3": ("sides", "roots", "aspect"),
    "q7": ("hardest", "trust", "uncertain"),
    "q10": ("parabola", "mass", "second"),
}


def numbers(rng, *shape):
    """Return numbers with one digit after the point: short to print, and rarely equal."""
    return rng.integers(-30, 31, shape) / 10


def rectangles(rng, n, low=2, high=14, within=20):
    """Return boxes (N, 4) with sides between ``low`` and ``high``; no side is as long as another one of the box."""
    sides = np.stack([rng.permutation(np.arange(low, high + 1))[:2] for _ in range(n)]) if n else np.zeros((0, 2))
    corners = rng.integers(0, within, (n, 2))
    return np.concatenate([corners, corners + sides], 1) * 1.0


# q1: intersection over union ----------------------------------------------------------------------------------------


def overlapping(rng, n):
    """Return two arrays of boxes (N, 4): each box of the one shares some area with each box of the other."""
    centre = 20.0
    out = []
    for count in (n, n + 1):
        before, after = rng.integers(1, 12, (2, count, 2))
        out.append(np.concatenate([centre - before, centre + after], 1))
    return out


def q1_pairs(rng, variant):
    one, other = overlapping(rng, 1)
    alike = rectangles(rng, 1)
    return [Call("box_areas", (rectangles(rng, 3),), text="the areas of three boxes"),
            Call("box_iou", (one, other[:1]), text=f"the box {one[0]} and the box {other[0]}"),
            Call("box_iou", (alike, alike.copy()), text="a box with itself")]


def q1_apart(rng, variant):
    box = rectangles(rng, 1)
    side = box[:, 2:] - box[:, :2]
    (right, below), gap = side[0], rng.integers(2, 6)
    beside = box + [right, 0, right, 0]
    diagonal = box + [right + gap, below + gap, right + gap, below + gap]
    inside = np.concatenate([box[:, :2], box[:, :2] + side / 2], 1)  # a quarter of the box: who says 0 is wrong
    return [Call("box_iou", (box, np.concatenate([beside, inside])), text="the first of the two touches the box"),
            Call("box_iou", (box, np.concatenate([diagonal, inside])),
                 text="the first of the two is apart from the box in x and in y")]


def q1_table(rng, variant):
    n = int(rng.integers(2, 4))
    return [Call("box_iou", tuple(overlapping(rng, n)), text=f"{n} boxes and {n + 1} boxes", picture=True)]


def q1_zero(rng, variant):
    x, y = (float(v) for v in rng.integers(2, 9, 2))
    point, line = [x, y, x, y], [x, y, x + 3, y]
    boxes = np.array([point, line, [x, y, x + 2, y + 4]])
    return [Call("box_iou", (boxes, boxes.copy()), text="a point, a line and a box, each with each")]


def q1_none(rng, variant):
    boxes, nothing = rectangles(rng, int(rng.integers(2, 5))), np.zeros((0, 4))
    return [Call("box_iou", (boxes, nothing), text="some boxes and no boxes"),
            Call("box_iou", (nothing, boxes), text="no boxes and some boxes"),
            Call("box_areas", (boxes,), text="the areas of some boxes")]


# q2 and q3: boxes as four other numbers ------------------------------------------------------------------------------


def boxes_and_references(rng, n=None):
    n = int(rng.integers(2, 5)) if n is None else n
    return rectangles(rng, n, 4, 16), rectangles(rng, n, 4, 16)


def q2_encode(rng, variant):
    return [Call("encode_boxes", boxes_and_references(rng, n), text=f"{n} box{'es' * (n > 1)} with area",
                 names=("codes", "valid")) for n in (1, int(rng.integers(2, 5)))]


def q2_decode(rng, variant):
    calls = []
    for n in (1, int(rng.integers(2, 5))):
        codes, references = numbers(rng, n, 4) / 3, rectangles(rng, n, 4, 16)
        calls.append(Call("decode_boxes", (codes, references), text=f"{n} code{'s' * (n > 1)}", picture="boxes"))
    return calls


def q2_zero(rng, variant):
    boxes, references = boxes_and_references(rng, 4)
    boxes[0, 2] = boxes[0, 0]  # a line
    references[2, 2:] = references[2, :2]  # a point
    order = rng.permutation(4)
    return [Call("encode_boxes", (boxes[order], references[order]), names=("codes", "valid"),
                 text="four boxes; one of them has no width, and one reference is a point")]


def q2_limit(rng, variant):
    references = rectangles(rng, 3, 4, 16)
    codes = numbers(rng, 3, 4) / 3
    codes[0, 2], codes[1, 3] = rng.integers(900, 2000, 2)
    codes[2, 2:] = -6.0, -7.5  # the limit is no limit for small boxes
    return [Call("decode_boxes", (codes, references), text="two codes of sizes are above 900", picture="boxes"),
            Call("decode_boxes", (codes, references), {"largest": float(rng.integers(1, 4))}, picture="boxes",
                 text="the same with another limit")]


def codes_of(rng, variant, n):
    """Return codes (N, 4) as they usually are: no limit of the rule is reached."""
    codes = rng.integers(-9, 10, (n, 4)) / 10
    return np.abs(codes) + 0.1 if variant == "sides" else codes


def q3_encode(rng, variant):
    return [Call("encode_special", boxes_and_references(rng, n), text=f"{n} box{'es' * (n > 1)}")
            for n in (1, int(rng.integers(3, 6)))]


def q3_decode(rng, variant):
    return [Call("decode_special", (codes_of(rng, variant, n), rectangles(rng, n, 4, 16)), picture="boxes",
                 text=f"{n} code{'s' * (n > 1)}") for n in (1, int(rng.integers(3, 6)))]


def q3_limits(rng, variant):
    codes, references = codes_of(rng, variant, 4), rectangles(rng, 4, 4, 16)
    if variant == "sides":
        codes[0, 0], codes[1, 3] = -codes[0, 2] - 0.5, -codes[1, 1] - 0.25
        text = "in two rows, a side lies beyond the opposite one"
    elif variant == "roots":
        codes[0, 2], codes[1, 3] = -1.0 - rng.integers(2, 9, 2) / 10
        text = "two codes of sizes are below -1"
    else:
        codes[0, 2], codes[1, 3] = rng.integers(5, 9), -rng.integers(5, 9)
        text = "two of the last codes are beyond 4 and -4"
    return [Call("decode_special", (codes, references), text=text, picture="boxes")]


def q3_none(rng, variant):
    nothing = np.zeros((0, 4))
    boxes, references = boxes_and_references(rng, 2)
    return [Call("encode_special", (nothing, nothing.copy()), text="no boxes"),
            Call("decode_special", (nothing, nothing.copy()), text="no codes"),
            Call("encode_special", (references, references.copy()), text="each box is its own reference"),
            Call("decode_special", (codes_of(rng, variant, 2), boxes), text="two codes")]


# q4 and q5: the losses of each image ---------------------------------------------------------------------------------


def class_part(function, kind, large=False):
    """Return the case function of a part of question 4."""

    def cases(rng, variant):
        calls = []
        for n in (1, int(rng.integers(3, 5))):
            k = int(rng.integers(3, 6))
            scores = numbers(rng, n, k) + rng.uniform(0, 0.05, (n, k))  # nothing lies exactly at the margin
            scores = scores * 600 if large else scores
            words = "scores between -1800 and 1800, " if large else ""
            text = f"{words}{n} image{'s' * (n > 1)}, {k} classes, {kind}"
            calls.append(Call(function, (scores, rng.integers(0, k, n), kind), text=text))
        return calls

    return cases


def q4_large(rng, variant):
    calls = [call for name in ("class_losses", "class_losses_grad")
             for call in class_part(name, "softmax", large=True)(rng, variant)]
    gap = np.array([[0.0, float(rng.integers(800, 3000)), -5.0]])  # p of the true class rounds to 0
    return [*calls, Call("class_losses", (gap, np.array([0]), "softmax"), text="the true class is far behind")]


def q4_margin(rng, variant):
    scores = rng.permutation([0.0, 0.0, 1.0, 0.5, -2.0])[None]
    label = np.array([int(scores[0].argmax())])
    return [Call("class_losses_grad", (scores, label, "hinge"), text="two scores are exactly 1 below the true one")]


def boxed(rng, n=None):
    """Return codes (N, K, 4), targets (N, 4), labels (N,): some images have no object, and no difference is 0 or 1."""
    n, k = int(rng.integers(3, 6)) if n is None else n, int(rng.integers(3, 5))
    labels = rng.integers(1, k, n)
    if n > 1:
        labels[int(rng.integers(n))] = 0
        labels[(np.flatnonzero(labels == 0)[0] + 1) % n] = k - 1
    codes = rng.integers(-24, 25, (n, k, 4)) / 10
    return codes, rng.integers(-9, 10, (n, 4)) / 10 + 0.03, labels


def box_part(function, kind):
    """Return the case function of a part of question 5: an object in every image."""

    def cases(rng, variant):
        calls = []
        for n, beta in ((1, 1.0), (3, 1.0 if kind == "l2" else float(rng.choice([0.5, 2.0])))):
            codes, targets, labels = boxed(rng, n)
            labels = np.maximum(labels, 1)
            words = "" if kind == "l2" else f", beta = {beta:g}"
            options = {} if kind == "l2" else {"beta": beta}
            calls.append(Call(function, (codes, targets, labels, kind), options,
                              text=f"{n} image{'s' * (n > 1)} with an object, {kind}{words}"))
        return calls

    return cases


def q5_background(rng, variant):
    codes, targets, labels = boxed(rng)
    targets[labels == 0] = 0
    calls = [Call(name, (codes, targets, labels, kind), text=f"one of {len(labels)} images shows no object, {kind}")
             for name, kind in (("box_losses", "l2"), ("box_losses_grad", "smooth_l1"))]
    nothing = codes, np.zeros_like(targets), np.zeros_like(labels)
    return [*calls, Call("box_losses_grad", (*nothing, "l2"), text="no image shows an object")]


# q6 and q7: two losses become one ------------------------------------------------------------------------------------


def losses_of(rng, objects=3, background=2, most=2.5):
    """Return class losses, box losses and labels; no two losses are equal, and background has box losses as well."""
    n = objects + background
    labels = rng.permutation([*rng.integers(1, 6, objects), *[0] * background])
    classes = (rng.permutation(n) + 1) * most / n
    boxes = (rng.permutation(n) + 2) * 3.0 / n + 0.1
    if background:  # the largest one is that of an image without object
        boxes[labels.argmin()] = 9.0
    return classes, boxes, labels


NAMES = ("total", "dclass", "dbox")


def q6_weighted(rng, variant):
    objects = int(rng.integers(2, 4))
    weight = float(rng.choice([0.5, 2.0, 3.0]))
    return [Call("multi_task_loss", (*losses_of(rng, 1, 0), weight), text="one image, with an object", names=NAMES),
            Call("multi_task_loss", (*losses_of(rng, objects, 0), weight), names=NAMES,
                 text=f"{objects} images, with an object each, weight {weight:g}")]


def q6_objects(rng, variant):
    calls = []
    for objects, background in ((2, 1), (int(rng.integers(2, 5)), 3)):
        text = f"{objects + background} images, {objects} of them with an object"
        calls.append(Call("multi_task_loss", (*losses_of(rng, objects, background), 1.0), text=text, names=NAMES))
    return calls


def q6_nothing(rng, variant):
    count = int(rng.integers(2, 5))
    text = f"{count} images without objects"
    return [Call("multi_task_loss", (*losses_of(rng, 0, count), 2.0), text=text, names=NAMES)]


def setting_of(rng, variant):
    """Return the setting as it is where it is not the subject."""
    a = float(rng.integers(-5, 6)) / 4
    return {"hardest": 2, "trust": 1.0, "uncertain": np.array([a, a])}[variant]


def q7_part(function):
    """Return the case function of ``loss`` or ``gradient``."""

    def cases(rng, variant):
        calls = []
        for objects, background in ((3, 0), (int(rng.integers(3, 6)), 2)):
            setting = setting_of(rng, variant)
            args = *losses_of(rng, objects, background), setting
            text = f"{objects + background} images, {objects} of them with an object, setting {setting}"
            calls.append(Call(function, args, text=text, names=("dclass", "dbox", "dsetting")))
        return calls

    return cases


def q7_setting(rng, variant):
    classes, boxes, labels = losses_of(rng, 4, 1)
    if variant == "hardest":  # two equal losses, of which only one counts; and fewer objects than may count
        objects = np.flatnonzero(labels)
        boxes[objects] = rng.permutation([4.0, 2.0, 2.0, 1.0])
        settings = (2, "two objects have the same box loss"), (int(rng.integers(5, 9)), "more may count than there are")
    elif variant == "trust":
        settings = [(weight, f"setting {weight}") for weight in (float(rng.choice([0.5, 2.0])), 3.0)]
    else:
        pairs = rng.permutation([-1.0, 0.5, 1.5])[:2], np.array([0.0, float(rng.integers(1, 4))])
        settings = [(np.array(pair), f"setting {np.array(pair)}") for pair in pairs]
    names = {"join_losses": (), "join_losses_grad": ("dclass", "dbox", "dsetting")}
    return [Call(function, (classes, boxes, labels, setting), text=text, names=names[function])
            for setting, text in settings for function in names]


def q7_nothing(rng, variant):
    args = *losses_of(rng, 0, 3), setting_of(rng, variant)
    names = ("dclass", "dbox", "dsetting")
    return [Call("join_losses", args, text="three images without objects"),
            Call("join_losses_grad", args, text="three images without objects", names=names)]


# q8: heatmap targets -------------------------------------------------------------------------------------------------

MAPS = ("maps", "weights")


def q8_centre(rng, variant):
    h, w = (int(v) for v in rng.integers(4, 7, 2) + [0, 2])
    cells = np.stack([rng.integers(0, [5, 4]), rng.integers(0, [w, h]), rng.integers(0, [w, h])])
    joints = np.concatenate([cells + 0.5, np.full((3, 1), 2.0)], 1)
    return [Call("heatmap_targets", (joints[:1], (4, 5), 1, 1.0), text="one joint in the centre of a cell", names=MAPS,
                 picture=True),
            Call("heatmap_targets", (joints[1:], (h, w), 1, 1.5), names=MAPS,
                 text=f"two joints, {h} x {w} cells of one pixel, sigma 1.5")]


def q8_between(rng, variant):
    calls = []
    for k, (h, w), cell in ((1, (3, 5), 4), (3, (int(rng.integers(4, 6)), 6), int(rng.choice([2, 8])))):
        places = rng.integers(0, 8, (k, 2)) * [w, h] * cell / 8 + rng.choice([0.3, 0.7], (k, 2))
        joints = np.concatenate([places, np.full((k, 1), 2.0)], 1)  # hidden ones are the subject of another part
        text = f"{k} joint{'s' * (k > 1)} somewhere in {h} x {w} cells of {cell} pixels"
        calls.append(Call("heatmap_targets", (joints, (h, w), cell, 1.0), text=text, names=MAPS, picture=k == 1))
    return calls


def q8_invisible(rng, variant):
    joints = np.array([[2.5, 1.5, 2], [0, 0, 0], [3.5, 2.5, 1], [1.5, 3.5, 0]])[rng.permutation(4)]
    return [Call("heatmap_targets", (joints, (5, 6), 1, float(rng.choice([1.0, 1.5]))), names=MAPS,
                 text="two of four joints are not labelled; one is labelled, but hidden")]


def q8_outside(rng, variant):
    h, w = 4, 6
    far = float(rng.integers(1, 4))
    joints = np.array([[-far, 1.5, 2], [2.5, h + far, 2], [w, 1.5, 2], [2.5, 0, 2], [w + 0.5, 2.5, 2]])
    return [Call("heatmap_targets", (joints[rng.permutation(5)], (h, w), 1, 1.0), names=MAPS,
                 text="of five joints three lie outside of the picture, and two on its border")]


# q9 and q10: from heatmaps to places ---------------------------------------------------------------------------------


def hills(rng, k, h, w, border=False, even=False):
    """Return maps (K, H, W) of different numbers: the highest at the border or not, its neighbours equal or not."""
    maps = np.stack([rng.permutation(h * w).reshape(h, w) / (2.0 * h * w) for _ in range(k)])
    for plane in maps:
        if border:
            choice = [(0, rng.integers(w)), (h - 1, rng.integers(w)), (rng.integers(h), 0), (rng.integers(h), w - 1)]
            row, column = choice[int(rng.integers(4))]
        else:
            row, column = rng.integers(1, h - 1), rng.integers(1, w - 1)
        plane[row, column] = 1.0
        if even:
            plane[[row - 1, row + 1], column] = plane[row, [column - 1, column + 1]] = 0.625
    return maps


def q9_cell(rng, variant):
    calls = []
    for k, cell in ((1, 1), (3, int(rng.choice([4, 8])))):
        h, w = (int(v) for v in rng.integers(3, 6, 2) + [0, 2])
        text = f"{k} map{'s' * (k > 1)} of {h} x {w} cells of {cell} pixel{'s' * (cell > 1)}; equal neighbours"
        calls.append(Call("decode_heatmaps", (hills(rng, k, h, w, even=True), cell), text=text))
    return calls


def q9_shift(rng, variant):
    calls = []
    for k, cell in ((1, 1), (3, int(rng.choice([4, 8])))):
        h, w = (int(v) for v in rng.integers(4, 7, 2) + [0, 2])
        text = f"{k} map{'s' * (k > 1)} of {h} x {w} cells of {cell} pixel{'s' * (cell > 1)}"
        calls.append(Call("decode_heatmaps", (hills(rng, k, h, w), cell), text=text))
    return calls


def q9_border(rng, variant):
    h, w = 4, 5
    corners = np.zeros((4, h, w))
    for plane, (row, column) in zip(corners, ((0, 0), (0, w - 1), (h - 1, 0), (h - 1, w - 1)), strict=True):
        plane[:] = hills(rng, 1, h, w)[0] / 2
        plane[row, column] = 1
    return [Call("decode_heatmaps", (hills(rng, 4, h, w, border=True), 4), text="the highest cells are at the border"),
            Call("decode_heatmaps", (corners, 1), text="the highest cells are in the corners"),
            Call("decode_heatmaps", (np.ones((2, 1, 1)), 4), text="maps of one cell")]


def q9_ties(rng, variant):
    maps = np.zeros((3, 4, 6))
    for plane in maps:
        rows, columns = rng.permutation([0, 1, 2, 3])[:2], rng.permutation([0, 2, 4])[:2]
        plane[rows, columns] = 1  # never in one row or column, and without neighbours
    return [Call("decode_heatmaps", (maps, 1), text="two cells of each map are the highest")]


def q10_values(rng, variant):
    calls = []
    for k, cell in ((1, 1), (3, int(rng.choice([4, 8])))):
        h, w = (int(v) for v in rng.integers(5, 7, 2) + [0, 2])
        maps = hills(rng, k, h, w)
        if variant == "second":  # mostly not a neighbour
            for plane in maps:
                row, column = np.argwhere(plane < 0.5)[int(rng.integers(h * w - 1))]
                plane[row, column] = 0.875
        text = f"{k} map{'s' * (k > 1)} of {h} x {w} cells of {cell} pixel{'s' * (cell > 1)}"
        calls.append(Call("refine_places", (maps, cell), text=text))
    return calls


def q10_border(rng, variant):
    h, w = 4, 5
    corners = hills(rng, 2, h, w) * 0.75
    corners[0, 0, 0] = corners[1, h - 1, w - 1] = 1.0
    return [Call("refine_places", (hills(rng, 4, h, w, border=True), 1), text="the highest cells are at the border"),
            Call("refine_places", (corners, 4), text="the highest cells are in two corners")]


def q10_special(rng, variant):
    h, w = 5, 6
    if variant == "parabola":
        maps = hills(rng, 3, h, w)
        row, column = np.unravel_index(maps[0].argmax(), (h, w))
        maps[0, row, column + 1] = 1.0  # the neighbour is as high
        row, column = np.unravel_index(maps[1].argmax(), (h, w))
        maps[1, row : row + 2, column : column + 2] = 1.0  # a flat top: the first of them is the highest
        maps[2] -= 5
        text = "one with two equal highest cells, one with four, one with negative numbers only"
    elif variant == "mass":
        maps = hills(rng, 3, h, w) * 2 - 0.75  # some are below 0
        maps[2] -= 5  # all are
        text = "some numbers are below 0; in one map all of them"
    else:
        maps = np.zeros((3, h, w))
        for plane in maps:
            places = rng.permutation(h * w)[:3]
            plane.flat[places] = rng.permutation([1.0, 0.5, 0.5])
        maps[2].flat[rng.permutation(h * w)[:2]] = 2.0  # two are the highest
        text = "some are as high as the second one; in one map two are the highest"
    calls = [Call("refine_places", (maps, 1), text=f"three maps: {text}")]
    if variant == "second":
        calls.append(Call("refine_places", (np.ones((1, 1, 1)), 4), text="a map of one cell"))
    return calls


# q11: flips ----------------------------------------------------------------------------------------------------------

PAIRS = [(0, 1), (2, 4)]


def people(rng, k=5, size=20):
    """Return joints (K, 3), all labelled."""
    return np.concatenate([rng.integers(0, 2 * size, (k, 2)) / 2, rng.integers(1, 3, (k, 1))], 1) * 1.0


def q11_boxes(rng, variant):
    width = int(rng.integers(40, 60))
    return [Call("flip_boxes", (rectangles(rng, 2), width), text=f"two boxes, {width} pixels wide", picture="boxes"),
            Call("flip_boxes", (np.concatenate([rectangles(rng, 2), [[-3.0, 2, 9, 4], [5, 5, 5, 5]]]), width),
                 text="one box reaches beyond the picture, one is a point", picture="boxes"),
            Call("flip_boxes", (np.zeros((0, 4)), width), text="no boxes")]


def q11_joints(rng, variant):
    width = int(rng.integers(20, 40))
    return [Call("flip_joints", (people(rng), width, PAIRS), text=f"five joints, pairs {PAIRS}"),
            Call("flip_joints", (people(rng, 3), width, []), text="three joints, no pairs")]


def q11_invisible(rng, variant):
    joints = people(rng)
    joints[rng.permutation([0, 2, 3])[:2]] = 0
    joints[1, 2], joints[4] = 2, 0
    return [Call("flip_joints", (joints, 24, PAIRS), text="three of five joints are not labelled")]


def q11_maps(rng, variant):
    h, w = (int(v) for v in rng.integers(2, 4, 2) + [0, 2])
    maps = np.stack([rng.permutation(h * w).reshape(h, w) / 10 for _ in range(5)])
    return [Call("flip_maps", (maps, PAIRS), text=f"five maps of {h} x {w}, pairs {PAIRS}", picture=True)]


# q12: PCK ------------------------------------------------------------------------------------------------------------

SHARES = ("per_joint", "mean")


def judged(rng, n, alike=True, k=5):
    """Return truth (N, K, 3) and answers (N, K, 2): errors of 0.1 to 0.9 of the distance of joints 0 and 3.

    That distance is the same in all people if they are alike.
    """
    truth = np.stack([people(rng, k) for _ in range(n)])
    sides = rng.integers(15, 20, (n, 2)) * 1.0
    sides[-1] *= 1 if alike else 0.3
    truth[:, 3, :2] = truth[:, 0, :2] + rng.choice([-1, 1], (n, 2)) * (sides[:1] if alike else sides)
    length = np.linalg.norm(truth[:, 0, :2] - truth[:, 3, :2], axis=1)
    angle, share = rng.uniform(0, 6.28, (n, k)), rng.choice([0.1, 0.2, 0.4, 0.6, 0.9], (n, k))
    share[:, 1], share[0, 1] = 0.9, 0.1  # one is mostly wrong
    if not alike:  # found in all people but the smallest
        share[:, 4], share[length.argmin(), 4] = 0.1, 0.6
    error = np.stack([np.cos(angle), np.sin(angle)], -1) * (share * length[:, None])[..., None]
    return truth, truth[..., :2] + error


def q12_values(rng, variant):
    n = int(rng.integers(3, 6))
    return [Call("pck", (*judged(rng, 1), (0, 3), 0.5), text="one person, alpha = 0.5", names=SHARES),
            Call("pck", (*judged(rng, n, alike=False), (0, 3), 0.3), text=f"{n} people, alpha = 0.3", names=SHARES)]


def q12_border(rng, variant):
    truth, answers = judged(rng, 2)
    truth[:, 3, :2] = truth[:, 0, :2] + [6.0, 8.0]  # 10 pixels
    answers = truth[..., :2] + [3.0, 4.0]  # 5 pixels: exactly half
    answers[:, 1] += 40
    text = "errors of exactly alpha times the length"
    return [Call("pck", (truth, answers, (0, 3), 0.5), text=text, names=SHARES)]


def q12_invisible(rng, variant):
    truth, answers = judged(rng, 4)
    answers[:, 2] = truth[:, 2, :2] + 100
    for person, joint in ((0, 1), (1, 2), (2, 4), (3, 4), (3, 1)):
        truth[person, joint] = 0
    answers[2, 4] = answers[3, 4] = 0  # right by chance, where nobody knows what is right
    answers[1, 2] = 0
    return [Call("pck", (truth, answers, (0, 3), 0.3), text="some joints are not labelled", names=SHARES)]


def q12_measure(rng, variant):
    truth, answers = judged(rng, 4)
    lost, point = rng.permutation(4)[:2]
    truth[lost, 3] = 0  # no measure: one of the two ends is not labelled
    truth[point, 3, :2] = truth[point, 0, :2]  # nor here: they are in one place
    answers[[lost, point]] = truth[[lost, point], :, :2]
    answers[:, 4] += 100
    answers[lost, 4] -= 100
    return [Call("pck", (truth, answers, (0, 3), 0.3), text="two of four people have no measure", names=SHARES)]


def q12_nobody(rng, variant):
    truth, answers = judged(rng, 3)
    gone = truth.copy()
    gone[:, :, 2] = 0
    never = truth.copy()
    never[:, 2] = 0
    return [Call("pck", (gone, answers, (0, 3), 0.3), text="no joint of anybody is labelled", names=SHARES),
            Call("pck", (never, answers, (0, 3), 0.3), text="joint 2 is never labelled", names=SHARES)]


CLASS_HINTS = (
    "Try the example of the text. The softmax goes over the classes of one image: axis 1.",
    "The true class is no rival of itself. A sum over the rivals, and one number for each image.",
    "It is p, less 1 at the true class. Nothing is averaged here: question 6 does that.",
    "Each rival that pays pulls with 1; how often is the true class pulled at?",
)
BOX_HINTS = (
    "Half of the square, and a sum over the four numbers. Which of the K rows belongs to image n?",
    "At |d| = beta, both pieces have the same value: try it. Then a sum over the four numbers.",
    "An array of the shape of codes. In which rows is it not 0?",
    "Where |d| < beta, it is the slope of d^2 / (2 beta). Beyond, it is 1 or -1: what decides which?",
)
QUESTIONS = [
    Question("q1", "Intersection over union", ("box_areas", "box_iou"), [
        Part("pairs", 2, q1_pairs, hint="An edge is a line between pixels: from 2 to 5 there are three pixels."),
        Part("apart", 2, q1_apart, hint="Where two boxes do not meet, 'min of the ends less max of the beginnings' is "
             "negative. And two negative sides?"),
        Part("table", 2, q1_table,
             hint="Row n is about box n of the first array. boxes[:, None] has a new axis for the other."),
        Part("zero area", 2, q1_zero,
             hint="If nothing is covered by either of the two, there is no union to divide by."),
        Part("none", 1, q1_none, hint="The result has the shape (N, M), also if N or M is 0."),
    ]),
    Question("q2", "A box seen from another", ("encode_boxes", "decode_boxes"), [
        Part("encode", 3, q2_encode, hint="Centres and sizes first. Who is divided by whose size?"),
        Part("decode", 3, q2_decode,
             hint="Solve the four formulas for centre and size. Half of the size lies on either side."),
        Part("zero area", 2, q2_zero,
             hint="A box or a reference without width or height has no code: valid says False."),
        Part("limit", 1, q2_limit,
             hint="exp(1000) is infinite. The limit is for codes of sizes only, and only from above."),
    ]),
    Question("q3", "This term's codes", ("encode_special", "decode_special"), [
        Part("encode", 4, q3_encode, hint="Do the example of the text by hand, and print yours beside it."),
        Part("decode", 3, q3_decode, hint="Encode a box and decode it again: is it the same box?"),
        Part("limits", 2, q3_limits, hint="A network may say anything. Read again what is done with codes of no box."),
        Part("none", 1, q3_none,
             hint="No boxes have codes of the shape (0, 4). And what is the code of the reference itself?"),
    ]),
    Question("q4", "Class losses and their gradients", ("class_losses", "class_losses_grad"), [
        *(Part(name, points, class_part(function, kind), hint=hint)
          for name, points, function, kind, hint in zip(
              ("softmax", "hinge", "softmax slope", "hinge slope"), (2, 2, 2, 2),
              ("class_losses", "class_losses", "class_losses_grad", "class_losses_grad"),
              ("softmax", "hinge", "softmax", "hinge"), CLASS_HINTS, strict=True)),
        Part("large", 1, q4_large,
             hint="A softmax does not change if the same number is taken from all scores of an image. "
             "And do not take the logarithm of a number that was rounded to 0."),
        Part("margin", 1, q4_margin, hint="A rival exactly at the margin costs nothing: does it pull?"),
    ]),
    Question("q5", "Box losses and their gradients", ("box_losses", "box_losses_grad"), [
        *(Part(name, points, box_part(function, kind), hint=hint)
          for name, points, function, kind, hint in zip(
              ("l2", "smooth l1", "l2 slope", "smooth l1 slope"), (1, 2, 1, 2),
              ("box_losses", "box_losses", "box_losses_grad", "box_losses_grad"),
              ("l2", "smooth_l1", "l2", "smooth_l1"), BOX_HINTS, strict=True)),
        Part("background", 2, q5_background, hint="Label 0: nothing is there. What could a box learn from it?"),
    ]),
    Question("q6", "Two losses become one", ("multi_task_loss",), [
        Part("weighted", 2, q6_weighted, hint="What happens to the total if one of the losses grows a little?"),
        Part("objects", 2, q6_objects,
             hint="By how many images is the sum of the class losses divided, and by how many that "
             "of the box losses?"),
        Part("nothing", 1, q6_nothing, hint="Without objects only the classes are left."),
    ]),
    Question("q7", "This term's multi-task loss", ("join_losses", "join_losses_grad"), [
        Part("loss", 3, q7_part("join_losses"),
             hint="Do the example of the text by hand, and print the pieces of yours."),
        Part("gradient", 3, q7_part("join_losses_grad"),
             hint="Change one of the inputs by 0.001: by how much does the total "
             "change? The gradient has to say the same."),
        Part("setting", 2, q7_setting, hint="Read again what the setting does, and what is said of special cases."),
        Part("nothing", 2, q7_nothing, hint="Without objects only the classes are left. No number may be NaN."),
    ]),
    Question("q8", "Heatmap targets", ("heatmap_targets",), [
        Part("centre", 3, q8_centre,
             hint="Cell c has its centre at c + 0.5. A joint in the centre of a cell gives a 1 there. "
             "x belongs to columns."),
        Part("between", 2, q8_between,
             hint="Places in cells are places in pixels over the cell's size. Nothing is rounded."),
        Part("invisible", 2, q8_invisible,
             hint="The third number is 0: nobody labelled it. It is 1: labelled, though it is hidden."),
        Part("outside", 2, q8_outside, hint="The picture is from 0 to w cells wide; both borders are part of it."),
    ]),
    Question("q9", "From heatmaps to places", ("decode_heatmaps",), [
        Part("cell", 2, q9_cell,
             hint="The place of a cell is its centre, in pixels, x first. Equal neighbours: no shift."),
        Part("shift", 2, q9_shift, hint="A quarter of a cell toward the higher neighbour, in x and in y."),
        Part("border", 2, q9_border,
             hint="maps[k, -1] is no error in Python: it is the last row. Without two neighbours there "
             "is no shift along that axis."),
        Part("ties", 1, q9_ties, hint="Of equal cells the first one wins, in reading order."),
    ]),
    Question("q10", "This term's decoding", ("refine_places",), [
        Part("values", 4, q10_values,
             hint="Do the example of the text by hand, first in cells. The centre of a cell is at 0.5."),
        Part("border", 3, q10_border,
             hint="Read what the rule says about a highest cell in the first or last row or column."),
        Part("special", 3, q10_special,
             hint="Read the last sentences of the rule: equal numbers, negative numbers, one cell."),
    ]),
    Question("q11", "Flips that swap sides", ("flip_boxes", "flip_joints", "flip_maps"), [
        Part("boxes", 2, q11_boxes,
             hint="x becomes width - x, nothing more. And which edge of the box is the left one afterwards?"),
        Part("joints", 2, q11_joints, hint="x becomes width - x. And who is who in the mirror?"),
        Part("invisible", 1, q11_invisible, hint="A joint with v = 0 has no place: only its row changes."),
        Part("maps", 2, q11_maps, hint="Columns are reversed, and the maps of a pair change places."),
    ]),
    Question("q12", "PCK", ("pck",), [
        Part("values", 2, q12_values, hint="Each person is measured with the own length. The mean is one over joints."),
        Part("border", 1, q12_border,
             hint="At most alpha times the length: is an error of exactly that much near enough?"),
        Part("invisible", 1, q12_invisible,
             hint="A joint with v = 0 is neither right nor wrong: it is not counted. And each joint that counts "
             "in somebody has one share: the mean is that of the shares."),
        Part("measure", 1, q12_measure, hint="A person without a length is left out: not right, not wrong."),
        Part("nobody", 1, q12_nobody,
             hint="A joint that was never counted has no share: NaN. The mean goes over the others."),
    ]),
]
