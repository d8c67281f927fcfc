"""The pitches as lines in metres, for maps on the page."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

router = APIRouter(prefix="/v1/pitches", tags=["pitches"])
MARGIN = 3.0
"""Metres around the lines."""
_Metres = Annotated[float | None, Query(gt=0, le=1000)]


@router.get("/{name}", summary="A pitch's lines in metres")
def pitch_shape(
    name: Annotated[str, Path(max_length=100)], length: _Metres = None, width: _Metres = None
) -> dict[str, Any]:
    """Return the lines of a pitch, from its middle: x along the length, y towards the near side.

    `reach` is half of what a map shows in x and in y, with a margin around the lines.
    """
    from sportstrack.pitch.model import load_pitch, pitch_names
    from sportstrack.serve.refusal import not_found

    if name not in pitch_names():
        raise not_found("pitch", name)
    pitch = load_pitch(name, length, width)
    lines = [part.points().round(3).tolist() for part in pitch.parts]
    return {
        "name": name,
        "length": pitch.length,
        "width": pitch.width,
        "surface": pitch.surface,
        "paint": pitch.paint,
        "reach": [round(half + MARGIN, 3) for half in pitch.reach],
        "lines": lines,
    }
