"""Every number of the refinement, with its unit and default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sportstrack.errors import SettingError, unknown

STEPS = ("split", "link", "interpolate", "smooth", "drop")
"""The steps by name, in the order in which they run."""

_SIGNED = (
    *("trust", "interior_prior", "border_prior", "appearance_neutral", "split_below"),
    *("shot_similarity", "formation_similarity"),
)
_DIVISORS = (
    *("interior_decay", "interior_along", "interior_across", "interior_height", "velocity_decay"),
    *("border_decay", "border_along", "border_height", "tail"),
)
_TINY = 1e-3


@dataclass(frozen=True)
class RefineSettings:
    """What each step does and how far it goes.

    Times are in seconds, so that they suit every frame rate, and lengths in heights of the boxes concerned, so that
    they suit every picture size. Shares of the picture are of its width or height.

    Attributes:
        steps: names of `STEPS` to run; they always run in the order of `STEPS`.

        split_window: split where the mean embeddings of up to this many seconds before and after differ.
        split_min_side: seconds of track that each side must have.
        split_team: split where two teams, one before and one after, explain the team evidence by so many nats better
            than one team; 0 for never.
        split_number: split where one shirt number is sure before and another one after: so much confidence of readings
            must add up for either; 0 for never.
        split_below: split where the cosine of the two means was measured to be worth less than this, in nats.

        trust: log-odds added for a gap that the tracker itself bridged; larger leaves more to the tracker, 1000
            all that it bridged.
        slope_window: seconds at a piece's end from which its place, height and velocity are fitted.
        interior_gap: longest absence, in seconds, that is bridged in the middle of the picture.
        interior_prior: log-odds of a link before gap, place and height are looked at.
        interior_decay: seconds after which a link is e times less likely.
        interior_along: heights by which the horizontal place differs from the expected one after no time, …
        interior_along_rate: … and how fast this grows, per second.
        interior_across: the same for the vertical place.
        interior_across_rate: the same per second.
        interior_height: the same for the logarithm of the height.
        interior_height_rate: the same per second.
        velocity_decay: seconds after which a player keeps a part e of the velocity.
        vertical_velocity: share of the vertical velocity that is believed; the boxes' heights disturb it.
        border_reach: share of the picture; a box closer to an edge than this has left or come in there.
        border_gap: longest absence, in seconds, behind an edge.
        border_prior: log-odds of a link at an edge before gap, place and height are looked at.
        border_decay: seconds after which it is e times less likely.
        border_along: heights by which the place along the edge differs after one second; grows with the root of time.
        border_height: the logarithm of the height differs by this much after no time, …
        border_height_rate: … and by this much more after one second; grows with the root of time.
        tail: degrees of freedom of the differences' t distributions; 2 is lenient, 100 as good as normal.
        appearance_measured: share of what the cosine of two appearances was measured to be worth in the sequence itself
            in what it adds to the log-odds; the rest, and all where there is little to measure, is the following line.
        appearance_weight: weight · (c − neutral); 0: appearance links nothing within a shot.
        appearance_neutral: the cosine that says nothing.
        stature_weight: share of what the heights of boxes say of who is who, by their place; 0: they do not count.
        who_weight: share of what teams and shirt numbers add to the log-odds; 0: neither counts.
        number_gap: longest absence, in seconds, that a number read on both sides bridges within a team.

        shot_memory: seconds for which a player may be known again in a later shot; 0 for never.
        shot_similarity: cosine of two appearances from which a player is known again by them; above 1 for never.
        shot_similarity_lead: by how much it must be above the next best cosine, from either side.
        shot_unproven: 1: appearance alone links any two shots; 0: only shots that formation has shown to be of one
            match. The referees of two matches have similar appearances.
        formation_evidence: evidence, in nats, from which players are known again after a shot change by how they
            stand to one another, where no embeddings are known; 0 for never.
        formation_lead: by how much it must be above that of the next best way to fit them.
        formation_players: fewest players that fall into place; with fewer, chance needs too little luck.
        formation_evidence_appearance: as ``formation_evidence``, where embeddings are known.
        formation_lead_appearance: as ``formation_lead``, where embeddings are known.
        formation_players_appearance: as ``formation_players``, where embeddings are known.
        formation_similarity: two appearances of a cosine under this are not the same player's, wherever they stand.
        formation_clear: person heights by which the next nearest player must be farther off than the same.
        formation_window: seconds before and after a shot change from which places at that moment are taken.

        fill_gap: longest gap, in seconds, that is filled.
        fill_gap_border: the same where the player left the picture or came in at an edge.

        smooth_std: standard deviation of the kernel that smooths left and right edges, in seconds; legs and arms move
            them.
        smooth_std_vertical: the same for upper and lower edges.
        smooth_noise: boxes whose edges have less jitter than this share of the height are left as they are.

        drop_under: tracks seen for fewer seconds are dropped, …
        drop_share: … but none that was seen for this share of the sequence, so that clips keep their tracks.
    """

    steps: Sequence[str] = STEPS

    split_window: float = 3.0
    split_min_side: float = 1.0
    split_below: float = -3.0
    split_team: float = 15.0
    split_number: float = 2.0

    trust: float = 0.5
    slope_window: float = 0.4
    interior_gap: float = 4.0
    interior_prior: float = 5.0
    interior_decay: float = 4.0
    interior_along: float = 0.02
    interior_along_rate: float = 0.34
    interior_across: float = 0.04
    interior_across_rate: float = 0.15
    interior_height: float = 0.05
    interior_height_rate: float = 0.08
    velocity_decay: float = 1.6
    vertical_velocity: float = 0.5
    border_reach: float = 0.02
    border_gap: float = 12.0
    border_prior: float = 1.5
    border_decay: float = 16.0
    border_along: float = 0.25
    border_height: float = 0.04
    border_height_rate: float = 0.1
    tail: float = 2.0
    appearance_measured: float = 1.0
    appearance_weight: float = 4.0
    appearance_neutral: float = 0.4
    stature_weight: float = 0.7
    who_weight: float = 1.0
    number_gap: float = 60.0

    shot_memory: float = 60.0
    shot_similarity: float = 0.6
    shot_similarity_lead: float = 0.15
    shot_unproven: float = 0.0
    formation_evidence: float = 24.0
    formation_lead: float = 12.0
    formation_players: float = 7.0
    formation_evidence_appearance: float = 22.0
    formation_lead_appearance: float = 12.0
    formation_players_appearance: float = 6.0
    formation_similarity: float = 0.0
    formation_clear: float = 0.3
    formation_window: float = 0.32

    fill_gap: float = 1.2
    fill_gap_border: float = 0.2

    smooth_std: float = 0.024
    smooth_std_vertical: float = 0.06
    smooth_noise: float = 0.018

    drop_under: float = 1.0
    drop_share: float = 0.1

    def __post_init__(self) -> None:
        for name in self.steps:
            if name not in STEPS:
                raise SettingError(f"steps: {unknown('step', name, STEPS)}")
        for name, value in numbers(self).items():
            if not (isinstance(value, (int, float)) and abs(value) < float("inf")):
                raise SettingError(f"{name}: expected a finite number, got {value!r}")
            low = -float("inf") if name in _SIGNED else _TINY if name in _DIVISORS else 0.0
            if value < low:
                raise SettingError(f"{name}: expected a number from {low:g}, got {value!r}")


PRESETS: dict[str, dict[str, float]] = {
    "sports": {},
    "hockey": {"border_gap": 0.0},
    "pedestrian": {"interior_prior": -2.0, "border_prior": -2.0, "trust": 3.0, "stature_weight": 0.0},
}
"""Name → settings that differ from the defaults. Hockey: whole lines change at the boards, so a player that comes
in there is another one than left; pedestrian: people come and go for good."""


def preset(name: str, **changes: Any) -> RefineSettings:
    """Return the settings of a preset, with changes; SettingError for an unknown name."""
    if name not in PRESETS:
        raise SettingError(unknown("preset", name, PRESETS))
    return RefineSettings(**PRESETS[name] | changes)


def checked(values: Mapping[str, Any]) -> RefineSettings:
    """Return the settings with some values; SettingError for an unknown name or a value out of range."""
    known = [field.name for field in fields(RefineSettings)]
    for name in values:
        if name not in known:
            raise SettingError(unknown("setting of the refinement", name, known))
    return RefineSettings(**values)


def numbers(settings: RefineSettings) -> dict[str, Any]:
    """Return the settings that are numbers: name → value."""
    return {field.name: getattr(settings, field.name) for field in fields(settings) if field.name != "steps"}
