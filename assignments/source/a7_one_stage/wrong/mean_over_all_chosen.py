"""The loss is divided by positives and negatives, not by the positives alone."""

LOSES = {"q6": ("loss",)}


def mined_loss(losses, labels, chosen):
    looked = (labels > 0) | chosen
    return float(losses[looked].mean()) if (labels > 0).any() else 0.0
