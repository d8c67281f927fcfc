"""From sequences to settings: searches, their judgement, and the files that are left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sportstrack.errors import SettingError
from sportstrack.files.claim import Claim
from sportstrack.files.reading import read_bytes
from sportstrack.spaces import OneOf, Range
from sportstrack.track.settings import TrackSettings
from sportstrack.trackers import TRACKERS
from sportstrack.tune.folds import SearchPart, divide
from sportstrack.tune.gain import importance, judge
from sportstrack.tune.measure import Bench
from sportstrack.tune.noise import FilterNoise, calibrate
from sportstrack.tune.objective import Objective
from sportstrack.tune.pool import SequencePool
from sportstrack.tune.report import Tuned, picture, settings_file, settings_of, trials_table
from sportstrack.tune.search import Deadline, FirstTrial, best_of, search
from sportstrack.tune.sequences import DETECTIONS, TruthSource, find_sources, has
from sportstrack.tune.settings import TuneSettings
from sportstrack.tune.space import chosen_space, default_values, distributions, whole_space
from sportstrack.tune.store import TrialStore, TunedTrial, need_optuna

PROGRAM = "sportstrack tune"
STUDY = "study.db"
FILES = ("tuned.yaml", "tune.txt", "tune.json", "trials.csv", "tune.png")

Told = Callable[[str, TunedTrial, bool, int, int], None]
"""Called after each trial: the search's name, the trial, whether it is the best so far, trials done and expected."""


def tune_tracker(
    sources: Sequence[str | Path],
    output: str | Path | None = None,
    *,
    tracker: str | None = None,
    settings: TrackSettings | None = None,
    tune: TuneSettings | None = None,
    truth: str | Path | None = None,
    detections: Sequence[str] = (DETECTIONS,),
    space: Mapping[str, Range | OneOf] | None = None,
    only: Sequence[str] = (),
    overwrite: bool = False,
    on_trial: Told | None = None,
) -> Tuned:
    """Search settings on detections with truth, and judge them on matches that took no part.

    Args:
        sources: recordings, folders of them, or folders of sequences with truth and detections.
        output: folder of the files, ``study.db`` among them, from which the same search goes on; None writes nothing.
        tracker: name of the tracker; None takes the settings'.
        settings: of the runs; the settings of tracker and refinement that they name are fixed.
        tune: how to search.
        truth: of recordings.
        detections: files in each sequence's folder.
        space: setting → `Range` or `OneOf`, in place of, or beside, the tracker's own.
        only: names of the settings to search; all by default.
        overwrite: begin anew, and replace files that are not an unchanged result of the same sources.
        on_trial: called after each trial.

    Returns:
        What was found; ``settings`` of it go to `sportstrack.TrackSettings`.

    Raises:
        SportstrackError: bad input or settings, no Optuna, or outputs of another search.
    """
    need_optuna()
    how, runs = tune or TuneSettings(), settings or TrackSettings()
    runs = runs if tracker is None else runs.changed(tracker=tracker)
    runs = runs.changed(tracker=runs.tracker.lower()) if runs.tracker.lower() in TRACKERS else runs
    found = find_sources(sources, truth=truth, detections=detections, match=how.match)
    parts = divide(found, held_out=how.held_out, folds=how.folds, seed=how.seed)
    bench = Bench(tuple(found), runs, how.refines, Objective.parse(how.objective))
    first = bench.loaded(parts[-1].seen[0])
    places = chosen_space(whole_space(runs, how, lambda evidence: has(first, evidence)), space or {}, only)
    job = _Job(bench, how, parts, places)
    if output is None:
        return job.carry_out(TrialStore(None, {}), on_trial)
    inputs = [*map(Path, sources), *([] if truth is None else [Path(truth)])]
    with Claim(
        output, FILES, command=PROGRAM, source=inputs[0], inputs=inputs, overwrite=overwrite, stem="tune"
    ) as claim:
        study = claim.folder / STUDY
        if overwrite:
            study.unlink(missing_ok=True)
        tuned = job.carry_out(TrialStore(study, job.identity()), on_trial)
        return _written(tuned, claim)


