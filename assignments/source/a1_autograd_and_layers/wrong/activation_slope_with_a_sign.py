"""The slope on the left side gets the sign of x, although an odd function has the same slope on both sides."""

import numpy as np


def LOSES(variants):
    return {} if variants["q5"] == "joint" else {"q5": ("outer_slope", "joint_slope")}


def bend_backward(grad, x, **settings):
    if "leak" in settings:  # there is no sign in this one
        leak, width = settings["leak"], settings["width"]
        return grad * (leak + (1 - leak) * np.clip((x + width) / (2 * width), 0, 1))
    if "threshold" in settings:
        return grad * np.sign(x) * np.clip((np.abs(x) - settings["threshold"]) / settings["knee"], 0, 1)
    return grad * np.sign(x) * np.clip(1 - (np.abs(x) - settings["limit"]) / settings["knee"], 0, 1)
