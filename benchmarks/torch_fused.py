"""What ``minidet.nn.fused`` does, in PyTorch: in place, as torchvision's blocks do it."""


def norm_relu(norm, input, other=None):
    """Return ``relu(norm(input) + other)``."""
    out = norm(input)
    if other is not None:
        out += other
    return out.relu_()
