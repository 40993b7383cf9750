"""Only axes that were added on the left are summed; those of length 1 that were stretched are forgotten."""

LOSES = {"q2": ("stretched", "both")}


def unbroadcast(gradient, shape):
    return gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
