"""The numbers that the notebooks print, and what computes each of them again; `bnlab verify` shows the two side by side."""
