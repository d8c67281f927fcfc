"""Which variant to take, and which not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

MOST_LOSS = 1.0  # points, that is per cent, of AP or HOTA


class Judged(Protocol):
    """What a recommendation rests on; see `sportstrack.export.VariantFigures`."""

    @property
    def name(self) -> str:
        """How tables call the variant."""
        ...

    @property
    def ms(self) -> float:
        """Median milliseconds of a picture."""
        ...

    @property
    def ap(self) -> float:
        """Average precision, 0…1; NaN where it is unknown."""
        ...

    @property
    def hota(self) -> float:
        """HOTA, 0…1; NaN where it is unknown."""
        ...


@dataclass(frozen=True)
class Recommendation:
    """Which variant to take.

    Attributes:
        best: its name; None where nothing can be recommended.
        refused: variant → why it is not recommended.
        reasons: sentences for people.
        most_loss: points of AP or HOTA that it may lose.
    """

    best: str | None
    refused: Mapping[str, str]
    reasons: tuple[str, ...]
    most_loss: float = MOST_LOSS


def recommend(variants: Sequence[Judged], most_loss: float = MOST_LOSS) -> Recommendation:
    """Return the fastest variant that loses no more than `most_loss` points of AP and of HOTA against the first one.

    Without truth nothing is recommended: that two variants agree says nothing of which is right.
    """
    reference = variants[0]
    if math.isnan(reference.ap) and math.isnan(reference.hota):
        text = "nothing is recommended without truth: give labelled pictures, or sequences with truth"
        return Recommendation(None, {}, (text,))
    refused = {one.name: why for one in variants[1:] if (why := _loss(one, reference, most_loss))}
    best = min((one for one in variants if one.name not in refused), key=lambda one: one.ms)
    reasons = [_praise(best, reference)]
    for figure, option in (("ap", "labelled pictures"), ("hota", "sequences with truth")):
        if math.isnan(getattr(reference, figure)):
            reasons.append(f"{figure.upper()} is unknown: give {option} as well before you rely on this")
    reasons += [f"not recommended: {name} {why}" for name, why in refused.items()]
    return Recommendation(best.name, refused, tuple(reasons), most_loss)


def loss(one: Judged, reference: Judged, figure: str) -> float:
    """Return the points of a figure (``ap`` or ``hota``) that a variant loses; NaN where it is unknown."""
    return 100 * float(getattr(reference, figure) - getattr(one, figure))


def _loss(one: Judged, reference: Judged, most: float) -> str:
    lost = {figure.upper(): loss(one, reference, figure) for figure in ("ap", "hota")}
    parts = [f"{points:.1f} points of {figure}" for figure, points in lost.items() if points > most]
    return f"loses {' and '.join(parts)} (at most {most:g} is allowed)" if parts else ""


def _praise(best: Judged, reference: Judged) -> str:
    if best is reference:
        return f"recommended: {best.name}, the first one; none that is as good is faster"
    lost = [(figure.upper(), -loss(best, reference, figure)) for figure in ("ap", "hota")]
    changes = ", ".join(f"{figure} {points:+.1f}" for figure, points in lost if not math.isnan(points))
    return f"recommended: {best.name}, {reference.ms / best.ms:.1f} times as fast as {reference.name} ({changes})"
