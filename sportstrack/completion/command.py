"""The command ``python -m sportstrack.completion`` (console: ``sportstrack completion``)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from sportstrack.cli import COMMANDS, new_parser, run
from sportstrack.trackers import TRACKERS

PROGRAM = "sportstrack completion"
SHELLS = ("bash", "zsh", "tcsh")

_EXAMPLES = """examples:
  sportstrack completion bash > ~/.local/share/bash-completion/completions/sportstrack
  sportstrack completion zsh > ~/.zfunc/_sportstrack      with fpath+=~/.zfunc before compinit in ~/.zshrc
  sportstrack completion tcsh >> ~/.tcshrc

Open a new shell afterwards.
"""

_FILES = {"VIDEO", "SOURCE", "FILE", "PATH", "RESULT", "YAML", "DATA", "WEIGHTS"}
_FOLDERS = {"DIR", "FOLDER"}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the completion script of the shell named on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(PROGRAM, "Print a script that completes words, options and files in a shell.", _EXAMPLES)
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
    return parser


def _main(options: argparse.Namespace) -> int:
    import shtab

    sys.stdout.write(shtab.complete(_all_words(), shell=options.shell) + "\n")
    return 0


def _all_words() -> argparse.ArgumentParser:
    """Return one parser with the parser of each word below it."""
    whole = argparse.ArgumentParser(prog="sportstrack", description="track players and the ball in sports videos")
    whole.add_argument("-V", "--version", action="store_true", help="print the version")
    words: Any = whole.add_subparsers(dest="word")
    for word, (module, about) in COMMANDS.items():
        words.add_parser(word, help=about)
        parser = words.choices[word] = import_module(module)._parser()
        for action in parser._actions:
            _complete_files(action)
    return whole


def _complete_files(action: Any) -> None:
    import shtab

    if action.dest == "tracker":
        action.choices = list(TRACKERS)
    metavar = str(action.metavar or "").rstrip("…,")
    if metavar in _FOLDERS:
        action.complete = shtab.DIRECTORY
    elif action.type is Path or metavar in _FILES:
        action.complete = shtab.FILE
