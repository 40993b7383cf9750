"""The gate of ReLU is open where x is exactly 0."""

LOSES = {"q4": ("zero",)}


def relu_backward(grad, x):
    return grad * (x >= 0)
