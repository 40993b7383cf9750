"""Classification and localisation: what is in the picture, and where; one object a picture.

Sermanet, Eigen, Zhang, Mathieu, Fergus, LeCun. OverFeat: Integrated Recognition, Localization and Detection using
Convolutional Networks. ICLR 2014, arXiv:1312.6229, section 4: a trunk that was trained to classify, then a second head,
which regresses the edges of a box.

                                       +-- mean ----------------------------------- linear -- a score for each class
    image -- trunk (any backbone) -- map
                                       +-- 1 x 1 conv, ReLU -- G x G cells, ReLU -- linear -- the box's four edges

The loss is that of both tasks, ``loss_classifier + box_weight * box loss``: classes and numbers. A box
``(x1, y1, x2, y2)`` in pixels of a picture of W x H is learnt as

    t = (x1 / W, y1 / H, x2 / W, y2 / H),    and read back as    (t1 W, t2 H, t3 W, t4 H)

so that all four lie in [0, 1] whatever the picture's size. The box loss of a picture is the sum over its four edges of
a distance between t and what the head says. What is read back is put in order (x1 <= x2) and clipped to the picture.

The box head has one box for all classes, or one for each: then only the true class's is learnt from a picture, and the
likeliest class's is the answer (section 4.4; there, one for all had an error of 31 %, one for each of 44 %).

Deviations from the paper
-------------------------
- One box a picture: no grid of windows, no image pyramid, and so no merging of boxes (section 4.3).
- Both heads learn at once, and the trunk with them unless it is frozen; the paper's trunk stays as it was trained.
- The heads are smaller: no fully connected layers of 4096 and 1024 units. The map is brought to G x G cells by means.
- Softmax and squares are the paper's losses; hinge and sigmoid, absolute and smooth distances stand beside them.
"""

from __future__ import annotations

import numpy as np

from .. import nn
from ..autograd import Tensor, cat, maximum, minimum, stack, tensor
from ..autograd.as_array import as_array
from ..autograd.from_data import read_tensor
from ..errors import bad_argument, check_choice, check_index_range, check_integer, check_rank, flag, integer, number
from ..nn import functional as F
from ..nn import init
from ..ops.boxes import checked_boxes
from .backbones import backbone as build_backbone
from .backbones.contract import check_images

CLASS_LOSSES = ("cross_entropy", "bce", "hinge")
BOX_LOSSES = ("l2", "l1", "smooth_l1")
MIDDLE = (0.25, 0.25, 0.75, 0.75)  # what the box head says before it has learnt anything


class BoxHead(nn.Module):
    """The lower row of the figure: maps (N, C, h, w) to edges (N, B, 4), of B boxes a picture, in shares of its sides.

    Parameters
    ----------
    in_channels : int
        C.
    boxes : int
        B.
    width : int
        Channels of the convolution.
    grid : int
        G, cells in a row and in a column. A mean over the whole map would not know where anything is.
    """

    def __init__(self, in_channels: int, boxes: int, width: int = 64, grid: int = 4):
        super().__init__()
        self.grid = integer("BoxHead", "grid", grid, 1)
        self.conv = nn.Conv2d(in_channels, width, 1)
        self.edges = nn.Linear(width * grid * grid, 4 * boxes)
        init.kaiming_normal_(self.conv.weight, nonlinearity="relu")
        init.zeros_(self.conv.bias)
        init.zeros_(self.edges.weight)
        self.edges.bias._write_array()[...] = np.tile(MIDDLE, boxes)

    def forward(self, x):
        """Return (N, B, 4)."""
        cells = F.adaptive_avg_pool2d(F.relu(self.conv(x)), self.grid)  # (N, width, G, G)
        return self.edges(cells.flatten(1)).reshape(len(x), -1, 4)


