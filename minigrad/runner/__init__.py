"""One config from its words to a finished run."""
