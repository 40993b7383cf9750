"""YOLO: You Only Look Once. Unified, Real-Time Object Detection.

Redmon, Divvala, Girshick, Farhadi. CVPR 2016, arXiv:1506.02640. Figures 2 and 3:

    image -- backbone -- S x S cells -- four 3 x 3 convolutions -- fully connected -- fully connected
                                                                                           |
                            S x S x (5 B + C):  of each cell, B boxes x, y, w, h with a confidence, and C classes
                                                                                           |
                                           confidence x class probability -- NMS of each class --> detections

There are no anchors and no proposals: a cell says boxes outright. x and y are places in the cell, from 0 to 1; w and h
are shares of the image, and the network says their square roots; all outputs are linear (section 2.2). The cell that
holds an object's centre is to find it; of its B predictors the one whose box has the highest IoU with the object now is
responsible for it. Which object a cell has is told in ``yolo_grid.py``.

Deviations from the paper
-------------------------
- Any backbone, and an image of any size: the map is averaged to S x S cells first (the paper's network makes 7 x 7 of
  448 x 448 pixels, with a stride of 2 in one of its four convolutions). Layers are narrower; the paper's last ones have
  1024 channels and 4096 units: ``conv_channels=1024, width=4096``.
- ``width=None`` puts a 1 x 1 convolution in the place of the fully connected layers: these learn each cell by itself,
  which takes many pictures; a convolution learns all cells at once.
- An output beyond [0, 1] is no probability: confidences and classes are cut off there when boxes are scored.
- Of several objects in one cell the largest is learnt; the paper does not say, the authors' code takes one at random.
"""

from __future__ import annotations

import numpy as np

from .... import nn
from ....autograd import Tensor, cat, tensor
from ....errors import flag, integer, number
from ....nn import functional as F
from ....nn import init
from ..answers import best_boxes
from ..contract import Detector
from ..images import Batch
from ..trunk import build_trunk
from ..truth import Truth
from .yolo_grid import ignored_cells, owners

SLOPE = 0.1  # of the leaky ReLU below 0: equation 2