class Localizer(nn.Module):
    """One trunk, two heads: the class of a picture's only object, and its box.

    Parameters
    ----------
    num_classes : int
        K, at least 2: the background counts, as it does for detectors, and is never an answer.
    backbone : str or Module
        The trunk, as for :func:`minidet.models.backbones.backbone`.
    pretrained : bool or dict
        Start from the trunk's published weights.
    stride : int, optional
        Which of the trunk's maps the heads look at; the coarsest by default.
    class_specific : bool
        A box for each class; else one for all.
    class_loss : {"cross_entropy", "bce", "hinge"}
        Softmax; a sigmoid for each class, summed over classes; or ``F.multi_margin_loss``.
    box_loss : {"l2", "l1", "smooth_l1"}
        Of each edge: ``d^2``, ``|d|``, or ``F.smooth_l1_loss``, a parabola up to ``beta``.
    box_weight : float
        The box loss counts this much beside the class loss.
    beta : float
        Of ``smooth_l1``, as a share of the picture's side.
    width, grid : int
        As in :class:`BoxHead`.

    Attributes
    ----------
    backbone : Module
        ``model.backbone.freeze()`` keeps it as it is, ``unfreeze()`` lets it be fine-tuned.
    """

    def __init__(self, num_classes: int, backbone="mobilenet_v1_025", pretrained=False, stride: int | None = None, *,
                 class_specific: bool = False, class_loss: str = "cross_entropy", box_loss: str = "l2",
                 box_weight: float = 10.0, beta: float = 0.1, width: int = 64, grid: int = 4):  # fmt: skip
        super().__init__()
        op = type(self).__name__
        self.num_classes = integer(op, "num_classes", num_classes, 2)
        check_choice(op, "class_loss", class_loss, CLASS_LOSSES)
        check_choice(op, "box_loss", box_loss, BOX_LOSSES)
        self.class_loss, self.box_loss = class_loss, box_loss
        self.class_specific = flag(op, "class_specific", class_specific)
        self.box_weight, self.beta = number(op, "box_weight", box_weight, 0), number(op, "beta", beta, 0)
        self.backbone = build_backbone(backbone, None if stride is None else (stride,), pretrained)
        self.stride = max(self.backbone.channels)
        channels, objects = self.backbone.channels[self.stride], num_classes - 1
        self.classifier = nn.Linear(channels, objects)
        init.normal_(self.classifier.weight, std=0.01)  # all scores near 0: the loss starts near log(K - 1)
        init.zeros_(self.classifier.bias)
        self.box_head = BoxHead(channels, objects if class_specific else 1, width, grid)

    def forward(self, images, targets=None):
        """Return the losses in training; in evaluation what is seen in each picture.

        Parameters
        ----------
        images : Tensor, or list of Tensor
            (N, 3, H, W), or N times (3, H, W), in [0, 1]. In evaluation, their sizes may differ.
        targets : list of dict
            For training: ``"boxes"`` (M, 4) and ``"labels"`` (M,) in 1 .. K - 1 of each picture, M at most 1. Pictures
            without an object, or whose box has no area, teach nothing: without any other, both losses are 0.

        Returns
        -------
        dict of str to Tensor, or list of dict
            ``"loss_classifier"`` and ``"loss_box_reg"`` (with its weight), scalars: means over pictures with an object.
            Or for each picture ``"boxes"`` (1, 4), ``"labels"`` (1,), ``"scores"`` (1,): the likeliest class's
            probability; its score as it is with the hinge loss, which knows no probabilities.
        """
        images, sizes = self._checked_images(images)
        if not self.training:
            outputs = [self.heads(batch) for batch in images]
            return self._answers(cat([o[0] for o in outputs], 0), cat([o[1] for o in outputs], 0), sizes)
        rows, edges, labels = self._checked_targets(targets, sizes)
        scores, boxes = self.heads(images[0])
        return self._losses(scores[rows], boxes[rows], edges.astype(scores.dtype), labels)

    def heads(self, images):
        """Map images (N, 3, H, W) to scores (N, K - 1), logits, and edges (N, B, 4) in shares of the sides."""
        x = self.backbone(images)[self.stride]  # (N, C, h, w)
        return self.classifier(x.mean((2, 3))), self.box_head(x)

    def _losses(self, scores, boxes, edges: np.ndarray, labels: np.ndarray) -> dict[str, Tensor]:
        """Return the losses of pictures that have an object: (M, K - 1), (M, B, 4), (M, 4), (M,) counted from 0."""
        count = max(len(labels), 1)
        if self.class_loss == "cross_entropy":
            classes = F.cross_entropy(scores, tensor(labels), reduction="sum")
        elif self.class_loss == "bce":
            one_hot = (labels[:, None] == np.arange(scores.shape[1])).astype(scores.dtype)
            classes = F.binary_cross_entropy_with_logits(scores, tensor(one_hot), reduction="sum")
        else:
            classes = F.multi_margin_loss(scores, tensor(labels), reduction="sum")
        found, edges = self._box_of(boxes, labels), tensor(edges)
        if self.box_loss == "smooth_l1":
            wrong = F.smooth_l1_loss(found, edges, reduction="sum", beta=self.beta)
        else:
            wrong = (F.mse_loss if self.box_loss == "l2" else F.l1_loss)(found, edges, reduction="sum")
        return {"loss_classifier": classes / count, "loss_box_reg": wrong * (self.box_weight / count)}

    def _box_of(self, boxes, labels: np.ndarray) -> Tensor:
        """Choose the boxes of these classes, counted from 0: (M, B, 4) to (M, 4)."""
        return boxes[np.arange(len(labels)), labels if self.class_specific else np.zeros_like(labels)]

    def _answers(self, scores, boxes, sizes) -> list[dict[str, Tensor]]:
        best = scores.detach().numpy().argmax(1)  # (N,)
        if self.class_loss == "cross_entropy":
            scores = F.softmax(scores, 1)
        elif self.class_loss == "bce":
            scores = scores.sigmoid()
        edges = self._box_of(boxes, best)  # (N, 4)
        first, second = minimum(edges[:, :2], edges[:, 2:]), maximum(edges[:, :2], edges[:, 2:])
        edges = cat([first, second], 1).clamp(0, 1)
        answers = []
        for i, (height, width) in enumerate(sizes):
            pixels = edges[i : i + 1] * tensor(np.array([width, height] * 2, edges.dtype))
            label = tensor(best[i : i + 1] + 1)
            answers.append({"boxes": pixels, "labels": label, "scores": scores[i : i + 1, int(best[i])]})
        return answers

    def _checked_images(self, images) -> tuple[list[Tensor], list[tuple[int, int]]]:
        """Return batches, one of all images where they have one size, and each image's (H, W)."""
        op = type(self).__name__
        if not isinstance(images, (list, tuple)):
            images = check_images(op, images)
            return [images], [images.shape[2:]] * len(images)
        if not images:
            raise bad_argument(op, "images", "is empty", "at least one image")
        images = [read_tensor(op, "images", image) for image in images]
        for image in images:
            check_rank(op, "images", image, 3, letters="(3, H, W)")
        sizes = [image.shape[1:] for image in images]
        if len(set(sizes)) == 1:
            return [check_images(op, stack(images, 0))], sizes
        if self.training:
            why = "a batch is one array; resize first, as minidet.data.transforms.Resize does"
            raise bad_argument(op, "images", f"has sizes {sizes[0]}, {next(s for s in sizes if s != sizes[0])}",
                               "one size in training", why)  # fmt: skip
        return [check_images(op, image[None]) for image in images], sizes

    def _checked_targets(self, targets, sizes):
        """Return which pictures have an object, its edges (M, 4) in shares of the picture's sides, labels from 0."""
        op = type(self).__name__
        if not isinstance(targets, (list, tuple)) or len(targets) != len(sizes):
            was = f"has {len(targets)} entries" if isinstance(targets, (list, tuple)) else f"is {targets!r:.40}"
            raise bad_argument(op, "targets", was, f"a list of {len(sizes)} dicts, one for each image")
        rows, edges, classes = [], [], []
        for i, (target, (height, width)) in enumerate(zip(targets, sizes, strict=True)):
            boxes, labels = checked_target(op, target, self.num_classes)
            if len(boxes) and (boxes[0, 2:] > boxes[0, :2]).all():
                rows.append(i)
                edges.append(boxes[0] / [width, height, width, height])
                classes.append(labels[0] - 1)
        return np.array(rows, np.int64), np.array(edges, np.float64).reshape(-1, 4), np.array(classes, np.int64)


