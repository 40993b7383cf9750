"""What happens inside detectors, stage by stage: the pages of ``minidet explain``, one file for each figure."""

from .detector_stages import detector_stages
from .rcnn_stages import rcnn_stages
from .window_stages import window_stages

__all__ = ["detector_stages", "rcnn_stages", "window_stages"]
