"""The derivative of the parabola lacks the factor 2 that comes from the square."""

import numpy as np

LOSES = {"q5": ("joint_slope",)}


def bend_backward(grad, x, **settings):
    u = np.abs(x)
    if "leak" in settings:
        leak, width = settings["leak"], settings["width"]
        joint = leak + (1 - leak) * (x + width) / (4 * width)
        return grad * np.where(x <= -width, leak, np.where(x >= width, 1, joint))
    if "threshold" in settings:
        threshold, knee = settings["threshold"], settings["knee"]
        return grad * np.where(u <= threshold, 0, np.where(u >= threshold + knee, 1, (u - threshold) / (2 * knee)))
    limit, knee = settings["limit"], settings["knee"]
    return grad * np.where(u <= limit, 1, np.where(u >= limit + knee, 0, 1 - (u - limit) / (2 * knee)))
