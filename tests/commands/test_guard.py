"""How commands end when they cannot go on: one line, never a traceback."""

import fcntl
import itertools
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from minigrad import runner
from minigrad.runner.interrupts import Interrupts
from tests import unmeasured, waiting
from tests.waiting import until

XOR = "configs/xor.yaml"

COMMANDS = {
    "train": ["minigrad.train", XOR],
    "runs": ["minigrad.runs", "list"],
    "sweep": ["minigrad.sweep", XOR, "optimizer.lr=0.1,1"],
    "doctor": ["minigrad.doctor", XOR],
    "graph": ["minigrad.graph", XOR],
    "lift": ["minigrad.lift", XOR],
    "config": ["minigrad.config"],
    "predict": ["minigrad.predict", "latest", "rows.csv"],
    "new": ["minigrad.new", "mine", "--from", "csv:rows.csv"],
    "lab": ["minigrad.lab"],
    "completion": ["minigrad.completion", "bash"],
}

SLOW_ONES = [
    pytest.param(name, marks=pytest.mark.slow) for name in ("sweep", "doctor", "graph", "lift")
]
WITHOUT_FILES = ("predict", "new", "lab")  # what they name is not there: uninterrupted, code 2

HANG = "while True:\n    pass\n"
STUBBORN = """
def stubborn(mark=None):
    while True:
        try:
            if mark:
                open(mark, "w").close()
            while True:
                pass
        except BaseException:
            mark = None

stubborn({mark!r})
"""
HANGING_ACTIVATION = """
import signal

from nn.activations import ACTIVATIONS
calls = []

@ACTIVATIONS.register
def slow(x):
    calls.append(x)
    if len(calls) > 200:  # in the training, after a few steps
        open({mark!r}, "w").close()
        signal.pause()
        open({mark!r} + "-noted", "w").close()
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
    return x.tanh()
"""


def start(*arguments: str, **settings: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        **{
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "env": unmeasured.environment(),
            **settings,
        },
    )


def run(*arguments: str, **settings: Any) -> tuple[int, str, str]:
    process = start(*arguments, **settings)
    out, err = process.communicate()
    return process.returncode, out, err


def plugin(folder: Path, text: str) -> tuple[str, Path]:
    """The override that names a plugin, which makes a file once it is running."""
    mark = folder / "running"
    path = folder / "mine.py"
    path.write_text(f"open({str(mark)!r}, 'w').close()\n{text}")
    return f"plugins=[{path}]", mark


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["train", *SLOW_ONES])
def test_a_signal_while_a_plugin_hangs_is_one_line(
    tmp_path: Path, command: str, number: signal.Signals
) -> None:
    override, mark = plugin(tmp_path, HANG)
    process = start(*COMMANDS[command], override)
    until(mark.exists, process)
    process.send_signal(number)
    out, err = process.communicate()
    cause = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"
    assert process.returncode == 128 + number
    assert re.fullmatch(rf"interrupted by {cause}( after 0 of \d+ checks)?\n", err)
    assert out == ""


@pytest.mark.parametrize("command", ["train", *SLOW_ONES])
def test_the_second_signal_ends_a_plugin_that_catches_everything(
    tmp_path: Path, command: str
) -> None:
    mark = tmp_path / "hangs"
    override, _ = plugin(tmp_path, STUBBORN.format(mark=str(mark)))
    process = start(*COMMANDS[command], override)
    until(mark.exists, process)
    process.send_signal(signal.SIGTERM)
    while process.poll() is None:  # the first one may not have been handled yet
        process.send_signal(signal.SIGTERM)
        time.sleep(0.05)
    _, err = process.communicate()
    # by the system, if the plugin is in the way of our own words: a shell says 143 of both
    assert (process.returncode, err) in [(143, "interrupted by SIGTERM\n"), (-15, "")]


def test_the_second_signal_ends_a_training_and_marks_its_run(tmp_path: Path) -> None:
    mark = tmp_path / "hangs"
    override, _ = plugin(tmp_path, HANGING_ACTIVATION.format(mark=str(mark)))
    store = tmp_path / "store"
    process = start(
        *(*COMMANDS["train"], override, "model.activation=slow", "train.steps=100"),
        *("--out", str(store)),
    )
    until(mark.exists, process)
    process.send_signal(signal.SIGINT)
    until((tmp_path / "hangs-noted").exists, process)
    process.send_signal(signal.SIGINT)
    assert (process.communicate()[1], process.returncode) == ("interrupted by Ctrl-C\n", 130)
    facts = json.loads((store / "latest" / "run.json").read_text())
    assert facts["status"] == "interrupted"
    assert facts["error"] == "interrupted by Ctrl-C and ended at once by a second signal"
    lines = (store / "latest" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(len(lines)))


