"""Files: untrusted ones read safely, new ones written whole, YAML with the line of each value."""