def checked_target(op: str, target, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes float64 (M, 4) and labels int64 (M,) of a picture, M at most 1, or raise."""
    if not isinstance(target, dict) or not {"boxes", "labels"} <= target.keys():
        was = f"has {', '.join(map(str, target))}" if isinstance(target, dict) else f"is a {type(target).__name__}"
        raise bad_argument(op, "a target", was, "a dict with boxes and labels", error=TypeError)
    boxes = as_array(op, "boxes", target["boxes"], "iuf")
    boxes = checked_boxes(op, "boxes", boxes.reshape(0, 4) if boxes.size == 0 else boxes).detach().numpy()
    labels = as_array(op, "labels", target["labels"])
    labels = labels.astype(np.int64) if labels.size == 0 else labels
    check_integer(op, "labels", labels)
    if labels.shape != (len(boxes),):
        raise bad_argument(op, "labels", f"has shape {labels.shape}", f"({len(boxes)},), one for each box")
    if len(boxes) > 1:
        why = "a picture has one object here; minidet.data.LargestObject chooses one"
        raise bad_argument(op, "boxes", f"has shape {boxes.shape}", "at most one box", why)
    check_index_range(op, "labels", labels, 1, num_classes, "0 is the background")
    return boxes.astype(np.float64), labels.astype(np.int64)
