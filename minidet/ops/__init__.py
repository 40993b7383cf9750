"""The geometry of detection: boxes, anchors, what overlaps, matches and stays; features of regions."""

from .anchors import AnchorGenerator
from .boxes import box_area, box_iou, clip_boxes_to_image, generalized_box_iou, remove_small_boxes
from .coder import BoxCoder
from .convert import box_convert
from .masks import paste_masks_in_image
from .matcher import Matcher, bipartite_match
from .mining import hard_negative_mining
from .nms import batched_nms, nms, soft_nms
from .roi import roi_align, roi_pool
from .sampler import BalancedPositiveNegativeSampler
from .segments import felzenszwalb
from .selective_search import selective_search

__all__ = [
    "AnchorGenerator",
    "BalancedPositiveNegativeSampler",
    "BoxCoder",
    "Matcher",
    "batched_nms",
    "bipartite_match",
    "box_area",
    "box_convert",
    "box_iou",
    "clip_boxes_to_image",
    "felzenszwalb",
    "generalized_box_iou",
    "hard_negative_mining",
    "nms",
    "paste_masks_in_image",
    "remove_small_boxes",
    "roi_align",
    "roi_pool",
    "selective_search",
    "soft_nms",
]
