"""Detection beside other libraries: `python -m benchmarks detection`."""
