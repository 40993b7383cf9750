"""Correct solutions once more: products of matrices, tables of who stands before whom, and boxes that ask objects."""

import numpy as np

TO_CENTRE = np.array([[0.5, 0, -1, 0], [0, 0.5, 0, -1], [0.5, 0, 1, 0], [0, 0.5, 0, 1]])  # corners @ it: x, y, w, h
FROM_CENTRE = np.linalg.inv(TO_CENTRE)  # x, y, w, h @ it: corners
FROM_CORNER = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1]])  # x1, y1, w, h @ it: corners


def standing(*keys):
    """Return a table (D, D), true where j stands at i's place or before it: lower keys first, then lower numbers."""
    before = np.tri(len(keys[0]), dtype=bool)
    for key in reversed(keys):
        before = (key < key[:, None]) | ((key == key[:, None]) & before)
    return before


def width_height(size, cells=1):
    return np.array([size[1], size[0]]) / cells


def places(grid):
    """Return column and row of each cell, (S, S, 2)."""
    return np.stack(np.meshgrid(np.arange(grid), np.arange(grid)), -1)


# q1 to q7 -----------------------------------------------------------------------------------------------------------


def centre_cells(boxes, size, grid):
    """By a search among the lines of the grid."""
    lines = np.arange(1, grid)[:, None] * width_height(size, grid)
    centres = boxes @ TO_CENTRE
    return np.stack([np.searchsorted(lines[:, axis], centres[:, axis], side="right") for axis in (1, 0)], 1)


def cell_codes(boxes, cells, size, grid):
    """By one product for centres and sides, and powers: 1 for places, 1/2 for sides."""
    cell, whole = width_height(size, grid), width_height(size)
    return (boxes @ TO_CENTRE / [*cell, *whole] - np.pad(cells[:, ::-1], ((0, 0), (0, 2)))) ** [1, 1, 0.5, 0.5]


def cell_owners(boxes, cells, grid):
    """The first object of each cell in a list by area."""
    area = np.prod(boxes @ TO_CENTRE[:, 2:], axis=1)
    order = np.argsort(-area, kind="stable")[: np.count_nonzero(area)]
    wanted, first = np.unique(cells[order] @ [grid, 1], return_index=True)
    owners = np.full(grid * grid, -1)
    owners[wanted] = order[first]
    return owners.reshape(grid, grid)


def said_boxes(said, size):
    """By one product from centres and sides to corners, in shares of the picture."""
    grid = len(said)
    centres = (said[..., :2] + places(grid)[:, :, None]) / grid
    return np.concatenate([centres, said[..., 2:] ** 2], -1) @ FROM_CENTRE * np.tile(width_height(size), 2)


def iou_with(boxes, box):
    """The shared area is that of each box, clipped to the other."""
    clipped = np.clip(boxes.reshape(-1, 2, 2), box[:2], box[2:])
    shared, areas = (np.diff(part, axis=1)[:, 0].prod(1) for part in (clipped, boxes.reshape(-1, 2, 2)))
    union = areas + np.diff(box.reshape(2, 2), axis=0).prod() - shared
    return np.divide(shared, union, out=np.zeros(len(boxes)), where=shared > 0)


def responsible(ious, boxes, box):
    """By two keys at once."""
    return np.lexsort((np.square((boxes - box) @ TO_CENTRE).sum(1), -ious))[0]


def yolo_terms(said, classes, codes, labels, best, ious, coord=5.0, noobj=0.5):
    """Only the cells with an object are picked; all others are what is left of the whole."""
    here = np.nonzero(labels >= 0)
    mine = said[(*here, best[here])]  # (cells, 5)
    xy, wh = np.square(mine[:, :4] - codes[here]).reshape(-1, 2, 2).sum((0, 2))
    rest = np.square(said[..., 4]).sum() - np.square(mine[:, 4]).sum()
    kinds = np.square(classes[here] - np.eye(classes.shape[2])[labels[here]]).sum()
    return coord * xy, coord * wh, np.square(mine[:, 4] - ious[here]).sum(), noobj * rest, kinds


