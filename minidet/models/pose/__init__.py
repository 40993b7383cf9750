"""Where a person's joints are: by regression, in two stages, or as maps of where each joint may be."""

from .deeppose import DeepPose, DeepPoseCascade
from .heatmaps import HeatmapPose

__all__ = ["DeepPose", "DeepPoseCascade", "HeatmapPose"]
