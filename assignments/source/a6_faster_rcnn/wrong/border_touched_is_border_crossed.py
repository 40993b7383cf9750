"""An anchor that touches the border counts as one that crosses it."""

import numpy as np

LOSES = {"q1": ("inside",)}


def inside_image(anchors, height, width):
    far = np.array([width, height, width, height])
    return (anchors > 0).all(axis=1) & (anchors < far).all(axis=1)
