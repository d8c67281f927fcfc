"""File names made of any text: names of videos, classes and sequences that come out of files."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

LONGEST = 190  # bytes of UTF-8; file systems take 255, and endings and temporary names need the rest
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?=$|[ .])", re.IGNORECASE)
_PLAIN = re.compile(r"[\w-](?:[\w. -]{0,100}[\w-])?", re.ASCII)  # allowed everywhere, as most names are
_FORBIDDEN = set('/\\:*?"<>|')
_ODD = {"Cc", "Cs", "Zl", "Zp"}  # control characters, bytes that are no text, line ends
_TURNING = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # show a name in another order


def file_name(text: str) -> str:
    """Return `text` as the name of one file: never a path, never empty, and allowed on Linux, macOS and Windows.

    A harmless name stays as it is (in Unicode's composed form). In any other, what is not allowed becomes ``_``, and
    eight digits of the text's hash follow, so that two texts never become one name.

    Example:
        >>> file_name("match 1"), file_name("../../notes")
        ('match 1', '_.._notes-df16d059')
    """
    if _PLAIN.fullmatch(text) and not _RESERVED.match(text):
        return text
    text = unicodedata.normalize("NFC", text)
    name = "".join("_" if _is_forbidden(character) else character for character in text)
    name = name.rstrip(" .").lstrip(" .")
    if _RESERVED.match(name):
        name = f"_{name}"
    if name == text and name and len(name.encode()) <= LONGEST:
        return name
    return _with_hash(name or "unnamed", text)


def run_name(result: str | Path) -> Path:
    """Return a run's file as ``NAME.ending``, also of those with two endings: ``NAME.mots.txt``, ``NAME.coco.json``."""
    path = Path(result)
    for two in (".mots.txt", ".coco.json"):
        if path.name.lower().endswith(two) and len(path.name) > len(two):
            return path.with_name(path.name[: -len(two)] + path.suffix)
    return path


def file_names(texts: Sequence[str]) -> list[str]:
    """Return a file name for each text, all different also where case does not count.

    Equal texts get equal names.
    """
    wanted = dict.fromkeys(unicodedata.normalize("NFC", text) for text in texts)
    names = {text: file_name(text) for text in wanted}
    folded = Counter(name.casefold() for name in names.values())
    for text, name in names.items():
        if folded[name.casefold()] > 1:
            names[text] = _with_hash(name, text)
    return [names[unicodedata.normalize("NFC", text)] for text in texts]


def _is_forbidden(character: str) -> bool:
    return character in _FORBIDDEN or character in _TURNING or unicodedata.category(character) in _ODD


def _with_hash(name: str, text: str) -> str:
    digits = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    short = name.encode()[: LONGEST - len(digits) - 1].decode(errors="ignore").rstrip(" .")
    return f"{short}-{digits}"
