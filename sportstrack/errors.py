"""The errors that a user can cause and mend; each message names what is wrong, where, and the fix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sportstrack.limits import MAX_MESSAGE

_PACKAGES = {"cv2": "opencv-contrib-python", "PIL": "pillow", "yaml": "pyyaml"}
"""Module → package that it comes with, where the names differ."""


class SportstrackError(Exception):
    """Base of the errors raised for bad input. Command lines print the message and exit with status 2.

    A message is one line that a terminal can show, whatever a file put into it; the middle of a long one is left out.

    Attributes:
        kept: files with what was done before the error.
    """

    kept: Sequence[str] = ()

    def __init__(self, message: object = "") -> None:
        super().__init__(one_line(str(message)))


class SourceError(SportstrackError):
    """A video, image folder or stream cannot be opened or read."""


class OutputError(SportstrackError):
    """An output cannot be written (permission, full disk, missing folder)."""


class OtherSourceError(OutputError):
    """An output has the name of another source's result."""


class WeightsError(SportstrackError):
    """A weights file is missing, broken or of an unknown kind, or cannot be downloaded."""


class DeviceError(SportstrackError):
    """The compute device asked for is not there."""


class SettingError(SportstrackError, ValueError):
    """A setting or name is unknown or out of range."""


class FormatError(SportstrackError, ValueError):
    """A text or data file does not hold what its format asks for."""


class PluginError(SportstrackError):
    """Code of the user's own, given by name, has failed; the message says where, the cause is what it raised."""


def one_line(text: str) -> str:
    """Return a text on one line of at most `MAX_MESSAGE` characters, with its control characters as spaces or codes."""
    text = "".join(c if c.isprintable() else " " if c.isspace() else repr(c)[1:-1] for c in text)
    if len(text) > MAX_MESSAGE:
        half = MAX_MESSAGE // 2
        text = f"{text[:half]} … {text[-half:]}"
    return text


def missing_package(module: str) -> SportstrackError:
    """Return the error for a package that is not installed, with the command that installs it."""
    package = _PACKAGES.get(module, module)
    return SportstrackError(f"the Python package {module} is not installed: pip install {package}")


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return ``"no format 'mto'; did you mean 'mot'? (known: mot, csv)"``, with at most 60 names."""
    names = list(known)
    listed = ", ".join(names[:60]) + (", …" if len(names) > 60 else "")
    return f"no {what} {name!r}{nearest(name, names)} (known: {listed or 'none'})"


def nearest(name: str, valid: list[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest of ``valid``, or an empty string."""
    from difflib import get_close_matches

    found = get_close_matches(name.lower(), [v.lower() for v in valid], n=1, cutoff=0.5)
    original = next((v for v in valid if found and v.lower() == found[0]), None)
    return f"; did you mean {original!r}?" if original else ""
