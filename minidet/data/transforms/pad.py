"""Adding a border."""

from __future__ import annotations

from ...errors import bad_argument, integers
from ..targets import check_fill, check_ignore_index
from .geometry import pad


class Pad:
    """Add a border.

    Parameters
    ----------
    padding : int, (int, int) or (int, int, int, int)
        All sides; left/right and top/bottom; or left, top, right, bottom.
    fill : float or C floats
    ignore_index : int
        The ``"semantic"`` label of the border.
    """

    def __init__(self, padding, fill=0.0, ignore_index: int = -100):
        length = len(padding) if isinstance(padding, (tuple, list)) else 1
        if length not in (1, 2, 4):
            raise bad_argument("Pad", "padding", f"is {padding!r}", "1, 2 or 4 integers")
        padding = integers("Pad", "padding", padding, length)
        self.padding = padding * (4 // length)
        self.fill = check_fill("Pad", fill).ravel().tolist()
        self.ignore_index = check_ignore_index("Pad", ignore_index)

    def __call__(self, image, target, rng=None):
        """Return the new image and the new target."""
        return pad(image, target, self.padding, self.fill, self.ignore_index)
