"""Stick figures of 14 joints for the generated scenes: a random pose, drawn as thick limbs in clothes.

A pose is built from the hips outward. Every limb has a length, a share of the body's height, and an angle in the
picture, drawn from what a human joint allows: knees bend backward and elbows forward, seen from the way the body is
turned. Limbs that point to or from the viewer look shorter. Seen from behind, left and right change sides, and the
head is all hair: that is how left and right can be told.

Joints and their order are those of the Leeds Sports Pose data set (Johnson and Everingham, Clustered pose and nonlinear
appearance models for human pose estimation, BMVC 2010). Left and right are the person's own.

Lengths: Drillis and Contini, as in D. A. Winter, Biomechanics and Motor Control of Human Movement, 4th ed., 2009,
figure 4.1. The head and the limbs' thickness are drawn somewhat larger, as in cartoons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..skeleton import JOINTS

#: Lines between joints, to draw a skeleton.
BONES = ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (6, 7), (7, 8), (8, 9), (9, 10), (10, 11), (8, 12), (9, 12), (12, 13))

THIGH, SHIN, TRUNK, UPPER_ARM, FOREARM, HEAD = 0.245, 0.246, 0.288, 0.186, 0.146, 0.170  # shares of the height
HIPS, SHOULDERS = 0.058, 0.112  # from the middle to a joint
HAND, FOOT = 0.05, 0.085  # beyond wrist and ankle
SHORTER = 0.8  # a limb that points to the viewer may look as short as this

SKIN, HAIR, SHIRT, TROUSERS, SHOES, SLEEVES, LEGS = range(7)  # what a part is covered with
SKINS = np.array([[0.97, 0.82, 0.70], [0.90, 0.69, 0.53], [0.70, 0.49, 0.34], [0.48, 0.31, 0.21], [0.33, 0.21, 0.15]])
HAIRS = np.array([[0.10, 0.08, 0.08], [0.26, 0.16, 0.09], [0.45, 0.28, 0.14], [0.80, 0.63, 0.34], [0.55, 0.52, 0.50]])

#: Further points of a figure, after the joints.
RIGHT_HAND, LEFT_HAND, RIGHT_TOE, LEFT_TOE, THROAT, CHIN, BROW, CROWN, SCALP = range(14, 23)
#: Thick lines: from, to, half the thickness at both ends, cover.
RIGHT_LEG = ((0, RIGHT_TOE, 0.026, 0.024, SHOES), (1, 0, 0.042, 0.030, LEGS), (2, 1, 0.060, 0.045, TROUSERS))
LEFT_LEG = ((5, LEFT_TOE, 0.026, 0.024, SHOES), (4, 5, 0.042, 0.030, LEGS), (3, 4, 0.060, 0.045, TROUSERS))
RIGHT_ARM = ((6, RIGHT_HAND, 0.027, 0.024, SKIN), (7, 6, 0.034, 0.027, SLEEVES), (8, 7, 0.044, 0.035, SHIRT))
LEFT_ARM = ((11, LEFT_HAND, 0.027, 0.024, SKIN), (10, 11, 0.034, 0.027, SLEEVES), (9, 10, 0.044, 0.035, SHIRT))
FACE = ((12, THROAT, 0.032, 0.030, SKIN), (CHIN, BROW, 0.056, 0.064, SKIN), (CROWN, SCALP, 0.046, 0.036, HAIR))
BACK_OF_HEAD = ((12, THROAT, 0.032, 0.030, SKIN), (CHIN, BROW, 0.058, 0.066, HAIR), (CROWN, SCALP, 0.046, 0.036, HAIR))
TRUNK_CORNERS = (8, 9, 3, 2)  # the trunk is no line: arms and legs make its corners round


@dataclass(frozen=True)
class Figure:
    """A pose. As drawn by :func:`random_figure`, in heights of the body; y downward, from the middle of the hips."""

    points: np.ndarray  # float64 (23, 2): the joints, then hands, toes and points of the head
    parts: tuple[tuple, ...]  # thick lines, and once () for the trunk, in the order of drawing

    def joints(self) -> list[list[float]]:
        """Return x and y of the 14 joints."""
        return self.points[: len(JOINTS)].tolist()

    def bounds(self) -> np.ndarray:
        """Return a box (x1, y1, x2, y2) around the figure; it may be a little too large."""
        thickest = max(max(part[2:4]) for part in self.parts if part)
        return np.concatenate([self.points.min(0) - thickest, self.points.max(0) + thickest])

    def moved(self, scale: float, x: float, y: float) -> Figure:
        """Return the figure ``scale`` times as large, the middle of its hips at (x, y)."""
        parts = [part and (*part[:2], part[2] * scale, part[3] * scale, part[4]) for part in self.parts]
        return Figure(self.points * scale + [x, y], tuple(parts))

    def part_bounds(self) -> list[tuple]:
        """Return the box (x1, y1, x2, y2) around every part."""
        points, boxes = self.points.tolist(), []
        for part in self.parts:
            ends, thick = (part[:2], max(part[2:4])) if part else (TRUNK_CORNERS, 0.0)
            xs, ys = zip(*[points[end] for end in ends], strict=True)
            boxes.append((min(xs) - thick, min(ys) - thick, max(xs) + thick, max(ys) + thick))
        return boxes

    def distance(self, part: tuple, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the signed distance of points x (w,), y (h, 1) to one part, negative inside: float32 (h, w)."""
        if not part:
            return polygon_distance(self.points[list(TRUNK_CORNERS)], x, y)
        return line_distance(*self.points[list(part[:2])].tolist(), part[2:4], x, y)

    def last_parts(self) -> list[int]:
        """Return for every joint the number of that part on which it lies which is drawn last."""
        last = [0] * len(JOINTS)
        for number, part in enumerate(self.parts):
            for point in part[:2] if part else (*TRUNK_CORNERS, 12):
                joint = 13 if point == SCALP else point  # the top of the head is the hair's end, not its middle line's
                if joint < len(JOINTS):
                    last[joint] = number
        return last


