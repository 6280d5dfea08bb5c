"""Files: read without trust, written whole, and YAML 1.2 with the line of every value."""
