"""From YAML and overrides to a Config in which every value has been validated."""

from minigrad.config.models import Config, ConfigError, config_class, schema
from minigrad.config.source import load

__all__ = ["Config", "ConfigError", "config_class", "load", "schema"]
