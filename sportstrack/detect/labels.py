"""Names of a model's classes: files with a name per line, TensorFlow's label maps (``.pbtxt``), and COCO's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from sportstrack.errors import FormatError, WeightsError
from sportstrack.files.reading import read_text
from sportstrack.limits import MAX_SETTINGS_BYTES
from sportstrack.models.devices import import_torch

NAMES = ("label_map.pbtxt", "labels.txt")
"""What such a file is called when it lies beside its model."""

_TOKEN = re.compile(
    r"""
    \s+ | \#[^\n]*
    | (?P<text> "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' )
    | (?P<word> [\w.+-]+ )
    | (?P<sign> [{}:,;] )
    """,
    re.VERBOSE,
)


def split_labels(name: str) -> tuple[Path, Path | None]:
    """Return model and labels file of ``MODEL`` or ``MODEL,LABELS``.

    Raises:
        WeightsError: if the labels file is not there.
    """
    model, comma, labels = name.rpartition(",")
    if not comma or Path(name).expanduser().exists():
        return Path(name).expanduser(), None
    file = Path(labels).expanduser()
    if not file.is_file():
        raise WeightsError(f"{file}: no such labels file")
    return Path(model).expanduser(), file


def find_labels(folders: Sequence[Path], stem: str = "") -> Path | None:
    """Return the first labels file in some folders: ``STEM.txt`` if there is a stem, or one of `NAMES`."""
    names = ([f"{stem}.txt"] if stem else []) + list(NAMES)
    return next((folder / name for folder in folders for name in names if (folder / name).is_file()), None)


def coco_labels() -> dict[int, str]:
    """Return COCO's 91 numbers → names, as TensorFlow's and torchvision's models count; eleven stand for nothing."""
    import_torch()
    from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights

    return dict(enumerate(FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]))


def read_labels(file: Path, first: int) -> dict[int, str]:
    """Read class number → name.

    Args:
        file: ``.pbtxt``, which has numbers of its own, or text with a name per line.
        first: the number of a text file's first line.

    Raises:
        FormatError: the file cannot be read, names no class, or is no label map.
    """
    text = read_text(file, most=MAX_SETTINGS_BYTES, lenient=False)
    if file.suffix.lower() == ".pbtxt":
        labels = _label_map(file, text)
    else:
        lines = [line.strip() for line in text.rstrip().splitlines()]
        labels = {first + i: line for i, line in enumerate(lines) if line}
    if not labels:
        raise FormatError(f"{file}: names no class")
    return labels


def _label_map(file: Path, text: str) -> dict[int, str]:
    """Read ``item { id: 1 name: 'person' }``; a display_name replaces the name."""
    labels: dict[int, str] = {}
    for line, item in _items(file, text):
        number, name = item.get("id", ""), item.get("display_name") or item.get("name", "")
        if not number.isdecimal() or len(number) > 9 or not name:
            raise FormatError(f"{file}, line {line}: expected item {{ id: NUMBER name: 'NAME' }}, got {item or '{}'}")
        labels[int(number)] = name
    return labels


def _items(file: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line and the fields of each item; blocks inside it, such as key points, are skipped."""
    depth, key, start = 0, "", 1
    fields: dict[str, str] = {}
    for line, token in _tokens(file, text):
        if token == "{":
            depth += 1
            if depth == 1:
                start, fields = line, {}
        elif token == "}":
            depth -= 1
            if depth == 0:
                yield start, fields
        elif depth == 1 and token not in ":,;":
            if key:
                fields[key] = token[1:-1] if token[0] in "\"'" else token
            key = "" if key else token
            continue
        elif token == ":":
            continue
        key = ""
        if depth < 0:
            break
    if depth:
        raise FormatError(f"{file}: its braces do not match")


def _tokens(file: Path, text: str) -> Iterator[tuple[int, str]]:
    place, line = 0, 1
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise FormatError(f"{file}, line {line}: {text[place]!r} does not belong into a label map")
        if found.lastgroup:
            yield line, found.group()
        line += found.group().count("\n")
        place = found.end()