@dataclass(frozen=True)
class _Job:
    bench: Bench
    how: TuneSettings
    parts: list[SearchPart]
    places: dict[str, Range | OneOf]

    def identity(self) -> dict[str, Any]:
        """Return what the search depends on."""
        how, runs = self.how, self.bench.settings
        return {
            "tracker": runs.tracker,
            "settings": {n: v for n, v in runs.as_dict().items() if n in _MATTER},
            "space": {name: repr(place) for name, place in self.places.items()},
            "objective": how.objective,
            "sequences": {one.name: _hash(one) for one in self.bench.sources},
            "matches": [[part.name, list(part.seen)] for part in self.parts],
            "seed": how.seed,
            "what": list(how.what),
            "prune": how.prune,
            "calibrate": how.calibrate,
        }

    def carry_out(self, store: TrialStore, on_trial: Told | None) -> Tuned:
        """Run all searches and judge what they have found."""
        how, deadline, count = self.how, Deadline(self.how.minutes), self.how.trial_count
        results: list[tuple[SearchPart, list[TunedTrial], FilterNoise | None]] = []
        with SequencePool(self.bench, how.processes) as pool:
            for i, part in enumerate(self.parts):

                def finished(trial: TunedTrial, best: bool, part: SearchPart = part, before: int = i * count) -> None:
                    if on_trial is not None:
                        on_trial(part.name, trial, best, before + trial.number + 1, len(self.parts) * count)

                calibration = self._calibration(part)
                trials = search(
                    part,
                    self.places,
                    self._starts(calibration),
                    pool,
                    store,
                    trials=count,
                    seed=how.seed,
                    prune=how.prune,
                    deadline=deadline,
                    finished=finished,
                )
                if not any(one.complete for one in trials):
                    raise SettingError("the time was up before the first trial had ended: more --minutes")
                results.append((part, trials, calibration))
            gains = judge([_judged(*one) for one in results if one[0].judged], pool, how.seed)
        _, trials, calibration = results[-1]
        values = dict(best_of(trials).values)
        return Tuned(
            self.bench.settings.tracker,
            values,
            settings_of(self.bench.settings, values, refines=how.refines),
            tuple(trials),
            gains[0] if gains else None,
            importance(trials, distributions(self.places)),
            calibration,
            gains[1] if len(gains) > 1 else None,
            self.bench.objective,
            all(len(one) >= count for _, one, _ in results),
            {},
        )

    def _calibration(self, part: SearchPart) -> FilterNoise | None:
        if not self.how.calibrate:
            return None
        runs = self.bench.settings
        return calibrate(runs.tracker, runs.tracker_settings, [self.bench.loaded(number) for number in part.seen])

    def _starts(self, calibration: FilterNoise | None) -> list[FirstTrial]:
        defaults = default_values(self.places, self.bench.settings)
        starts = [FirstTrial("defaults", {}, defaults)]
        if calibration is not None:
            near = {
                n: v if self.places[n].holds(v) else defaults[n]
                for n, v in calibration.values.items()
                if n in self.places
            }
            starts.append(FirstTrial("calibrated", calibration.values, defaults | near))
        return starts


def _judged(
    part: SearchPart, trials: list[TunedTrial], calibration: FilterNoise | None
) -> tuple[SearchPart, list[Mapping[str, Any]]]:
    """Return a search with what is judged: its best trial, and the calibrated noise if there is any."""
    return part, [best_of(trials).values, *([] if calibration is None else [calibration.values])]


_MATTER = (
    *("tracker_settings", "refine_settings", "score", "classes", "ball", "ball_score", "on_pitch", "teams", "embedder"),
    *("camera", "shots", "every", "frame_rate", "first_frame", "size"),
)
"""Settings of the runs on which the result depends."""


def _hash(source: TruthSource) -> str:
    found = hashlib.sha256()
    for path in (source.detections, source.truth):
        found.update(Path(path).read_bytes() if path.endswith(".npz") else read_bytes(path))
    return found.hexdigest()[:16]


def _written(tuned: Tuned, claim: Claim) -> Tuned:
    """Write the files and return the result with their places."""
    from sportstrack.draw.figures import save_figure

    files = {name: str(claim.folder / name) for name in (*FILES, STUDY)}
    tuned = replace(tuned, files=files)
    claim.write_text("tuned.yaml", settings_file(tuned))
    claim.write_text("trials.csv", trials_table(tuned.trials))
    save_figure(picture(tuned), claim.folder / "tune.png", claim)
    claim.write_text("tune.json", json.dumps(tuned.as_dict(), indent=1) + "\n")
    claim.write_text("tune.txt", tuned.as_text() + "\n")
    return tuned