def yolo_gradient(said, classes, codes, labels, best, ious, coord=5.0, noobj=0.5):
    """By differences: of sums of squares, half of f(x + 1) - f(x - 1) is the slope itself."""
    slopes = []
    for which, values in enumerate((said, classes)):
        slope = np.zeros(values.shape)
        for place in np.ndindex(values.shape):
            for step in (1, -1):
                other = [said, classes]
                other[which] = values.copy()
                other[which][place] += step
                slope[place] += step / 2 * sum(yolo_terms(*other, codes, labels, best, ious, coord, noobj))
        slopes.append(slope)
    return slopes


def box_scales(maps, low, high):
    """A mixture of low and high: the share of high goes from 0 to 1, and one step beyond."""
    share = np.arange(maps + 1) / (maps - 1)
    return (1 - share) * low + share * high


def cell_shapes(scale, following, ratios):
    """In logarithms, where a root is a half."""
    square = np.log([[scale, scale]])
    larger = (square + np.log(following)) / 2
    halves = np.log(np.array(ratios, float))[:, None, None] / 2
    return np.exp(np.concatenate([square, larger, (square + halves * [[1, -1], [-1, 1]]).reshape(-1, 2)]))


def place_boxes(maps, shapes, size):
    """From the number of each box: it says the row, the column and the shape."""
    boxes = []
    for (rows, columns), sides in zip(maps, shapes, strict=True):
        row, column, shape = np.unravel_index(np.arange(rows * columns * len(sides)), (rows, columns, len(sides)))
        centres = (np.stack([column, row], 1) + 0.5) * size[::-1] / (columns, rows)
        boxes.extend(np.concatenate([centres, sides[shape]], 1) @ FROM_CENTRE)
    return boxes


def asked(overlap, k):
    """Let each box ask the objects, its best one first; an object sends away the worst of more than k.

    All agree which of two pairs is better, so in the end this is what is found from the best pair down.
    """
    held = [[] for _ in overlap]
    wishes = [[(-v, g) for g, v in enumerate(column) if v > 0] for column in overlap.T.tolist()]
    wishes = [sorted(wish, reverse=True) for wish in wishes]
    waiting = list(range(len(wishes)))
    while waiting:
        box = waiting.pop()
        if wishes[box]:
            value, one = wishes[box].pop()
            held[one] = sorted([*held[one], (value, box)])
            waiting += [other for _, other in held[one][k:]]
            del held[one][k:]
    return [[box for _, box in mine] for mine in held]


def bipartite(overlap):
    """Boxes ask objects that have one place each."""
    return np.array([mine[0] if mine else -1 for mine in asked(overlap, 1)], int)


def match_boxes(overlap, own, threshold=0.5):
    """Nobody stands above object 0 with the threshold; an own box has all to win."""
    table = np.concatenate([np.full((1, overlap.shape[1]), threshold), overlap])
    one = np.flatnonzero(own >= 0)
    table[one + 1, own[one]] = np.inf
    return table.argmax(0) - 1


def hard_negatives(losses, labels, ratio=3):
    """A box is chosen if it has one of the first places among the background of its image."""
    chosen = []
    for loss, label in zip(losses, labels, strict=True):
        place = (standing(-loss) & (label == 0)).sum(1)
        chosen.append((label == 0) & (place <= ratio * np.count_nonzero(label > 0)))
    return np.array(chosen)


def mined_loss(losses, labels, chosen):
    """A weighted sum."""
    positive = np.greater(labels, 0)
    return np.vdot(losses, positive | chosen) * positive.any() / max(positive.sum(), 1)


def judge_detections(boxes, scores, images, truths, difficult, threshold=0.5):
    """All detections with all objects of all images in one table."""
    if not len(boxes) or not sum(map(len, truths)):
        return np.zeros(len(boxes))
    image = np.repeat(np.arange(len(truths)), [len(truth) for truth in truths])
    table = np.stack([iou_with(boxes, truth) for truth in np.concatenate(truths)], 1)
    table = np.where(images[:, None] == image, table, -1)  # (D, all objects)
    best = table.argmax(1)
    enough = table.max(1) >= threshold
    rivals = (best == best[:, None]) & enough & standing(-scores)
    hard = np.concatenate(difficult)[best]
    return enough * np.where(hard, -1, rivals.sum(1) == 1)


