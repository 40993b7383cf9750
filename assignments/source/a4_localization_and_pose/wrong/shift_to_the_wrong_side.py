"""The shift has the wrong sign: away from the higher side."""

import numpy as np

LOSES = {"q10": ("values", "border", "special")}


def away_from(rule):
    def refine_places(maps, cell):
        out = np.zeros((len(maps), 2))
        for k, plane in enumerate(maps):
            r, c = divmod(int(plane.argmax()), plane.shape[1])
            x, y = rule(plane, r, c)
            out[k] = c + 0.5 - x, r + 0.5 - y
        return out * cell

    return refine_places


def parabola(plane, r, c):
    shifts = []
    for line, i in ((plane[r], c), (plane[:, c], r)):
        low, mid, high = line[i - 1 : i + 2] if 0 < i < len(line) - 1 else (0, 0, 0)
        shifts.append((high - low) / 2 / (2 * mid - low - high) if 2 * mid > low + high else 0)
    return shifts


def mass(plane, r, c):
    window = np.pad(np.maximum(plane, 0), 1)[r : r + 3, c : c + 3]
    total = window.sum() or 1
    return (window[:, 2] - window[:, 0]).sum() / total, (window[2] - window[0]).sum() / total


def second(plane, r, c):
    rest = plane.copy()
    rest[r, c] = -np.inf
    row, column = divmod(int(rest.argmax()), plane.shape[1])
    length = max(np.hypot(row - r, column - c), 1)
    return 0.25 * (column - c) / length, 0.25 * (row - r) / length


VARIANTS_OF = {"q10": {"parabola": away_from(parabola), "mass": away_from(mass), "second": away_from(second)}}
