"""Every detector in a small size, on a very small backbone; pictures of spots to find."""

import numpy as np

import minidet
from minidet import nn
from minidet.models.detection import RCNN, SSD, FasterRCNN, FastRCNN, MaskRCNN, SlidingWindowDetector, YOLOv1
from minidet.nn import functional as F

NOTHING = {"boxes": np.zeros((0, 4), np.float32), "labels": np.zeros(0, np.int64)}
FINE, COARSE = ((10, 16), (24, 36))


class Trunk(nn.Module):
    """A backbone of strides 8 and 16, equally many channels each."""

    def __init__(self, channels=8, strides=(8, 16)):
        super().__init__()
        self.channels = dict.fromkeys(strides, channels)
        self.conv = nn.Conv2d(3, channels, 7, 4, padding=3)
        self.bn = nn.BatchNorm2d(channels)
        self.deeper = nn.Conv2d(channels, channels, 3, 2, padding=1)
        if 16 in strides:
            self.deepest = nn.Conv2d(channels, channels, 3, 2, padding=1)

    def forward(self, images):
        x = F.relu(self.deeper(F.relu(self.bn(self.conv(images)))))
        return {16: F.relu(self.deepest(x)), 8: x} if 16 in self.channels else {8: x}  # in no order


class GridFastRCNN(FastRCNN):
    """Fast R-CNN whose proposals are a grid: to look for better ones takes longer than the rest."""

    def propose(self, images):
        return [grid(image.shape[1:]) for image in images]


class GridRCNN(RCNN):
    """R-CNN with the same proposals."""

    def propose(self, images):
        return [grid(image.shape[1:]) for image in images]


class FilledMaskRCNN(MaskRCNN):
    """Mask R-CNN whose objects fill their boxes, and have a joint in the middle and in a corner."""

    def prepared(self, images, targets=None, proposals=None, learns=False):
        if isinstance(targets, (list, tuple)):
            targets = [filled(image, target) for image, target in zip(images, targets, strict=False)] + list(
                targets[len(images) :]
            )
        return super().prepared(images, targets, proposals, learns)


def filled(image, target):
    """Give a target masks and joints, unless its boxes are none."""
    boxes = np.asarray(target["boxes"], np.float64) if "boxes" in target else np.zeros(0)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not np.isfinite(boxes).all():
        return target
    corner, middle = boxes[:, :2], (boxes[:, :2] + boxes[:, 2:]) / 2
    joints = np.pad(np.stack([middle, corner], 1), ((0, 0), (0, 0), (0, 1)), constant_values=1)
    return {**target, "masks": rectangles(boxes, image.shape[1:]), "keypoints": joints}


def rectangles(boxes, size):
    """Return the masks (N, H, W) of boxes that are filled."""
    rows, columns = np.arange(size[0])[:, None] + 0.5, np.arange(size[1]) + 0.5
    boxes = np.asarray(boxes)[:, :, None, None]
    return (columns >= boxes[:, 0]) & (columns < boxes[:, 2]) & (rows >= boxes[:, 1]) & (rows < boxes[:, 3])


def grid(size, sides=(16, 24)):
    """Return boxes (P, 4) of these sides, every 8 pixels."""
    boxes = [[x, y, x + side, y + side] for side in sides for y in range(0, size[0] - 7, 8)
             for x in range(0, size[1] - 7, 8)]  # fmt: skip
    return np.array(boxes, np.float32).reshape(-1, 4)


def faster(num_classes=3, trunk=None, **options):
    options = {"width": 16, "pool_size": 3, "anchor_sizes": (FINE, COARSE), "proposals": (60, 40), **options}
    return FasterRCNN(num_classes, Trunk() if trunk is None else trunk, **options)


def faster_one_map(num_classes=3, trunk=None, **options):
    trunk = Trunk(strides=(8,)) if trunk is None else trunk
    return faster(num_classes, trunk, **{"anchor_sizes": ((12, 20, 32),), "pooling": "pool", **options})


def mask(num_classes=3, trunk=None, **options):
    heads = {"mask_size": 8, "mask_layers": (8,), "num_keypoints": 2, "keypoint_size": 8, "keypoint_layers": (8,)}
    options = {"width": 16, "pool_size": 3, "anchor_sizes": (FINE, COARSE), "proposals": (60, 40), **heads, **options}
    return FilledMaskRCNN(num_classes, Trunk() if trunk is None else trunk, **options)


def fast(num_classes=3, trunk=None, **options):
    trunk = Trunk(strides=(8,)) if trunk is None else trunk
    return GridFastRCNN(num_classes, trunk, **{"width": 16, "pool_size": 3, **options})