def precision_recall(marks, scores, total):
    """Each detection counts who stands before it; that is its place, too."""
    marks, scores = marks[marks >= 0], scores[marks >= 0]
    before = standing(-scores)
    place, right = before.sum(1), before @ marks
    out = np.empty((2, len(marks)))
    out[:, place - 1] = right / place, right / total
    return tuple(out)


def area_ap(precision, recall):
    """Layer by layer from below: each is as wide as the last recall at which precision is as high."""
    heights = np.unique(precision)
    widths = [recall[precision >= height].max() for height in heights]
    return np.dot(np.diff(heights, prepend=0), widths)


def eleven_point_ap(precision, recall):
    """Each detection lifts the points that its recall reaches."""
    points = np.zeros(11)
    for height, reached in zip(precision, np.searchsorted(np.arange(11) / 10, recall, side="right"), strict=True):
        points[:reached] = np.maximum(points[:reached], height)
    return points.mean()


# q8: every function looks at all objects and all cells at once ------------------------------------------------------


def owners_by(cost):
    """Return an owner function: ``cost(boxes, wide_high, grid)`` is (G, S, S), and infinite where nobody is wanted."""

    def grid_owner(boxes, size, grid):
        costs = cost(boxes, width_height(size, grid), grid)
        costs[np.prod(boxes @ TO_CENTRE[:, 2:], axis=1) == 0] = np.inf
        return np.concatenate([np.full((1, grid, grid), np.inf), costs]).argmin(0) - 1

    return grid_owner


def areas_where(wanted, boxes):
    return np.where(wanted, np.prod(boxes @ TO_CENTRE[:, 2:], axis=1)[:, None, None], np.inf)


def sides_cost(boxes, cell, grid):
    middle = (places(grid) + 0.5) * cell
    corners = boxes[:, None, None]
    return areas_where(((corners[..., :2] < middle) & (middle < corners[..., 2:])).all(-1), boxes)


