"""Stores for the pages' tests: honest ones, and forty that would do harm."""

import json
import os
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.minigrad.tracking.written import config, write

IDS = [f"20261122T20150{i}Z-xor-aaa{i}" for i in range(3)]
GOOD = "20261122T201509Z-xor-good"

BOOM = "alert('ran'); fetch('http://127.0.0.1:9/leak')"
TEXTS = [
    f"<script>{BOOM}</script>",
    f'"><img src=x onerror="{BOOM}">',
    f"' onmouseover='{BOOM}' x='",
    f"</script><script>{BOOM}</script>",
    f'<svg onload="{BOOM}">',
    f"</title></style><script>{BOOM}</script>",
    f'<a href="javascript:{BOOM}">click</a>',
    "<iframe src='http://127.0.0.1:9/'></iframe><base href='http://127.0.0.1:9/'>",
    "<style>@import 'http://127.0.0.1:9/x.css'; body { display: none }</style>",
    "\x1b]0;owned\x07\x1b[31m\u202egnp.exe\u2066 \u0000 <!-- ",
    "`${alert(1)}` {{7*7}} %3Cscript%3E &lt;script&gt; <meta http-equiv=refresh content=0>",
]


def three_runs(store: Path, points: int) -> list[str]:
    """Three runs that differ in their optimizer; seed 1's spike is the highest of all."""
    for i, identity in enumerate(IDS):
        rng = random.Random(i)
        settings = config(optimizer={"name": ["sgd", "adam", "rmsprop"][i], "lr": 0.1 * (i + 1)})
        path = write(store, identity, settings, summary={"final_loss": [0.1, 12, 3][i], "steps": 9})
        with (path / "metrics.jsonl").open("w") as file:
            for step in range(points):
                row = {
                    "step": step,
                    "loss": 2.0**-i + rng.random() / 10,
                    "lr": 0.1,
                    "accuracy": 0.5,
                }
                row |= {"grad_norm": rng.random(), "val_loss": rng.random(), "time": step / 7}
                if (i, step) == (1, points // 3):
                    row["loss"] = 77.0
                file.write(json.dumps(row) + "\n")
    return IDS


def hostile_stores() -> Iterator[tuple[str, Callable[[Path], None]]]:
    """Each with a name, and a function that fills an empty directory; all have a good run too."""
    for i, text in enumerate(TEXTS):
        yield f"text-{i}-in-facts", partial(_in_facts, text=text)
        yield f"text-{i}-in-config-and-metrics", partial(_in_files, text=text)
        yield f"text-{i}-in-test-part", partial(_in_test_part, text=text)
    for i, name in enumerate(_ATTRIBUTES):
        yield f"attribute-{i}-as-metric", partial(_in_files, text=name)
    for i, name in enumerate(_NAMES):
        yield f"name-{i}", partial(_named, name=name)
    for make in (
        _links_out,
        _endless_line,
        _wrong_kinds,
        _deep,
        _not_text,
        _many_metrics,
        _pipes,
        _no_test_part,
    ):
        yield make.__name__.strip("_"), make


_ATTRIBUTES = [
    "onload",
    "x onfocus=alert(1) autofocus",
    '" onpointerover="alert(1)" x="',
    "__proto__",
    "constructor",
    "innerHTML",
]
_NAMES = [
    "..%2f..%2fetc",
    "%2e%2e",
    "a'onmouseover='alert(1)",
    '"><b>x',
    "javascript:alert(1)",
    "x?run=y&run=z#w",
    "run json",
    "-rf",
    "..hidden",
    "\udcff\udcfe",
    "\n<b>",
]


def _in_facts(store: Path, text: str) -> None:
    verdict = {"name": text, "met": False, "sentence": text}
    write(
        store,
        "20261122T201500Z-xor-evil",
        name=text,
        tags=[text, {"a": text}, 7],
        note=text,
        error=text,
        host=text,
        argv=[text],
        group=text,
        packages={text: text},
        summary={text: text, "final_loss": text, "steps": text},
        expectations=[verdict, text],
        verified={"identical": text, "sentence": text, "at": text},
    )


def _in_files(store: Path, text: str) -> None:
    clean = text.replace("\x1b", "").replace("\x07", "").replace("\x00", "").replace("\u202e", "")
    settings = config(name=clean, optimizer={"name": clean, "lr": clean, clean: clean})
    settings["data"] = {"name": clean}
    path = write(store, "20261122T201500Z-xor-evil", settings)
    rows = [{"step": i, text: i / 3, "loss": 0.1} for i in range(5)]
    (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _in_test_part(store: Path, text: str) -> None:
    path = write(store, "20261122T201500Z-xor-evil", summary={"test_loss": 0.1, "best_step": text})
    names = [text, f"{text} too"]
    test = {"rows": 3, "loss": text, text: text, "classes": names, "confusion": [[1, 0], [1, 1]]}
    test |= {"precision": {names[0]: text, names[1]: [text]}, "recall": {text: {text: text}}}
    (path / "test.json").write_text(json.dumps(test))


def _named(store: Path, name: str) -> None:
    path = write(store, "20261122T201500Z-xor-evil")
    os.rename(path, store / name)


def _links_out(store: Path) -> None:
    secret = store.parent / "secret"
    secret.mkdir()
    (secret / "run.json").write_text(json.dumps({"status": "finished", "note": "SECRET"}))
    (secret / "config.yaml").write_text("name: SECRET\n")
    (secret / "metrics.jsonl").write_text('{"step": 0, "SECRET": 1}\n')
    path = write(store, "20261122T201500Z-xor-evil")
    for name in ("run.json", "config.yaml", "metrics.jsonl"):
        (path / name).unlink()
        (path / name).symlink_to(secret / name)
    other = write(store, "20261122T201501Z-xor-evim")
    (other / "boundary.png").symlink_to(secret / "run.json")


def _endless_line(store: Path) -> None:
    path = write(store, "20261122T201500Z-xor-evil")
    with (path / "metrics.jsonl").open("w") as file:
        file.write('{"step": 0, "loss": 1' + "0" * 50_000_000)


def _wrong_kinds(store: Path) -> None:
    path = write(store, "20261122T201500Z-xor-evil")
    kinds = {"status": [1], "tags": "x", "summary": 7, "note": {}, "expectations": 3, "argv": {}}
    (path / "run.json").write_text(json.dumps(kinds))
    (path / "config.yaml").write_text("[1, 2]\n")
    lines = ["[]", "7", '{"step": -1e999}', '{"step": true}', '{"step": 1, "loss": "x"}', ""]
    (path / "metrics.jsonl").write_text("\n".join(lines))


def _deep(store: Path) -> None:
    path = write(store, "20261122T201500Z-xor-evil")
    (path / "run.json").write_text("[" * 100_000)
    (path / "config.yaml").write_text("{a: " * 2000)
    (path / "metrics.jsonl").write_text("[" * 100_000 + "\n")


def _not_text(store: Path) -> None:
    path = write(store, "20261122T201500Z-xor-evil")
    for name in ("run.json", "config.yaml", "metrics.jsonl", "boundary.png", "seeds.npz"):
        (path / name).write_bytes(bytes(range(256)) * 10)


def _no_test_part(store: Path) -> None:
    for i, test in enumerate(["[1]", '{"rows": "x"}', "[" * 100_000, '{"rows": 1, "classes": 7}']):
        path = write(store, f"20261122T20150{i}Z-xor-evil")
        (path / "test.json").write_text(test)


def _many_metrics(store: Path) -> None:
    path = write(store, "20261122T201500Z-xor-evil")
    row = {"step": 0, **{f"metric {i}": 1.0 for i in range(5000)}}
    (path / "metrics.jsonl").write_text(json.dumps(row) + "\n")


def _pipes(store: Path) -> None:
    path = write(store, "20261122T201500Z-xor-evil")
    for name in ("run.json", "config.yaml", "metrics.jsonl"):
        (path / name).unlink()
        os.mkfifo(path / name)
