"""The data sets: a registry of names, one module for each data set, and images embedded in the package.

Importing this needs no NumPy. The module of a data set is imported when that data set is asked for.
"""

from bnlab.data.dataset import Dataset
from bnlab.data.description import Description
from bnlab.data.folders import search_folders
from bnlab.data.registry import DATASETS, DEFAULT, DatasetEntry, describe, load, name_of, own_names

__all__ = [
    "DATASETS", "DEFAULT", "Dataset", "DatasetEntry", "Description", "describe", "load", "name_of", "own_names",
    "search_folders",
]  # fmt: skip
