"""The claims of the papers, repeated with small networks on generated data: ``python -m benchmarks.claims CHAPTER``."""
