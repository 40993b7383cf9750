"""The 1 is left out; what is not there counts as half of a mean; only covered bins can lie at the border."""

import numpy as np

LOSES = lambda variants: {
    "q8": {
        "jaccard": ("values", "gradient", "background", "extreme", "nothing"),
        "balanced": ("extreme",),
        "border": ("values", "gradient", "background", "extreme", "nothing"),
    }[variants["q8"]]
}


def per_region(of_region, mean=True):
    """Return loss and gradient; ``of_region(p, t)`` returns a loss and its slope by the logits."""

    def other_mask_loss(logits, targets, labels):
        losses = [of_region(1 / (1 + np.exp(-logits[r, k])), targets[r])[0] for r, k in enumerate(labels) if k > 0]
        return float(sum(losses)) / (len(losses) if mean else 1) if losses else 0.0

    def other_mask_loss_grad(logits, targets, labels):
        slope, count = np.zeros(logits.shape), (labels > 0).sum() if mean else 1
        for r, k in enumerate(labels):
            if k > 0:
                slope[r, k] = of_region(1 / (1 + np.exp(-logits[r, k])), targets[r])[1] / count
        return slope

    return {"other_mask_loss": other_mask_loss, "other_mask_loss_grad": other_mask_loss_grad}


def jaccard(p, t):
    above, below = (p * t).sum(), (p + t - p * t).sum()
    return 1 - above / below, (above * (1 - t) - t * below) / below**2 * p * (1 - p)


def balanced(p, t):
    inside, outside = t.sum(), (1 - t).sum()
    half = 0.5
    on, off = half * t / max(inside, 1e-300), half * (1 - t) / max(outside, 1e-300)
    return -(on * np.log(p) + off * np.log(1 - p)).sum(), on * (p - 1) + off * p


def border(p, t):
    covered, weights = t >= 0.5, np.ones(t.shape)
    for i, j in np.ndindex(*t.shape):
        for a, b in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
            if 0 <= a < t.shape[0] and 0 <= b < t.shape[1] and covered[i, j] and not covered[a, b]:
                weights[i, j] = 4
    loss = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    return (weights * loss).sum() / weights.sum(), weights * (p - t) / weights.sum()


VARIANTS_OF = {"q8": {"jaccard": per_region(jaccard), "balanced": per_region(balanced), "border": per_region(border)}}
