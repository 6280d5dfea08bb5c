"""Words on a screen: printable text, tables that fit, and what the commands share."""
