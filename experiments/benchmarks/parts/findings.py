"""All that was found, and its JSON: what the tables are made from."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from experiments.benchmarks.parts.rows import Row, Section
from experiments.benchmarks.parts.surroundings import Surroundings


@dataclass(frozen=True)
class Findings:
    """Sections, and where they were measured."""

    surroundings: Surroundings
    sections: list[Section]

    @property
    def rows(self) -> list[Row]:
        return [row for section in self.sections for row in section.rows]

    def to_json(self) -> dict[str, Any]:
        """`rows` is flat, each with its question and its verdict; the rest of a section follows."""
        rows = [
            {"question": section.question, **asdict(row), "verdict": row.verdict}
            for section in self.sections
            for row in section.rows
        ]
        sections = [{**asdict(section), "rows": len(section.rows)} for section in self.sections]
        return {"surroundings": asdict(self.surroundings), "rows": rows, "sections": sections}

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Findings":
        rows: dict[str, list[Row]] = {}
        for each in data["rows"]:
            fields = {key: each[key] for key in Row.__match_args__}
            rows.setdefault(each["question"], []).append(Row(**fields))
        sections = [
            Section(**{**section, "rows": rows.get(section["question"], [])})
            for section in data["sections"]
        ]
        return Findings(Surroundings(**data["surroundings"]), sections)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.to_json(), indent=1) + "\n", encoding="utf-8")

    @staticmethod
    def load(path: Path) -> "Findings":
        return Findings.from_json(json.loads(path.read_text(encoding="utf-8")))
