"""Faster R-CNN and Fast R-CNN in plain PyTorch: minidet's layers, names, samples and steps, one map of stride 16.

What torchvision has kernels for, it computes, or ``torch_ops`` in its place: ``nms``, ``batched_nms``, ``roi_align``,
``roi_pool``. The rest is as torchvision's own detectors have it. minidet is not imported here.
"""

from __future__ import annotations

import math
from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

from ..frameworks.torch_twin import twin

STRIDE, SIZES, RATIOS = 16, (32.0, 64.0, 128.0), (0.5, 1.0, 2.0)
CLIP = math.log(1000 / 16)
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)


def trunk() -> nn.Sequential:
    """MobileNet v1 of width 0.25, up to its last map of stride 16: 128 channels."""
    whole = twin("models.backbones.mobilenetv1").MobileNetV1(0.25)
    last, steps = whole.levels[STRIDE][0], OrderedDict()
    for name, step in whole.named_children():
        steps[name] = step
        if name == last:
            break
    return nn.Sequential(steps)


def anchors_of(height: int, width: int) -> torch.Tensor:
    """Return the anchors of a map, place by place."""
    tall, sizes = torch.tensor(RATIOS).sqrt(), torch.tensor(SIZES)
    h, w = (tall[:, None] * sizes).flatten(), (sizes / tall[:, None]).flatten()
    cell = (torch.stack([-w, -h, w, h], 1) / 2).round()
    y, x = torch.meshgrid(torch.arange(height) * STRIDE, torch.arange(width) * STRIDE, indexing="ij")
    shifts = torch.stack([x, y, x, y], -1).reshape(-1, 1, 4)
    return (shifts + cell).reshape(-1, 4).float()


def centre_and_size(boxes):
    """Return centres (N, 2) and sizes (N, 2)."""
    size = boxes[..., 2:] - boxes[..., :2]
    return boxes[..., :2] + 0.5 * size, size


def encode(boxes, sources, weights=(1.0, 1.0, 1.0, 1.0)):
    """Return what a regressor learns: boxes (N, 4) as seen from others."""
    (centre, size), (old_centre, old_size) = centre_and_size(boxes), centre_and_size(sources)
    return torch.cat([(centre - old_centre) / old_size, (size / old_size).log()], -1) * boxes.new_tensor(weights)


def decode(codes, sources, weights=(1.0, 1.0, 1.0, 1.0)):
    """Return the boxes that codes mean."""
    codes = codes / codes.new_tensor(weights)
    centre, size = centre_and_size(sources)
    centre, half = codes[..., :2] * size + centre, 0.5 * codes[..., 2:].clamp(max=CLIP).exp() * size
    return torch.cat([centre - half, centre + half], -1)


def clip(boxes, size):
    """Clip boxes (..., 4) to an image (h, w)."""
    height, width = size
    return torch.stack([boxes[..., 0].clamp(0, width), boxes[..., 1].clamp(0, height),
                        boxes[..., 2].clamp(0, width), boxes[..., 3].clamp(0, height)], -1)  # fmt: skip


def box_iou(a, b):
    """Return the overlaps (A, B)."""
    corner = torch.minimum(a[:, None, 2:], b[:, 2:]) - torch.maximum(a[:, None, :2], b[:, :2])
    shared = corner.clamp(min=0).prod(2)
    return shared / ((a[:, 2:] - a[:, :2]).prod(1)[:, None] + (b[:, 2:] - b[:, :2]).prod(1) - shared)


def sample(marks, count: int, fraction: float):
    """Draw positives (1) and negatives (0) at random; return the rows of both."""
    positive, negative = (torch.where(marks == mark)[0] for mark in (1, 0))
    positive = positive[torch.randperm(len(positive))[: int(count * fraction)]]
    return positive, negative[torch.randperm(len(negative))[: count - len(positive)]]


