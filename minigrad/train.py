"""The command: python -m minigrad.train CONFIG [key=value ...] [--seeds N] [--out DIR]
[--resume RUN]

Trains what the config describes, checks what it expects, and leaves a run directory; `--seeds`
trains many seeds at once; `--resume` goes on with a run that has stopped; `--list` prints every
name that a config may use.

Exit codes: 0 done and expectations met; 1 an expectation missed, training or one of many seeds
diverged, or it failed; 2 bad usage, config or data; 130 and 143 interrupted by Ctrl-C and by
SIGTERM.
"""

import argparse
import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from minigrad.config import ConfigError
from minigrad.config import load as load_config
from minigrad.config.catalogue import catalogue_text
from minigrad.config.inputs import input_hashes
from minigrad.config.source import nearest_key
from minigrad.data import constant_features
from minigrad.files import yaml12
from minigrad.nodes import collector_paused
from minigrad.runner import build
from minigrad.runner.engine_choice import fast_engine, is_chosen
from minigrad.runner.interrupts import Interrupts
from minigrad.runner.pictures import draw
from minigrad.runner.resume import resume_run
from minigrad.runner.session import Outcome, Session
from minigrad.runner.trained import new_session
from minigrad.terminal.command import Parser, guard, print_lines
from minigrad.terminal.invocation import command_line
from minigrad.terminal.screen import print_text
from minigrad.terminal.signals import line_start
from minigrad.terminal.text import excerpt, printable, quoted
from minigrad.threads import use_one_thread
from minigrad.tracking import reopen
from minigrad.tracking.annotate import tag_name
from minigrad.tracking.checkpoint import CheckpointError
from minigrad.tracking.store import StoreError, find


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    use_one_thread()
    arguments = _arguments(argv)
    if arguments.list:
        print_lines([catalogue_text()])
        return 0
    interrupts = Interrupts()
    with ExitStack() as stack:
        try:
            begin = _resumed if arguments.resume else _new
            session = begin(arguments, stack, interrupts)
        except (ConfigError, StoreError, CheckpointError, OSError) as error:
            print_text(map(printable, str(error).split("\n")), sys.stderr)
            return 2
        with session.run:
            outcome = session.train(interrupts)
        return _report(session, outcome)


def _new(arguments: argparse.Namespace, stack: ExitStack, interrupts: Interrupts) -> Session:
    engine, missing = _engine_of_seeds(arguments)
    overrides = [*arguments.overrides, *_of_seeds(arguments), *engine]
    config, note = build.with_available_engine(load_config(arguments.config, overrides))
    for sentence in filter(None, [*config.dropped, missing, note, build.memory_note(config)]):
        print_text([sentence], sys.stderr)
    trainer = build.trainer_for(config)
    if constant := constant_features(trainer.dataset):
        print_text([printable(constant)], sys.stderr)
    stack.enter_context(interrupts)  # from here on there is a run to be finished
    try:
        return new_session(config, trainer, arguments.out, tags=arguments.tag)
    except OSError as error:
        raise OSError(f"--out {error}") from None


def _of_seeds(arguments: argparse.Namespace) -> list[str]:
    """The config's `train.seeds` for --seeds. Raises ConfigError."""
    if arguments.seeds is None:
        return []
    if yaml12.parse_scalar(arguments.seeds) is None:  # None would mean the config's one seed
        raise ConfigError(["--seeds: write a count, as 100, or first and last, as 0..99"])
    for override in arguments.overrides:
        if override.partition("=")[0] in ("seed", "train.seeds"):
            both = f"--seeds {arguments.seeds} and {quoted(override)}"
            raise ConfigError([f"{both} both say which seeds: leave one of them out"])
    return [f"train.seeds={arguments.seeds}"]


def _engine_of_seeds(arguments: argparse.Namespace) -> tuple[list[str], str]:
    """The engine for --seeds where none is chosen, and a sentence if it is not the fastest."""
    if arguments.seeds is None or is_chosen(arguments.config, arguments.overrides):
        return [], ""
    engine, note = fast_engine()
    return [f"train.engine={engine}"], note


