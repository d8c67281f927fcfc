"""Kits as different, and as alike, as real ones: for learning and testing who is who.

Each seed has one case of each list below, in turn, so that eight seeds in a row meet all cases of two teams. The rest
(colours, patterns, trims, fonts) is drawn from the seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data_prep.synthetic.kits import BLACK, BOOTS, HAIRS, SKINS, WHITE, Kit
from data_prep.synthetic.patterns import BARRED, PATTERNS
from data_prep.synthetic.settings import N_PEOPLE, STREAM_VARIED, Colour, Settings, identities

TEAM_CASES = (
    "unlike", "patterned", "dark", "one shirt", "shared colour", "light", "neighbours", "unlike",
)  # fmt: skip
"""How the two teams differ: by ``seed % 8``."""
KEEPER_CASES = ("own colours", "opponent's colour", "both alike", "dark", "referee's colour")
"""What the goalkeepers wear: by ``seed % 5``."""
REFEREE_CASES = ("black", "yellow", "pink", "a team's colour", "sky", "lime", "the other team's colour")
"""What the referee wears: by ``seed % 7``."""

COLOURS: dict[str, Colour] = {
    "red": (38, 32, 205), "blue": (190, 75, 25), "royal": (160, 40, 20), "white": (232, 234, 232),
    "sky": (232, 190, 120), "claret": (62, 26, 118), "purple": (140, 45, 95), "teal": (135, 125, 15),
    "pink": (185, 150, 240), "yellow": (40, 215, 245), "gold": (30, 165, 225), "orange": (20, 110, 240),
    "green": (50, 125, 20), "mint": (180, 225, 165), "black": (24, 22, 22), "navy": (92, 38, 14),
    "bottle": (48, 72, 14), "maroon": (40, 16, 84), "grey": (125, 125, 125), "lime": (60, 240, 170),
    "brown": (30, 52, 96), "cream": (200, 228, 240),
}  # fmt: skip
DARK = ("black", "navy", "bottle", "maroon", "claret", "brown", "royal", "purple")
LIGHT = ("white", "cream", "sky", "pink", "mint", "yellow", "lime")
NEIGHBOURS = (
    ("red", "orange"), ("blue", "sky"), ("claret", "purple"), ("yellow", "gold"), ("royal", "navy"), ("red", "claret"),
    ("green", "teal"), ("purple", "pink"),
)  # fmt: skip
BRIGHT = ("yellow", "orange", "lime", "pink", "mint", "purple", "red", "sky", "green", "grey")
DIM = ("black", "grey", "maroon", "navy", "bottle", "brown")
UNLIKE, APART = 230.0, 75.0  # distances of colours: plain to see, and enough where nothing else differs


@dataclass(frozen=True)
class Outfit:
    """A team's kit, before anyone wears it."""

    shirt: Colour
    second: Colour
    pattern: str
    shorts: Colour
    socks: Colour


def difference(a: Colour, b: Colour) -> float:
    """How unlike two colours look, 0 to 765: a distance in RGB weighted by the mean red (T. Riemersma, 2008)."""
    red = (a[2] + b[2]) / 2
    blue, green, reds = ((x - y) ** 2 for x, y in zip(a, b, strict=True))
    return float(np.sqrt((2 + red / 256) * reds + 4 * green + (2 + (255 - red) / 256) * blue))


