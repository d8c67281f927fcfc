"""The stages ``score …``: a tracker's scores on each sequence, the causes of its errors, its worst moments."""

from __future__ import annotations

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.evaluate.page import Images
from sportstrack.experiment.settings import ExperimentSettings, TrackerRun
from sportstrack.experiment.stage import Work
from sportstrack.experiment.stages.bins import cut_of, cuts_record
from sportstrack.experiment.stages.data import sequences_of
from sportstrack.files.claim import PartFile, write_text
from sportstrack.score.by import Cut
from sportstrack.score.diagnose import Diagnosis
from sportstrack.score.run import Job, of_classes, score_and_diagnose
from sportstrack.score.scores import Scores
from sportstrack.score.sources import TruthFile
from sportstrack.seqinfo import read_sequence_info
from sportstrack.tune.sequences import match_of

MOMENTS = 4
"""Worst moments of a tracker that get pictures."""

KINDS = ("switches", "misses", "false positives")


def score_stage(experiment: ExperimentSettings, run: TrackerRun, work: Work) -> None:
    """Score and diagnose a run."""
    results = dict(work.results)
    scores: list[Scores] = []
    found: list[Diagnosis] = []
    cuts: list[Cut] = []
    matches: dict[str, str] = {}
    images: dict[str, Images] = {}
    jobs = jobs_of(experiment, run, results)
    with work.bar(f"scoring {run.name}", "sequence") as bar:
        for number, (job, truth) in enumerate(jobs, 1):
            images[job.name] = Images.find(job.name, truth.folder, None)
            one, diagnosis = score_and_diagnose(job, images[job.name].brightness)
            scores.append(one)
            found.append(diagnosis)
            cuts.append(cut_of(diagnosis.seq, truth.folder, images[job.name], experiment.by))
            matches[job.name] = match_of(truth)
            bar(number, len(jobs))
    record = {
        "scores": [scores_record(one) for one in scores],
        "matches": matches,
        "causes": {
            "switches": _sum(Counter(switch.cause for switch in one.switches) for one in found),
            "misses": _sum(one.misses.counts() for one in found),
            "false positives": _sum(one.false.counts() for one in found),
        },
        "by": cuts_record(cuts) if experiment.by else {},
        "moments": _moments(found, images, work) if run in experiment.trackers else [],
    }
    write_text(work.folder / "score.json", json.dumps(record, ensure_ascii=False))


def jobs_of(
    experiment: ExperimentSettings, run: TrackerRun, results: Mapping[str, Path]
) -> list[tuple[Job, TruthFile]]:
    """Return what is to be scored of a run, with the truth's place."""
    folder = results[f"track {run.name}"]
    made = []
    for one in sequences_of(experiment, dict(results)):
        frames = read_sequence_info(one.folder).frames
        job = Job(one.name, one.truth, folder / f"{one.stem}.txt", frames, experiment.benchmark)
        made.append((of_classes(job, experiment.classes), TruthFile(one.name, one.truth, one.folder)))
    return made


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)


def _moments(found: list[Diagnosis], images: Mapping[str, Images], work: Work) -> list[dict[str, Any]]:
    """Write pictures of the worst moments and return what is known of them."""
    ranked = sorted(
        ((moment, one) for one in found for moment in one.moments()[:MOMENTS]), key=lambda pair: -pair[0].weight
    )
    listed = []
    for number, (moment, diagnosis) in enumerate(ranked[:MOMENTS], 1):
        name = write_strip(images[moment.sequence].strip(diagnosis, moment), work.folder, f"moment-{number}.jpg")
        causes = Counter(s.cause for s in diagnosis.switches if abs(s.frame - moment.frame) <= 12)
        listed.append(asdict(moment) | {"picture": name, "causes": dict(causes)})
    return listed


def write_strip(strip: str, folder: Path, name: str) -> str:
    """Write a picture that is given as a ``data:`` address; return its name, or "" if there is none."""
    if not strip:
        return ""
    file = PartFile(folder / name)
    file.write(b64decode(strip.partition(",")[2]))
    file.rename()
    return name


def scores_record(scores: Scores) -> dict[str, Any]:
    """Return the counts of a sequence's scores as plain values; `scores_of` reads them back."""
    values = {one.name: getattr(scores, one.name) for one in fields(Scores) if one.name != "pooled"}
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}


def scores_of(record: Mapping[str, Any]) -> Scores:
    """Return the scores that `scores_record` has made plain values of."""
    values: dict[str, Any] = {
        name: np.array(value) if isinstance(value, list) else value for name, value in record.items()
    }
    return Scores(**values)
