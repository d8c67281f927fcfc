"""A shirt as a picture wrapped once round the body: the back half, then the front half, two pixels a degree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic.settings import Colour
from data_prep.synthetic.shirts.digits import Mask, Typefaces
from sportstrack.types import Image

HALF, TALL = 360, 220  # pixels of half the way round, and of a shirt's height
PATTERNS = (
    "plain",
    "stripes",
    "hoops",
    "halves",
    "sash",
    "quarters",
    "band",
    "pinstripes",
    "fade",
    "checks",
    "blotches",
)
_WEIGHTS = (0.4, 0.13, 0.1, 0.06, 0.06, 0.04, 0.06, 0.05, 0.05, 0.02, 0.03)
_LETTERS = "ABCDEFGHIJKLMNOPRSTUVWYZ"


@dataclass(frozen=True)
class TeamKit:
    """What a team wears.

    Attributes:
        shirt, second, sleeve, shorts, socks: colours, BGR.
        pattern: one of `PATTERNS`.
        pitch: pixels of one stripe, hoop or square.
        ink: the digits' colour.
        rim: the outline's colour, or None.
        rim_width: of the outline, as a share of the digits' height.
        hand: of the digits, see `Typefaces.hand`.
        words: hand of names and sponsors.
        tall: height of the number on the back, as a share of the shirt's.
        stretch: width of the digits, as a factor.
        top: its upper edge on the shirt.
        front: height of the number on the front, 0 for none.
        front_x: place of the number on the front, pixels from its middle.
        name_at: where the name stands: "above", "below" or "".
        sponsor: text on the chest, or "".
        panel: whether a plain panel is behind the number.
        shorts_number: whether the number stands on the shorts as well.
        long_sleeves: whether sleeves reach the hands.
    """

    shirt: Colour
    second: Colour
    sleeve: Colour
    shorts: Colour
    socks: Colour
    pattern: str
    pitch: float
    ink: Colour
    rim: Colour | None
    rim_width: float
    hand: int
    words: int
    tall: float
    stretch: float
    top: float
    front: float
    front_x: int
    name_at: str
    sponsor: str
    panel: bool
    shorts_number: bool
    long_sleeves: bool


@dataclass(frozen=True)
class Shirt:
    """A shirt's picture and where its numbers are.

    Attributes:
        picture: (TALL, 2 · HALF, 3).
        ink: (TALL, 2 · HALF) mask of the numbers.
        back: x1, y1, x2, y2 of the number on the back, in pixels of the picture; None where there is none.
        front: of the number on the front.
    """

    picture: Image
    ink: Mask
    back: tuple[int, int, int, int] | None
    front: tuple[int, int, int, int] | None


def random_colour(rng: np.random.Generator) -> Colour:
    """Return a colour as kits have it: white, black, grey or a hue."""
    import cv2

    kind = rng.random()
    if kind < 0.16:
        grey = float(rng.uniform(200, 250))
        return (grey, grey, grey)
    if kind < 0.28:
        grey = float(rng.uniform(10, 60))
        return (grey * float(rng.uniform(0.9, 1.2)), grey, grey)
    hsv = np.array([[[rng.integers(180), rng.integers(90, 256), rng.integers(60, 256)]]], np.uint8)
    b, g, r = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0].tolist()
    return (float(b), float(g), float(r))


def contrast(a: Colour, b: Colour) -> float:
    """Return how far two colours are apart, 0 to about 255, brightness first."""
    one, two = np.array(a), np.array(b)
    grey = abs(float((one - two) @ (0.11, 0.59, 0.30)))
    return grey + 0.25 * float(np.abs(one - two).mean())


def _inked(rng: np.random.Generator, grounds: list[Colour]) -> Colour:
    """Return a colour that is read on all grounds, now and then one that hardly is."""
    least = float(rng.choice([90, 60, 35], p=[0.72, 0.2, 0.08]))
    tries = [(240.0, 242.0, 240.0), (20.0, 18.0, 18.0), *(random_colour(rng) for _ in range(12))]
    if rng.random() < 0.45:
        tries = tries[2:] + tries[:2]
    good = [one for one in tries if min(contrast(one, ground) for ground in grounds) > least]
    return good[0] if good else max(tries, key=lambda one: min(contrast(one, ground) for ground in grounds))


def _word(rng: np.random.Generator, low: int, high: int, digits: float = 0.0) -> str:
    text = "".join(rng.choice(list(_LETTERS), int(rng.integers(low, high + 1))))
    return text[:-1] + str(int(rng.integers(0, 1000))) if rng.random() < digits else text


def random_kit(rng: np.random.Generator, faces: Typefaces) -> TeamKit:
    """Return the kit of a team."""
    shirt = random_colour(rng)
    second = random_colour(rng)
    while contrast(shirt, second) < 30:
        second = random_colour(rng)
    pattern = str(rng.choice(PATTERNS, p=_WEIGHTS))
    panel = pattern not in ("plain", "fade") and bool(rng.random() < 0.4)
    mixed = pattern not in ("plain", "pinstripes") and not panel
    ink = _inked(rng, [shirt, second] if mixed else [shirt])
    rim = None
    if rng.random() < (0.75 if mixed else 0.35):
        rim = max((random_colour(rng) for _ in range(4)), key=lambda one: contrast(one, ink))
    big = bool(rng.random() < 0.25)  # as in basketball: large on the front, too
    long_sleeves = bool(rng.random() < 0.2)
    return TeamKit(
        shirt=shirt,
        second=second,
        sleeve=[shirt, shirt, second][int(rng.integers(3))],
        shorts=[shirt, second, random_colour(rng), (235.0, 235.0, 235.0)][int(rng.integers(4))],
        socks=[shirt, second, random_colour(rng)][int(rng.integers(3))],
        pattern=pattern,
        pitch=float(rng.uniform(18, 70)),
        ink=ink,
        rim=rim,
        rim_width=float(rng.uniform(0.02, 0.07)),
        hand=faces.hand(rng),
        words=max(faces.hand(rng), -1),
        tall=float(rng.uniform(0.34, 0.6)),
        stretch=float(rng.uniform(0.85, 1.2)),
        top=float(rng.uniform(0.17, 0.34)),
        front=float(rng.uniform(0.3, 0.45)) if big else float(rng.choice([0, rng.uniform(0.13, 0.24)], p=[0.35, 0.65])),
        front_x=int(rng.choice([0, 0, -55, 55])) if not big else 0,
        name_at=str(rng.choice(["above", "below", ""], p=[0.55, 0.1, 0.35])),
        sponsor=_word(rng, 3, 8, 0.12) if rng.random() < 0.6 else "",
        panel=panel,
        shorts_number=bool(rng.random() < 0.3),
        long_sleeves=long_sleeves,
    )


def plain_kit(kit: TeamKit) -> TeamKit:
    """Return the kit of somebody without a number, such as a referee: the colours alone."""
    return replace(kit, front=0.0, tall=0.0, name_at="", shorts_number=False)


def dress(kit: TeamKit, number: str, rng: np.random.Generator, faces: Typefaces) -> Shirt:
    """Return the shirt of one player; an empty number gives a shirt without any."""
    picture, ink = _cloth(kit, rng), np.zeros((TALL, 2 * HALF), np.uint8)
    back = front = None
    _small_marks(picture, kit, rng, faces)
    if number and kit.tall:
        top = kit.top + (0.02 if kit.name_at == "above" else -0.04)
        tall = min(kit.tall, 0.92 - top)
        back = _letter(picture, ink, kit, faces.mask(number, rng, kit.hand), HALF // 2, int(top * TALL), tall)
        if kit.name_at:
            y = int((top - 0.115) * TALL) if kit.name_at == "above" else back[3] + 8
            word = faces.mask(_word(rng, 4, 10), rng, kit.words)
            _print(picture, word, HALF // 2, y, 0.085 * TALL, 190, kit.ink)
    if number and kit.front:
        y = int(0.36 * TALL) if kit.front > 0.28 else int(0.2 * TALL)
        face = faces.mask(number, rng, kit.hand)
        front = _letter(picture, ink, kit, face, HALF + HALF // 2 + kit.front_x, y, kit.front)
    return Shirt(picture, ink, back, front)


def _cloth(kit: TeamKit, rng: np.random.Generator) -> Image:
    """Return the shirt's cloth with its pattern."""
    x, y = np.arange(2 * HALF, dtype=np.float32)[None, :], np.arange(TALL, dtype=np.float32)[:, None]
    u, p = x % HALF - HALF / 2, kit.pitch
    patterns: dict[str, Callable[[], NDArray[Any]]] = {
        "stripes": lambda: (u + p / 2) % (2 * p) < p,
        "hoops": lambda: y % (2 * p) < p,
        "halves": lambda: u > 0,
        "sash": lambda: np.abs(u * 0.7 - (y - TALL / 2)) < p * 0.6,
        "quarters": lambda: (u > 0) ^ (y > TALL * 0.5),
        "band": lambda: np.abs(y - TALL * 0.42) < p * 0.7,
        "pinstripes": lambda: u % p < 5,
        "checks": lambda: ((u // p) + (y // p)) % 2 > 0.5,
        "blotches": lambda: smooth_noise(rng, (TALL, 2 * HALF), 7) > 0.3,
    }
    cloth = np.empty((TALL, 2 * HALF, 3), np.uint8)
    first, second = np.array(kit.shirt, np.float32), np.array(kit.second, np.float32)
    cloth[:] = first
    if kit.pattern == "fade":
        cloth[:] = (first + (second - first) * (y / TALL)[..., None]).astype(np.uint8)
    elif kit.pattern in patterns:
        cloth[np.broadcast_to(patterns[kit.pattern](), cloth.shape[:2])] = second
    return cloth


def smooth_noise(rng: np.random.Generator, size: tuple[int, int], cells: int) -> NDArray[np.float32]:
    """Return (height, width) noise of zero mean, about `cells` hills a side."""
    import cv2

    noise = cv2.resize(rng.standard_normal((cells, cells), np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(noise)


def _letter(
    picture: Image, ink: Mask, kit: TeamKit, mask: Mask, x: int, y: int, tall: float
) -> tuple[int, int, int, int]:
    """Print a number centred at column x below row y, and return its box."""
    import cv2

    height = tall * TALL
    width = min(height * mask.shape[1] / mask.shape[0] * kit.stretch, 0.52 * HALF)
    placed = cv2.resize(mask, (max(3, int(width)), max(3, int(height))), interpolation=cv2.INTER_AREA)
    x1, y1 = x - placed.shape[1] // 2, min(y, TALL - placed.shape[0] - 2)
    box = (x1, y1, x1 + placed.shape[1], y1 + placed.shape[0])
    layer = np.zeros(ink.shape, np.uint8)
    layer[box[1] : box[3], box[0] : box[2]] = placed
    if kit.panel:
        cv2.rectangle(picture, (box[0] - 14, box[1] - 10), (box[2] + 14, box[3] + 10), kit.shirt, -1)
    if kit.rim is not None:
        reach = max(1, int(kit.rim_width * height))
        wide = cv2.dilate(layer, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
        blend(picture, wide, kit.rim)
    blend(picture, layer, kit.ink)
    np.maximum(ink, layer, out=ink)
    return box


def blend(picture: Image, mask: Mask, colour: Colour) -> None:
    """Paint a colour where a mask says so, in place."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    share = mask[part][..., None].astype(np.float32) / 255
    picture[part] = (picture[part] * (1 - share) + np.array(colour, np.float32) * share).astype(np.uint8)


def _print(picture: Image, mask: Mask, x: int, y: int, tall: float, widest: float, colour: Colour) -> None:
    """Print a word centred at column x below row y, as far as it fits."""
    import cv2

    height = max(4, int(tall))
    width = int(min(height * mask.shape[1] / mask.shape[0], widest))
    placed = cv2.resize(mask, (max(4, width), height), interpolation=cv2.INTER_AREA)
    x1 = max(0, x - placed.shape[1] // 2)
    placed = placed[: TALL - y, : 2 * HALF - x1]
    if y < 0 or not placed.size:
        return
    layer = np.zeros(picture.shape[:2], np.uint8)
    layer[y : y + placed.shape[0], x1 : x1 + placed.shape[1]] = placed
    blend(picture, layer, colour)


def _small_marks(picture: Image, kit: TeamKit, rng: np.random.Generator, faces: Typefaces) -> None:
    """Collar, side stripes, crest, maker's mark and sponsor."""
    import cv2

    middle = HALF + HALF // 2
    if rng.random() < 0.5:
        picture[: int(rng.integers(4, 14))] = kit.second
    if rng.random() < 0.3:
        for edge in (0, HALF):
            picture[:, max(0, edge - 10) : edge + 10] = kit.second
    if rng.random() < 0.6:
        cv2.circle(picture, (middle + 50, 50), int(rng.integers(8, 16)), random_colour(rng), -1)
    if rng.random() < 0.5:
        _print(picture, faces.mask(_word(rng, 1, 2), rng, kit.words), middle - 50, 42, 14, 30, kit.ink)
    if kit.sponsor:
        y, tall = int(rng.uniform(0.36, 0.5) * TALL), float(rng.uniform(14, 44))
        y = int(0.72 * TALL) if kit.front > 0.28 else y
        _print(picture, faces.mask(kit.sponsor, rng, kit.words), middle, y, tall, 230, kit.ink)
