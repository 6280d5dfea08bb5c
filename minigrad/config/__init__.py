"""From YAML and overrides to a Config in which every value has been validated."""

import minigrad.neighbours  # noqa: F401 - says which file hides nn or optim
from minigrad.config.models import Config, ConfigError, config_class, schema
from minigrad.config.source import load

__all__ = ["Config", "ConfigError", "config_class", "load", "schema"]
