"""The gradient of a copied value is the mean of what its copies get, where it should be their sum."""

LOSES = {"q2": ("added", "stretched", "both"), "q3": ("bias",)}


def unbroadcast(gradient, shape):
    added = gradient.ndim - len(shape)
    gradient = gradient.mean(axis=tuple(range(added)))
    return gradient.mean(axis=tuple(i for i, length in enumerate(shape) if length == 1), keepdims=True)


def linear_bias_gradient(grad):
    return grad.mean(axis=0)
