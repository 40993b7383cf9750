"""A neighbour as high as the highest cell allows no shift; negative numbers push; of two highest cells both are taken
out."""

import numpy as np

LOSES = {"q10": ("special",)}


def parabola(maps, cell):
    h, w = maps.shape[1:]
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        r, c = divmod(int(plane.argmax()), w)
        out[k] = c + 0.5, r + 0.5
        with np.errstate(all="ignore"):
            if 0 < c < w - 1:
                left, mid, right = plane[r, c - 1 : c + 2]
                out[k, 0] += 0 if max(left, right) == mid else (right - left) / (2 * (2 * mid - left - right))
            if 0 < r < h - 1:
                up, mid, down = plane[r - 1 : r + 2, c]
                out[k, 1] += 0 if max(up, down) == mid else (down - up) / (2 * (2 * mid - up - down))
    return out * cell


def mass(maps, cell):
    framed = np.pad(maps, ((0, 0), (1, 1), (1, 1)))
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        r, c = divmod(int(plane.argmax()), plane.shape[1])
        window = framed[k, r : r + 3, c : c + 3]
        x, y = (window.sum(axis=0) * [-1, 0, 1]).sum(), (window.sum(axis=1) * [-1, 0, 1]).sum()
        out[k] = c + 0.5 + x / window.sum(), r + 0.5 + y / window.sum()
    return out * cell


def second(maps, cell):
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        first = np.array(np.unravel_index(plane.argmax(), plane.shape))[::-1]
        rest = np.where(plane == plane.max(), -np.inf, plane)  # all of the highest cells are taken out
        way = np.array(np.unravel_index(rest.argmax(), plane.shape))[::-1] - first
        out[k] = first + 0.5 + 0.25 * way / max(np.hypot(*way), 1)
    return out * cell


VARIANTS_OF = {"q10": {"parabola": parabola, "mass": mass, "second": second}}
