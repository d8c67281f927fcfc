"""The settings of a training of embeddings."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from sportstrack.errors import SettingError
from sportstrack.limits import MAX_FRAMES
from sportstrack.options import check_options, option
from sportstrack.trackers import DEFAULT_TRACKER

RESUMABLE = ("device", "amp", "workers", "replay", "tracker")
"""What may differ when a run is resumed; all else stays as the run was started."""

_SIZE = re.compile(r"(\d{2,4})x(\d{2,4})")


@dataclass(frozen=True)
class ReidSettings:
    """How embeddings are trained and judged; each field is an option of ``sportstrack train-reid``.

    Attributes:
        backbone: a classification network of torchvision, or ``timm:NAME``.
        weights: what the backbone starts from: default (ImageNet's, downloaded once), random, or a file: of an earlier
            run, or the backbone's own state.
        size: width and height of the crops that the network takes.
        dim: numbers in an embedding.
        every: crops come from every Nth frame.
        per_person: at most so many crops of a person, evenly spread.
        least_height: pixels that a box must be high.
        skip_missing: leave out labelled frames whose picture is missing, instead of refusing the data.
        match: pattern of a sequence's name; its first group names the match, unless the data says it.
        held_out: share of the crops whose matches are kept out of the training and judge it; 0 for none. None takes the
            data's own val or test split, and 0.2 where there is none.
        apart: seconds; in the judgement crops of the same person that are less far apart do not count as found.
        epochs: passes over the crops.
        people: persons in a batch.
        crops: crops of each of them in a batch.
        mates: team-mates of one sequence that come together in a batch: the hard negatives.
        lr: the highest learning rate.
        warmup: share of the training in which the rate rises to it; then it falls as a cosine.
        weight_decay: of AdamW.
        smoothing: of the labels in the identity loss.
        margin: of the triplet loss, in distance between unit vectors (0…2).
        triplet: weight of the triplet loss beside the identity loss.
        flip: share of the crops that are mirrored.
        shift: boxes are moved and scaled by up to this share.
        lighting_change: brightness and contrast change by up to this share; the three channels together.
        colour_change: each channel changes by up to this share more. Kits keep their colours while it is small.
        erasing: share of the crops of which a rectangle is hidden.
        device: auto, cpu, cuda:N or mps.
        amp: mixed precision on a GPU.
        workers: threads that prepare batches; the result does not depend on it.
        seed: same seed, same result on a CPU.
        replay: track the matches that were held out without an embedder, with kit colours, with the new one, and with
            both.
        tracker: of that replay.

    Raises:
        SettingError: a value is out of range; the message names it.
    """

    backbone: str = option("mobilenet_v3_small", "a classification network of torchvision, or timm:NAME")
    weights: str = option(
        "default",
        "what it starts from: random, or a file: of an earlier run, or the backbone's own state",
        shown="ImageNet's, downloaded once",
    )
    size: str = option("64x128", "width and height of the crops that the network takes", metavar="WxH")
    dim: int = option(256, "numbers in an embedding", low=8, high=4096, metavar="N")
    every: int = option(5, "crops come from every Nth frame", low=1, high=MAX_FRAMES, metavar="N")
    per_person: int = option(50, "at most so many crops of a person, evenly spread", low=2, high=100_000, metavar="N")
    least_height: int = option(32, "pixels that a box must be high", low=4, high=4096, metavar="PIXELS")
    skip_missing: bool = option(False, "leave out pictures that are not there, with their labels")
    match: str = option(
        r"(.+)_c\d+",
        "pattern of a sequence's name; its first group names the match",
        shown="SportsMOT's: all before _c001; SoccerNet's gameID is read",
        metavar="REGEX",
    )
    held_out: float | None = option(
        None,
        "share of the crops whose matches take no part and judge the result; 0: none",
        shown="the data's own val or test split, else 0.2",
        low=0,
        high=0.9,
    )
    apart: float = option(
        1.0, "seconds within which crops of the same person do not count as found", low=0, high=3600, metavar="SECONDS"
    )
    epochs: int = option(30, "passes over the crops", low=1, high=100_000, metavar="N")
    people: int = option(16, "persons in a batch", low=2, high=4096, metavar="N")
    crops: int = option(4, "crops of each person in a batch", low=2, high=256, metavar="N")
    mates: int = option(
        4, "team-mates of one sequence that come together in a batch: the hard negatives", low=1, high=4096, metavar="N"
    )
    lr: float = option(7e-4, "the highest learning rate", low=0, high=10, above=True, metavar="RATE")
    warmup: float = option(0.1, "share of the training in which the rate rises", low=0, high=1)
    weight_decay: float = option(5e-4, "of AdamW", low=0, high=10)
    smoothing: float = option(0.1, "of the labels in the identity loss", low=0, high=0.9)
    margin: float = option(0.3, "of the triplet loss, in distance between unit vectors", low=0, high=2)
    triplet: float = option(1.0, "weight of the triplet loss beside the identity loss", low=0, high=1000)
    flip: float = option(0.5, "share of the crops that are mirrored", low=0, high=1)
    shift: float = option(0.08, "boxes are moved and scaled by up to this share", low=0, high=0.5)
    lighting_change: float = option(0.2, "brightness and contrast change by up to this share", low=0, high=0.9)
    colour_change: float = option(
        0.04, "each channel changes by up to this share more; kits keep colours", low=0, high=0.9
    )
    erasing: float = option(0.4, "share of the crops of which a rectangle is hidden", low=0, high=1)
    device: str = option("auto", "auto, cpu, cuda:N or mps")
    amp: bool = option(True, "mixed precision on a GPU")
    workers: int = option(2, "threads that prepare batches; the result is the same", low=1, high=256, metavar="N")
    seed: int = option(0, "same seed, same result on a CPU", low=0, high=2**31 - 1, metavar="N")
    replay: bool = option(True, "track the matches that were held out, before and after")
    tracker: str = option(DEFAULT_TRACKER, "tracker of that replay")

    def __post_init__(self) -> None:
        check_options(self)
        if not (found := _SIZE.fullmatch(self.size)) or not min(map(int, found.groups())) >= 16:
            raise SettingError(f"size: expected WIDTHxHEIGHT of 16 to 9999 pixels, such as 64x128, got {self.size!r}")
        try:
            groups = re.compile(self.match).groups
        except re.error as error:
            raise SettingError(f"match {self.match!r}: not a regular expression: {error}") from error
        if not groups:
            raise SettingError(f"match {self.match!r}: expected a group in parentheses, such as (.+)_c\\d+")

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of the crops, in pixels."""
        width, _, height = self.size.partition("x")
        return int(height), int(width)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)