class RPN(nn.Module):
    """Region proposal network."""

    def __init__(self, channels: int, ops):
        super().__init__()
        self.ops, self.head, anchors = ops, nn.Module(), len(SIZES) * len(RATIOS)
        self.head.conv = nn.Sequential(nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU()))
        self.head.cls_logits, self.head.bbox_pred = (nn.Conv2d(channels, n * anchors, 1) for n in (1, 4))
        for layer in (self.head.conv[0][0], self.head.cls_logits, self.head.bbox_pred):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, x, size, truths=None):
        """Return proposals of each image, and the losses if the truth is known."""
        hidden = self.head.conv(x)
        logits = self.head.cls_logits(hidden).permute(0, 2, 3, 1).flatten(1)
        codes = self.head.bbox_pred(hidden).permute(0, 2, 3, 1).reshape(len(x), -1, 4)
        anchors = anchors_of(*x.shape[2:])
        each = zip(logits.detach(), codes.detach(), strict=True)
        proposals = [self.propose(*of_image, anchors, size) for of_image in each]
        return proposals, {} if truths is None else self.losses(logits, codes, anchors, size, truths)

    def propose(self, logits, codes, anchors, size):
        """Return the proposals of an image."""
        before, after = (2000, 1000) if self.training else (1000, 300)
        scores, order = logits.topk(min(before, len(logits)))
        boxes = clip(decode(codes[order], anchors[order]), size)
        large = ((boxes[:, 2:] - boxes[:, :2]) >= 1).all(1)
        boxes, scores = boxes[large], scores[large]
        return boxes[self.ops.nms(boxes, scores, 0.7)[:after]]

    def losses(self, logits, codes, anchors, size, truths):
        """Return both losses."""
        inside = torch.where((anchors[:, :2] >= 0).all(1) & (anchors[:, 2] <= size[1]) & (anchors[:, 3] <= size[0]))[0]
        rows, wanted, found, goals = [], [], [], []
        for image, truth in enumerate(truths):
            iou = box_iou(truth["boxes"], anchors[inside])
            best, nearest = iou.max(0)
            marks = torch.full((len(inside),), -1)
            marks[best < 0.3] = 0
            marks[best >= 0.7] = 1
            marks[((iou == iou.max(1).values[:, None]) & (iou > 0)).any(0)] = 1
            positive, negative = sample(marks, 256, 0.5)
            rows.append(logits[image, inside[torch.cat([positive, negative])]])
            wanted.append(torch.cat([torch.ones(len(positive)), torch.zeros(len(negative))]))
            found.append(codes[image, inside[positive]])
            goals.append(encode(truth["boxes"][nearest[positive]], anchors[inside[positive]]))
        count = sum(map(len, rows))
        scored = F.binary_cross_entropy_with_logits(torch.cat(rows), torch.cat(wanted), reduction="sum")
        moved = F.smooth_l1_loss(torch.cat(found), torch.cat(goals), reduction="sum", beta=1 / 9)
        return {"loss_objectness": scored / count, "loss_rpn_box_reg": moved / count}


