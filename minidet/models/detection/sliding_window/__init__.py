"""The oldest detector: a classifier of crops, at every place and scale."""

from .sliding_window import SlidingWindowDetector

__all__ = ["SlidingWindowDetector"]
