"""The mark that our pictures carry, by which a file of our own is told from a user's."""

import zlib

NAME = "minigrad"
OWN = {
    b"Software\0minigrad": "picture",  # https://www.w3.org/TR/png-3/#11keywords
    b"<dc:title>minigrad</dc:title>": "picture",  # of matplotlib's metadata: who made the SVG
    b"<!-- drawn by minigrad -->": "picture",
}
"""By mark, what such a file is called."""

_AFTER_IHDR = 33  # bytes: the signature, and the first chunk of a PNG


def marked(content: bytes) -> bytes:
    """A picture that another program drew for us, PNG or SVG, with our mark."""
    if not content.startswith(b"\x89PNG"):
        return content.replace(b"<svg", b"<!-- drawn by minigrad -->\n<svg", 1)
    body = b"tEXt" + b"Software\0minigrad"
    length, checksum = (number.to_bytes(4, "big") for number in (len(body) - 4, zlib.crc32(body)))
    return content[:_AFTER_IHDR] + length + body + checksum + content[_AFTER_IHDR:]
