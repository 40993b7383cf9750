"""The three ways to write a box down."""

from __future__ import annotations

from ..autograd import Tensor, stack
from ..errors import check_choice
from .boxes import checked_boxes

#: What the four numbers of a box are: two corners, a corner and the size, or the centre and the size.
FORMATS = ("xyxy", "xywh", "cxcywh")


def box_convert(boxes, in_fmt: str, out_fmt: str) -> Tensor:
    """Write boxes in another format.

    ======== ==================================
    xyxy     x1, y1, x2, y2: two corners
    xywh     x1, y1, width, height
    cxcywh   centre x, centre y, width, height
    ======== ==================================

    Parameters
    ----------
    boxes : Tensor
        (N, 4). Integers become float32 where the centre is asked for or given, and are then halved as they should be;
        torchvision rounds them.
    in_fmt, out_fmt : {"xyxy", "xywh", "cxcywh"}

    Returns
    -------
    Tensor
        (N, 4), with a gradient for the boxes.

    Raises
    ------
    ValueError
        A box is NaN or infinite, or a format is none of these.
    """
    boxes = checked_boxes("box_convert", "boxes", boxes)
    check_choice("box_convert", "in_fmt", in_fmt, FORMATS)
    check_choice("box_convert", "out_fmt", out_fmt, FORMATS)
    if in_fmt == out_fmt:
        return boxes.clone()
    if boxes.dtype.kind != "f" and "cxcywh" in (in_fmt, out_fmt):
        boxes = boxes.to("float32")
    x, y, third, fourth = (boxes[:, i] for i in range(4))
    width, height = (third - x, fourth - y) if in_fmt == "xyxy" else (third, fourth)
    if in_fmt == "cxcywh":
        x, y = x - 0.5 * width, y - 0.5 * height
    if out_fmt == "xyxy":
        return stack([x, y, x + width, y + height], 1)
    if out_fmt == "cxcywh":
        x, y = x + 0.5 * width, y + 0.5 * height
    return stack([x, y, width, height], 1)
