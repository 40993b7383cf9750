"""The geometry of detection: boxes, what overlaps, what stays."""

from .boxes import box_area, box_iou, clip_boxes_to_image, generalized_box_iou, remove_small_boxes
from .convert import box_convert
from .nms import batched_nms, nms, soft_nms

__all__ = [
    "batched_nms",
    "box_area",
    "box_convert",
    "box_iou",
    "clip_boxes_to_image",
    "generalized_box_iou",
    "nms",
    "remove_small_boxes",
    "soft_nms",
]
