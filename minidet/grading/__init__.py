"""The grader: not written yet."""
