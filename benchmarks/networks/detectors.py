"""The convolutions that detectors add to a backbone: pyramid, proposals, what is done with each region, YOLO, SSD.

Sizes are torchvision's where it has the part (COCO's 91 classes, 3 anchors per place).
"""

from __future__ import annotations

from .layers import At, Conv, Pool

STRIDES = (4, 8, 16, 32)
CLASSES = 91


def fpn(channels: int = 256) -> list:
    """Lin et al., CVPR 2017, figure 3, without the backbone (ResNet-50): a 1 x 1 and a 3 x 3 per map."""
    rows = []
    for stride, c in zip(STRIDES, (256, 512, 1024, 2048), strict=True):
        rows += [At(stride), Conv(c, channels, 1, aside=True), Conv(channels, channels, 3, aside=True)]
    return rows


def rpn(channels: int = 256, strides=(*STRIDES, 64), anchors: int = 3) -> list:
    """Ren et al., NeurIPS 2015, figure 3: one head, called on every map."""
    rows = []
    for stride in strides:
        rows += [At(stride), Conv(channels, channels, 3, aside=True)]
        rows += [Conv(channels, anchors, 1, aside=True), Conv(channels, 4 * anchors, 1, aside=True)]
    return rows


def rpn_vgg16() -> list:
    """The same on VGG16's last map: 512 channels, 9 anchors."""
    return rpn(512, (16,), 9)


def box_head() -> list:
    """Four 3 x 3 on 7 x 7 features of every region (Wu and He, ECCV 2018, section 5.2)."""
    return [Conv(256, 256, times=4, bias=False)]


def mask_head() -> list:
    """He et al., ICCV 2017, figure 4, right: four 3 x 3 on 14 x 14 features, a transposed 2 x 2, a 1 x 1."""
    return [Conv(256, 256, times=4), Conv(256, 256, 2, s=2, p=0, transposed=True), Conv(256, CLASSES, 1)]


def keypoint_head() -> list:
    """Section 5 of the same: eight 3 x 3 of 512 channels, and a transposed 4 x 4 to 17 maps."""
    return [Conv(256, 512), Conv(512, 512, times=7), Conv(512, 17, 4, s=2, p=1, transposed=True)]


def tiny_yolo() -> list:
    """Tiny YOLOv2 (Redmon and Farhadi, CVPR 2017; its published configuration): Pascal VOC, 5 anchors."""
    rows, channels = [], 3
    for filters in (16, 32, 64, 128, 256):
        rows += [Conv(channels, filters, bias=False, image=channels == 3), Pool()]
        channels = filters
    # its sixth pooling, of stride 1, keeps the size
    return [*rows, Conv(256, 512, bias=False), Conv(512, 1024, bias=False), Conv(1024, 1024, bias=False),
            Conv(1024, 125, 1)]  # fmt: skip


def yolo_head() -> list:
    """The last convolutions of YOLO (Redmon et al., CVPR 2016, figure 3), from stride 16 to the grid of boxes.

    An image of 224 x 224 has a grid of 7 x 7; a 1 x 1 with 2 boxes and 20 classes in place of the linear layers.
    """
    return [At(16), Conv(1024, 1024), Conv(1024, 1024, s=2), Conv(1024, 1024, times=2), Conv(1024, 30, 1)]


def ssd300() -> list:
    """Liu et al., ECCV 2016, figure 2, without VGG16: what follows conv5, and the heads on six maps."""

    def heads(c: int, anchors: int) -> list:
        return [Conv(c, anchors * 4, aside=True), Conv(c, anchors * CLASSES, aside=True)]

    rows = [At(8), *heads(512, 4), At(16), Conv(512, 1024, 3, d=6), Conv(1024, 1024, 1), *heads(1024, 6)]
    extras = [(1024, 256, 512, 2, 6), (512, 128, 256, 2, 6), (256, 128, 256, 1, 4), (256, 128, 256, 1, 4)]
    for c, squeezed, f, stride, anchors in extras:
        padding = 1 if stride == 2 else 0
        rows += [Conv(c, squeezed, 1), Conv(squeezed, f, 3, s=stride, p=padding), *heads(f, anchors)]
    return rows
