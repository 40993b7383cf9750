"""Assignments: what students get, how they check themselves, and the grader."""

from .public import checks

__all__ = ["checks"]
