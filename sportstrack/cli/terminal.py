"""Standard output and error that never fail: characters that a terminal lacks, and readers that have gone."""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata
from typing import TextIO

ERRORS = "sportstrack"
"""Name of the encoding error handler that `prepare` gives to the standard streams."""

_PLAIN = {
    **dict.fromkeys("─━═╌┄‐‑–—−", "-"),
    **dict.fromkeys("│┃║", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╔╗╚╝", "+"),
    **dict.fromkeys("“”„«»", '"'),
    **dict.fromkeys("‘’‚‹›", "'"),
    **dict.fromkeys("·•", "*"),
    **dict.fromkeys("█▉▊▋▌▍▎▏", "#"),
    **dict(zip("→←↔⇒…×÷±≥≤", ("->", "<-", "<->", "=>", "...", "x", "/", "+-", ">=", "<="), strict=True)),
    **dict(zip("≠≈✓✗ßæÆœŒ", ("!=", "~", "ok", "x", "ss", "ae", "AE", "oe", "OE"), strict=True)),
    **dict(zip("°øØłŁđĐıµ", "*oOlLdDiu", strict=True)),
}
"""What stands for characters that Unicode itself does not reduce to ASCII."""


def plain(text: str) -> str:
    r"""Return text in ASCII: ``->`` for an arrow, letters without accents, ``?`` for what has no such form.

    Bytes of a file name that are no UTF-8, which Python holds as lone surrogates, stay visible: ``\udcff``.
    """
    return "".join(map(_plain, text))


def printable(text: str) -> str:
    r"""Return text that any UTF-8 writer takes: bytes of a file name that are no UTF-8 become ``\udcff``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def prepare() -> None:
    """Make the standard streams write `plain` forms of characters that their encoding lacks, instead of failing."""
    codecs.register_error(ERRORS, _replaced)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed, as by ">&-" or in a program without a console
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - it stays open
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ERRORS)


def flush() -> None:
    """Write what is buffered for standard output; BrokenPipeError if its reader has gone."""
    try:
        sys.stdout.flush()
    except OSError as error:
        if sys.platform == "win32" and not isinstance(error, BrokenPipeError):  # says "invalid argument" there
            raise BrokenPipeError from error
        raise


def abandon() -> None:
    """Send what is still to be written to nowhere, once the reader of standard output or error has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if _is_broken(stream):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _is_broken(stream: TextIO) -> bool:
    try:
        stream.flush()
    except (OSError, ValueError):
        return True
    return False


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if "\ud800" <= character <= "\udfff":
        return f"\\u{ord(character):04x}"
    if character in _PLAIN:
        return _PLAIN[character]
    if unicodedata.combining(character):
        return ""
    letters = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    return letters if letters.isascii() and letters else "?"
