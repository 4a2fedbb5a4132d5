"""bnlab: what batch normalization, layer normalization and dropout do to the training of neural nets.

Importing the package starts nothing and imports nothing heavy: the command line answers `--help` from here.
"""

__version__ = "0.1.0"
