"""The names of the files in a run's directory."""

from minigrad.files import yaml12
from minigrad.training import seeds

RUN = "run.json"
CONFIG = "config.yaml"
METRICS = "metrics.jsonl"
OUTPUT = "output.log"
CHECKPOINT = "checkpoint.json"
PREVIOUS_CHECKPOINT = "checkpoint.previous.json"
SEEDS = seeds.FILE
"""The numbers of each seed, in a run of many."""
TEST = "test.json"
"""How good the model is on the part that was held apart from training."""
LOSS_PICTURE = "loss.png"
BOUNDARY_PICTURE = "boundary.png"
SNAPSHOTS_PICTURE = "snapshots.png"
CONFUSION_PICTURE = "confusion.png"
FIT_PICTURE = "fit.png"
PICTURES = (LOSS_PICTURE, BOUNDARY_PICTURE, SNAPSHOTS_PICTURE, CONFUSION_PICTURE, FIT_PICTURE)

MAX_BYTES = {
    RUN: 10_000_000,
    CONFIG: yaml12.MAX_BYTES,
    METRICS: 256_000_000,
    CHECKPOINT: 256_000_000,
    PREVIOUS_CHECKPOINT: 256_000_000,
    TEST: 10_000_000,
    SEEDS: 256_000_000,
    **dict.fromkeys(PICTURES, 50_000_000),
}
"""A larger file is not read: it is none that a run left, and would fill the memory."""
