"""Import a package whose name a file in this folder has, too: scripts here would find themselves first."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any


def import_outside(name: str) -> Any:
    """Return the module of this name, looked for everywhere but in this folder."""
    here, path = Path(__file__).resolve().parent, sys.path[:]
    sys.path[:] = [folder for folder in path if Path(folder).resolve() != here]
    try:
        return import_module(name)
    finally:
        sys.path[:] = path
