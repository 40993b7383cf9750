"""The half is rounded down; the two groups are added, not averaged; or the probability is a constant."""

import numpy as np


def LOSES(variants):  # a mean of one group is the same; a constant probability shows only in the gradient
    lost = {
        "hardest": ("values", "one kind", "gradient", "none"),
        "balanced": ("values", "gradient"),
        "certain": ("gradient", "none"),
    }
    return {"q10": lost[variants["q10"]]}


def terms(scores, deltas, labels, targets, curve):
    rows = np.arange(len(labels))
    log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    d = deltas[rows, labels] - targets
    return log_p, curve(d).sum(axis=1) * (labels > 0)


def smooth(d):
    return np.where(np.abs(d) < 1, d**2 / 2, np.abs(d) - 0.5)


def root(d):
    return np.sqrt(1 + d**2) - 1


def hardest(scores, deltas, labels, targets):
    log_p, boxes = terms(scores, deltas, labels, targets, smooth)
    each = boxes - log_p[np.arange(len(labels)), labels]
    half = how_many(len(labels))
    weight = np.zeros(len(labels))
    weight[np.argsort(-each, kind="stable")[:half]] = 1 / max(half, 1)
    return each @ weight, weight, weight, log_p


def how_many(count):
    return count // 2


def balanced(scores, deltas, labels, targets):
    log_p, boxes = terms(scores, deltas, labels, targets, root)
    weight = np.zeros(len(labels))
    groups = [g for g in (labels > 0, labels == 0) if g.any()]
    for group in groups:
        weight[group] = 1 / group.sum()
    of_boxes = (labels > 0) / max((labels > 0).sum(), 1)
    return boxes @ of_boxes - log_p[np.arange(len(labels)), labels] @ weight, weight, of_boxes, log_p


def certain(scores, deltas, labels, targets):
    log_p, boxes = terms(scores, deltas, labels, targets, smooth)
    u, count = log_p[np.arange(len(labels)), labels], max(len(labels), 1)
    value = (np.exp(u) * boxes - u).sum() / count
    return value, np.ones(len(labels)) / count, np.exp(u) / count, log_p


def slope(rule, d):
    return d / np.sqrt(1 + d**2) if rule is balanced else np.clip(d, -1, 1)


def of_rule(rule):
    def roi_loss(scores, deltas, labels, targets):
        return rule(scores, deltas, labels, targets)[0]

    def roi_loss_grad(scores, deltas, labels, targets):
        _, weight, of_boxes, log_p = rule(scores, deltas, labels, targets)
        rows, d_scores, d_deltas = np.arange(len(labels)), np.exp(log_p), np.zeros(deltas.shape)
        d_scores[rows, labels] -= 1
        pull = slope(rule, deltas[rows, labels] - targets)
        d_deltas[rows, labels] = pull * (of_boxes * (labels > 0))[:, None]
        return d_scores * weight[:, None], d_deltas

    return {"roi_loss": roi_loss, "roi_loss_grad": roi_loss_grad}


VARIANTS_OF = {"q10": {"hardest": of_rule(hardest), "balanced": of_rule(balanced), "certain": of_rule(certain)}}
