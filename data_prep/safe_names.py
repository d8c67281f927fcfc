"""Names that come out of data sets, made into names of files: no data set decides where its copy is written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from data_prep.storage import OUTSIDE
from data_prep.table import NO_SEQUENCE, Table, objects
from sportstrack.errors import FormatError
from sportstrack.files.names import file_name, file_names


def with_file_names(table: Table, *, stems: bool = True) -> Table:
    """Return the table with names of pictures and clips that every system takes as names of files.

    What a system does not take (reserved words, signs, lengths) is replaced, and noted. A clip's name is one folder's
    name, whatever it holds.

    Args:
        table: the table.
        stems: ``a.jpg`` and ``a.png`` collide as well, because their labels would.

    Raises:
        FormatError: names that would leave the folder, that have no suffix, or that meet in one file.
    """
    check_names(table, stems=stems)
    names = _picture_names(table.images.name.tolist())
    used = sorted(set(table.images.sequence.tolist()) - {NO_SEQUENCE})
    clips = dict(zip(used, file_names([table.sequences[i].name for i in used]), strict=True))
    _refuse_twin_clips(table, clips)
    changed = {old: new for old, new in names.items() if old != new}
    changed |= {table.sequences[i].name: name for i, name in clips.items() if table.sequences[i].name != name}
    if not changed:
        return table
    old, new = next(iter(changed.items()))
    note = f"{len(changed)} names cannot be those of files everywhere and were changed: {old!r} is {new!r} now"
    sequences = tuple(replace(s, name=clips.get(i, s.name)) for i, s in enumerate(table.sequences))
    images = replace(table.images, name=objects(names[name] for name in table.images.name.tolist()))
    table = replace(table, sequences=sequences, images=images, notes=(*table.notes, note))
    check_names(table, stems=stems)
    return table


def check_names(table: Table, *, stems: bool = True) -> None:
    """Refuse names that would leave the folder or meet in one file, also where case does not count.

    Args:
        table: the table.
        stems: ``a.jpg`` and ``a.png`` collide as well, because their labels would.

    Raises:
        FormatError: which names.
    """
    names = table.images.name.tolist()
    together = "\n".join(names)
    if "" in names or "\\" in together or "\x00" in together or OUTSIDE.search(together):
        bad = next((n for n in names if not n or "\\" in n or "\x00" in n or OUTSIDE.search(n)), "")
        raise FormatError(f"the picture's name {bad!r} is no path inside a data set")
    if stems and (bad := next((n for n in names if "." not in n[n.rfind("/") + 2 :]), "")):
        raise FormatError(f"the picture's name {bad!r} has no suffix such as .jpg; rename it in the data set")
    for split in table.splits:
        if file_name(split) != split:
            raise FormatError(f"the split's name {split!r} is no folder's name")
        _refuse_clashes(table.images.name[table.images.split == split].tolist(), stems)


def _picture_names(names: list[str]) -> dict[str, str]:
    """Name → one whose parts are all names of files; empty parts and ``.`` are left out."""
    parts = {part for name in names for part in name.split("/")}
    safe = {part: _safe(part) for part in parts}
    return {name: "/".join(safe[part] for part in name.split("/") if part not in ("", ".")) for name in names}


def _safe(part: str) -> str:
    """Return a part of a picture's path as the name of a file; the suffix stays where there is one."""
    name = file_name(part)
    stem, dot, suffix = part.rpartition(".")
    if name == part or not dot:
        return name
    whole = unicodedata.normalize("NFC", part)
    return whole if file_name(whole) == whole else f"{file_name(stem)}.{file_name(suffix)}"


def _refuse_clashes(names: list[str], stems: bool) -> None:
    keys = names if all(map(str.isascii, names)) else [unicodedata.normalize("NFC", name) for name in names]
    keys = [(key[: key.rfind(".")] if stems else key).lower() for key in keys]
    if len(set(keys)) == len(keys):
        return
    first, second = _twins(zip(keys, names, strict=True))
    raise FormatError(f"the names {first!r} and {second!r} would meet in one file; rename one of them")


def _refuse_twin_clips(table: Table, clips: dict[int, str]) -> None:
    keys = [(table.sequences[i].split, name.casefold()) for i, name in clips.items()]
    if len(set(keys)) < len(keys):
        first, second = _twins(zip(keys, (table.sequences[i].name for i in clips), strict=True))
        raise FormatError(f"the clips {first!r} and {second!r} would meet in one folder; rename one of them")


def _twins(named: Iterable[tuple[object, str]]) -> tuple[str, str]:
    """Return the first two names that have one key."""
    seen: dict[object, str] = {}
    for key, name in named:
        if key in seen:
            return seen[key], name
        seen[key] = name
    raise ValueError("all keys differ")
