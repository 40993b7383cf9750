"""Detectors side by side: three figures, and the page that holds them."""

from .figures import draw_errors, draw_precision_recall, draw_speed
from .page import write_page
from .table import cells

__all__ = ["cells", "draw_errors", "draw_precision_recall", "draw_speed", "write_page"]
