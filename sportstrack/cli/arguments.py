"""Types for the options of all commands: numbers within limits, names of a list, sizes."""

from __future__ import annotations

import argparse
import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Any

from sportstrack.errors import unknown
from sportstrack.limits import MAX_FRAME_RATE, MAX_FRAMES

MAX_LENGTH = 16384  # of a side; what OpenCV and the video encoders take as well

_PAIR = re.compile(r"[^-=/\\][^=/\\]*=[^\W\d_][^=/\\.]*")  # NAME=VALUE, and no path

MAX_WORKERS = 1024
MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class Whole:
    """Turns text into a whole number from ``low`` to ``high``; both are allowed."""

    low: int = 0
    high: int = MAX_FRAMES

    def __call__(self, text: str) -> int:
        """Return the number; ArgumentTypeError says what is expected."""
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or not self.low <= number <= self.high:
            raise ArgumentTypeError(f"expected a whole number from {self.low} to {self.high}, got {text!r}")
        return number


@dataclass(frozen=True)
class Real:
    """Turns text into a finite number from ``low`` to ``high``; ``above`` leaves ``low`` itself out."""

    low: float = 0.0
    high: float = 1e9
    above: bool = False

    def __call__(self, text: str) -> float:
        """Return the number; ArgumentTypeError says what is expected."""
        try:
            number = float(text)
        except ValueError:
            number = inf
        if not isfinite(number) or not self.low <= number <= self.high or (self.above and number == self.low):
            begin = f"above {self.low:g}" if self.above else f"from {self.low:g}"
            end = f"{'and at most' if self.above else 'to'} {self.high:g}"
            raise ArgumentTypeError(f"expected a number {begin} {end}, got {text!r}")
        return number


SHARE = Real(0, 1)
SIDE = Whole(32, 16384)
"""Longer side of a network's input, in pixels."""
FRAME_RATE = Real(1e-6, MAX_FRAME_RATE)
SEED = Whole(0, MAX_SEED)
WORKERS = Whole(1, MAX_WORKERS)


def one_of(what: str, known: Iterable[str]) -> Callable[[str], str]:
    """Return a type for a name of a list; a wrong one is answered with the nearest and the list."""
    names = list(known)

    def parse(text: str) -> str:
        if text not in names:
            raise ArgumentTypeError(unknown(what, text, names))
        return text

    return parse


def words(text: str) -> tuple[str, ...]:
    """Return the words of a comma-separated list; ArgumentTypeError if there are none."""
    found = tuple(word.strip() for word in text.split(",") if word.strip())
    if not found:
        raise ArgumentTypeError(f"expected names, separated by commas, got {text!r}")
    return found


def class_names(text: str) -> tuple[int | str, ...]:
    """Return the ids and names of classes of a comma-separated list."""
    return tuple(int(word) if word.isdigit() else word for word in words(text))


def paths(text: str) -> tuple[Path, ...]:
    """Return the files and folders of a comma-separated list; one that is there under the whole text is one."""
    if Path(text).exists():
        return (Path(text),)
    return tuple(map(Path, words(text)))


def ids(text: str) -> tuple[int, ...]:
    """Return the ids of tracks of a comma-separated list."""
    return tuple(map(Whole(), words(text)))


def names_of(what: str, known: Iterable[str], whole: str | None = None) -> Callable[[str], tuple[str, ...]]:
    """Return a type for a comma-separated list of known names; the word ``whole`` stands for all of them."""
    names = list(known)
    parse_one = one_of(what, names)

    def parse(text: str) -> tuple[str, ...]:
        return tuple(names) if whole is not None and text == whole else tuple(map(parse_one, words(text)))

    return parse


def size(text: str) -> tuple[int, int]:
    """Return (width, height) in pixels of ``1280x720``."""
    width, _, height = text.lower().partition("x")
    try:
        side = Whole(1, MAX_LENGTH)
        return side(width), side(height)
    except ArgumentTypeError:
        raise ArgumentTypeError(
            f"expected WIDTHxHEIGHT, such as 1280x720, of at most {MAX_LENGTH} pixels, got {text!r}"
        ) from None


def same_classes(text: str) -> dict[str, list[str]]:
    """Parse ``--same``: one name, and those that mean it too."""
    name, found, others = text.partition("=")
    names = [other.strip() for other in others.split(",") if other.strip()]
    if not found or not name.strip() or not names:
        raise argparse.ArgumentTypeError("expected NAME=OTHER,OTHER, such as person=player,referee")
    return {name.strip(): names}


class Together(argparse.Action):
    """An option with a list that is given more than once: its words count together, none is lost."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002
        namespace: argparse.Namespace,
        values: Any,
        option: str | None = None,  # noqa: ARG002
    ) -> None:
        """Add the words to those that were given before; the first ones take the place of the default."""
        before = getattr(namespace, self.dest, self.default)
        if before is not self.default:
            values = _joined(before, values)
        setattr(namespace, self.dest, values)


def _joined(before: Any, values: Any) -> Any:
    if isinstance(values, str):
        return f"{before},{values}"
    if isinstance(values, Mapping):
        return {**before, **values}
    return type(values)([*before, *values])


class PairWords(Together):
    """An option with ``NAME=VALUE,NAME=VALUE``, which may also be words of their own: ``--teams A=red B=blue``."""

    @staticmethod
    def together(arguments: Iterable[str], options: Collection[str]) -> list[str]:
        """Return a command line in which each of some options has its pairs in one word."""
        found: list[str] = []
        taken = False  # whether the last word is such a value
        for word in arguments:
            if taken and "=" in found[-1] and _PAIR.fullmatch(word):
                found[-1] = f"{found[-1].rstrip(', ')},{word}"
                continue
            name, equals, _ = word.partition("=")
            taken = (bool(found) and found[-1] in options) or (bool(equals) and name in options)
            found.append(word)
        return found