def rcnn(num_classes=3, trunk=None, **options):
    """Build an R-CNN whose machines and regressors are drawn: an untrained one finds nothing."""
    trunk = Trunk(strides=(8,)) if trunk is None else trunk
    model = GridRCNN(num_classes, trunk, **{"crop_size": 24, "context": 4, "width": 16, "batch": (8, 24), **options})
    rng, objects = np.random.default_rng(1), num_classes - 1
    model.svms.set_all(rng.normal(size=(objects, 16)), np.zeros(objects), 1.0, np.ones(objects))
    for k in range(objects):
        model.regressors.set_class(k, rng.normal(0, 0.1, (4, model.network.cells)), np.zeros(4))
    return model


def sliding_window(num_classes=3, **options):
    return SlidingWindowDetector(
        num_classes, **{"window": 12, "widths": (8, 8), "kernels": (3, 4), "hidden": 16, **options}
    )


def ssd(num_classes=3, trunk=None, width=16, **options):
    options = {"extra_layers": 1, "extra_channels": width, "scales": (0.15, 0.25, 0.4), **options}
    return SSD(num_classes, Trunk() if trunk is None else trunk, **options)


def yolo(num_classes=3, trunk=None, **options):
    """Build a YOLO whose outputs are not near 0: an untrained one finds next to nothing."""
    options = {"grid": 4, "conv_channels": 8, "width": 16, "dropout": 0.0, **options}
    model = YOLOv1(num_classes, Trunk(strides=(8,)) if trunk is None else trunk, **options)
    nn.init.normal_(model.head.last.bias, 0.7, 0.1)
    return model


CASES = {"faster_rcnn": faster, "faster_rcnn, one map": faster_one_map, "faster_rcnn, masks": mask, "fast_rcnn": fast,
         "rcnn": rcnn, "sliding_window": sliding_window, "ssd": ssd, "yolo": yolo}  # fmt: skip

#: The losses of each.
BOXES = {"loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"}
LOSSES = {
    "faster_rcnn, masks": BOXES | {"loss_mask", "loss_keypoint"},
    "faster_rcnn": BOXES,
    "fast_rcnn": {"loss_classifier", "loss_box_reg"},
    "rcnn": {"loss_classifier"},
    "sliding_window": {"loss_classifier"},
    "ssd": {"loss_classifier", "loss_box_reg"},
    "yolo": {"loss_xy", "loss_wh", "loss_object", "loss_no_object", "loss_classifier"},
}
#: A layer that all images go through, and a weight of each.
LAYERS = {
    "faster_rcnn": ("backbone", "roi_heads.box_head.fc6.weight"),
    "fast_rcnn": ("backbone", "roi_heads.box_head.fc6.weight"),
    "rcnn": ("network.backbone", "network.fc7.weight"),
    "sliding_window": ("classifier.convs.0", "classifier.hidden.weight"),
    "ssd": ("backbone", "head.classification.0.weight"),
    "yolo": ("backbone", "head.fc1.weight"),
}
#: Which loss learns from images without objects; SSD's background is learnt beside objects only.
BACKGROUND = {"ssd": None, "yolo": "loss_no_object"}


def build(name, num_classes=3, **options):
    minidet.manual_seed(2)
    return CASES[name](num_classes, **options)


def spots(seed=0, count=2, size=(64, 64), objects=2):
    """Generate pictures of bright rectangles on dark ground, red ones of class 1 and green ones of class 2."""
    rng = np.random.default_rng(seed)
    images, targets = [], []
    for _ in range(count):
        image = rng.random((3, *size), dtype=np.float32) * np.float32(0.2)
        boxes, labels = [], []
        for i in range(objects):
            half = size[1] // objects
            w, h = rng.integers(14, min(half, 24)), rng.integers(14, 24)
            x, y = i * half + rng.integers(0, half - w + 1), rng.integers(0, size[0] - h + 1)
            label = int(rng.integers(1, 3))
            image[label - 1, y : y + h, x : x + w] = 1
            boxes.append([x, y, x + w, y + h])
            labels.append(label)
        images.append(image)
        targets.append({"boxes": np.array(boxes, np.float32), "labels": np.array(labels)})
    return images, targets


def total(losses):
    """Add up losses."""
    first, *rest = losses.values()
    for value in rest:
        first = first + value
    return first


def values(losses):
    """Return losses as floats."""
    return {name: loss.item() for name, loss in losses.items()}


def gradient(module):
    """Return the largest entry of the gradients of a module's parameters; 0 where there is none."""
    return max((np.abs(p.grad.numpy()).max(initial=0) for p in module.parameters() if p.grad is not None), default=0)
