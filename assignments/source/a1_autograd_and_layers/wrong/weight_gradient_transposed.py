"""The gradient of the weight comes out as (C, F), transposed: its shape is not that of the weight."""

LOSES = {"q3": ("weight",)}


def linear_weight_gradient(grad, x):
    return x.T @ grad
