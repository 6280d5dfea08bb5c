"""The command: minigrad completion bash|zsh|fish

Prints a script that makes the shell complete verbs, options, files, configs and runs.

Exit codes: 0 done; 2 bad usage.
"""

import argparse
import sys
from collections.abc import Sequence

from minigrad.terminal.command import Parser, guard, print_lines

_USE = """\
put one of these lines where your shell starts from:
  ~/.bashrc                   eval "$(minigrad completion bash)"
  ~/.zshrc, after compinit    eval "$(minigrad completion zsh)"
  ~/.config/fish/config.fish  minigrad completion fish | source"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit code."""
    parser = Parser(
        verb="completion",
        description="Print a script that makes a shell complete verbs, options, files and runs.",
        epilog=_USE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", metavar="SHELL", choices=["bash", "zsh", "fish"], help="your own")
    arguments = parser.parse_args(argv)
    from argcomplete.shell_integration import shellcode

    print_lines([shellcode(["minigrad"], shell=arguments.shell)])
    return 0


if __name__ == "__main__":
    sys.exit(guard(main))
