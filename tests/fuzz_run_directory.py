"""Damages run directories in every way that comes to mind, and reads them with every verb.

python -m tests.fuzz_run_directory [--mutations 5000] [--seed 0]

Each mutation changes one file of one run of a small store: its bytes, its length, the types in its
JSON, or what it is (a link, a pipe, a device, a directory, a sparse file of 20 GB). Then every
verb that reads a store must end with exit code 0, 1 or 2 and, if 2, with one line; within 5 s of
processor time and 500 MB; write nothing outside the store and the folder for its output, run no
program, and list the other runs. Each mutation is done in a process of its own. Exit code 1 if one
of them fails.
"""

import argparse
import contextlib
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

CANARY = '{"secret": 1}\n'
SECONDS = 5
HANGS_AFTER = 300  # seconds of the clock, for a machine that is busy
MEGABYTES = 500
ODD_VALUES: list[Any] = [
    *(None, True, -1, 0, 3.5, 10**30, 10**400, "x", "", "nan", "\n\x1b[2Jx", "9" * 5000),
    *([], {}, [None], {"a": {"b": None}}, "deep", "/dev/zero", "../../outside/canary"),
]
PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork")


def make_store(store: Path) -> list[str]:
    """A trained run, one with a test part that keeps its best model, one of many seeds, and one of
    a loop of the user's own; gives their ids. A sweep of two more and one by halving are there too.
    """
    from minigrad import tracking, train
    from minigrad.sweep import __main__ as sweep

    for arguments in ([], ["--seeds", "3"]):
        options = ["train.steps=12", "train.checkpoint_every=5", "expect={}", "--out", str(store)]
        train.main(["configs/xor.yaml", *arguments, *options])
    iris = ["train.steps=12", "train.log_every=2", "train.checkpoint_every=5", "expect={}"]
    train.main(["configs/iris.yaml", *iris, "--tag", "base", "--out", str(store)])
    swept = [["optimizer.lr=0.1,1", "train.steps=5"], ["optimizer.lr=0.1,1,2", "--halving"]]
    for one in (swept[0], [*swept[1], "train.steps=9"]):
        options = ["expect={}", "--workers", "1", "--out", str(store)]
        sweep.main(["configs/xor.yaml", *one, *options])
    with tracking.init("own", {"lr": 0.1, "nested": {"a": [1, 2]}}, store=store) as run:
        for step in range(5):
            run.log({"loss": 1 / (step + 1)})
        run.summary["best"] = 0.2
    return sorted(name for name in os.listdir(store) if name[0] == "2")


def mutate(path: Path, outside: Path, rng: random.Random) -> str:
    """Change the file somehow; gives what was done."""
    content = path.read_bytes()
    changes: dict[str, Callable[[], object]] = {
        "removed": path.unlink,
        "emptied": lambda: path.write_bytes(b""),
        "cut": lambda: path.write_bytes(content[: rng.randrange(len(content) + 1)]),
        "twice": lambda: path.write_bytes(content * 2),
        "flipped": lambda: path.write_bytes(_flipped(content, rng)),
        "noise": lambda: path.write_bytes(rng.randbytes(rng.randrange(2000))),
        "deep": lambda: path.write_bytes(b"[" * rng.choice([60, 600, 100_000])),
        "sparse": lambda: os.truncate(path, 20 * 10**9),
        "link outside": lambda: _instead(path, lambda: path.symlink_to(outside / "canary")),
        "second name": lambda: _instead(path, lambda: path.hardlink_to(outside / "canary")),
        "endless": lambda: _instead(path, lambda: path.symlink_to("/dev/zero")),
        "dangling": lambda: _instead(path, lambda: path.symlink_to("nowhere")),
        "to itself": lambda: _instead(path, lambda: path.symlink_to(path.name)),
        "pipe": lambda: _instead(path, lambda: os.mkfifo(path)),
        "directory": lambda: _instead(path, path.mkdir),
    }
    if path.suffix in (".json", ".jsonl"):
        odd = {f"type {n}": lambda: path.write_bytes(_other_type(content, rng)) for n in range(15)}
        changes |= odd
    if path.suffix == ".yaml":
        changes |= {
            f"line {n}": lambda: path.write_bytes(_odd_line(content, rng)) for n in range(5)
        }
    name = rng.choice(list(changes))
    changes[name]()
    return name


def _instead(path: Path, make: Callable[[], object]) -> None:
    path.unlink()
    make()


def _flipped(content: bytes, rng: random.Random) -> bytes:
    raw = bytearray(content or b" ")
    for _ in range(rng.randint(1, 4)):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    return bytes(raw)


