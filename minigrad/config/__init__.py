"""YAML and overrides -> a Config whose every value is known to be right."""

from minigrad.config.models import Config, ConfigError, config_class, schema
from minigrad.config.source import load

__all__ = ["Config", "ConfigError", "config_class", "load", "schema"]
