"""Several detectors on one data set, with one budget: trained or loaded, measured side by side, and said in words."""

from .entrants import Entrant, Plan, enter
from .record import compare

__all__ = ["Entrant", "Plan", "compare", "enter"]