def _other_type(content: bytes, rng: random.Random) -> bytes:
    """Some value in one of the lines of JSON, or the whole of it, becomes another."""
    lines = content.decode(errors="replace").splitlines() if content.count(b"{") > 3 else []
    whole = [content.decode(errors="replace")]
    texts = lines if len(lines) > 1 and lines[0].endswith("}") else whole
    number = rng.randrange(len(texts))
    odd = rng.choice(ODD_VALUES)
    text = "[" * 700 + "]" * 700 if odd == "deep" else json.dumps(odd)
    try:
        data = json.loads(texts[number])
    except ValueError:
        return content
    places = list(_places(data))
    if not places or rng.random() < 0.05:
        texts[number] = text
    else:
        holder, key = rng.choice(places)
        holder[key] = "PLACE"
        texts[number] = json.dumps(data).replace('"PLACE"', text)
    return "\n".join(texts).encode() + b"\n"


def _places(data: Any) -> list[tuple[Any, Any]]:
    keys = data.keys() if isinstance(data, dict) else range(len(data))
    places = [(data, key) for key in keys]
    for _, key in list(places):
        if isinstance(data[key], dict | list) and data[key]:
            places += _places(data[key])[:200]
    return places


def _odd_line(content: bytes, rng: random.Random) -> bytes:
    lines = content.decode().splitlines()
    number = rng.randrange(len(lines))
    key = lines[number].partition(":")[0]
    odd = ["", "[]", "{}", "1e400", "-1", "'x'", "[1, [2]]", "!!python/name:os.system", "9" * 500]
    lines[number] = f"{key}: {rng.choice(odd)}"
    return "\n".join(lines).encode()


def verbs(store: Path, run: str, other: str, out: Path) -> list[list[str]]:
    """Every verb that reads a store."""
    commands = [
        *(["list"], ["list", "--json"], ["list", "--filter", "seed=0", "--sort", "final_loss"]),
        *(["list", "--columns", "id,status,summary,packages,tags,optimizer.lr"],),
        *(["show", run], ["show", run, "--json"], ["show", "latest"]),
        *(["compare", run, other], ["compare", other, run, "--json"]),
        *(["diff", run, other], ["diff", run, run, "--json"]),
        *(["check"], ["check", run], ["check", "--json"]),
        ["export", run, "--to", "csv", "--out", str(out / "run.csv"), "--force"],
        ["plot", run, other, "--out", str(out / "run.png")],
        ["verify", run],
        ["export", run, "--to", "npz", "--out", str(out / "run.npz"), "--force"],
        ["report", run, "--out", str(out / "one.html"), "--force"],
        ["report", run, other, "--out", str(out / "two.html"), "--force"],
        ["report", "sweep", "--out", str(out / "sweep.html"), "--force"],
        ["predict", run, str(out / ("iris.csv" if "-iris-" in run else "xor.csv"))],
        ["live", run, other],
        *(["tag", run, "+good"], ["tag", run, "-good"], ["note", run, "seen"], ["show", run]),
        ["export", run, "--to", "tensorboard", "--out", str(out / "events")],
        ["export", run, "--to", "onnx", "--out", str(out / "run.onnx"), "--force"],
        ["go on", run],
        ["train", "--resume", run, "train.steps=14"],
        *(["delete", run], ["restore", run], ["list"]),
    ]
    names = {"train": "--out"}
    return [[*command, names.get(command[0], "--store"), str(store)] for command in commands]


def faults(store: Path, run: str, others: list[str], allowed: list[Path]) -> list[str]:
    """What goes wrong in reading the store. To be called in a process of its own."""
    from minigrad import predict, runs, train

    failures: list[str] = []
    command: list[str] = []
    commands: dict[str, Callable[[list[str]], int]] = {"predict": predict.main, "live": live}
    commands |= {"train": train.main, "go on": go_on_with_sweeps}

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in PROGRAMS and "git" not in str(arguments[:2]):
            failures.append(f"{command} runs {arguments!r:.200}")
        if event == "open" and isinstance(arguments[0], str) and arguments[2] & 3:
            path = os.path.abspath(arguments[0])
            if path != os.devnull and not any(path.startswith(f"{one}{os.sep}") for one in allowed):
                failures.append(f"{command} writes {path}")

    def too_late(_number: int, _frame: object) -> None:
        failures.append(f"{command} hangs")
        raise KeyboardInterrupt

    sys.addaudithook(watch)
    signal.signal(signal.SIGALRM, too_late)
    for command[:] in verbs(store, run, others[0], allowed[1]):
        signal.alarm(HANGS_AFTER)
        start = time.process_time()
        main, words = commands.get(command[0], runs.main), list(command)
        if main is not runs.main:
            words = command[1:]
        code, output, errors = _outcome(main, words)
        signal.alarm(0)
        if (took := time.process_time() - start) > SECONDS:
            failures.append(f"{command} took {took:.1f} s")
        lines = len(errors.splitlines())
        is_in_lines = lines == 1 or (lines > 1 and command[0] == "train")  # a line for each fault
        if code not in (0, 1, 2) or (code == 2 and not is_in_lines):
            failures.append(f"{command}: code {code}: {errors[-1500:]}")
        elif command[:2] == ["list", "--json"]:
            listed = {one["id"] for one in json.loads(output)}
            failures += [f"{command} hides {other}" for other in others if other not in listed]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
    return [*failures, *([f"{peak} MB"] if peak > MEGABYTES else [])]


