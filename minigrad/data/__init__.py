"""Datasets by name. To add your own, decorate with `@DATASETS.register` a function that takes its
settings and `rng` by keyword and returns a Dataset.
"""

from minigrad.data import csv_file, logic, regression, shapes
from minigrad.data.csv_file import DataError
from minigrad.data.dataset import DATASETS, Dataset, Standardizer, constant_features, split

__all__ = [
    "DATASETS",
    "DataError",
    "Dataset",
    "Standardizer",
    "constant_features",
    "csv_file",
    "logic",
    "regression",
    "shapes",
    "split",
]
