"""What ``minidet.nn.fused`` does, in PyTorch: in place, as torchvision's blocks do it."""

from torch.nn import functional as F


def norm_relu(norm, input, other=None):
    """Return ``relu(norm(input) + other)``."""
    out = norm(input)
    if other is not None:
        out += other
    return out.relu_()


def conv2d_padded(input, weight, bias, stride, borders, dilation, groups: int):
    """Return ``conv2d(pad(input, borders), ...)``; where both sides have the same border, without a copy."""
    left, right, top, bottom = borders
    if (left, top) == (right, bottom):
        return F.conv2d(input, weight, bias, stride, (top, left), dilation, groups)
    return F.conv2d(F.pad(input, borders), weight, bias, stride, 0, dilation, groups)
