"""Training loops, for one seed and for many at once. No YAML, no files, no screen."""
