"""Colours of teams: the mean colour of their shirts as the video shows them, made readable on the ground."""

from __future__ import annotations

from itertools import product
from operator import itemgetter
from typing import Any

import numpy as np

from sportstrack.draw.colours import OTHERS, PALETTE, Colour, bgr
from sportstrack.identities.table import Identity
from sportstrack.types import FloatArray, Image

Key = tuple[str, str]
"""Team, and role where that dresses otherwise (goalkeeper, referee, other)."""

UNKNOWN: Colour = (205, 205, 205)
"""BGR of tracks of which neither team nor such a role is known."""

DARKEST = 95.0  # mean of a colour's channels; below it lines sink into their dark edges
TEAMS_APART = 165.0  # distance in BGR between the colours of two teams
APART = 110.0  # that to the colours of goalkeepers and officials, and to the ground
_CHEST = (0.3, 0.7, 0.2, 0.45)  # left, right, top, bottom: the part of a box that is shirt
_SMALLEST = 12  # pixels of a box's height
_EVERY, _ENOUGH, _LATER = 5, 40, 25  # frames between looks, looks after which they are rarer, and then
_GROUND = 75.0  # sum of a pixel's differences to the ground's colour
_GREY = 40.0  # difference between the channels up to which a colour is a grey
_LIGHT, _WHITE = 130.0, 235.0  # mean of a grey that stands for white, and of the white that is drawn
_STRENGTHS, _LIGHTS = (1.0, 1.5, 2.0, 3.0, 4.5, 6.0, 8.0), (1.0, 0.85, 0.7, 0.55, 0.45)  # factors of a pushed colour
_DARKEST_PUSHED, _FROM_GROUND = 90.0, 60.0  # mean of its channels, and distance to the ground's
_DULLER = 200.0  # what it costs to make a colour black, in distances to the kit's own
_SETTLED = 8  # looks from which on the team that gave way stays the same
_SLOWEST = 0.02  # share of a new look, once there were many


class KitColours:
    """Learns the colours of teams while frames are drawn; the same frames give the same colours.

    Args:
        every: frames between two looks at first; later they are rarer.
    """

    def __init__(self, every: int = _EVERY) -> None:
        self._every = every
        self._mean: dict[Key, FloatArray] = {}
        self._looks: dict[Key, int] = {}
        self._ground: FloatArray | None = None
        self._frame = -1
        self._shown: dict[Key, Colour] = {}
        self._gave_way: set[Key] = set()

    def look(self, image: Image, xyxy: FloatArray, known: list[Identity | None]) -> None:
        """Learn from a frame before anything is drawn into it.

        Args:
            image: (H, W, 3) BGR.
            xyxy: (N, 4) boxes.
            known: (N,) what is known of each track.
        """
        self._frame += 1
        keys = [key_of(one) for one in known]
        few = min((self._looks.get(key, 0) for key in keys if key is not None), default=_ENOUGH)
        if self._frame % (self._every if few < _ENOUGH else _LATER) and few:
            return
        ground = np.median(image[::16, ::16].reshape(-1, 3), axis=0)
        self._ground = ground if self._ground is None else 0.9 * self._ground + 0.1 * ground
        for key in sorted({key for key in keys if key is not None}):
            found = [_shirt(image, box, self._ground) for box, other in zip(xyxy, keys, strict=True) if other == key]
            shirts = [shirt for shirt in found if shirt is not None]
            if not shirts:
                continue
            colour, looks = np.median(shirts, axis=0), self._looks.get(key, 0)
            share = max(_SLOWEST, 1.0 / (looks + 1))
            self._mean[key] = colour if looks == 0 else (1 - share) * self._mean[key] + share * colour
            self._looks[key] = looks + 1
        self._shown = self._choose()

    def of(self, known: list[Identity | None]) -> list[Colour]:
        """Return the BGR colour of each track."""
        keys = [key_of(one) for one in known]
        return [UNKNOWN if key is None else self._shown.get(key, UNKNOWN) for key in keys]

    def _choose(self) -> dict[Key, Colour]:
        """Return readable colours, all unlike: teams first, then goalkeepers and officials."""
        chosen: dict[Key, Colour] = {}
        wishes = {key: readable(mean, self._ground) for key, mean in self._mean.items()}
        # Of two teams the one in white keeps its colour: the other one is recognised in a stronger or darker one, too.
        for key in sorted(wishes, key=lambda key: self._rank(key, wishes[key])):
            taken, wish = [np.array(one, np.float64) for one in chosen.values()], wishes[key]
            least = APART if key[1] else TEAMS_APART
            if all(np.linalg.norm(wish - other) >= least for other in taken):
                chosen[key] = _whole(wish)
                continue
            if not key[1] and self._looks.get(key, 0) >= _SETTLED:
                self._gave_way.add(key)
            before = self._shown.get(key)
            if before is not None and all(np.linalg.norm(np.array(before) - other) >= least for other in taken):
                chosen[key] = before  # a stand-in stays
                continue
            pushed = None if key[1] else _pushed(self._mean[key], taken, self._ground)
            chosen[key] = _stand_in(self._mean[key], taken, official=bool(key[1])) if pushed is None else pushed
        return chosen

    def _rank(self, key: Key, wish: FloatArray) -> tuple[Any, ...]:
        """Return the place in which a key chooses: teams first; who gave way before does so again."""
        official = bool(key[1])
        return official, not key[0], key in self._gave_way, _is_colourful(wish), -float(self._mean[key].mean()), key