def teams_of(settings: Settings) -> tuple[Outfit, Outfit]:
    """The outfits of the left and the right team."""
    rng = settings.rng(STREAM_VARIED)
    case = TEAM_CASES[settings.seed % len(TEAM_CASES)]
    patterns = list(PATTERNS)
    if case == "one shirt":
        a = _outfit(rng, str(rng.choice(list(COLOURS))), str(rng.choice(patterns)))
        shorts = _unlike(rng, (a.shorts,))
        b = replace(a, shorts=shorts, socks=a.socks if rng.random() < 0.4 else _unlike(rng, (a.socks,)))
    elif case == "shared colour":
        a = _outfit(rng, str(rng.choice(list(COLOURS))), str(rng.choice(BARRED)))
        b = replace(_outfit(rng, "white", "plain"), shirt=a.second, second=a.second)
        b = replace(b, shorts=_unlike(rng, (a.shorts,)))
    else:
        plain, seconds = 0.0 if case == "patterned" else 0.5, {"dark": DARK, "light": LIGHT}.get(case, ())
        a, b = (
            _outfit(rng, name, "plain" if rng.random() < plain else str(rng.choice(patterns[1:])), seconds)
            for name in _pair(rng, case)
        )
        if case in ("dark", "light", "neighbours") and difference(a.shirt, b.shirt) < UNLIKE and rng.random() < 0.5:
            b = replace(b, shorts=_unlike(rng, (a.shorts,)))
    return (a, b) if rng.random() < 0.5 else (b, a)


def _pair(rng: np.random.Generator, case: str) -> tuple[str, str]:
    """Two names of colours that may meet."""
    if case == "neighbours":
        pair = NEIGHBOURS[int(rng.integers(len(NEIGHBOURS)))]
        return (pair[0], pair[1])
    names, least = {"dark": (DARK, APART), "light": (LIGHT, APART)}.get(case, (tuple(COLOURS), UNLIKE))
    first = str(rng.choice(names))
    others = [name for name in names if difference(COLOURS[name], COLOURS[first]) >= least]
    return first, str(rng.choice(others))


def _outfit(rng: np.random.Generator, name: str, pattern: str, seconds: Sequence[str] = ()) -> Outfit:
    shirt = COLOURS[name]
    second = _unlike(rng, (shirt,), APART if seconds else 150.0, seconds)
    shorts = (shirt, WHITE, BLACK, second)[int(rng.choice(4, p=(0.35, 0.25, 0.2, 0.2)))]
    socks = (shirt, shorts, second)[int(rng.integers(3))]
    return Outfit(shirt, second, pattern, shorts, socks)


def _unlike(
    rng: np.random.Generator, others: Sequence[Colour], least: float = UNLIKE, names: Sequence[str] = ()
) -> Colour:
    """A colour that differs from all others; the one that differs most where none does."""
    colours = [COLOURS[name] for name in names or COLOURS]
    far = [min(difference(colour, other) for other in others) for colour in colours]
    fit = [colour for colour, distance in zip(colours, far, strict=True) if distance >= least]
    return fit[int(rng.integers(len(fit)))] if fit else colours[int(np.argmax(far))]


def _farthest(other: Colour, colours: Sequence[Colour]) -> Colour:
    return max(colours, key=lambda colour: difference(colour, other))


def referee_of(settings: Settings) -> Outfit:
    """The referee's outfit; its shorts differ from those of the team whose colour it wears."""
    case, teams = REFEREE_CASES[settings.seed % len(REFEREE_CASES)], teams_of(settings)
    if "team" in case:
        team = teams[case.startswith("the other")]
        shorts = _farthest(team.shorts, (BLACK, WHITE))
        return Outfit(team.shirt, team.shirt, "plain", shorts, shorts)
    wish = [case, *(name for name in REFEREE_CASES if name in COLOURS and name != case)]
    worn = [colour for team in teams for colour in (team.shirt, team.second)]
    shirt = next((COLOURS[n] for n in wish if min(difference(COLOURS[n], w) for w in worn) >= APART), COLOURS[case])
    return Outfit(shirt, shirt, "plain", BLACK, BLACK)


