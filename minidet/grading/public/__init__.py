"""Students' own checks, in a notebook or a terminal: what the grader would say, before it is asked."""
