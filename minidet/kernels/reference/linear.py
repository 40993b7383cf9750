"""The affine map without its bias, and its two gradients: three products of two matrices."""


def linear(x, weight):
    """Return ``out[m, f] = sum over c of x[m, c] * weight[f, c]``: (M, F)."""
    return x @ weight.T


def linear_input_grad(grad, weight):
    """Return the gradient for x (M, C), given the gradient (M, F) for the result."""
    return grad @ weight


def linear_weight_grad(grad, x):
    """Return the gradient for weight (F, C), given the gradient (M, F) for the result."""
    return grad.T @ x