def keepers_of(settings: Settings) -> tuple[Outfit, Outfit]:
    """The goalkeepers' outfits, left and right."""
    rng = np.random.default_rng([settings.seed, STREAM_VARIED, 1])
    case, teams, referee = KEEPER_CASES[settings.seed % len(KEEPER_CASES)], teams_of(settings), referee_of(settings)
    worn = [team.shirt for team in teams] + [team.second for team in teams if team.pattern in BARRED] + [referee.shirt]
    if case == "opponent's colour":
        shirts = [teams[1].shirt, teams[0].shirt]
    elif case == "referee's colour":
        shirts = [referee.shirt, _unlike(rng, worn, 150.0, BRIGHT)]
    else:
        names = DIM if case == "dark" else BRIGHT
        first = _unlike(rng, worn, 150.0, names)
        shirts = [first, first if case == "both alike" else _unlike(rng, [*worn, first], 150.0, names)]
    out = []
    for shirt, met in zip(shirts, (teams[1], teams[0]), strict=True):
        own: Colour = (shirt[0] * 0.8, shirt[1] * 0.8, shirt[2] * 0.8)
        shorts = own if case != "opponent's colour" else _farthest(met.shorts, (own, BLACK, WHITE))
        out.append(Outfit(shirt, shirt, "plain", shorts, shirt))
    if case == "referee's colour":
        out[0] = replace(out[0], shorts=_farthest(referee.shorts, (shirts[0], BLACK, WHITE)))
    return out[0], out[1]


def varied_kits(settings: Settings) -> tuple[Kit, ...]:
    """The 23 people's kits in the order of their ids."""
    rng = np.random.default_rng([settings.seed, STREAM_VARIED, 2])
    outfits = (*teams_of(settings), *keepers_of(settings), referee_of(settings))
    styles = [_style(rng, outfit) for outfit in outfits]
    numbers = [identity.number for identity in identities(settings)]
    out = []
    for i in range(N_PEOPLE):
        which = i // 10 if i < 20 else i - 18
        keeper = i in (20, 21)
        skin, hair = SKINS[int(rng.integers(len(SKINS)))], HAIRS[int(rng.integers(len(HAIRS)))]
        boots = BOOTS[int(rng.integers(len(BOOTS)))]
        body = (float(rng.uniform(1.66, 1.97)), float(rng.uniform(0.9, 1.14)))
        long_sleeves = keeper or bool(rng.random() < 0.15)
        wear = outfits[which]
        out.append(
            replace(
                styles[which], shirt=wear.shirt, boots=boots, skin=skin, hair=hair, long_sleeves=long_sleeves,
                gloves=keeper, number=numbers[i], height=body[0], girth=body[1],
            )
        )  # fmt: skip
    return tuple(out)


def _style(rng: np.random.Generator, outfit: Outfit) -> Kit:
    """What a whole team has in common."""
    patterned = outfit.pattern != "plain"
    plain_back = patterned and bool(rng.random() < 0.35)
    sleeves = (outfit.shirt, outfit.shirt)
    if outfit.pattern in ("halves", "quarters"):
        sleeves = (outfit.shirt, outfit.second)
    elif patterned and rng.random() < 0.35:
        sleeves = (outfit.second, outfit.second)
    plates = (outfit.shirt, outfit.second) if patterned else (outfit.shirt,)
    inks = [WHITE, BLACK, COLOURS["yellow"], COLOURS["red"], COLOURS["royal"]]
    clear = [ink for ink in inks if min(difference(ink, plate) for plate in plates) > 260]
    ink = clear[int(rng.integers(len(clear)))] if clear else _farthest(outfit.shirt, (WHITE, BLACK))
    outlined = not clear or rng.random() < 0.25
    return Kit(
        outfit.shirt, outfit.second, outfit.pattern, outfit.shorts, outfit.socks, ink, BLACK, SKINS[0], HAIRS[0],
        False, False, None, 1.8, 1.0, sleeves=sleeves, plain_back=plain_back,
        trim=outfit.second if rng.random() < 0.5 else None, front_number=bool(rng.random() < 0.5),
        outline=_farthest(ink, (BLACK, WHITE)) if outlined else None, font=int(rng.choice((0, 2, 3, 4, 16))),
        weight=int(rng.integers(5, 8)),
    )  # fmt: skip