class YOLOHead(nn.Module):
    """The right part of figure 3: four convolutions and two fully connected layers.

    Parameters
    ----------
    in_channels, conv_channels, outputs : int
        C of the map, channels of the convolutions, numbers of each cell.
    width : int, optional
        Units of the first fully connected layer. None: a 1 x 1 convolution instead of both.
    grid : int
        S.
    dropout : float
        Before the last layer (section 2.2).
    """

    def __init__(self, in_channels: int, conv_channels: int, width: int | None, outputs: int, grid: int,
                 dropout: float):  # fmt: skip
        super().__init__()
        self.grid, self.outputs, self.width = grid, outputs, width
        widths = [in_channels, *[conv_channels] * 4]
        self.convs = nn.ModuleList([nn.Conv2d(*widths[i : i + 2], 3, padding=1) for i in range(4)])
        self.dropout = nn.Dropout(dropout)
        if width is None:
            self.last = nn.Conv2d(conv_channels, outputs, 1)
        else:
            self.fc1 = nn.Linear(conv_channels * grid * grid, width)
            self.last = nn.Linear(width, grid * grid * outputs)
        for layer in (*self.convs, *([] if width is None else [self.fc1])):
            init.kaiming_normal_(layer.weight, a=SLOPE)
            init.zeros_(layer.bias)
        init.normal_(self.last.weight, std=0.01)  # so that it begins by saying hardly anything
        init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map cells (N, C, S, S) to (N, S, S, outputs)."""
        for conv in self.convs:
            x = F.leaky_relu(conv(x), SLOPE)
        if self.width is None:
            return self.last(self.dropout(x)).permute(0, 2, 3, 1)
        x = self.dropout(F.leaky_relu(self.fc1(x.flatten(1)), SLOPE))
        return self.last(x).reshape(x.shape[0], self.grid, self.grid, self.outputs)


class YOLOv1(Detector):
    """The figure.

    Parameters
    ----------
    num_classes : int
        K, with the background: C of the paper is K - 1.
    backbone, pretrained, strides
        As in :func:`minidet.models.backbones.backbone`; the coarsest map is looked at, by default that of stride 16.
    grid, boxes_per_cell : int
        S and B.
    conv_channels, width, dropout
        Of the head; see :class:`YOLOHead`. With ``width=None`` all cells share the weights of the last layer.
    lambda_coord, lambda_noobj : float
        Weights of the boxes' terms, and of the confidences where nothing is (section 2.2).
    square_root : bool
        The network says square roots of widths and heights, so that a pixel matters more in a small box.
    score_thresh, nms_thresh, detections_per_img : float, float, int
        Detections below this score go; of two of a class with a higher IoU, the lower one; at most so many are kept.
    min_size, max_size : int, optional
        Scale images to these sides; see :class:`Detector`.
    """

    def __init__(self, num_classes: int, backbone="mobilenet_v1_025", pretrained=False, strides=None, *, grid: int = 7,
                 boxes_per_cell: int = 2, conv_channels: int = 128, width: int | None = 512, dropout: float = 0.5,
                 lambda_coord: float = 5.0, lambda_noobj: float = 0.5, square_root: bool = True,
                 score_thresh: float = 0.01, nms_thresh: float = 0.5, detections_per_img: int = 100,
                 min_size: int | None = None, max_size: int | None = None):  # fmt: skip
        super().__init__(num_classes, min_size, max_size)
        self.backbone = build_trunk("YOLOv1", backbone, pretrained, strides)
        self.grid = integer("YOLOv1", "grid", grid, 1, 256)
        self.boxes_per_cell = integer("YOLOv1", "boxes_per_cell", boxes_per_cell, 1, 256)
        self.lambda_coord = number("YOLOv1", "lambda_coord", lambda_coord, 0, 1e9)
        self.lambda_noobj = number("YOLOv1", "lambda_noobj", lambda_noobj, 0, 1e9)
        self.square_root = flag("YOLOv1", "square_root", square_root)
        self.score_thresh = number("YOLOv1", "score_thresh", score_thresh, 0, 1)
        self.nms_thresh = number("YOLOv1", "nms_thresh", nms_thresh, 0, 1)
        self.detections_per_img = integer("YOLOv1", "detections_per_img", detections_per_img, 1)
        conv_channels = integer("YOLOv1", "conv_channels", conv_channels, 1)
        width = None if width is None else integer("YOLOv1", "width", width, 1)
        self.stride = max(self.backbone.channels)
        outputs = 5 * self.boxes_per_cell + self.num_classes - 1
        self.head = YOLOHead(self.backbone.channels[self.stride], conv_channels, width, outputs, self.grid,
                             number("YOLOv1", "dropout", dropout, 0, 1))  # fmt: skip

    def says(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the network says: boxes (N, S, S, B, 4), confidences (N, S, S, B), classes (N, S, S, C)."""
        cells = self.cells(self.features(batch.images)[self.stride], batch.sizes)
        said = self.head(cells)
        boxes = said[..., : 5 * self.boxes_per_cell].reshape(*said.shape[:3], self.boxes_per_cell, 5)
        return boxes[..., :4], boxes[..., 4], said[..., 5 * self.boxes_per_cell :]

    def cells(self, x: Tensor, sizes) -> Tensor:
        """Average the part of a map (N, C, h, w) that shows each image to S x S cells: (N, C, S, S)."""
        parts = [tuple(-(-side // self.stride) for side in size) for size in sizes]
        if all(part == x.shape[2:] for part in parts):
            return F.adaptive_avg_pool2d(x, self.grid)
        return cat([F.adaptive_avg_pool2d(x[i : i + 1, :, :h, :w], self.grid) for i, (h, w) in enumerate(parts)], 0)

    def corners(self, boxes: np.ndarray) -> np.ndarray:
        """Return x1, y1, x2, y2, as shares of the image, of what the network says of boxes, (..., S, S, B, 4)."""
        row, column = np.meshgrid(np.arange(self.grid), np.arange(self.grid), indexing="ij")
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is told by who uses it
            middle = (boxes[..., :2] + np.stack([column, row], 2)[:, :, None].astype(boxes.dtype)) / self.grid
            half = (boxes[..., 2:] ** 2 if self.square_root else np.maximum(boxes[..., 2:], 0)) / 2
            return np.concatenate([middle - half, middle + half], -1)

    # training ----------------------------------------------------------------------------------------------------

    def losses(self, batch: Batch, truths: list[Truth], proposals=None) -> dict[str, Tensor]:
        """Return the five terms of equation 3, the means of the images."""
        return self.losses_of(*self.says(batch), batch.sizes, truths)

    def losses_of(self, boxes, confidence, classes, sizes, truths) -> dict[str, Tensor]:
        """Return the terms of what :meth:`says` said, of images of ``sizes`` (h, w)."""
        corners = self.corners(boxes.detach().numpy())
        learnt, empty = [], []
        for i, (size, truth) in enumerate(zip(sizes, truths, strict=True)):
            owner = owners(truth.boxes, size, self.grid)
            free = np.repeat(~ignored_cells(truth, size, self.grid)[..., None], self.boxes_per_cell, 2)
            for row, column in zip(*np.nonzero(owner >= 0), strict=True):
                number_ = owner[row, column]
                box = truth.boxes[number_] / np.array([size[1], size[0]] * 2)
                with np.errstate(over="ignore", invalid="ignore"):
                    best, iou = responsible(corners[i, row, column], box)
                learnt.append((i, row, column, best, truth.labels[number_] - 1, iou, *self.codes(box, row, column)))
                free[row, column, best] = False
            empty.append(free)
        columns = np.array(learnt, np.float64).reshape(-1, 10).T
        cell, j, label = tuple(columns[:3].astype(int)), columns[3].astype(int), columns[4].astype(int)
        iou, xy, wh = (tensor(part.astype(boxes.dtype)) for part in (columns[5], columns[6:8].T, columns[8:].T))
        one_hot = tensor(np.eye(self.num_classes - 1, dtype=boxes.dtype)[label])
        said, nothing = boxes[(*cell, j)], confidence[np.nonzero(np.stack(empty))]
        terms = {
            "loss_xy": self.lambda_coord * squares(said[:, :2], xy),
            "loss_wh": self.lambda_coord * squares(said[:, 2:], wh),
            "loss_object": squares(confidence[(*cell, j)], iou),
            "loss_no_object": self.lambda_noobj * squares(nothing, nothing.detach() * 0),
            "loss_classifier": squares(classes[cell], one_hot),
        }
        return {name: term / len(truths) for name, term in terms.items()}

    def codes(self, box: np.ndarray, row: int, column: int) -> tuple[float, float, float, float]:
        """Return what the cell is to say of a box, given in shares of the image: x, y, and w, h or their roots."""
        x1, y1, x2, y2 = box
        w, h = (x2 - x1) ** (0.5 if self.square_root else 1), (y2 - y1) ** (0.5 if self.square_root else 1)
        return (x1 + x2) / 2 * self.grid - column, (y1 + y2) / 2 * self.grid - row, w, h

    # detection ---------------------------------------------------------------------------------------------------

    def detections(self, batch: Batch, proposals=None, all_scores: bool = False) -> list[dict[str, Tensor]]:
        """Return what is seen in each image; of all scores, the background's is 1 less the best of the others."""
        boxes, confidence, classes = (value.detach().numpy() for value in self.says(batch))
        scores = np.clip(confidence, 0, 1)[..., None] * np.clip(classes, 0, 1)[..., None, :]  # (N, S, S, B, C)
        scores = np.concatenate([1 - scores.max(-1, keepdims=True), scores], -1)
        (height, width), dtype = batch.sizes[0], boxes.dtype
        corners = self.corners(boxes) * np.array([width, height] * 2, dtype)
        return [
            best_boxes(corners[i].reshape(-1, 4), scores[i].reshape(-1, self.num_classes), (height, width),
                       score_thresh=self.score_thresh, nms_thresh=self.nms_thresh,
                       detections_per_img=self.detections_per_img, all_scores=all_scores)
            for i in range(len(batch))
        ]  # fmt: skip


def responsible(boxes: np.ndarray, box: np.ndarray) -> tuple[int, float]:
    """Return which of a cell's boxes (B, 4) is responsible for an object's box (4,), and its IoU with it.

    The one of the highest IoU; of several, or where none touches the object, the one whose middle, width and height
    are closest (root of the mean square); of equal ones, the first.
    """
    boxes = boxes.astype(np.float64)
    sides = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0, None)
    shared = sides.prod(1)
    union = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod() - shared
    iou = shared / np.where(union == 0, 1, union)
    apart = (((centre_and_size(boxes) - centre_and_size(box[None])) ** 2).mean(1)) ** 0.5
    best = int(np.lexsort((apart, -iou))[0])
    return best, float(iou[best])


def centre_and_size(boxes: np.ndarray) -> np.ndarray:
    """Return (x, y, w, h) of boxes (R, 4)."""
    return np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], 1)


def squares(said: Tensor, true: Tensor) -> Tensor:
    """Return the sum of squared differences."""
    return F.mse_loss(said, true, reduction="sum")
