"""Vector instructions that numba does not write by itself: the only files that speak LLVM."""
