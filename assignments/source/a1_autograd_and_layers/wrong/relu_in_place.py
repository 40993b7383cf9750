"""ReLU writes its result into the array that it was given."""

LOSES = {"q4": ("forward",)}


def relu_forward(x):
    x[x < 0] = 0
    return x
