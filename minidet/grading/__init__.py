"""Assignments: what students get, how they check themselves, and the grader."""

from .public.blanks import check_blank
from .public.check import checks

__all__ = ["check_blank", "checks"]
