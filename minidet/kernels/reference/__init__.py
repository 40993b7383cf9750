"""What each kernel computes, in plain NumPy: the specification, the tests' oracle, and what runs without numba."""
