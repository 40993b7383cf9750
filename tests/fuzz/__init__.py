"""Random calls of every public operation, compared with NumPy and PyTorch: ``python -m tests.fuzz --help``."""
