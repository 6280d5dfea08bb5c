"""Pages of Markdown, block by block, and how a translation differs from its original."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ENGLISH_WORDS = {
    "the",
    "of",
    "and",
    "is",
    "are",
    "that",
    "this",
    "which",
    "with",
    "you",
    "your",
    "how",
}

_SIGNS = re.compile(r"\d+(?:\.\d+)?|[^\w\s.,;:]")


@dataclass(frozen=True)
class Block:
    """A heading ("##"), a paragraph (""), an item ("-" or "1."), a table's row ("|"), or code."""

    kind: str
    text: str

    @property
    def inline_code(self) -> Counter[str]:
        return Counter(re.findall(r"`([^`]+)`", self.text))

    @property
    def code(self) -> str:
        """What a translation of a code block must not change: all but the words of comments and of
        docstrings, and in formulas written as text the numbers and signs.
        """
        if self.text.startswith("```text") and ">>>" not in self.text:
            return "\n".join(" ".join(_SIGNS.findall(line)) for line in self.text.splitlines())
        return re.sub(r'(?<=  # ).*|(?<=""").*(?=""")', "", self.text)

    @property
    def links(self) -> list[str]:
        return re.findall(r"\]\(([^)]+)\)", self.text)

    @property
    def words(self) -> list[str]:
        """The words of prose, in lower case: without code and without the targets of links."""
        prose = re.sub(r"`[^`]+`|\]\([^)]+\)", " ", self.text)
        return re.findall(r"[^\W\d_]+", prose.lower())


def blocks(text: str) -> list[Block]:
    return list(_blocks(text.splitlines()))


def _blocks(lines: list[str]) -> Iterator[Block]:
    at = 0
    while at < len(lines):
        line, start = lines[at], at
        at += 1
        if line.startswith("```"):
            at = lines.index("```", at) + 1
            yield Block("code", "\n".join(lines[start:at]))
        elif line.startswith("    "):
            while at < len(lines) and lines[at].startswith("    "):
                at += 1
            yield Block("code", "\n".join(lines[start:at]))
        elif match := re.match(r"(#+) ", line):
            yield Block(match[1], line)
        elif line.startswith("|"):
            yield Block("|", line)
        elif line:
            while at < len(lines) and lines[at] and not _starts(lines[at]):
                at += 1
            item = re.match(r"-(?= )|\d+\.(?= )", line)
            yield Block(item[0] if item else "", " ".join(lines[start:at]))


def _starts(line: str) -> bool:
    """Whether a line begins a block of its own without an empty line before it."""
    return re.match(r"- |\d+\. |\||#+ |```", line) is not None


def differences(original: Path, translation: Path, root: Path) -> list[str]:
    """What keeps `translation` from being `original` in another language, a sentence for each.

    `root` holds the originals, and `root / "es"` the translations under the same names.
    """
    if not translation.exists():
        return [f"{translation} is missing"]
    ours = blocks(original.read_text(encoding="utf-8"))
    theirs = blocks(translation.read_text(encoding="utf-8"))
    for a, b in zip(ours, theirs, strict=False):  # the lengths are compared below
        if a.kind != b.kind or (a.kind == "code" and a.code != b.code):
            return [f"{translation}: {b.text[:60]!r} stands where {a.text[:60]!r} is in {original}"]
    if len(ours) != len(theirs):
        return [f"{translation} has {len(theirs)} blocks, {original} has {len(ours)}"]
    return [
        f"{translation}: {b.text[:60]!r}: {fault}"
        for a, b in zip(ours, theirs, strict=True)
        if a.kind != "code"
        for fault in _faults(a, b, original, translation, root)
    ]


def _faults(a: Block, b: Block, original: Path, translation: Path, root: Path) -> Iterator[str]:
    if a.inline_code != b.inline_code:
        change = [*(a.inline_code - b.inline_code), *(b.inline_code - a.inline_code)]
        yield f"other words in backquotes: {', '.join(change)}"
    expected = [_target(original, link, root) for link in a.links]
    links = [Path(os.path.normpath(translation.parent / link)) for link in b.links]
    if sorted(expected) != sorted(links):
        yield f"links to {', '.join(map(str, links)) or 'nothing'}"
    if len(a.words) >= 3 and a.words == b.words:
        yield "is not translated"
    elif english := [word for word in b.words if word in ENGLISH_WORDS]:
        yield f"has English words: {', '.join(english)}"


def _target(page: Path, link: str, root: Path) -> Path:
    """Where the translation of a page must lead: to the translation, where there is one."""
    target = Path(os.path.normpath(page.parent / link))
    translated = root / "es" / target.relative_to(root) if target.is_relative_to(root) else target
    return translated if translated.exists() else target
