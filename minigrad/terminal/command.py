"""For all commands: no traceback, usage errors on one line, output that may be closed early."""

import argparse
import atexit
import difflib
import io
import itertools
import os
import re
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from minigrad.terminal.invocation import command_line
from minigrad.terminal.numbers import whole
from minigrad.terminal.output import OutputError
from minigrad.terminal.output import print_lines as print_lines
from minigrad.terminal.screen import on_screen
from minigrad.terminal.signals import begin_command, end_command, install, line_start
from minigrad.terminal.text import excerpt, quoted


def guard(main: Callable[[], int]) -> int:
    """The exit code of `main`, which may end in no other way than a command does.

    A signal is one line and 130 or 143; the second one ends the process whatever it is doing. What
    is unexpected gives one sentence and 2, with the traceback in a file that it names.
    """
    _open_streams()
    begin_command()
    try:
        code = main()
    except KeyboardInterrupt as error:
        code = 128 + getattr(error, "number", 2)
        _complain(str(error) or "interrupted by Ctrl-C")
    except OutputError as error:
        _complain(str(error))
        code = 2
    except Exception as error:  # also MemoryError
        _complain(_unforeseen(error))
        code = 2
    finally:
        end_command()
        atexit.register(install, signal.SIG_IGN)  # handlers are removed at the very end
        _flush()
    return code


def _unforeseen(error: Exception) -> str:
    """One sentence on the error, whose traceback is kept in a file."""
    kind, message = type(error).__name__, excerpt(error, limit=200)
    # a library that cannot be mapped is an ImportError
    no_memory = isinstance(error, MemoryError) or "failed to map segment" in message
    sentence = "out of memory" if no_memory else f"{kind}: {message}"
    if isinstance(error, BrokenPipeError):  # the output is no longer read
        return ""
    try:
        descriptor, path = tempfile.mkstemp(prefix="minigrad-", suffix=".log", text=True)
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(traceback.format_exception(error))
    except (OSError, MemoryError):
        return f"{sentence} (a fault that was not foreseen)"
    return f"{sentence} (a fault that was not foreseen; its traceback is in {Path(path)})"


def _complain(sentence: str) -> None:
    with suppress(OSError, MemoryError):
        if sentence:
            lines = "\n".join(on_screen([sentence], sys.stderr))
            print(line_start() + lines, file=sys.stderr, flush=True)


def _open_streams() -> None:
    """Output that is closed goes nowhere; what its encoding lacks is escaped in place of an error.

    A closed output would also hand its number to the next file that is opened.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    escape_unprintable()


def _flush() -> None:
    """Write what is left now: when Python exits, an error would be a message of its own."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and which does not complete abbreviated options.

    It names the verb or the option that a mistyped one is nearest to, and answers a shell that asks
    for completions.
    """

    completers: ClassVar[dict[str, Callable[..., Iterable[str]]]] = {}
    """What completes an argument, by its metavar, as argcomplete calls it."""

    _is_completing = False

    def __init__(self, verb: str = "", **settings: Any) -> None:
        if verb:
            settings["prog"] = command_line(verb)
        super().__init__(**{"allow_abbrev": False, **settings})  # --seed must not pass for --seeds
        self._words: list[str] = []  # as typed, for an error's sake

    def error(self, message: str) -> NoReturn:
        """One line, where argparse prints the usage too.

        An unknown option comes first: argparse has read its value as an argument or a verb, and
        complains of that.
        """
        unrecognized = "unrecognized arguments: "
        unknown = self._unknown_option()
        if unknown and unrecognized not in message and "did you mean" not in message:
            message = unrecognized + unknown
        words = message.removeprefix(unrecognized)
        if words != message and "did you mean" not in message:
            message += self._hint(words.split()[0])
        lines = on_screen([f"{self.prog}: {message} (--help tells more)"], sys.stderr)
        self.exit(2, "\n".join(lines) + "\n")

    def _unknown_option(self) -> str:
        """The first word typed that can only be an option, and is none; "" if all are known."""
        known = self.options()
        for word in itertools.takewhile(lambda word: word != "--", self._words):
            is_option = re.match(r"--?[^\W\d]", word) and " " not in word  # as argparse has it
            if is_option and word.partition("=")[0] not in known:
                return word
        return ""

    def _hint(self, word: str) -> str:
        """What an option that the typed verb lacks may have been meant to be; "" if unclear."""
        verbs = self._verbs()
        typed = next((verbs[verb] for verb in self._words if verb in verbs), self)
        if near := typed.nearest_option(word):
            return f": did you mean {near}?"
        others = [verb for verb, parser in verbs.items() if word in parser.options()]
        return f": an option of {', '.join(others)}" if others else ""

    def nearest_option(self, word: str) -> str:
        """The option that an unknown `word` most likely means; "" for none."""
        options = self.options() if word.startswith("-") else []
        near = difflib.get_close_matches(word.partition("=")[0][:100], options, n=1, cutoff=0.7)
        return near[0] if near else ""

    def options(self) -> list[str]:
        """All options, those of the verbs below it included."""
        return [option for action in self.actions() for option in action.option_strings]

    def actions(self) -> Iterator[argparse.Action]:
        """All arguments, those of the verbs below it included."""
        yield from self._actions
        for parser in self._verbs().values():
            yield from parser.actions()

    def _verbs(self) -> dict[str, "Parser"]:
        """The parsers of the verbs below this one, by name."""
        return {
            verb: parser
            for action in self._actions
            if isinstance(action, argparse._SubParsersAction)
            for verb, parser in action.choices.items()
        }

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's. A shell that asks for completions is answered, and the process ends."""
        self._words = list(sys.argv[1:] if args is None else args)
        self._complete()
        return super().parse_known_args(args, namespace)

    def parse_known_intermixed_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, and answers a shell."""
        self._complete()  # here, because argparse hides the positional arguments next
        return super().parse_known_intermixed_args(args, namespace)

    def _complete(self) -> None:
        if "_ARGCOMPLETE" in os.environ and not Parser._is_completing:
            import argcomplete  # here, since no other call needs it

            Parser._is_completing = True  # argcomplete parses too
            for action in self.actions():
                if completer := Parser.completers.get(str(action.metavar)):
                    vars(action)["completer"] = completer  # where argcomplete looks for it
            argcomplete.autocomplete(self)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = action.choices
        if choices is not None and value not in choices:
            kind = action.metavar if isinstance(action.metavar, str) else "choice"
            raise argparse.ArgumentError(
                None, f"unknown {kind} {value!r}: {nearest(str(value), choices)}"
            )


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for an unknown word: the nearest known one, then all of them.

    >>> nearest("trian", ["train", "runs"])
    "did you mean 'train'? Known: train, runs"
    """
    names = list(known)
    near = difflib.get_close_matches(word[:100], names, n=1)
    return (f"did you mean {near[0]!r}? " if near else "") + f"Known: {', '.join(names)}"


def whole_number(most: int | None = None, *, least: int = 1) -> Callable[[str], int]:
    """The type of an option that is a whole number from `least` to `most`."""
    limit = 10**18 if most is None else most
    span = f"from {least}" if most is None else f"from {least} to {most:,}"

    def parse(text: str) -> int:
        with suppress(ValueError):
            if least <= (number := whole(text)) <= limit:
                return number
        raise argparse.ArgumentTypeError(f"must be a whole number {span}, found {quoted(text)}")

    return parse


def escape_unprintable() -> None:
    """Make the outputs escape characters that their encodings lack, instead of raising."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
