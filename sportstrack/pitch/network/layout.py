"""What the network for football takes and gives; the training and the run time share it."""

from __future__ import annotations

LOOK = (512, 288)
"""Width and height in pixels that a frame is brought to, for its thin bright lines to be found."""
INPUT = (320, 192)
"""Width and height of its input in pixels: the whole frame, stretched."""
LINE_STRIDE = 4
"""Pixels of the input in a cell of the maps of lines."""
PLACE_STRIDE = 16
"""Pixels of the input in a cell of the map of places."""
FOOTBALL_LINES = (
    "halfway_line",
    "centre_circle",
    "far_touchline",
    "near_touchline",
    *(
        f"{side}_{name}"
        for side in ("left", "right")
        for name in (
            "goal_line",
            "penalty_area_front",
            "far_penalty_area_side",
            "near_penalty_area_side",
            "goal_area_front",
            "far_goal_area_side",
            "near_goal_area_side",
            "penalty_arc",
        )
    ),
)
"""The lines and arcs that have a map, in its order."""
