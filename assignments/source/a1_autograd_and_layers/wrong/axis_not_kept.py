"""The sum over a stretched axis removes the axis, where one of length 1 should remain."""

LOSES = {"q2": ("stretched", "both")}


def unbroadcast(gradient, shape):
    added = gradient.ndim - len(shape)
    axes = tuple(range(added)) + tuple(added + i for i, length in enumerate(shape) if length == 1)
    return gradient.sum(axis=axes)