def random_figure(rng: np.random.Generator) -> Figure:
    """Draw a pose, how the body is turned, which limbs are in front, and how long the clothes are."""
    behind, yaw, lean = rng.random() < 0.3, math.radians(rng.uniform(-55, 55)), math.radians(rng.normal(0, 14))
    points = _pose(rng, behind, yaw)
    points = points @ np.array([[math.cos(lean), math.sin(lean)], [-math.sin(lean), math.cos(lean)]])
    right_front, left_front, right_leg_front, bare_arms, bare_legs = rng.random(5) < (0.75, 0.75, 0.5, 0.5, 0.3)
    legs = (*LEFT_LEG, *RIGHT_LEG) if right_leg_front else (*RIGHT_LEG, *LEFT_LEG)
    middle = (*legs, (), *(BACK_OF_HEAD if behind else FACE))
    arms = ((RIGHT_ARM, right_front), (LEFT_ARM, left_front))
    under = [part for arm, front in arms if not front for part in arm]
    over = [part for arm, front in arms if front for part in arm]
    worn = {SLEEVES: SKIN if bare_arms else SHIRT, LEGS: SKIN if bare_legs else TROUSERS}
    parts = [part and (*part[:4], worn.get(part[4], part[4])) for part in (*under, *middle, *over)]
    return Figure(points, tuple(parts))


