"""SSD and YOLO in plain PyTorch: minidet's layers, names and losses, with its defaults.

What torchvision has kernels for, it computes, or ``torch_ops``: ``batched_nms``. SSD mines and chooses what it answers
with as torchvision's own SSD does. minidet is not imported here.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from ..frameworks.torch_twin import twin
from .torch_rcnn import box_iou, clip, decode, encode, trunk

SCALES = (0.1, 0.2, 0.375, 0.55, 0.725, 0.9)  # of six maps
RATIOS = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))
WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # one over the variances
SLOPE = 0.1


class Maps(nn.Sequential):
    """MobileNet v1 of width 0.25, whose maps of strides 8, 16 and 32 are returned."""

    def __init__(self):
        whole = twin("models.backbones.mobilenetv1").MobileNetV1(0.25)
        super().__init__(OrderedDict(whole.named_children()))
        self.channels = {stride: whole.levels[stride][1] for stride in (8, 16, 32)}
        self.last = {whole.levels[stride][0]: stride for stride in self.channels}

    def forward(self, x):
        """Return ``{stride: map}``."""
        maps = {}
        for name, step in self.named_children():
            x = step(x)
            if name in self.last:
                maps[self.last[name]] = x
        return maps


def normalised(images):
    """Return what the backbone takes."""
    return (images - 128 / 255) / (128 / 255)


def sides_of_cells() -> list[torch.Tensor]:
    """Return widths and heights (A, 2) of a cell's boxes, for each map, as shares of the shorter side."""
    found, last = [], 2 * SCALES[-1] - SCALES[-2]
    for scale, after, ratios in zip(SCALES, (*SCALES[1:], last), RATIOS, strict=True):
        sides = [(scale, scale), (math.sqrt(scale * after),) * 2]
        for ratio in ratios:
            sides += [(scale * ratio**0.5, scale / ratio**0.5), (scale / ratio**0.5, scale * ratio**0.5)]
        found.append(torch.tensor(sides))
    return found


def default_boxes(maps, cells, size) -> torch.Tensor:
    """Return the boxes (A, 4) of an image, map by map, place by place."""
    found = []
    for (stride, x), cell in zip(maps.items(), cells, strict=True):
        y, x = torch.meshgrid(*((torch.arange(n) + 0.5) * stride for n in x.shape[2:]), indexing="ij")
        middle, half = torch.stack([x, y], -1)[:, :, None], cell * min(size) / 2
        found.append(torch.cat([middle - half, middle + half], -1).reshape(-1, 4))
    return torch.cat(found)


def match(overlap, threshold: float):
    """Return which object each box is to find, or -1, of overlaps (G, A)."""
    best, matched = overlap.max(0)
    matched[best <= threshold] = -1
    left = overlap.clone()
    for _ in range(len(left)):
        value, place = left.flatten().max(0)
        if value <= 0:
            break
        one, box = divmod(place.item(), left.shape[1])
        matched[box] = one
        left[one], left[:, box] = -1, -1
    return matched


def mined(losses, positive, ratio: float = 3.0):
    """Tell which background is learnt of losses (N, A), were all background: three times as many as positives."""
    order = losses.masked_fill(positive, -math.inf).argsort(1, descending=True)
    return (order.argsort(1) < ratio * positive.sum(1, keepdim=True)) & ~positive


