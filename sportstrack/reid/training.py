"""The training itself: steps, epochs, and the checkpoint that it goes on from."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import DeviceError, SettingError, SportstrackError, WeightsError
from sportstrack.files.claim import Claim
from sportstrack.models.devices import import_torch
from sportstrack.plugins import first_line
from sportstrack.reid.batches import epoch_batches, prepared_batches
from sportstrack.reid.losses import identity_loss, triplet_loss
from sportstrack.reid.network import KIND, build_network, read_weights
from sportstrack.reid.settings import ReidSettings
from sportstrack.types import BoolArray, IntArray

CHECKPOINT = "last.pt"
_VERSION = 1
_SAVE_EVERY = 60.0  # seconds of an epoch after which what is learnt is saved
_LEAST_RATE = 0.01  # of the highest rate, at the end

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ReidEpoch:
    """What one epoch came to.

    Attributes:
        number: from 1.
        of: epochs of the training.
        identity: mean identity loss.
        triplet: mean triplet loss.
        right: share of the crops whose person the classifier named.
        rate: the learning rate at its end.
        seconds: it took.
        judged: figures on the matches that were held out, by name; empty where there are none.
    """

    number: int
    of: int
    identity: float
    triplet: float
    right: float
    rate: float
    seconds: float
    judged: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class LearntCrops:
    """What is learnt from.

    Attributes:
        pictures: (M, H, W, 3) uint8 BGR of all crops.
        rows: (N,) those that are learnt from.
        person: (N,) whose each is, 0…P − 1.
        group: (P,) team-mates have the same.
        possible: (P, P) False for pairs of people who may be one: of one match, but of other sequences.
        key: a hash of all this.
    """

    pictures: Any
    rows: IntArray
    person: IntArray
    group: IntArray
    possible: BoolArray
    key: str


@dataclass
class _Sums:
    """What the steps of an epoch have come to so far."""

    steps: int = 0
    identity: float = 0.0
    triplet: float = 0.0
    right: float = 0.0
    seconds: float = 0.0


@dataclass
class _Place:
    """Where a training is: epochs done, steps done of the next one, and what came of them."""

    epoch: int = 0
    sums: _Sums = field(default_factory=_Sums)
    history: list[dict[str, Any]] = field(default_factory=list)


class ReidTraining:
    """Network, optimizer and the place in the training; `run` takes it to its end.

    Args:
        settings: of the run.
        data: what is learnt from.
        device: torch's name.
        claim: on `CHECKPOINT` in the run's folder.
        state: of a checkpoint, to go on from.
    """

    def __init__(
        self, settings: ReidSettings, data: LearntCrops, device: str, claim: Claim, state: dict[str, Any] | None = None
    ) -> None:
        torch = import_torch()
        self._settings, self._data, self._device, self._claim = settings, data, device, claim
        torch.manual_seed(settings.seed)
        # Channels last is a third faster on a CPU, and what mixed precision wants on a GPU.
        network = build_network(settings, load=state is None)
        self.network = network.to(device, memory_format=torch.channels_last)
        self._classifier = torch.nn.Linear(settings.dim, len(data.group), bias=False)
        torch.nn.init.normal_(self._classifier.weight, std=0.001)
        self._classifier.to(device)
        learnt = [one for one in self.network.parameters() if one.requires_grad]
        self._optimizer = torch.optim.AdamW(
            [*learnt, *self._classifier.parameters()], lr=settings.lr, weight_decay=settings.weight_decay
        )
        self._mixed = settings.amp and device.startswith("cuda")
        self._scaler = torch.amp.GradScaler("cuda", enabled=self._mixed)
        self._possible = torch.from_numpy(data.possible).to(device)
        self._place = _Place()
        if state is not None:
            try:
                self._load(state)
            except (RuntimeError, KeyError, TypeError, ValueError, IndexError) as error:
                path = claim.folder / CHECKPOINT
                raise WeightsError(
                    f"{path}: is damaged ({first_line(error)}); start anew with --overwrite, or elsewhere (-o)"
                ) from error

    @property
    def history(self) -> list[ReidEpoch]:
        """The epochs so far."""
        return [ReidEpoch(**one) for one in self._place.history]

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self._place.epoch >= self._settings.epochs

    def run(
        self, judge: Callable[[Any], Mapping[str, float]], report: Callable[[ReidEpoch], None], progress: Progress
    ) -> None:
        """Train to the end; a kill costs at most a minute, and leaves a checkpoint.

        Args:
            judge: called with the network after each epoch; returns figures.
            report: called after each epoch.
            progress: called after each step with the steps done and all of them.

        Raises:
            DeviceError: the memory is too small.
            SportstrackError: the loss has left the numbers.
        """
        settings, place = self._settings, self._place
        self._save()  # so that there is one from the first moment on
        while place.epoch < settings.epochs:
            batches = epoch_batches(self._data.person, self._data.group, settings, place.epoch)
            rows = [self._data.rows[batch] for batch in batches]
            self._epoch(rows, batches, progress)
            sums, count = place.sums, max(place.sums.steps, 1)
            place.epoch += 1
            judged = dict(judge(self.network))
            rate = float(self._optimizer.param_groups[0]["lr"])
            means = (sums.identity / count, sums.triplet / count, sums.right / count)
            found = ReidEpoch(place.epoch, settings.epochs, *means, rate, sums.seconds, judged)
            place.history.append(asdict(found))
            place.sums = _Sums()
            self._save()
            report(found)

    def _epoch(self, rows: list[IntArray], batches: list[IntArray], progress: Progress) -> None:
        settings, sums = self._settings, self._place.sums
        total = settings.epochs * len(batches)
        self.network.train()
        began = saved = time.monotonic()
        before = sums.seconds
        for number, planes in prepared_batches(self._data.pictures, rows, settings, self._place.epoch, sums.steps):
            step = self._place.epoch * len(batches) + number
            self._step(planes, self._data.person[batches[number]], _rate(settings, step, total))
            sums.steps, sums.seconds = number + 1, before + time.monotonic() - began
            progress(step + 1, total)
            if time.monotonic() - saved > _SAVE_EVERY:
                self._save()
                saved = time.monotonic()

    def _step(self, planes: Any, person: IntArray, rate: float) -> None:
        torch, settings, sums = import_torch(), self._settings, self._place.sums
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        who = torch.from_numpy(np.ascontiguousarray(person)).to(self._device)
        possible = self._possible[who]
        wrong = possible[:, who] & (who[:, None] != who)
        self._optimizer.zero_grad(set_to_none=True)
        try:
            with torch.autocast("cuda", torch.float16) if self._mixed else nullcontext():
                before, after = self.network(
                    torch.from_numpy(planes).to(self._device, memory_format=torch.channels_last)
                )
                scores = self._classifier(after)
            identity = identity_loss(scores.float(), who, possible, settings.smoothing)
            triplet = triplet_loss(before, who, wrong, settings.margin)
            self._scaler.scale(identity + settings.triplet * triplet).backward()
            self._scaler.step(self._optimizer)
            self._scaler.update()
        except RuntimeError as error:
            if "out of memory" not in str(error).lower():
                raise
            raise DeviceError(
                f"out of memory with {settings.people} people of {settings.crops} crops at {settings.size}; try "
                f"--people {max(2, settings.people // 2)} (a new run)"
            ) from error
        losses = (float(identity.detach()), float(triplet.detach()))
        if not math.isfinite(sum(losses)):
            raise SportstrackError(
                f"the loss has left the numbers in epoch {self._place.epoch + 1}; try a smaller --lr"
            )
        right = (scores.argmax(dim=1) == who).float().mean()
        sums.identity += losses[0]
        sums.triplet += losses[1]
        sums.right += float(right)

    def _save(self) -> None:
        torch = import_torch()
        state = {
            "kind": KIND,
            "version": _VERSION,
            "settings": self._settings.as_dict(),
            "key": self._data.key,
            "place": asdict(self._place),
            "network": self.network.state_dict(),
            "classifier": self._classifier.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "random": torch.get_rng_state(),
        }
        stream = io.BytesIO()
        torch.save(state, stream)
        file = self._claim.file(CHECKPOINT)
        file.write(stream.getvalue())
        file.complete()

    def _load(self, state: dict[str, Any]) -> None:
        torch, place = import_torch(), state["place"]
        self.network.load_state_dict(state["network"])
        self._classifier.load_state_dict(state["classifier"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._mixed and state["scaler"]:
            self._scaler.load_state_dict(state["scaler"])
        torch.set_rng_state(state["random"])
        self._place = _Place(place["epoch"], _Sums(**place["sums"]), list(place["history"]))


def _rate(settings: ReidSettings, step: int, total: int) -> float:
    """Return the learning rate of a step: a line up, then half a cosine down."""
    warm = round(settings.warmup * total)
    if step < warm:
        return settings.lr * (step + 1) / warm
    share = (step - warm) / max(total - warm, 1)
    return settings.lr * (_LEAST_RATE + (1 - _LEAST_RATE) * (1 + math.cos(math.pi * share)) / 2)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read the checkpoint of a run; WeightsError if it is damaged, SettingError if it is no such thing."""
    try:
        state = read_weights(str(path))
    except WeightsError as error:
        raise WeightsError(f"{error}; start anew with --overwrite, or in another folder (-o)") from error
    lacking = {"settings", "key", "place", "network", "classifier", "optimizer", "scaler", "random"} - set(state)
    if state.get("kind") != KIND or state.get("version") != _VERSION or lacking:
        raise SettingError(f"{path}: is no checkpoint of sportstrack train-reid; choose another folder (-o)")
    return state
