"""The rows and columns of the border are added to their origins in the array that came: the caller's is changed."""

import numpy as np

LOSES = {"q3": ("fold", "fold_wide")}
MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def answers(mode):
    def pad_backward(dpadded, padding):
        for axis in (2, 3):
            size = dpadded.shape[axis] - 2 * padding
            origin = np.pad(np.arange(size), padding, mode=MODES[mode]) + padding
            lines = np.moveaxis(dpadded, axis, 0)
            for place, source in enumerate(origin):
                if place != source:
                    lines[source] += lines[place]
        return dpadded[:, :, padding:-padding, padding:-padding]

    return {"pad_backward": pad_backward}


VARIANTS_OF = {"q3": {mode: answers(mode) for mode in MODES}}
