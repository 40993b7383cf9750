"""Where the boxes of a graph go: rows from above to below, few crossings, lines as straight as they can be.

After Sugiyama, Tagawa and Toda, Methods for visual understanding of hierarchical system structures, IEEE Transactions
on Systems, Man, and Cybernetics 1981: rows, then the order in each row, then the places. All lengths are in points.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

BESIDE, BELOW = 14.0, 20.0  # gaps between boxes of a row, and between rows
EDGE = 4.0  # around everything
SWEEPS = 12  # down and up again; small graphs settle after three or four


@dataclass(eq=False)
class Box:
    """A box of the graph, or the place where a long line passes a row (then it has no number)."""

    width: float
    height: float
    number: int | None = None
    x: float = 0.0  # its centre
    y: float = 0.0  # downwards
    above: list[tuple[Box, float]] = field(default_factory=list)  # neighbours in the next row, and how much they pull
    below: list[tuple[Box, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Layout:
    """Where everything is."""

    boxes: list[Box]  # in the order of the graph's nodes
    lines: list[list[Box]]  # for each edge: the upper box, the places that it passes, the lower box
    width: float
    height: float


def layout(sizes: list[tuple[float, float]], edges: list[tuple[int, int]], weights: list[float]) -> Layout:
    """Arrange boxes so that every edge leads downwards.

    Parameters
    ----------
    sizes : list of (float, float)
        Width and height of each box; at least one.
    edges : list of (int, int)
        (upper, lower), numbers of boxes; without cycles. The same pair may come twice.
    weights : list of float
        How much each edge should be straight.
    """
    boxes = [Box(width, height, number) for number, (width, height) in enumerate(sizes)]
    ranks = _ranks(len(boxes), edges)
    rows: list[list[Box]] = [[] for _ in range(max(ranks) + 1)]
    for number in _depth_first(len(boxes), edges):
        rows[ranks[number]].append(boxes[number])
    lines = [_line(boxes, rows, ranks, edge, weight) for edge, weight in zip(edges, weights, strict=True)]
    _order(rows)
    _straighten(rows)
    top = EDGE
    for row in rows:
        tallest = max(box.height for box in row)
        for box in row:
            box.y = top + tallest / 2
            if box.number is None:
                box.height = tallest
        top += tallest + BELOW
    left = min(box.x - box.width / 2 for row in rows for box in row)
    for row in rows:
        for box in row:
            box.x += EDGE - left
    width = max(box.x + box.width / 2 for row in rows for box in row)
    return Layout(boxes, lines, width + EDGE, top - BELOW + EDGE)


def _ranks(count: int, edges) -> list[int]:
    """Return the row of each box, 0 at the top: as far down as its lowest neighbours allow."""
    lower: dict[int, list[int]] = {number: [] for number in range(count)}
    for upper, below in edges:
        lower[upper].append(below)
    from_below = [-1] * count
    for number in reversed(_topological(count, edges)):
        from_below[number] = 1 + max((from_below[below] for below in lower[number]), default=-1)
    deepest = max(from_below)
    return [deepest - distance for distance in from_below]


def _topological(count: int, edges) -> list[int]:
    waiting = [0] * count
    lower: dict[int, list[int]] = {number: [] for number in range(count)}
    for upper, below in edges:
        waiting[below] += 1
        lower[upper].append(below)
    order = [number for number in range(count) if not waiting[number]]
    for number in order:  # grows while it is walked
        for below in lower[number]:
            waiting[below] -= 1
            if not waiting[below]:
                order.append(below)
    return order


def _depth_first(count: int, edges) -> list[int]:
    """Return the boxes as a walk upwards from the lowest finds them: a first order with few crossings."""
    upper: dict[int, list[int]] = {number: [] for number in range(count)}
    for above, below in edges:
        upper[below].append(above)
    seen: dict[int, None] = {}
    stack = [number for number in range(count) if not any(above == number for above, _ in edges)][::-1]
    while stack:
        number = stack.pop()
        if number not in seen:
            seen[number] = None
            stack.extend(reversed(upper[number]))
    return list(seen)


def _line(boxes, rows, ranks, edge: tuple[int, int], weight: float) -> list[Box]:
    """Put a place into every row that the edge passes, and connect them."""
    upper, lower = edge
    places = [Box(8.0, 0.0) for _ in range(ranks[upper] + 1, ranks[lower])]
    for rank, place in enumerate(places, ranks[upper] + 1):
        rows[rank].append(place)
    line = [boxes[upper], *places, boxes[lower]]
    for above, below in pairwise(line):
        pull = weight * (4 if above.number is None and below.number is None else 1)  # long lines should not wiggle
        above.below.append((below, pull))
        below.above.append((above, pull))
    return line


def _order(rows: list[list[Box]]) -> None:
    """Sort each row by the mean place of its neighbours, down and up in turn, and keep what crosses least."""
    best, fewest = [list(row) for row in rows], _crossings(rows)
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        for row, before in zip(*((rows[1:], rows) if downwards else (rows[-2::-1], rows[::-1])), strict=False):
            place = {id(box): i for i, box in enumerate(before)}
            means = {}
            for i, box in enumerate(row):
                around = [place[id(other)] for other, _ in (box.above if downwards else box.below)]
                means[id(box)] = sum(around) / len(around) if around else i
            row.sort(key=lambda box, means=means: means[id(box)])
        crossings = _crossings(rows)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    for row, order in zip(rows, best, strict=True):
        row[:] = order


def _crossings(rows: list[list[Box]]) -> int:
    total = 0
    for row, below in pairwise(rows):
        place = {id(box): i for i, box in enumerate(below)}
        ends = [(i, place[id(other)]) for i, box in enumerate(row) for other, _ in box.below]
        total += sum((a < c) != (b < d) and a != c and b != d for k, (a, b) in enumerate(ends) for c, d in ends[:k])
    return total


def _straighten(rows: list[list[Box]]) -> None:
    """Place the boxes so that the lines' sideways ways, times their pulls, add up to the least: a linear program.

    The variables are every box's x, and a bound t for each way: t >= x_a - x_b and t >= x_b - x_a. In each row, boxes
    keep their order and a gap. The sum of squared ways would bend every line a little; this makes most of them straight
    (Gansner, Koutsofios, North and Vo, A technique for drawing directed graphs, IEEE Transactions on Software
    Engineering 1993, section 4).
    """
    from scipy.optimize import linprog

    boxes = [box for row in rows for box in row]
    column = {id(box): i for i, box in enumerate(boxes)}
    ways = [({column[id(box)]: 1.0, column[id(below)]: -1.0}, pull) for box in boxes for below, pull in box.below]
    for box in boxes:  # between several neighbours, all places cost the same: the middle is to be the best
        for around in (box.above, box.below):
            if len(around) > 1:
                way = {column[id(box)]: 1.0}
                for other, _ in around:
                    way[column[id(other)]] = way.get(column[id(other)], 0.0) - 1 / len(around)
                ways.append((way, 0.5))
    gaps = [(left, right) for row in rows for left, right in pairwise(row)]
    total = len(boxes) + len(ways)
    matrix, bounds = np.zeros((2 * len(ways) + len(gaps), total)), np.zeros(2 * len(ways) + len(gaps))
    for i, (way, _) in enumerate(ways):
        for k, share in way.items():
            matrix[2 * i, k], matrix[2 * i + 1, k] = share, -share
        matrix[2 * i : 2 * i + 2, len(boxes) + i] = -1.0
    for i, (left, right) in enumerate(gaps, 2 * len(ways)):
        matrix[i, column[id(left)]], matrix[i, column[id(right)]] = 1.0, -1.0
        bounds[i] = -(left.width + right.width) / 2 - BESIDE
    cost = [0.0] * len(boxes) + [pull for _, pull in ways]
    places = linprog(cost, matrix, bounds, bounds=(0, None), method="highs").x
    for box, place in zip(boxes, places, strict=False):
        box.x = float(place)


def spread(wishes: list[float], pulls: list[float], gap: float) -> list[float]:
    """Return places near increasing wishes, ``gap`` apart or more: the least squared distances, times pulls.

    With the gaps subtracted, that is a regression by numbers that do not decrease: neighbours that want to pass each
    other are merged until none does (pool adjacent violators).
    """
    groups: list[list] = []  # [mean, weight, number of places]
    for i, (wish, pull) in enumerate(zip(wishes, pulls, strict=True)):
        groups.append([wish - i * gap, pull, 1])
        while len(groups) > 1 and groups[-2][0] > groups[-1][0]:
            mean, weight, count = groups.pop()
            last = groups[-1]
            last[0] = (last[0] * last[1] + mean * weight) / (last[1] + weight)
            last[1] += weight
            last[2] += count
    return [mean + i * gap for i, mean in enumerate(mean for mean, _, count in groups for _ in range(count))]
