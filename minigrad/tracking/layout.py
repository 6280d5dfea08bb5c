"""The names of the files in a run's directory."""

from minigrad.training import seeds

RUN = "run.json"
CONFIG = "config.yaml"
METRICS = "metrics.jsonl"
OUTPUT = "output.log"
CHECKPOINT = "checkpoint.json"
PREVIOUS_CHECKPOINT = "checkpoint.previous.json"
SEEDS = seeds.FILE
LOSS_PICTURE = "loss.png"
BOUNDARY_PICTURE = "boundary.png"
SNAPSHOTS_PICTURE = "snapshots.png"
