"""Mask R-CNN in plain PyTorch: minidet's mask head, and its way from masks to pixels and back, on ``torch_rcnn``.

A mask goes to pixels, and back, by two products with the weights of rows and of columns, which are computed for all
regions at once. Each region reads its own part of the truth, as that is faster; all write to images in one product,
as that is faster.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from .torch_rcnn import RCNN, STRIDE, RoIHeads

SIZE, WIDTH, LAYERS = 28, 64, 4


class MaskRCNN(RCNN):
    """Faster R-CNN with a mask head."""

    def __init__(self, classes: int, ops):
        super().__init__("FasterRCNN", classes, ops)
        self.roi_heads = MaskHeads(128, classes, "align", 128, ops)


class MaskHeads(RoIHeads):
    """Box head and mask head."""

    def __init__(self, channels: int, classes: int, *options):
        super().__init__(channels, classes, *options)
        convs = [nn.Conv2d(channels if i == 0 else WIDTH, WIDTH, 3, padding=1) for i in range(LAYERS)]
        self.mask_head = nn.Sequential(*(nn.Sequential(conv, nn.ReLU()) for conv in convs))
        self.mask_predictor = nn.Module()
        self.mask_predictor.conv5_mask = nn.ConvTranspose2d(WIDTH, WIDTH, 2, 2)
        self.mask_predictor.mask_fcn_logits = nn.Conv2d(WIDTH, classes, 1)
        for layer in (*convs, self.mask_predictor.conv5_mask, self.mask_predictor.mask_fcn_logits):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def masks(self, x, boxes):
        """Return logits (R, K, M, M)."""
        hidden = self.mask_head(self.ops.roi_align(x, boxes, (SIZE // 2, SIZE // 2), 1 / STRIDE, 2, True))
        return self.mask_predictor.mask_fcn_logits(F.relu(self.mask_predictor.conv5_mask(hidden)))

    def branch_losses(self, x, chosen, truths):
        """Return the loss of the objects' masks among the chosen regions."""
        positive = [tuple(part[labels > 0] for part in (boxes, labels, nearest)) for boxes, labels, nearest in chosen]
        boxes, labels, objects = zip(*positive, strict=True)
        logits, labels = self.masks(x, list(boxes)), torch.cat(labels)
        if not len(labels):
            return {"loss_mask": logits.sum() * 0}
        each = zip(truths, objects, boxes, strict=True)
        targets = torch.cat([crop(truth["masks"], of_object, places) for truth, of_object, places in each])
        said = logits[torch.arange(len(labels)), labels]
        return {"loss_mask": F.binary_cross_entropy_with_logits(said, targets)}

    def branch_answers(self, x, answers, size):
        """Give every detection its mask in the pixels of the image."""
        boxes, labels = [one["boxes"] for one in answers], torch.cat([one["labels"] for one in answers])
        shared = self.masks(x, boxes)[torch.arange(len(labels)), labels].sigmoid().split([len(b) for b in boxes])
        return [{**one, "masks": paste(masks, one["boxes"], size)} for one, masks in zip(answers, shared, strict=True)]


def crop(masks, objects, boxes):
    """Return what share of each bin of boxes (R, 4) the masks (G, H, W) of their objects (R,) cover: (R, M, M)."""
    height, width = masks.shape[1:]
    down, across = (shares(boxes[:, axis], boxes[:, axis + 2], n) for axis, n in ((1, height), (0, width)))
    low, high = boxes[:, :2].floor().long().clamp(min=0), boxes[:, 2:].ceil().long()
    targets = boxes.new_empty(len(boxes), SIZE, SIZE)
    each = zip(objects.tolist(), low.tolist(), high.tolist(), strict=True)
    for i, (one, (x1, y1), (x2, y2)) in enumerate(each):
        part = masks[one, y1:y2, x1:x2].to(boxes.dtype)
        targets[i] = down[i, :, y1:y2] @ part @ across[i, :, x1:x2].T
    return targets


def shares(low, high, length: int):
    """Return what share of each bin of [low, high) (R,) each of ``length`` pixels is: (R, M, length)."""
    edges = low[:, None] + (high - low)[:, None] * torch.arange(SIZE + 1) / SIZE
    pixels = torch.arange(length)
    shared = torch.minimum(edges[:, 1:, None], pixels + 1) - torch.maximum(edges[:, :-1, None], pixels)
    return shared.clamp(min=0) / (edges[:, 1:] - edges[:, :-1])[:, :, None]


def paste(masks, boxes, size):
    """Return masks (R, M, M), stretched over boxes (R, 4), in the pixels of an image (h, w): (R, 1, h, w)."""
    down, across = (stretch(boxes[:, axis], boxes[:, axis + 2], size[1 - axis]) for axis in (1, 0))
    return (down @ (masks @ across.transpose(1, 2)))[:, None]


def stretch(low, high, length: int):
    """Return the weight of each bin of [low, high) (R,) in each of ``length`` pixels, 0 outside: (R, length, M)."""
    low, high, centres = low[:, None], high[:, None], torch.arange(length) + 0.5
    at = ((centres - low) / (high - low) * SIZE - 0.5).clamp(0, SIZE - 1)
    inside = (centres >= low) & (centres < high)
    return (1 - (at[:, :, None] - torch.arange(SIZE)).abs()).clamp(min=0) * inside[:, :, None]
