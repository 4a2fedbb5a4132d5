"""Timings side by side with what users would pick instead. One module for each, run by `python -m bnlab.bench.MODULE`."""
