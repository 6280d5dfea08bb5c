"""Text on a screen: printable text, tables that fit, and the parser that all commands share."""
