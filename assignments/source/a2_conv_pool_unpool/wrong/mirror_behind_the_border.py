"""All borders but zeros are a mirror that stands behind the border pixel, which so comes twice."""

import numpy as np


def LOSES(variants):
    lost = ("pad", "pad_wide", "forward")
    return {"q3": lost[1:] if variants["q3"] == "replicate" else lost}  # for one pixel, this mirror is a repetition


def pad(x, padding):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode="symmetric")


def padded_conv_forward(x, w, b, padding):
    padded = pad(x, padding)
    kh, kw = w.shape[2:]
    out = np.zeros((len(x), len(w), padded.shape[2] - kh + 1, padded.shape[3] - kw + 1))
    for h in range(out.shape[2]):
        for v in range(out.shape[3]):
            window = padded[:, :, h : h + kh, v : v + kw]
            out[:, :, h, v] = np.tensordot(window, w, axes=((1, 2, 3), (1, 2, 3))) + b
    return out
