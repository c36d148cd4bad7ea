"""Benchmarks: `python -m tests.benchmarks` measures the tap beside its peers, in one run."""
