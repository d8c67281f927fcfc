"""Who wears what: kits that tell teams and roles apart at a glance, or (`--kits varied`) as different as real ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_prep.synthetic.settings import N_PEOPLE, STREAM_KITS, Colour, Settings, identities

# Plain kits distinguish the roles: a referee is all in black, a goalkeeper in fluorescent yellow or orange with long
# sleeves and white gloves; the players' colours come near neither. (BGR)
PLAYER_COLOURS: dict[str, Colour] = {
    "red": (38, 32, 205), "blue": (190, 75, 25), "white": (232, 234, 232), "sky": (232, 190, 120),
    "claret": (62, 26, 118), "purple": (140, 45, 95), "teal": (135, 125, 15), "pink": (185, 150, 240),
}  # fmt: skip
CLASHES = (
    {"red", "claret"}, {"sky", "white"}, {"claret", "purple"}, {"blue", "purple"}, {"pink", "white"}, {"sky", "pink"},
)  # fmt: skip
KEEPER_COLOURS: tuple[Colour, ...] = ((40, 250, 215), (10, 140, 255))
BLACK: Colour = (24, 22, 22)
WHITE: Colour = (236, 238, 238)
SKINS: tuple[Colour, ...] = ((150, 180, 222), (120, 155, 205), (85, 120, 175), (55, 80, 125), (40, 55, 88))
HAIRS: tuple[Colour, ...] = ((20, 22, 28), (25, 40, 70), (70, 130, 180), (30, 60, 120), (120, 125, 130))
BOOTS: tuple[Colour, ...] = ((30, 30, 30), (230, 230, 230), (40, 40, 220), (60, 220, 200))


@dataclass(frozen=True)
class Kit:
    """What one person wears; it never changes within a sequence."""

    shirt: Colour
    second: Colour  # the pattern's colour
    pattern: str  # a key of `patterns.PATTERNS`
    shorts: Colour
    socks: Colour
    ink: Colour  # the number's colour
    boots: Colour
    skin: Colour
    hair: Colour
    long_sleeves: bool
    gloves: bool
    number: int | None
    height: float  # metres
    girth: float  # factor
    sleeves: tuple[Colour, Colour] | None = None  # left and right; None: as the shirt
    trim: Colour | None = None  # of the collar and the tops of the socks
    plain_back: bool = False  # the pattern is on the chest alone
    front_number: bool = True
    outline: Colour | None = None  # around the digits
    font: int = 0  # one of OpenCV's Hershey fonts
    weight: int = 6  # the digits' thickness in 48ths of their height

    def ink_on(self, back: bool) -> Colour:
        """The colour of the digits: another one where the shirt would swallow the kit's own."""
        if self.outline is not None:
            return self.ink
        bare = self.pattern == "plain" or (back and self.plain_back)
        plate = self.shirt if bare else self.second
        if abs(sum(plate) - sum(self.ink)) > 150:
            return self.ink
        return BLACK if sum(plate) > 380 else WHITE


def kits(settings: Settings) -> tuple[Kit, ...]:
    """The 23 people's kits in the order of their ids."""
    if settings.kits == "varied":
        from data_prep.synthetic.varied_kits import varied_kits

        return varied_kits(settings)
    numbers = [identity.number for identity in identities(settings)]
    rng = settings.rng(STREAM_KITS)
    rng.random(100)  # keep clear of the numbers drawn from the same stream
    names = list(PLAYER_COLOURS)
    first = str(rng.choice(names))
    second = str(rng.choice([n for n in names if n != first and {n, first} not in CLASHES]))
    kits_of_teams = [_team_kit(rng, name) for name in (first, second)]
    keepers = [KEEPER_COLOURS[int(rng.integers(2))] for _ in range(2)]
    out = []
    for i in range(N_PEOPLE):
        skin, hair = SKINS[int(rng.integers(len(SKINS)))], HAIRS[int(rng.integers(len(HAIRS)))]
        boots = BOOTS[int(rng.integers(len(BOOTS)))]
        body = (float(rng.uniform(1.70, 1.95)), float(rng.uniform(0.92, 1.12)))
        if i < 20:
            shirt, other, pattern, shorts, socks, ink = kits_of_teams[i // 10]
            kit = Kit(shirt, other, pattern, shorts, socks, ink, boots, skin, hair, False, False, numbers[i], *body)
        elif i < 22:
            colour = keepers[i - 20]
            dim: Colour = (colour[0] * 0.8, colour[1] * 0.8, colour[2] * 0.8)
            kit = Kit(colour, colour, "plain", dim, colour, BLACK, boots, skin, hair, True, True, numbers[i], *body)
        else:
            kit = Kit(BLACK, BLACK, "plain", BLACK, BLACK, WHITE, BLACK, skin, hair, False, False, None, *body)
        out.append(kit)
    return tuple(out)


def _team_kit(rng: np.random.Generator, name: str) -> tuple[Colour, Colour, str, Colour, Colour, Colour]:
    """Shirt, pattern colour, pattern, shorts, socks and number colour of a team."""
    shirt = PLAYER_COLOURS[name]
    light = sum(shirt) > 420
    other: Colour = (150.0, 60.0, 40.0) if light else WHITE
    pattern = str(rng.choice(["plain", "stripes", "band", "halves"], p=[0.5, 0.2, 0.18, 0.12]))
    shorts = [shirt, WHITE, other][int(rng.integers(3))]
    socks = [shirt, shorts][int(rng.integers(2))]
    return shirt, other, pattern, shorts, socks, ((60.0, 20.0, 20.0) if light else WHITE)