class RoIHeads(nn.Module):
    """Pooling, two linear layers, two heads."""

    def __init__(self, channels: int, classes: int, pooling: str, regions: int, ops, width: int = 256):
        super().__init__()
        self.classes, self.pooling, self.regions, self.ops = classes, pooling, regions, ops
        self.box_head, self.box_predictor = nn.Module(), nn.Module()
        self.box_head.fc6, self.box_head.fc7 = nn.Linear(channels * 49, width), nn.Linear(width, width)
        self.box_predictor.cls_score = nn.Linear(width, classes)
        self.box_predictor.bbox_pred = nn.Linear(width, 4 * classes)
        for layer, std in ((self.box_predictor.cls_score, 0.01), (self.box_predictor.bbox_pred, 0.001)):
            nn.init.normal_(layer.weight, std=std)
            nn.init.zeros_(layer.bias)

    def forward(self, x, boxes):
        """Return scores (R, K) and codes (R, K, 4)."""
        if self.pooling == "align":
            pooled = self.ops.roi_align(x, boxes, (7, 7), 1 / STRIDE, 2, True)
        else:
            pooled = self.ops.roi_pool(x, boxes, (7, 7), 1 / STRIDE)
        hidden = F.relu(self.box_head.fc7(F.relu(self.box_head.fc6(pooled.flatten(1)))))
        return self.box_predictor.cls_score(hidden), self.box_predictor.bbox_pred(hidden).reshape(-1, self.classes, 4)

    def losses(self, x, proposals, truths):
        """Return both losses."""
        chosen, goals = [], []
        for proposed, truth in zip(proposals, truths, strict=True):
            every = torch.cat([proposed, truth["boxes"]])
            best, nearest = box_iou(truth["boxes"], every).max(0)
            positive, negative = sample((best >= 0.5).long(), self.regions, 0.25)
            rows = torch.cat([positive, negative])
            labels = torch.where(best[rows] >= 0.5, truth["labels"][nearest[rows]], 0)
            chosen.append((every[rows], labels, nearest[rows]))
            goals.append(truth["boxes"][nearest[rows]])
        boxes, labels, _ = zip(*chosen, strict=True)
        scores, codes = self(x, list(boxes))
        labels, boxes, goals = torch.cat(labels), torch.cat(boxes), torch.cat(goals)
        objects = torch.where(labels > 0)[0]
        wanted = encode(goals[objects], boxes[objects], BOX_WEIGHTS)
        moved = F.smooth_l1_loss(codes[objects, labels[objects]], wanted, reduction="sum", beta=1.0)
        of_boxes = {"loss_classifier": F.cross_entropy(scores, labels), "loss_box_reg": moved / len(labels)}
        return {**of_boxes, **self.branch_losses(x, chosen, truths)}

    def branch_losses(self, x, chosen, truths):
        """Return the losses of other heads, of each image's boxes, labels and nearest objects; here are none."""
        return {}

    def detections(self, x, proposals, size):
        """Return what is seen in each image."""
        scores, codes = self(x, proposals)
        ends, answers = [len(boxes) for boxes in proposals], []
        each = zip(scores.softmax(1).split(ends), codes.split(ends), proposals, strict=True)
        for p, c, boxes in each:
            moved = clip(decode(c, boxes[:, None], BOX_WEIGHTS), size)
            rows, labels = torch.where(p[:, 1:] > 0.05)
            labels = labels + 1
            found, chosen = moved[rows, labels], p[rows, labels]
            large = ((found[:, 2:] - found[:, :2]) >= 0.01).all(1)
            found, chosen, labels = found[large], chosen[large], labels[large]
            kept = self.ops.batched_nms(found, chosen, labels, 0.5)[:100]
            answers.append({"boxes": found[kept], "labels": labels[kept], "scores": chosen[kept]})
        return self.branch_answers(x, answers, size)

    def branch_answers(self, x, answers, size):
        """Add what other heads say of the detections; here are none."""
        return answers


class RCNN(nn.Module):
    """Faster R-CNN, or Fast R-CNN, whose proposals are given; ``ops`` is torchvision's, or has its functions."""

    def __init__(self, kind: str, classes: int, ops):
        super().__init__()
        self.backbone = trunk()
        if kind == "FasterRCNN":
            self.rpn, self.roi_heads = RPN(128, ops), RoIHeads(128, classes, "align", 128, ops)
        else:
            self.rpn, self.roi_heads = None, RoIHeads(128, classes, "pool", 64, ops)

    def forward(self, images, targets=None, proposals=None):
        """Return losses in training, detections in evaluation."""
        size, losses = tuple(images.shape[2:]), {}
        x = self.backbone((images - 128 / 255) / (128 / 255))
        if proposals is None:
            proposals, losses = self.rpn(x, size, targets)
        if self.training:
            return {**losses, **self.roi_heads.losses(x, proposals, targets)}
        return self.roi_heads.detections(x, proposals, size)
