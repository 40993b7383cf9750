"""The gradient of a bias is the mean over all pixels and images, not the sum."""

LOSES = {"q2": ("db",)}


def conv_backward_bias(dy):
    return dy.mean(axis=(0, 2, 3))
