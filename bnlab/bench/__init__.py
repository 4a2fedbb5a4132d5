"""Timings side by side with what users would pick instead. `parts.py` has the table of what `bnlab bench` measures."""
