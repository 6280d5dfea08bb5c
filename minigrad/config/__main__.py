"""The command: python -m minigrad.config > configs/schema.json

Prints the JSON Schema of a config file, with the names that a config may use.
"""

import json
import sys

from minigrad.config.models import schema
from minigrad.terminal.command import guard, print_lines


def main() -> int:
    """Run the command and give its exit code."""
    print_lines([json.dumps(schema(), indent=1, sort_keys=True)])
    return 0


if __name__ == "__main__":
    sys.exit(guard(main))