def _is_colourful(colour: FloatArray) -> bool:
    return bool(np.ptp(colour) > _GREY)


def _pushed(kit: FloatArray, taken: list[FloatArray], ground: FloatArray | None) -> Colour | None:
    """Return the colour nearest to a kit's that is stronger or darker than it and unlike those taken; None if none is.

    A pale blue beside white becomes a strong blue, a light grey a dark one, a cream a yellow.
    """
    middle, fit = kit.mean(), []
    for strength, light in product(_STRENGTHS, _LIGHTS):
        one = np.clip(light * (middle + strength * (kit - middle)), 0, 255)
        shows = ground is None or np.linalg.norm(one - ground) >= (APART if _is_colourful(one) else _FROM_GROUND)
        if shows and one.mean() >= _DARKEST_PUSHED and all(np.linalg.norm(one - far) >= TEAMS_APART for far in taken):
            fit.append((float(np.linalg.norm(one - kit)) + _DULLER * (1 - light), one))
    return _whole(min(fit, key=itemgetter(0))[1]) if fit else None


def _stand_in(kit: FloatArray, taken: list[FloatArray], *, official: bool) -> Colour:
    """Return the colour most like a kit that is unlike those taken; for officials a plain one, if it is."""
    some = (*_PLAIN, *_STAND_INS) if official else _STAND_INS
    far = {one: min(float(np.linalg.norm(np.array(one) - other)) for other in taken) for one in some}
    fit = [one for one in some if far[one] >= (APART if official else TEAMS_APART)]
    plain = [one for one in fit if one in _PLAIN] if official else []
    if not fit:
        return max(some, key=far.__getitem__)
    return min(plain or fit, key=lambda one: float(np.linalg.norm(np.array(one) - kit)))


def key_of(one: Identity | None) -> Key | None:
    """Return whose colours somebody wears; None where that is not known."""
    if one is None or one.role == "ball":
        return None
    dressed = one.role if one.role in ("goalkeeper", "referee", "other") else ""
    team = "" if dressed in ("referee", "other") else one.team
    return (team, dressed) if team or dressed else None


def readable(colour: FloatArray, ground: FloatArray | None) -> FloatArray:
    """Return a colour that shows on the ground and within dark edges: dark ones are lifted, the ground's own bleached.

    Args:
        colour: (3,) BGR.
        ground: (3,) BGR of the ground, or None.
    """
    found = np.asarray(colour, np.float64)
    middle = found.mean()
    if np.ptp(found) > _GREY:  # shade and the ground's light make shirts duller than they are
        strong = np.clip(middle + 1.7 * (found - middle), 0, 255)
    else:
        strong = 0.5 * (found + middle) * (_WHITE / middle if middle > _LIGHT else 1.0)
    if strong.mean() < DARKEST:
        strong = np.clip(strong + (DARKEST - strong.mean()), 0, 255)
    if ground is not None and np.linalg.norm(strong - ground) < APART:
        if np.ptp(strong) > _GREY:
            strong = np.clip(ground + 2.0 * (strong - ground), 0, 255)
        strong = 0.55 * strong + 0.45 * 255.0
    return np.asarray(strong)


def _shirt(image: Image, box: FloatArray, ground: FloatArray) -> FloatArray | None:
    """(3,) the median colour of a box's chest, ground left out; None for a box too small or not in the picture."""
    x1, y1, x2, y2 = box
    if y2 - y1 < _SMALLEST:
        return None
    left, right, top, bottom = _CHEST
    rows = slice(max(0, int(y1 + top * (y2 - y1))), max(0, int(np.ceil(y1 + bottom * (y2 - y1)))))
    columns = slice(max(0, int(x1 + left * (x2 - x1))), max(0, int(np.ceil(x1 + right * (x2 - x1)))))
    part = image[rows, columns].reshape(-1, 3)
    cloth = part[np.abs(part - ground).sum(axis=1) > _GROUND]
    part = cloth if len(cloth) >= 0.25 * len(part) else part  # else a shirt of the ground's own colour
    return np.median(part, axis=0) if len(part) >= 4 else None


def _whole(colour: FloatArray) -> Colour:
    blue, green, red = (int(round(float(part) / 4) * 4) for part in colour.clip(0, 252))
    return blue, green, red


_PLAIN = (OTHERS, (255, 255, 255), (70, 70, 70))
_STAND_INS = (*_PLAIN[:2], *(bgr(code) for code in PALETTE[:12]))