def _resumed(arguments: argparse.Namespace, stack: ExitStack, interrupts: Interrupts) -> Session:
    overrides = [*arguments.overrides, *_of_seeds(arguments)]
    if arguments.seeds is not None and not is_chosen(arguments.config, arguments.overrides):
        engine = find(arguments.out, arguments.resume).facts.engine
        overrides += [f"train.engine={engine}"] if engine else []
    resumed = resume_run(
        *(arguments.out, arguments.resume, arguments.config, overrides),
        trust_plugins=arguments.trust_plugins,
    )
    try:
        trainer = build.trainer_for(resumed.config)
        stack.enter_context(interrupts)  # from here on there is a run to be finished
        for note in resumed.notes:
            print(printable(note))
        text = resumed.config.to_yaml()
        hashes = input_hashes(resumed.config)
        run = reopen(resumed.path, resumed.last_step, text, resumed.held, sha256=hashes)
    except OSError as error:
        resumed.held.close()
        raise OSError(f"--resume {resumed.path.name}: {error.strerror}") from None
    except ConfigError:
        resumed.held.close()
        raise
    return Session(resumed.config, trainer, run, resumed.state)


def _report(session: Session, outcome: Outcome) -> int:
    run = session.run
    lines = [*outcome.sentences, f"run   {run.path}"]
    try:
        with warnings.catch_warnings(), collector_paused():
            warnings.simplefilter("ignore")  # of limits of an axis
            pictures = list(draw(session))
            lines += [f"plot  {shlex.join(map(str, pictures))}"] if pictures else []
    except OSError as error:
        lines.append(f"plot  none: {error.strerror}")
    except Exception as error:  # from a plugin, which is called for the surface
        lines.append(f"plot  none: {type(error).__name__}: {excerpt(str(error), limit=200)}")
    lines = [printable(line) for line in lines]
    if outcome.status == "interrupted":
        lines[0] = line_start(1) + lines[0]
    with suppress(OSError):  # the run is complete without it
        print_text(lines)
    return outcome.code


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        verb="train",
        description="Train what CONFIG describes and leave a run directory.",
        epilog=f"Example: {command_line('train')} configs/xor.yaml optimizer.lr=0.3",
    )
    parser.add_argument("config", metavar="CONFIG", nargs="?", help="as configs/xor.yaml")
    parser.add_argument(
        "overrides", metavar="key=value", nargs="*", help="change the config, as optimizer.lr=0.3"
    )
    parser.add_argument(
        "--seeds",
        metavar="N|A..B",
        help="train seeds 0 to N - 1, or A to B, at once, on the native engine or numpy",
    )
    parser.add_argument("--out", metavar="DIR", default="runs", help="where runs go (runs)")
    parser.add_argument(
        "--tag",
        metavar="TAG",
        nargs=1,
        action="extend",
        default=[],
        type=tag_name,
        help="mark the run, as --tag good; may be given several times",
    )
    parser.add_argument(
        "--resume", metavar="RUN", help="go on with a run: its id, a part of it, path, or latest"
    )
    parser.add_argument(
        "--trust-plugins",
        action="store_true",
        help="with --resume: run plugins that came with the run, or have changed since",
    )
    parser.add_argument(
        "--list", action="store_true", help="print every name that a config may use, and stop"
    )
    arguments: argparse.Namespace
    arguments, unknown = parser.parse_known_intermixed_args(argv)
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}{_meant(parser, unknown)}")
    if (
        arguments.resume
        and "=" in (arguments.config or "")
        and not os.path.isfile(arguments.config)  # which takes any text
    ):
        arguments.overrides.insert(0, arguments.config)  # the run has its config already
        arguments.config = None
    if not (arguments.config or arguments.list or arguments.resume):
        parser.error(f"which config? For example: {command_line('train')} configs/xor.yaml")
    return arguments


def _meant(parser: Parser, unknown: Sequence[str]) -> str:
    """The option or the key of a config that is next to the first unknown argument."""
    word, _, value = " ".join(unknown[:2]).lstrip("-").replace(" ", "=", 1).partition("=")
    near = nearest_key(word.replace("-", "_"))
    is_key = word.replace("-", "_") == near.rpartition(".")[2]  # --sedes is none, --seed is
    option = "" if is_key else parser.nearest_option(unknown[0])
    key = f"{near}={value.split(' -')[0]}" if near else ""
    return f": did you mean {option or key}?" if option or key else ""


if __name__ == "__main__":
    sys.exit(guard(main))
