"""The examples of the pages are in fenced blocks: a fence ends an output, as an empty line does."""

import doctest
import re
from typing import Any

_parse = doctest.DocTestParser.parse


def _parse_page(self: doctest.DocTestParser, string: str, name: str = "<string>") -> Any:
    return _parse(self, re.sub(r"(?m)^```.*$", "", string), name)


doctest.DocTestParser.parse = _parse_page  # type: ignore[method-assign]
