"""Fancy indexing with += : where an index comes twice, only the last gradient is kept."""

import numpy as np

LOSES = {"q2": ("overlap", "border", "thin")}


def roi_align_grad(grad, rois, input_shape, scale, samples):
    out, (height, width), bins = np.zeros(input_shape), input_shape[2:], grad.shape[2]
    steps = (np.arange(bins * samples) + 0.5) / (bins * samples)
    for g, (image, *box) in zip(grad, rois):
        x1, y1, x2, y2 = np.array(box) * scale
        xs, ys = x1 + (x2 - x1) * steps, y1 + (y2 - y1) * steps
        inside = ((ys >= -0.5) & (ys <= height + 0.5))[:, None] & ((xs >= -0.5) & (xs <= width + 0.5))
        each = g.repeat(samples, 1).repeat(samples, 2) / samples**2 * inside
        u, v = np.clip(xs - 0.5, 0, width - 1), np.clip(ys - 0.5, 0, height - 1)
        left, top = u.astype(int), v.astype(int)
        s, t = u - left, (v - top)[:, None]
        right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
        plane = out[int(image)]
        plane[:, top[:, None], left] += each * (1 - s) * (1 - t)
        plane[:, top[:, None], right] += each * s * (1 - t)
        plane[:, bottom[:, None], left] += each * (1 - s) * t
        plane[:, bottom[:, None], right] += each * s * t
    return out