def cells_of(points, cell, grid):
    return np.clip(points // cell, 0, grid - 1)[:, None, None]  # (G, 1, 1, 2)


def cross_cost(boxes, cell, grid):
    centres = boxes @ TO_CENTRE[:, :2]
    near = np.abs(places(grid) - cells_of(centres, cell, grid)).sum(-1) <= 1
    away = np.square(centres[:, None, None] / cell - places(grid) - 0.5).sum(-1)
    return np.where(near, away, np.inf)


def corner_cost(boxes, cell, grid):
    return areas_where((places(grid) == cells_of(boxes[:, :2], cell, grid)).all(-1), boxes)


def codes_by(code):
    """Return a function that codes all cells with an object at once: ``code(corners in cells, column and row)``."""

    def grid_codes(boxes, owner, size):
        codes, here = np.zeros((*owner.shape, 4)), owner >= 0
        corners = boxes[owner[here]] / np.tile(width_height(size, len(owner)), 2)
        codes[here] = code(corners, places(len(owner))[here])
        return codes

    return grid_codes


def sides_code(corners, place):
    return np.abs(corners - np.tile(place + 0.5, 2)) ** 0.5


def cross_code(corners, place):
    x_y, sides = np.split(corners @ TO_CENTRE, 2, axis=1)
    return np.concatenate([x_y - place - 0.5, np.log(sides) / np.log(2)], 1)


def corner_code(corners, place):
    sides = corners @ TO_CENTRE[:, 2:]
    return np.concatenate([corners[:, :2] - place, 1 / (1 + 1 / sides)], 1)


def boxes_by(matrix, begin, powers):
    """Return a function that decodes: the powers of the codes, times a matrix, from a place in the cell on."""

    def grid_boxes(codes, size):
        corners = powers(codes) @ matrix + np.tile(places(len(codes)) + begin, 2)
        return corners * np.tile(width_height(size, len(codes)), 2)

    return grid_boxes


def cross_powers(codes):
    return np.concatenate([codes[..., :2], np.exp2(codes[..., 2:])], -1)


def corner_powers(codes):
    return np.concatenate([codes[..., :2], 1 / (1 - codes[..., 2:]) - 1], -1)


# q9 -----------------------------------------------------------------------------------------------------------------


def with_the_rest(overlap, held, near):
    """Return the object of each box from each object's boxes; the rest is -2 or -1."""
    result = -1 - (overlap >= near).any(0)
    for one, mine in enumerate(held):
        result[mine] = one
    return result


def draft(overlap, k, near):
    """Each object has a list of wishes, sorted once, and crosses out what is gone when it is its turn."""
    wishes = [np.argsort(-row, kind="stable")[: np.count_nonzero(row)].tolist() for row in overlap]
    there, held = list(range(len(wishes))), [[] for _ in wishes]
    for one in ((there + there[::-1]) * k)[: k * len(there)]:
        gone = sum(held, [])
        wishes[one] = [box for box in wishes[one] if box not in gone]
        held[one] += wishes[one][:1]
    return with_the_rest(overlap, held, near)


def quota(overlap, k, near):
    """Boxes ask objects that have k places each."""
    return with_the_rest(overlap, asked(overlap, k), near)


def average(overlap, k, near):
    """Sums in place of means; of the objects that want a box, from the last to the first, the better one stays."""
    k = min(k, overlap.shape[1])
    highest = np.sort(overlap, axis=1)[:, overlap.shape[1] - k :].sum(1, keepdims=True)
    wanted = overlap * (k * overlap >= highest)
    held, bar = np.full(overlap.shape[1], -1), np.zeros(overlap.shape[1])
    for one in reversed(range(len(overlap))):
        better = (wanted[one] > 0) & (wanted[one] >= bar)
        held[better], bar[better] = one, wanted[one, better]
    return with_the_rest(overlap, [np.flatnonzero(held == one) for one in range(len(overlap))], near)


# q10: each right detection brings its own precision --------------------------------------------------------------


def groups(scores, overlaps, total, threshold):
    """Who has the same score or a higher one is in the precision."""
    right, so_far = overlaps >= threshold, scores >= scores[:, None]
    return (right * (so_far & right).sum(1) / so_far.sum(1)).sum() / total


def trapezoids(scores, overlaps, total, threshold):
    """At a right one, recall rises by one object, between the precisions before and after it."""
    right = overlaps >= threshold
    before = standing(-scores, right)
    place, found = before.sum(1), before @ right.astype(int)
    after, last = found / place, np.where(place > 1, (found - 1) / np.maximum(place - 1, 1), 1)
    return np.dot(right, after + last) / 2 / total


def soft(scores, overlaps, total, threshold):
    """A quadratic form of the fits."""
    fits = np.where(overlaps < threshold, 0, overlaps)
    before = standing(-scores, fits)
    return np.einsum("i,ij,j->", fits / before.sum(1), before, fits) / total


def mean_of(class_score):
    def mean_score(labels, scores, overlaps, totals, threshold):
        """The mean of an array in which classes with nothing to find are masked."""
        values = [
            class_score(scores[labels == k], overlaps[labels == k], max(total, 1), threshold)
            for k, total in enumerate(totals)
        ]
        return np.ma.filled(np.ma.array(values, float, mask=totals == 0).mean(), 0)

    return mean_score


VARIANTS_OF = {
    "q8": {
        "sides": {"grid_owner": owners_by(sides_cost), "grid_codes": codes_by(sides_code),
                  "grid_boxes": boxes_by(np.diag([-1, -1, 1, 1]), 0.5, np.square)},
        "cross": {"grid_owner": owners_by(cross_cost), "grid_codes": codes_by(cross_code),
                  "grid_boxes": boxes_by(FROM_CENTRE, 0.5, cross_powers)},
        "corner": {"grid_owner": owners_by(corner_cost), "grid_codes": codes_by(corner_code),
                   "grid_boxes": boxes_by(FROM_CORNER, 0, corner_powers)},
    },
    "q9": {"draft": draft, "quota": quota, "average": average},
    "q10": {name: {"class_score": rule, "mean_score": mean_of(rule)}
            for name, rule in (("groups", groups), ("trapezoids", trapezoids), ("soft", soft))},
}  # fmt: skip
