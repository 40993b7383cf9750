"""What a network cannot mean is decoded as it stands: sides that have passed each other, roots below -1, wild areas."""

import numpy as np

LOSES = {"q3": ("limits",)}


def parts(references):
    return (references[:, :2] + references[:, 2:]) / 2, references[:, 2:] - references[:, :2]


def sides(codes, references):
    middle, unit = parts(references)
    return np.hstack([middle - codes[:, :2] * unit, middle + codes[:, 2:] * unit])


def roots(codes, references):
    middle, unit = parts(references)
    middle = middle + np.sign(codes[:, :2]) * codes[:, :2] ** 2 * unit
    half = unit * (1 + codes[:, 2:]) ** 2 / 2
    return np.hstack([middle - half, middle + half])


def aspect(codes, references):
    middle, unit = parts(references)
    middle = middle + codes[:, :2] * np.linalg.norm(unit, axis=1, keepdims=True)
    a, r = codes[:, 2], codes[:, 3]
    half = unit * np.exp(np.stack([a + r, a - r], 1) / 2) / 2
    return np.hstack([middle - half, middle + half])


VARIANTS_OF = {"q3": {name: {"decode_special": rule} for name, rule in
                      (("sides", sides), ("roots", roots), ("aspect", aspect))}}
