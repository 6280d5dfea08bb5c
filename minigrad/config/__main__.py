"""The command: python -m minigrad.config > configs/schema.json

Prints the JSON Schema of a config file, with the names that a config may use.
"""

import json

from minigrad.config.models import schema

print(json.dumps(schema(), indent=1, sort_keys=True))
