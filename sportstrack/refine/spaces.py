"""Where `sportstrack tune` looks for the refinement's settings; each default lies in its range."""

from __future__ import annotations

from sportstrack.spaces import Range, Space

SPACE: Space = {
    "trust": Range(-2.0, 4.0),
    "interior_gap": Range(1.0, 10.0),
    "interior_prior": Range(0.0, 9.0),
    "interior_decay": Range(1.0, 12.0, log=True),
    "interior_along_rate": Range(0.1, 1.0, log=True),
    "interior_across_rate": Range(0.05, 0.6, log=True),
    "velocity_decay": Range(0.4, 5.0, log=True),
    "border_gap": Range(1.0, 30.0),
    "border_prior": Range(-3.0, 5.0),
    "border_decay": Range(4.0, 60.0, log=True),
    "border_along": Range(0.05, 1.0, log=True),
    "fill_gap": Range(0.2, 4.0),
    "fill_gap_border": Range(0.0, 1.0),
    "smooth_std": Range(0.0, 0.12),
    "smooth_std_vertical": Range(0.0, 0.2),
    "drop_under": Range(0.0, 2.0),
    "stature_weight": Range(0.0, 1.5),
    "appearance_weight": Range(0.0, 10.0, needs="embedding"),
    "appearance_neutral": Range(0.0, 0.8, needs="embedding"),
}
"""Setting of `sportstrack.refine.RefineSettings` → range."""
