"""The slope of the activation is returned without being multiplied by the gradient of the result."""

import numpy as np

LOSES = {"q5": ("outer_slope", "joint_slope")}


def bend_backward(grad, x, **settings):
    if "leak" in settings:
        leak, width = settings["leak"], settings["width"]
        return leak + (1 - leak) * np.clip((x + width) / (2 * width), 0, 1)
    if "threshold" in settings:
        return np.clip((np.abs(x) - settings["threshold"]) / settings["knee"], 0, 1)
    return np.clip(1 - (np.abs(x) - settings["limit"]) / settings["knee"], 0, 1)
