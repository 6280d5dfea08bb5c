"""What came from outside, as an error message may show it: short, on one line, and harmless."""

_LIMIT = 60


def shown(value: object) -> str:
    """As YAML would write it: text in quotes, control characters escaped, cut at 60 characters."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > 10_000:  # str() refuses 4300 digits
        return f"a number of {value.bit_length() // 10 * 3:,} digits and more"
    return cut(repr(value))


def plain(text: str, limit: int = _LIMIT) -> str:
    """Text without quotes: control characters escaped, cut at `limit` characters."""
    return cut(text if text.isprintable() else repr(text)[1:-1], limit)


def path_shown(path: object) -> str:
    """A path: whoever reads the message wants to open it, so only an absurd one is cut."""
    return plain(str(path), limit=250)


def cut(text: str, limit: int = _LIMIT) -> str:
    return text if len(text) <= limit else text[: limit - 3] + "..."
