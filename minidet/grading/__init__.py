"""Assignments: what students get, how they check themselves, and the grader."""

from .blanks import check_blank
from .public import checks

__all__ = ["check_blank", "checks"]
