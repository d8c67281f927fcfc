"""Opens, reads and writes videos in one call."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest
from make_video import (
    SIZE,
    number_of,
    picture,
)

from sportstrack.errors import SourceError
from sportstrack.video import (
    SourceInfo,
    VideoWriter,
    open_source,
)


def read(path: object, **settings: object) -> tuple[list[int], list[Fraction], list[int], list[str], SourceInfo]:
    """Return indices, times, numbers in the pictures, warnings and info of a whole source."""
    with open_source(path, **settings) as source:  # type: ignore[arg-type]
        rows = [(frame.index, frame.pts, number_of(frame.image)) for frame in source]
        indices, times, numbers = (list(column) for column in zip(*rows, strict=True))
        return indices, times, numbers, source.warnings, source.info


def refusal(path: object, **settings: object) -> str:
    """Return the message with which a source is refused."""
    with pytest.raises(SourceError) as caught, open_source(path, **settings) as source:  # type: ignore[arg-type]
        list(source)
    return str(caught.value)


def write(path: Path, times: list[Fraction], rate: Fraction, size: tuple[int, int] = SIZE, **settings: object) -> Path:
    with VideoWriter(path, *size, rate, **settings) as writer:  # type: ignore[arg-type]
        for number, pts in enumerate(times):
            writer.write(picture(number, size), pts)
    return path


@contextmanager
def as_nobody() -> Iterator[None]:
    """Drop root's right to read everything, for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)], capture_output=True, text=True, check=False
    )
