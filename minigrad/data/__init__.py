"""Datasets by name. Your own: a function that takes its settings and `rng` by keyword and gives
a Dataset, decorated with `@DATASETS.register`.
"""

from minigrad.data import csv_file, logic, regression, shapes
from minigrad.data.csv_file import DataError
from minigrad.data.dataset import DATASETS, Dataset, Standardizer, split

__all__ = [
    "DATASETS",
    "DataError",
    "Dataset",
    "Standardizer",
    "csv_file",
    "logic",
    "regression",
    "shapes",
    "split",
]
