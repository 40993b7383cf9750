"""Every convolution of the networks that minidet is about, beside PyTorch: ``python -m benchmarks networks``."""
