"""What a job's settings may name: weights, plug-ins and settings files of the service's own lists, nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sportstrack.errors import unknown
from sportstrack.serve.refusal import RefusedError
from sportstrack.serve.settings import ServeSettings
from sportstrack.trackers import TRACKERS

CAMERAS = ("flow", "orb", "ecc", "boxes", "none")
EMBEDDERS = ("kit", "osnet", "detector", "none")
_CODE = ("detector", "tracker", "embedder", "camera")


def checked(values: Mapping[str, Any], settings: ServeSettings) -> dict[str, Any]:
    """Return a job's settings with names of the lists turned into what they stand for.

    Args:
        values: as they were sent.
        settings: of the service, with the lists.

    Raises:
        RefusedError: a name that is not on its list.
    """
    found = dict(values)
    if "weights" in found:
        found["weights"] = listed("weights", found["weights"], settings.weights)
    for name in _CODE:
        value = found.get(name)
        if value is not None and not _is_plain(name, value):
            found[name] = listed(name, value, (*_KNOWN[name], *settings.plugins), exact=True)
    return found


def listed(what: str, value: Any, known: Sequence[str], *, exact: bool = False) -> str:
    """Return an entry of a list by its whole text or, unless `exact`, by its file name.

    Raises:
        RefusedError: it is not there.
    """
    if isinstance(value, str):
        for entry in known:
            if value == entry or (not exact and value == Path(entry).name):
                return entry
    names = [entry if exact else Path(entry).name for entry in known]
    raise RefusedError(
        f"{what}: {unknown('name', str(value)[:200], names)}; the service's owner lists them", "forbidden"
    )


def default_weights(settings: ServeSettings) -> str:
    """Return the weights of a job that names none: the first of the list."""
    return settings.weights[0] if settings.weights else "demo"


_KNOWN: dict[str, tuple[str, ...]] = {
    "detector": (),
    "tracker": tuple(sorted(TRACKERS)),
    "embedder": EMBEDDERS,
    "camera": CAMERAS,
}


def _is_plain(name: str, value: Any) -> bool:
    """Return whether a value loads nothing but the program's own parts; what is no text is refused later."""
    if not isinstance(value, str):
        return True
    parts = value.lower().split("+") if name == "embedder" else [value.lower()]
    return all(part.strip() in _KNOWN[name] for part in parts)
