"""What each kernel computes, in plain NumPy: the specification, the tests' oracle, and what runs where numba is absent."""
