"""The parser of each word of ``sportstrack``, and what it makes of a command line, without running the command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from unittest import mock

from sportstrack import cli


class _Stop(Exception):  # noqa: N818 - it is no error
    pass


def parser_of(word: str) -> argparse.ArgumentParser:
    """The parser that a word of the command line uses."""
    with mock.patch.object(cli._Parser, "parse_args", lambda self, *_: (_ for _ in ()).throw(_Stop(self))):
        try:
            cli.main([word])
        except _Stop as stop:
            return stop.args[0]
    raise AssertionError(f"{word}: parsed nothing")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """The options of a whole command line, ``["track", "match.mp4"]``; SystemExit if it is refused."""
    return parser_of(words[0]).parse_args(list(words[1:]))
