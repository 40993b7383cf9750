"""At the border: a parabola whose missing cell is 0; a window that is moved inward; no shift, as in question 9."""

import numpy as np


def parabola(maps, cell):
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        r, c = divmod(int(plane.argmax()), plane.shape[1])
        framed = np.pad(plane, 1)
        for axis, (low, mid, high) in enumerate((framed[r + 1, c : c + 3], framed[r : r + 3, c + 1])):
            bend = 2 * mid - low - high
            out[k, axis] = (c, r)[axis] + 0.5 + ((high - low) / (2 * bend) if bend > 0 else 0)
    return out * cell


def mass(maps, cell):
    h, w = maps.shape[1:]
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(np.maximum(maps, 0)):
        r, c = divmod(int(maps[k].argmax()), w)
        top, left = min(max(r - 1, 0), h - 3), min(max(c - 1, 0), w - 3)
        window = plane[top : top + 3, left : left + 3]
        if window.any():
            x = (window.sum(axis=0) * (left + np.arange(3) + 0.5)).sum() / window.sum()
            out[k] = x, (window.sum(axis=1) * (top + np.arange(3) + 0.5)).sum() / window.sum()
        else:
            out[k] = c + 0.5, r + 0.5
    return out * cell


def second(maps, cell):
    h, w = maps.shape[1:]
    out = np.zeros((len(maps), 2))
    for k, plane in enumerate(maps):
        order = np.argsort(-plane.ravel(), kind="stable")
        first, other = divmod(int(order[0]), w), divmod(int(order[:2][-1]), w)
        way = np.array([other[1] - first[1], other[0] - first[0]])
        inside = 0 < first[0] < h - 1 and 0 < first[1] < w - 1
        out[k] = first[1] + 0.5, first[0] + 0.5
        if inside:
            out[k] += 0.25 * way / max(np.hypot(*way), 1)
    return out * cell


def LOSES(variants):  # in "special" of the second highest, some of the highest cells stand at the border
    return {"q10": ("border", "special") if variants["q10"] == "second" else ("border",)}


VARIANTS_OF = {"q10": {"parabola": parabola, "mass": mass, "second": second}}
