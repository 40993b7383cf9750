"""How kernels are compiled, kept, entered and shared out among the threads."""
