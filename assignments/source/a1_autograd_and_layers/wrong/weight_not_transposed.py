"""The weight is taken as (C, F): in the product on the way there it is not transposed."""

LOSES = {"q3": ("forward",)}


def linear_forward(x, weight, bias):
    return x @ weight + bias