class ExtraLayer(nn.Module):
    """Two convolutions; the second has stride 2."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, out_channels // 2, 1)
        self.halve = nn.Conv2d(out_channels // 2, out_channels, 3, 2, padding=1)

    def forward(self, x):
        """Return the next map."""
        return F.relu(self.halve(F.relu(self.squeeze(x))))


class L2Norm(nn.Module):
    """Channels of length one, times a weight."""

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), 20.0))

    def forward(self, x):
        """Return the map."""
        return x * (x.square().sum(1, keepdim=True) + 1e-10).rsqrt() * self.weight[:, None, None]


class SSD(nn.Module):
    """Maps of six strides, a head for each."""

    def __init__(self, classes: int, ops, extra_layers: int = 3, extra_channels: int = 128):
        super().__init__()
        self.classes, self.ops = classes, ops
        self.backbone = Maps()
        channels = list(self.backbone.channels.values())
        self.l2_norm = L2Norm(channels[0])
        widths = [channels[-1], *[extra_channels] * extra_layers]
        self.extra = nn.ModuleList([ExtraLayer(*pair) for pair in pairwise(widths)])
        self.cells, self.head = sides_of_cells(), nn.Module()
        pairs = [(c, len(cell)) for c, cell in zip(channels + widths[1:], self.cells, strict=True)]
        self.head.classification = nn.ModuleList([nn.Conv2d(c, a * classes, 3, padding=1) for c, a in pairs])
        self.head.regression = nn.ModuleList([nn.Conv2d(c, a * 4, 3, padding=1) for c, a in pairs])

    def says(self, images):
        """Return maps, scores (N, A, K) and codes (N, A, 4)."""
        maps = self.backbone(normalised(images))
        stride, x = next(reversed(maps.items()))
        for layer in self.extra:
            stride, x = 2 * stride, layer(x)
            maps[stride] = x
        finest = next(iter(maps))
        maps = {**maps, finest: self.l2_norm(maps[finest])}

        def flat(heads, numbers):
            said = [head(x) for head, x in zip(heads, maps.values(), strict=True)]
            return torch.cat([y.permute(0, 2, 3, 1).reshape(len(y), -1, numbers) for y in said], 1)

        return maps, flat(self.head.classification, self.classes), flat(self.head.regression, 4)

    def forward(self, images, targets=None):
        """Return losses in training, detections in evaluation."""
        size = tuple(images.shape[2:])
        maps, scores, codes = self.says(images)
        boxes = default_boxes(maps, self.cells, size)
        if self.training:
            return self.losses(scores, codes, boxes, targets)
        each = zip(scores.softmax(2), codes, strict=True)
        return [self.detections(p, clip(decode(c, boxes, WEIGHTS), size)) for p, c in each]

    def losses(self, scores, codes, boxes, truths):
        """Return both losses."""
        marks, found, goals = [], [], []
        for code, truth in zip(codes, truths, strict=True):
            matched = match(box_iou(truth["boxes"], boxes), 0.5)
            positive = torch.where(matched >= 0)[0]
            marks.append(torch.where(matched >= 0, truth["labels"][matched.clamp(min=0)], 0))
            found.append(code[positive])
            goals.append(encode(truth["boxes"][matched[positive]], boxes[positive], WEIGHTS))
        marks = torch.stack(marks)
        losses = F.cross_entropy(scores.flatten(0, 1), marks.flatten(), reduction="none").reshape(marks.shape)
        positive, count = marks > 0, sum(map(len, found))
        learnt = losses[positive].sum() + losses[mined(losses.detach(), positive)].sum()
        moved = F.smooth_l1_loss(torch.cat(found), torch.cat(goals), reduction="sum")
        return {"loss_classifier": learnt / count, "loss_box_reg": moved / count}

    def detections(self, probabilities, boxes):
        """Return what is seen in an image: of each class the best 400, then NMS, then the best 200."""
        found = []
        for label in range(1, self.classes):
            scores = probabilities[:, label]
            rows = torch.where(scores > 0.01)[0]
            scores, best = scores[rows].topk(min(400, len(rows)))
            found.append((boxes[rows[best]], scores, torch.full_like(best, label)))
        boxes, scores, labels = (torch.cat(parts) for parts in zip(*found, strict=True))
        return answer(boxes, scores, labels, 0.45, 200, self.ops)


def answer(boxes, scores, labels, threshold: float, count: int, ops) -> dict:
    """Return the best boxes after NMS of each class."""
    large = ((boxes[:, 2:] - boxes[:, :2]) >= 0.01).all(1)
    boxes, scores, labels = boxes[large], scores[large], labels[large]
    kept = ops.batched_nms(boxes, scores, labels, threshold)[:count]
    return {"boxes": boxes[kept], "labels": labels[kept], "scores": scores[kept]}


class YOLOHead(nn.Module):
    """Four convolutions, two fully connected layers."""

    def __init__(self, channels: int, outputs: int, grid: int, width: int = 512, hidden: int = 128):
        super().__init__()
        widths = [channels, *[hidden] * 4]
        self.convs = nn.ModuleList([nn.Conv2d(*widths[i : i + 2], 3, padding=1) for i in range(4)])
        self.dropout = nn.Dropout(0.5)
        self.fc1 = nn.Linear(hidden * grid * grid, width)
        self.last = nn.Linear(width, grid * grid * outputs)
        nn.init.normal_(self.last.weight, std=0.01)
        nn.init.zeros_(self.last.bias)

    def forward(self, x):
        """Return the numbers of all cells (N, S S outputs)."""
        for conv in self.convs:
            x = F.leaky_relu(conv(x), SLOPE)
        return self.last(self.dropout(F.leaky_relu(self.fc1(x.flatten(1)), SLOPE)))


class YOLOv1(nn.Module):
    """A grid of cells."""

    def __init__(self, classes: int, ops, grid: int = 7, boxes: int = 2):
        super().__init__()
        self.classes, self.ops, self.grid, self.boxes = classes, ops, grid, boxes
        self.backbone = trunk()
        self.head = YOLOHead(128, 5 * boxes + classes - 1, grid)

    def forward(self, images, targets=None):
        """Return losses in training, detections in evaluation."""
        height, width = images.shape[2:]
        cells = F.adaptive_avg_pool2d(self.backbone(normalised(images)), self.grid)
        said = self.head(cells).reshape(len(images), self.grid**2, -1)
        boxes = said[..., : 5 * self.boxes].reshape(*said.shape[:2], self.boxes, 5)
        boxes, sure, classes = boxes[..., :4], boxes[..., 4], said[..., 5 * self.boxes :]
        corners, sides = self.corners(boxes.detach()), images.new_tensor([width, height, width, height])
        if self.training:
            return self.losses(boxes, sure, classes, corners, [(t["boxes"] / sides, t["labels"]) for t in targets])
        scores = sure.clamp(0, 1)[..., None] * classes.clamp(0, 1)[:, :, None]  # (N, S S, B, C)
        each = zip(clip(corners * sides, (height, width)), scores, strict=True)
        return [self.detections(b.reshape(-1, 4), s.reshape(-1, self.classes - 1)) for b, s in each]

    def corners(self, boxes):
        """Return x1, y1, x2, y2, as shares of the image, of what is said of boxes (N, S S, B, 4)."""
        cell = torch.arange(self.grid**2)
        place = torch.stack([cell % self.grid, cell // self.grid], 1)[:, None]
        middle, half = (boxes[..., :2] + place) / self.grid, boxes[..., 2:].square() / 2
        return torch.cat([middle - half, middle + half], -1)

    def losses(self, boxes, sure, classes, corners, truths):
        """Return the five terms of equation 3."""
        rows, goals = [], []
        empty = torch.ones(sure.shape, dtype=torch.bool)
        for image, (truth, labels) in enumerate(truths):
            middle, side = (truth[:, :2] + truth[:, 2:]) / 2 * self.grid, truth[:, 2:] - truth[:, :2]
            place = middle.floor().long().clamp(0, self.grid - 1)
            largest_last = side.prod(1).argsort().tolist()
            cells = (place[:, 1] * self.grid + place[:, 0])[largest_last].tolist()
            owner = dict(zip(cells, largest_last, strict=True))  # the last of a cell stays
            cell, one = torch.tensor(list(owner)), list(owner.values())
            best, overlap = responsible(corners[image, cell], truth[one])
            empty[image, cell, best] = False
            rows.append(torch.stack([torch.full_like(cell, image), cell, best]))
            goals.append((overlap, middle[one] - place[one], side[one].sqrt(), labels[one] - 1))
        image, cell, best = torch.cat(rows, 1)
        overlap, xy, wh, labels = (torch.cat(parts) for parts in zip(*goals, strict=True))
        said, nothing, known = boxes[image, cell, best], sure[empty], F.one_hot(labels, self.classes - 1).float()
        terms = {
            "loss_xy": 5.0 * squares(said[:, :2], xy),
            "loss_wh": 5.0 * squares(said[:, 2:], wh),
            "loss_object": squares(sure[image, cell, best], overlap),
            "loss_no_object": 0.5 * squares(nothing, torch.zeros_like(nothing)),
            "loss_classifier": squares(classes[image, cell], known),
        }
        return {name: term / len(truths) for name, term in terms.items()}

    def detections(self, boxes, scores):
        """Return what is seen in an image."""
        rows, labels = torch.where(scores > 0.01)
        return answer(boxes[rows], scores[rows, labels], labels + 1, 0.5, 100, self.ops)


def responsible(boxes, truth):
    """Return which of a cell's boxes (G, B, 4) finds its object (G, 4), and its overlap with it."""
    shared = torch.minimum(boxes[..., 2:], truth[:, None, 2:]) - torch.maximum(boxes[..., :2], truth[:, None, :2])
    shared = shared.clamp(min=0).prod(2)
    areas = [(b[..., 2:] - b[..., :2]).prod(-1) for b in (boxes, truth[:, None])]
    overlap = shared / (areas[0] + areas[1] - shared)
    change = torch.stack([boxes[..., :2] + boxes[..., 2:], 2 * (boxes[..., 2:] - boxes[..., :2])], -1).flatten(2)
    goal = torch.stack([truth[:, :2] + truth[:, 2:], 2 * (truth[:, 2:] - truth[:, :2])], -1).flatten(1)
    apart = (change - goal[:, None]).square().sum(2)
    best, index = overlap.max(1)
    index = torch.where(best > 0, index, apart.argmin(1))
    return index, best


def squares(said, true):
    """Return the sum of squared differences."""
    return F.mse_loss(said, true, reduction="sum")
