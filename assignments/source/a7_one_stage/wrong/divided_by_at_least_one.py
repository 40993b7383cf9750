"""Without positives the loss is divided by 1, so negatives alone have a loss."""

LOSES = {"q6": ("loss",)}


def mined_loss(losses, labels, chosen):
    positive = labels > 0
    return float(losses[positive | chosen].sum() / max(positive.sum(), 1))
