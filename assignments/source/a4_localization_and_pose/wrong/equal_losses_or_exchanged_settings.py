"""All objects with the m-th largest loss are chosen; the weight is inside of the exponential; the two settings are
exchanged."""

import numpy as np

LOSES = {"q7": ("setting",)}


def hardest(class_losses, box_losses, labels, setting):
    costs = box_losses[labels > 0]
    if not len(costs):
        return class_losses.mean()
    least = np.sort(costs)[::-1][min(setting, len(costs)) - 1]
    return class_losses.mean() + costs[costs >= least].mean()


def trust(class_losses, box_losses, labels, setting):
    belief = np.exp(-setting * class_losses) * (labels > 0)
    return class_losses.mean() + (belief * box_losses).sum() / max((labels > 0).sum(), 1)


def uncertain(class_losses, box_losses, labels, setting):
    beta, alpha = setting
    loss = np.exp(-alpha) * class_losses.mean() + alpha
    if labels.any():
        loss += np.exp(-beta) * box_losses[labels > 0].mean() + beta
    return loss


VARIANTS_OF = {"q7": {name: {"join_losses": rule} for name, rule in
                      (("hardest", hardest), ("trust", trust), ("uncertain", uncertain))}}
