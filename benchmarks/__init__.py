"""Microbenchmarks of whole training steps: ``python -m benchmarks``."""
