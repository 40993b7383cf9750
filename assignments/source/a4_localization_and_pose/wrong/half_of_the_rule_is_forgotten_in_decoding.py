"""Decoding forgets one step: y is measured in widths, a root is not squared with its sign, the half in (a + r) / 2."""

import numpy as np

LOSES = {"q3": ("decode", "limits", "none")}


def parts(references):
    return (references[:, :2] + references[:, 2:]) / 2, references[:, 2:] - references[:, :2]


def sides(codes, references):
    middle, unit = parts(references)
    low, high = middle - codes[:, :2] * unit[:, :1], middle + codes[:, 2:] * unit[:, :1]
    low, high = np.where(low > high, (low + high) / 2, low), np.where(low > high, (low + high) / 2, high)
    return np.hstack([low, high])


def roots(codes, references):
    middle, unit = parts(references)
    middle = middle + codes[:, :2] ** 2 * unit
    half = unit * np.maximum(1 + codes[:, 2:], 0) ** 2 / 2
    return np.hstack([middle - half, middle + half])


def aspect(codes, references):
    middle, unit = parts(references)
    middle = middle + codes[:, :2] * np.linalg.norm(unit, axis=1, keepdims=True)
    a, r = np.clip(codes[:, 2:], -4, 4).T
    half = unit * np.exp(np.stack([a + r, a - r], 1)) / 2
    return np.hstack([middle - half, middle + half])


VARIANTS_OF = {"q3": {name: {"decode_special": rule} for name, rule in
                      (("sides", sides), ("roots", roots), ("aspect", aspect))}}