def _pose(rng: np.random.Generator, behind: bool, yaw: float) -> np.ndarray:
    """Return the points (23, 2) of a figure whose trunk is upright."""
    facing, narrow = (1 if yaw > 0 else -1), math.cos(yaw)
    right = 1 if behind else -1  # where the person's right is in the picture
    thigh_length, shin_length, trunk, upper_length, fore_length, head = rng.uniform(0.93, 1.07, 6) * [
        THIGH, SHIN, TRUNK, UPPER_ARM, FOREARM, HEAD,
    ]  # fmt: skip
    points = [(0.0, 0.0)] * 23
    neck = points[12] = (0.0, -trunk - 0.02)
    top = points[13] = _hang(neck, -head, rng.uniform(-15, 15))
    for point, along in ((THROAT, 0.4), (CHIN, 0.46), (BROW, 0.60), (CROWN, 0.74), (SCALP, 0.79)):
        points[point] = (neck[0] + along * (top[0] - neck[0]), neck[1] + along * (top[1] - neck[1]))
    crouch = rng.random() ** 2  # bends both legs; 0 is standing
    for side, (ankle, knee, hip, toe), (wrist, elbow, shoulder, hand) in (
        (right, (0, 1, 2, RIGHT_TOE), (6, 7, 8, RIGHT_HAND)),
        (-right, (5, 4, 3, LEFT_TOE), (11, 10, 9, LEFT_HAND)),
    ):
        outward, swing, bend, raised, much, flex, little = rng.random(7)
        near = SHORTER + (1 - SHORTER) * rng.random(4)
        thigh = side * (30 * outward - 4) + facing * (32 * swing - 12 + 35 * crouch)
        shin = thigh - facing * bend * (15 + 75 * crouch)
        points[hip] = (side * HIPS * narrow, 0.0)
        points[knee] = _hang(points[hip], thigh_length * near[0], thigh)
        points[ankle] = _hang(points[knee], shin_length * near[1], shin)
        points[toe] = (points[ankle][0] + FOOT * 0.9 * facing, points[ankle][1] + FOOT * 0.35)
        upper = side * (170 * raised - 5) * (0.3 + 0.7 * much)
        fore = upper + facing * 125 * flex * (0.2 + 0.8 * little)
        points[shoulder] = (side * SHOULDERS * narrow, neck[1] + 0.03)
        points[elbow] = _hang(points[shoulder], upper_length * near[2], upper)
        points[wrist] = _hang(points[elbow], fore_length * near[3], fore)
        points[hand] = _hang(points[wrist], HAND, fore)
    return np.array(points)


def _hang(start: tuple, length: float, degrees: float) -> tuple[float, float]:
    """Return the end of a limb: straight down for 0 degrees, to the picture's right for 90."""
    turn = math.radians(degrees)
    return start[0] + length * math.sin(turn), start[1] + length * math.cos(turn)


def line_distance(start, end, widths, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the signed distance to a thick line with round ends, negative inside.

    ``|p - a - t (b - a)| - (r_a + t (r_b - r_a))``, where t in [0, 1] is the place on the line that is nearest to p.

    Parameters
    ----------
    start, end : (float, float)
        The line's ends a and b.
    widths : (float, float)
        Half the thickness r at both.
    x : ndarray float32 (w,)
    y : ndarray float32 (h, 1)

    Returns
    -------
    ndarray float32 (h, w)
    """
    along = (end[0] - start[0], end[1] - start[1])
    squared = max(along[0] ** 2 + along[1] ** 2, 1e-12)
    x, y = x - np.float32(start[0]), y - np.float32(start[1])
    t = np.float32(along[0] / squared) * x + np.float32(along[1] / squared) * y
    np.clip(t, 0, 1, out=t)
    off, below = x - t * np.float32(along[0]), y - t * np.float32(along[1])
    distance = np.sqrt(off * off + below * below)
    distance -= t * np.float32(widths[1] - widths[0])
    distance -= np.float32(widths[0])
    return distance


def polygon_distance(corners: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the largest of the distances to the sides of a convex polygon (n, 2), negative inside: float32 (h, w)."""
    sides = np.roll(corners, -1, 0) - corners
    normals = np.stack([sides[:, 1], -sides[:, 0]], 1) / np.maximum(np.hypot(*sides.T), 1e-9)[:, None]
    if (normals * (corners.mean(0) - corners)).sum() > 0:  # the corners run the other way round
        normals = -normals
    offsets = (normals * corners).sum(1)
    distance = np.float32(-np.inf)
    for (nx, ny), offset in zip(normals.astype(np.float32), offsets.astype(np.float32), strict=True):
        distance = np.maximum(distance, nx * x + (ny * y - offset))
    return distance


def plain_colours(rng: np.random.Generator) -> dict[int, np.ndarray]:
    """Draw colours float32 (3, 1, 1) of what has no pattern: skin, hair and shoes."""
    tone = rng.uniform(0, len(SKINS) - 1)
    lighter = min(int(tone), len(SKINS) - 2)
    skin = SKINS[lighter] + (tone - lighter) * (SKINS[lighter + 1] - SKINS[lighter])
    drawn = {SKIN: skin, HAIR: HAIRS[rng.integers(len(HAIRS))], SHOES: rng.uniform(0, 0.6, 3)}
    return {cover: colour.astype(np.float32)[:, None, None] for cover, colour in drawn.items()}
