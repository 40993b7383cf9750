"""The bias gets the gradient of the output as it is: the sum over the examples is forgotten."""

LOSES = {"q3": ("bias",)}


def linear_bias_gradient(grad):
    return grad.copy()
