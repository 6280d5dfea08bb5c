"""Processes that coverage leaves alone: it slows them down, and writes a file of its own."""

import os


def environment() -> dict[str, str]:
    """Ours, but for what would make coverage measure a process of its own accord."""
    return {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE_")}