def live(words: list[str]) -> int:
    """What the live page answers about the runs named first, in place of a server."""
    from minigrad.report.live import Pages
    from minigrad.tracking.names import StoreError

    keys, store = words[:-2], words[-1]
    pages = Pages(Path(store))
    pages.home()
    pages.table({"sort": "final_loss", "columns": "seed,tags,note", "search": "x"})
    answers: list[Callable[[], object]] = [
        *(lambda: pages.run(keys[0]), lambda: pages.curves(keys, ""), lambda: pages.compare(keys)),
        *(lambda name=name: pages.sweep(name) for name in _sweeps(Path(store))),
        *(lambda name=name: pages.sweep_state(name) for name in _sweeps(Path(store))),
    ]
    refusals = []
    for answer in answers:
        try:
            answer()
        except StoreError as error:
            refusals.append(" ".join(str(error).split()))
    print(*refusals[:1], file=sys.stderr)
    return 2 if refusals else 0


def go_on_with_sweeps(words: list[str]) -> int:
    """What `sweep --resume` does before it trains."""
    from minigrad.sweep.store import SweepStore
    from minigrad.tracking.names import StoreError

    refusals = []
    for name in _sweeps(store := Path(words[-1])):
        try:
            sweep = SweepStore.reopen(store, name)
            sweep.finish("interrupted" if sweep.missing() else "finished")
        except (StoreError, OSError) as error:
            refusals.append(" ".join(str(error).split()))
    print(*refusals[:1], file=sys.stderr)
    return 2 if refusals else 0


def _sweeps(store: Path) -> list[str]:
    return sorted(path.name for path in store.glob("sweeps/2*"))


def _outcome(main: Callable[[list[str]], int], command: list[str]) -> tuple[Any, str, str]:
    output, errors = io.StringIO(), io.StringIO()
    code: Any = None
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            code = main(command)
        except SystemExit as stop:
            code = stop.code
        except BaseException:
            traceback.print_exc()
    return code, output.getvalue(), errors.getvalue()


def in_a_child(function: Callable[[], list[str]]) -> list[str]:
    """The faults that `function` gives in a forked process; that this died is one too."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            answer = function()
        except BaseException:
            answer = [traceback.format_exc()]
        with os.fdopen(writer, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else ["the process died"]


def fuzz(mutations: int, seed: int, folder: Path) -> list[str]:
    """Try so many mutations in `folder`; gives what failed, with the mutation that did it."""
    import minigrad.plot.curves
    import minigrad.report.live
    import minigrad.report.sweep
    import minigrad.runner.verify
    import minigrad.training.replicas  # noqa: F401 - all once, before the forks

    template, store = folder / "template", folder / "store"
    outside, out = folder / "outside", folder / "out"
    outside.mkdir()
    out.mkdir()
    (outside / "canary").write_text(CANARY)
    with contextlib.redirect_stdout(io.StringIO()):
        known = make_store(template)
    (out / "xor.csv").write_text("x0,x1\n0,1\n1,1\n")
    shutil.copy("configs/data/iris.csv", out)
    failures = []
    for number in range(mutations):
        problems = _tried(f"{seed} {number}", template, store, known, outside, out)
        if any(" took " in problem for problem in problems):  # a pause of the machine is no fault
            problems = _tried(f"{seed} {number}", template, store, known, outside, out)
        for problem in problems:
            failures.append(f"mutation {number}, {problem}")
            print(failures[-1], flush=True)
    return failures


def _tried(
    seed: str, template: Path, store: Path, known: list[str], outside: Path, out: Path
) -> list[str]:
    """What one mutation of a fresh copy of the store makes fail, with the mutation that did it."""
    rng = random.Random(seed)
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(template, store, symlinks=True)
    run = rng.choice(known)
    others = [name for name in known if name != run]
    places = [store / run] * 6 + list(store.glob("sweeps/2*"))
    path = rng.choice([one for one in sorted(rng.choice(places).iterdir()) if one.is_file()])
    change = mutate(path, outside, rng)
    problems = in_a_child(lambda: faults(store, run, others, [store, out]))
    canary = (outside / "canary").read_text()
    if canary != CANARY or os.listdir(outside) != ["canary"]:
        problems.append("something outside was written")
    return [f"{path.name} {change}: {problem}" for problem in problems]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mutations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        failures = fuzz(arguments.mutations, arguments.seed, Path(folder))
    print(f"{arguments.mutations} mutations, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
