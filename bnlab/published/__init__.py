"""The numbers that the notebooks print, and the code that computes them again. `bnlab verify` shows both side by side."""
