"""The gradient of the border is cut off, as with zeros: its pixels are taken for constants."""

import numpy as np

LOSES = {"q3": ("fold", "fold_wide", "backward")}
MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad_backward(dpadded, padding):
    return dpadded[:, :, padding:-padding, padding:-padding].copy()


def conv_gradients(dy, x, w, padding, mode):
    border = (0, 0), (0, 0), (padding, padding), (padding, padding)
    padded = np.pad(x, border, mode=MODES[mode])
    dpadded, dw = np.zeros(padded.shape), np.zeros(w.shape)
    kh, kw = w.shape[2:]
    for h in range(dy.shape[2]):
        for v in range(dy.shape[3]):
            dpadded[:, :, h : h + kh, v : v + kw] += np.tensordot(dy[:, :, h, v], w, axes=(1, 0))
            dw += np.tensordot(dy[:, :, h, v], padded[:, :, h : h + kh, v : v + kw], axes=(0, 0))
    return pad_backward(dpadded, padding), dw


def answers(mode):
    def padded_conv_backward(dy, x, w, padding):
        return conv_gradients(dy, x, w, padding, mode)

    return {"pad_backward": pad_backward, "padded_conv_backward": padded_conv_backward}


VARIANTS_OF = {"q3": {mode: answers(mode) for mode in MODES}}