def test_building_many_seeds_stops_at_the_first_signal(tmp_path: Path) -> None:
    text = "from minigrad.runner import build\nmake = build.build_dataset\n"
    text += "def noted(*given):\n    with open({mark!r}, 'a') as file:\n        file.write('x')\n"
    text += "    return make(*given)\nbuild.build_dataset = noted\n"
    mark = tmp_path / "built"
    override, _ = plugin(tmp_path, text.format(mark=str(mark)))
    process = start(*COMMANDS["train"], override, "--seeds", "20000", "--out", str(tmp_path / "s"))
    until(mark.exists, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert (process.returncode, err) == (130, "interrupted by Ctrl-C\n")
    assert mark.stat().st_size < 20_000
    assert not (tmp_path / "s").exists()


DROPPED = """
import signal, sys
from minigrad.runner import build

class Last:
    def __del__(self):
        signal.raise_signal({number})

def dropped(*given):
    build.build_dataset = make
    last = Last()
    del last
    return make(*given)

sys.unraisablehook = lambda _: None  # a file nobody closed is closed in silence
make, build.build_dataset = build.build_dataset, dropped
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_whose_exception_python_drops_stops_the_training_all_the_same(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    override, _ = plugin(tmp_path, DROPPED.format(number=int(number)))
    store = tmp_path / "store"
    ended, out, _ = run(*COMMANDS["train"], override, "--seeds", "3", "--out", str(store))
    assert (ended, out.count("interrupted by")) == (code, 1)
    assert json.loads((store / "latest" / "run.json").read_text())["status"] == "interrupted"


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(name, marks=[pytest.mark.slow] * (name not in ("runs", "lift", "config")))
        for name in COMMANDS
    ],
)
def test_ctrl_c_at_any_moment_of_the_start_is_one_line(command: str) -> None:
    """The imports are interrupted where they import pydantic, numpy or yaml, or at their end."""
    for module in ("minigrad.value", "argparse", "yaml", "pydantic", "numpy", "json"):
        interrupt = (
            "import os, runpy, signal, sys\n"
            "class Finder:\n"
            "    def find_spec(self, name, *_):\n"
            f"        if name == {module!r}:\n"
            "            os.kill(os.getpid(), signal.SIGINT)\n"
            "sys.meta_path.insert(0, Finder())\n"
            f"sys.argv = ['-m', *{COMMANDS[command][1:]!r}]\n"
            f"runpy.run_module({COMMANDS[command][0]!r}, run_name='__main__', alter_sys=True)\n"
        )
        process = subprocess.run([sys.executable, "-c", interrupt], capture_output=True, text=True)
        if process.returncode not in (0, 1, *((2,) if command in WITHOUT_FILES else ())):
            assert process.returncode == 130, (module, process.stderr)
            in_order = "stopped by Ctrl-C" in process.stdout  # it had begun to train
            assert in_order or process.stderr == "interrupted by Ctrl-C\n"
        assert "Traceback" not in process.stderr


def test_ctrl_c_while_an_extension_is_loaded_is_one_line() -> None:
    """What imports datetime in the midst of it answers an exception with a panic."""
    interrupted = (
        "import os, signal, sys\n"
        "from minigrad.terminal.command import guard\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'datetime':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "def main():\n"
        "    sys.modules.pop('datetime', None)\n"
        "    import pydantic_core\n"
        "sys.exit(guard(main))\n"
    )
    process = subprocess.run([sys.executable, "-c", interrupted], capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (130, "interrupted by Ctrl-C\n")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a run, which is only read."""
    store = tmp_path_factory.mktemp("trained")
    runner.train(XOR, ["train.steps=2", "expect={}"], store=store)
    return store


@pytest.mark.parametrize(
    ("arguments", "slow"),
    [
        (["verify", "latest"], "minigrad.runner.build.trainer_for"),
        (["check"], "minigrad.runs.check_soundness"),
        (["list"], "minigrad.runs.stored_runs"),
        (["export", "latest", "--to", "csv"], "minigrad.runs.write_export"),
    ],
)
def test_ctrl_c_in_a_verb_is_one_line(trained: Path, arguments: list[str], slow: str) -> None:
    module, _, name = slow.rpartition(".")
    interrupted = (
        "import importlib, signal, sys\n"
        "from minigrad import runs\n"
        "from minigrad.terminal.command import guard\n"
        f"module = importlib.import_module({module!r})\n"
        f"module.{name} = lambda *_, **__: signal.raise_signal(signal.SIGINT)\n"
        f"arguments = [*{arguments!r}, '--store', {str(trained)!r}]\n"
        "sys.exit(guard(lambda: runs.main(arguments)))\n"
    )
    process = subprocess.run([sys.executable, "-c", interrupted], capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (130, "interrupted by Ctrl-C\n")


def closed(*numbers: int) -> Callable[[], None]:
    def close() -> None:
        for number in numbers:
            os.close(number)

    return close


@pytest.mark.parametrize(
    "numbers", [(0, 1, 2), *(pytest.param(n, marks=pytest.mark.slow) for n in ((1,), (2,), (1, 2)))]
)
def test_a_run_with_closed_outputs_is_finished(tmp_path: Path, numbers: tuple[int, ...]) -> None:
    code, _, err = run(
        *(*COMMANDS["train"], "train.steps=5", "expect={}", "--out", str(tmp_path)),
        preexec_fn=closed(*numbers),
    )
    assert (code, err) == (0, "")
    facts = json.loads((tmp_path / "latest" / "run.json").read_text())
    assert facts["status"] == "finished"
    log = (tmp_path / "latest" / "metrics.jsonl").read_text()
    assert [json.loads(line)["step"] for line in log.splitlines()] == list(range(5))


@pytest.mark.parametrize("command", [["minigrad.runs", "list"], ["minigrad.runs", "nonsense"]])
def test_other_commands_with_closed_outputs_keep_their_code(command: list[str]) -> None:
    codes = {run(*command, preexec_fn=preexec)[0] for preexec in (None, closed(1, 2))}
    assert len(codes) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is full")
@pytest.mark.parametrize(
    "command",
    [
        ["minigrad", "--help"],
        ["minigrad.runs", "list"],
        ["minigrad.graph", XOR],
        ["minigrad.lift", XOR],
        ["minigrad.train", "--list"],
        ["minigrad.completion", "bash"],
        ["minigrad.new", "mine"],
        ["minigrad.lab", "start", "1"],
    ],
    ids=lambda command: command[0],
)
def test_an_output_on_a_full_disk_is_one_sentence(command: list[str], tmp_path: Path) -> None:
    command = [str(Path(word).absolute()) if word == XOR else word for word in command]
    with open("/dev/full", "w") as full:
        code, _, err = run(*command, cwd=tmp_path, stdout=full)
    assert (code, err) == (2, "the output cannot be written: No space left on device\n")


@pytest.mark.parametrize("encoding", ["ascii", pytest.param("latin-1", marks=pytest.mark.slow)])
def test_a_path_that_the_outputs_encoding_lacks_is_escaped(tmp_path: Path, encoding: str) -> None:
    store = tmp_path / "läufe-実験"
    env = {**unmeasured.environment(), "PYTHONIOENCODING": encoding}
    settings: dict[str, Any] = {"env": env, "encoding": encoding}
    code, out, err = run(
        *(*COMMANDS["train"], "train.steps=5", "expect={}", "--out", str(store)), **settings
    )
    assert (code, err) == (0, "")
    assert "\\u5b9f" in out
    assert run("minigrad.runs", "show", "latest", "--store", str(store), **settings)[0] == 0
    code, _, err = run(*COMMANDS["train"], "--resume", "実", "--out", str(store), **settings)
    assert code == 2
    assert "\\u5b9f" in err


def test_what_nobody_foresaw_is_a_sentence_and_a_file(tmp_path: Path) -> None:
    text = "from minigrad.runner import build\ndef broken(config):\n    raise KeyError('x\\ny')\n"
    override, _ = plugin(tmp_path, f"{text}build.trainer_for = broken\n")
    env = {**unmeasured.environment(), "TMPDIR": str(tmp_path)}
    code, out, err = run(*COMMANDS["train"], override, env=env)
    assert (code, out) == (2, "")
    sentence = r"KeyError: .* \(a fault that was not foreseen; its traceback is in (\S+)\)\n"
    path = re.fullmatch(sentence, err)
    assert path
    assert Path(path[1]).read_text().startswith("Traceback")


def test_no_memory_is_a_sentence(tmp_path: Path) -> None:
    text = "from minigrad.runner import build\ndef large(config):\n    raise MemoryError\n"
    override, _ = plugin(tmp_path, f"{text}build.trainer_for = large\n")
    code, _, err = run(*COMMANDS["train"], override)
    assert code == 2
    assert err.startswith("out of memory (")
    assert err.count("\n") == 1


def test_the_first_signal_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[int] = []
    monkeypatch.setattr("minigrad.runner.interrupts.end_at_once", ends.append)
    before: list[int] = []
    with Interrupts() as interrupts:
        interrupts.before_end = before.append
        signal.raise_signal(signal.SIGINT)
        assert (interrupts.received, ends, before) == (signal.SIGINT, [], [])
        signal.raise_signal(signal.SIGTERM)
        assert interrupts.received == signal.SIGINT
        assert (ends, before) == ([signal.SIGINT], [signal.SIGINT])


def test_the_terminals_own_control_c_is_overwritten(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    log = tmp_path / "latest" / "metrics.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", *COMMANDS["train"], "train.steps=100000", "--out", str(tmp_path)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=take_terminal,
        env=unmeasured.environment(),
    )
    os.close(theirs)
    is_stopped, screen = False, b""
    with suppress(OSError):  # the other end is closed: the process has ended
        while chunk := os.read(ours, 4096):
            screen += chunk
            if not is_stopped and log.exists() and log.stat().st_size:
                is_stopped = os.write(ours, b"\x03") > 0
    os.close(ours)
    assert process.wait(timeout=waiting.HANG) == 130
    line = next(line for line in screen.split(b"\n") if b"interrupted by" in line)
    seen = line.rstrip(b"\r").rpartition(b"\r")[2]
    assert seen.startswith(b"interrupted by Ctrl-C after step")


IN_C = {
    "an endless search": (
        "import itertools as it, os; any(it.chain(map(os.mkdir, [ready.__self__]), it.repeat(0)))"
    ),
    "a regular expression": "import re; ready(); re.match('(a+)+$', 'a' * 60 + 'b')",
    "a lock": "import threading; lock = threading.Lock(); lock.acquire(); ready(); lock.acquire()",
    "a sleep": "import time; ready(); time.sleep(10**6)",
}
"""Code that comes back late or never. The first of them keeps Python from calling any handler, and
says itself that it is ready: a signal before it is in C would have its handler called.
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the handlers must be called")
@pytest.mark.parametrize(
    ("code", "when", "number"),
    [
        pytest.param(code, when, number, marks=[pytest.mark.slow] * bool(i % 3))
        for i, (code, when, number) in enumerate(
            itertools.product(IN_C, ("loading", "training"), (signal.SIGINT, signal.SIGTERM))
        )
    ],
)
def test_two_signals_end_a_plugin_that_hangs_in_c(
    code: str, when: str, number: signal.Signals, tmp_path: Path
) -> None:
    hang = f"def hang():\n    ready = Path({str(tmp_path / 'ready')!r}).touch\n    {IN_C[code]}\n"
    called = {"loading": "hang()", "training": "@ACTIVATIONS.register\ndef mine(x):\n    hang()"}
    imports = "from pathlib import Path\nfrom nn.activations import ACTIVATIONS\n"
    (tmp_path / "plugin.py").write_text(f"{imports}{hang}{called[when]}\n")
    text = Path(XOR).read_text().replace("activation: tanh", "activation: mine")
    text = text if when == "training" else Path(XOR).read_text()
    (tmp_path / "own.yaml").write_text(f"{text}plugins: [plugin.py]\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "minigrad.train", str(tmp_path / "own.yaml"), "--out", "runs"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    until((tmp_path / "ready").exists, process)
    process.send_signal(number)
    until(lambda: not is_pending(process.pid, number))  # two at once would be one
    process.send_signal(number)
    assert process.wait(waiting.HANG) in (128 + number, -number)


def is_pending(pid: int, number: signal.Signals) -> bool:
    """Whether the signal has not reached the process yet (proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    masks = re.findall(r"^(?:SigPnd|ShdPnd):\t(\w+)$", status, re.MULTILINE)
    return any(int(mask, 16) >> number - 1 & 1 for mask in masks)


def test_a_handler_that_is_not_ours_stays_as_it_is(tmp_path: Path) -> None:
    """In a notebook, Ctrl-C may come again and again after a training with a plugin."""
    (tmp_path / "plugin.py").write_text("")
    (tmp_path / "own.yaml").write_text(f"{Path(XOR).read_text()}plugins: [plugin.py]\n")
    code = (
        "import signal, sys\n"
        "from minigrad import runner\n"
        "runner.train(sys.argv[1], ['train.steps=2'], store=sys.argv[2])\n"
        "caught = 0\n"
        "for _ in range(3):\n"
        "    try:\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "    except KeyboardInterrupt:\n"
        "        caught += 1\n"
        "print(caught)\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "own.yaml"), str(tmp_path / "runs")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "3\n"
