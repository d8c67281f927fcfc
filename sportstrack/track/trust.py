"""Settings that a file may not decide alone: those that run code, load what can hold code, or fetch something."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sportstrack.detect.slices import NONE
from sportstrack.errors import SettingError
from sportstrack.files.reading import is_folder
from sportstrack.trackers import TRACKERS


def refuse_code(values: Mapping[str, Any], file: Path | None = None) -> None:
    """Refuse settings that import code, load what can hold code, or fetch something from an address.

    Args:
        values: the settings.
        file: where they stand, for messages; None where the caller says so.

    Raises:
        SettingError: such a setting.
    """
    where, otherwise = ("", "") if file is None else (f"{file}: ", ", or name it yourself (--{})")
    if values.get("trust"):
        raise SettingError(f"{where}trust: a file cannot ask for trust; pass --trust (in Python trust=True) if you do")
    for name, plain in _PLAIN.items():
        value = values.get(name)
        if value is not None and not plain(value):
            raise SettingError(
                f"{where}{name}: {value} runs code or fetches files; pass --trust (in Python trust=True) if you "
                f"trust the file{otherwise.format(name)}"
            )


def _is_plain_camera(name: str) -> bool:
    from sportstrack.camera import CAMERAS

    return name.lower() in CAMERAS


def _is_plain_model(spec: str) -> bool:
    """A known name, or weights on this machine that are loaded without running code."""
    if spec.lower().startswith("torchvision:"):
        return True
    return not _ELSEWHERE.search(spec) and Path(spec).suffix.lower() in ("", ".pt", ".onnx") and not is_folder(spec)


def _is_plain_embedder(name: str) -> bool:
    from sportstrack.embed import EMBEDDERS

    def plain(part: str) -> bool:
        low = part.strip().lower()
        while low.startswith("centred:"):
            low = low.removeprefix("centred:").strip()
        is_file = low.endswith(".onnx") and not _ELSEWHERE.search(low)
        return low in (*EMBEDDERS, NONE) or low.startswith("torchvision:") or is_file

    return all(map(plain, name.split("+")))


_ELSEWHERE = re.compile(r"://|^[\\/]{2}|^(?![A-Za-z]:[\\/])[^\\/]*:")  # an address, a network folder, MODULE:NAME
_PLAIN: dict[str, Callable[[str], bool]] = {
    "tracker": lambda name: name.lower() in TRACKERS,
    "detector": _is_plain_model,
    "weights": _is_plain_model,
    "embedder": _is_plain_embedder,
    "camera": _is_plain_camera,
    "detections": lambda path: not _ELSEWHERE.search(path),
    "pitch": lambda path: not _ELSEWHERE.search(path),
    "team_colours": lambda path: not _ELSEWHERE.search(path),
    "roster": lambda path: not _ELSEWHERE.search(path),
}
