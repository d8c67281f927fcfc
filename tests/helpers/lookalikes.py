"""Sequences of painted people: team-mates wear one shirt and differ in hair, socks and a stripe."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from sportstrack.types import Image

SIZE = (240, 120)  # width and height of the pictures
PEOPLE = 6  # three in each team
SIDES = (18, 40)  # width and height of a person

_GRASS = (60, 130, 60)


def picture(rng: np.random.Generator, looks: np.ndarray, teams: np.ndarray, boxes: np.ndarray) -> Image:
    """Paint people on grass.

    Args:
        rng: of the noise.
        looks: (N, 3, 3) colours of hair, stripe and socks.
        teams: (N, 3) colour of the shirt.
        boxes: (N, 4) left, top, width, height.
    """
    image = np.full((SIZE[1], SIZE[0], 3), _GRASS, np.uint8)
    for (hair, stripe, socks), shirt, (x, y, w, h) in zip(looks, teams, boxes, strict=True):
        for colour, top, bottom, left, right in (
            (hair, 0.0, 0.18, 0.3, 0.7), (shirt, 0.18, 0.55, 0.0, 1.0), (stripe, 0.3, 0.4, 0.0, 1.0),
            ((30, 30, 30), 0.55, 0.72, 0.1, 0.9), (socks, 0.72, 1.0, 0.2, 0.8),
        ):  # fmt: skip
            area = image[round(y + top * h) : round(y + bottom * h), round(x + left * w) : round(x + right * w)]
            area[:] = colour
    return np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


def write_sequence(folder: Path, seed: int, frames: int = 12, people: int = PEOPLE, *, teams: bool = True) -> Path:
    """Write a MOT folder and return it; ``gameinfo.ini`` says the teams, or whole kits show them: white and red."""
    rng = np.random.default_rng(seed)
    (folder / "img1").mkdir(parents=True)
    (folder / "gt").mkdir()
    looks = rng.integers(0, 256, (people, 3, 3))
    shirts = rng.integers(0, 256, (2, 3))[np.arange(people) % 2]
    if not teams:
        shirts = np.array([(235, 235, 235), (40, 30, 200)])[np.arange(people) % 2]
        looks[:, 1] = looks[:, 2] = shirts
    place = np.stack([(np.arange(people) * 2 + 1) * SIZE[0] / (2 * people) - 9, np.full(people, 40.0)], axis=1)
    rows = []
    for frame in range(1, frames + 1):
        place = np.clip(place + rng.normal(0, 2, place.shape), 0, np.array(SIZE) - SIDES)
        boxes = np.concatenate([place, np.tile(SIDES, (people, 1))], axis=1)
        cv2.imwrite(str(folder / "img1" / f"{frame:06d}.jpg"), picture(rng, looks, shirts, boxes))
        rows += [f"{frame},{i + 1},{x:.2f},{y:.2f},{w},{h},1,1,1\n" for i, (x, y, w, h) in enumerate(boxes.tolist())]
    (folder / "gt" / "gt.txt").write_text("".join(rows), encoding="utf-8")
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname={folder.name}\nimDir=img1\nframeRate=5\nseqLength={frames}\nimWidth={SIZE[0]}\n"
        f"imHeight={SIZE[1]}\nimExt=.jpg\n",
        encoding="utf-8",
    )
    if teams:
        sides = ("left", "right")
        lines = [f"trackletID_{i + 1}= player team {sides[i % 2]};{i}\n" for i in range(people)]
        (folder / "gameinfo.ini").write_text("[Sequence]\n" + "".join(lines), encoding="utf-8")
    return folder
