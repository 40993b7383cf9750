"""Kernels that reach far beyond the image: their taps that only ever meet padding are left out."""

#: Pixels from a kernel's first tap to its last from which on taps are left out that only ever meet padding.
FAR = 256


def _near_taps(size, kernel, out, stride, padding, dilation):
    """Return, along an axis, the first and one past the last tap that meets a pixel in some window; (0, 0) for none."""
    near = []
    for i in range(kernel):
        left = padding - i * dilation  # the window o sees pixel o * stride - left through tap i
        o = max(0, -(-left // stride))
        if o < out and o * stride - left < size:
            near.append(i)
    return (near[0], near[-1] + 1) if near else (0, 0)


def near(size, kernel_size, out_size, stride, padding, dilation):
    """Return what is left of kernels that reach far beyond the image: an index of the weight, its size, the padding.

    The index is None where nothing is left out. Then the image, padded as far as the taps reach, is not much larger
    than what is given and what is asked for, whatever the dilation is.
    """
    if all(d * (k - 1) < FAR for d, k in zip(dilation, kernel_size, strict=True)):
        return None, kernel_size, padding
    taps = [_near_taps(*axis) for axis in zip(size, kernel_size, out_size, stride, padding, dilation, strict=True)]
    index = (slice(None), slice(None), *(slice(first, last) for first, last in taps))
    kernel = tuple(last - first for first, last in taps)
    padding = tuple(p - first * d for p, (first, _), d in zip(padding, taps, dilation, strict=True))
    return (None if kernel == kernel_size else index), kernel, padding
