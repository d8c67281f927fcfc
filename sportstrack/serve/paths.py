"""Paths that requests name: inside the allowed folders, through no link that leads out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sportstrack.serve.refusal import RefusedError


def check_path(text: str, folders: Iterable[str | Path]) -> Path:
    """Return the file or folder that a request names: relative to one of the folders, or inside one in full.

    Args:
        text: as it was sent.
        folders: the allowed ones.

    Raises:
        RefusedError: outside of them, also by ``..`` or a link; not there; or no plain file or folder.
    """
    allowed = [Path(os.path.realpath(folder)) for folder in folders]
    if not allowed:
        raise RefusedError(
            "paths are not taken by this service; start it with --folders, or upload the file", "forbidden"
        )
    if not text or "\0" in text or "://" in text or text.startswith(("~", "\\\\")):
        raise RefusedError("path: expected the path of a file in an allowed folder", "forbidden")
    outside = True
    for folder in allowed:
        found = Path(os.path.realpath(folder / text))
        if found != folder and folder not in found.parents:
            continue
        outside = False
        if found.is_file() or found.is_dir():
            return found
    if outside:
        raise RefusedError("the path leads out of the allowed folders", "forbidden")
    raise RefusedError(f"{text}: no such file in the allowed folders", "not_found")


def inside(folder: Path, name: str) -> Path:
    """Return a file of one of the service's own folders by its name.

    Raises:
        RefusedError: no such file there; a name with a folder in it is none.
    """
    path = folder / name
    plain = name not in ("", ".", "..") and not set(name) & set("/\\\0:") and not name.startswith(".")
    if not plain or path.is_symlink() or not path.is_file():
        raise RefusedError(f"there is no file {name!r}", "not_found")
    return path
