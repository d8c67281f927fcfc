"""Where the playing surface is in a picture, by its colour, and who stands on it.

    finder = FieldFinder()
    for frame in source:
        detections = detector([frame.image])[0]
        field = finder.update(frame.image, detections.xyxy, detections.score)
        if field is not None:
            players = detections[field.holds(detections.xyxy)]

The field's colour is learned from the picture itself, so grass, parquet, ice, sand and coloured floors work alike.
Where no field is found (close-ups, crowds, streets) nothing is known of anybody.
"""

from __future__ import annotations

from sportstrack.field.finder import Field, FieldFinder
from sportstrack.field.people import people_of

__all__ = ["Field", "FieldFinder", "people_of"]
