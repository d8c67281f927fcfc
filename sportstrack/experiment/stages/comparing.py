"""The stages ``compare …``: what a proposed improvement gains over its baseline, how surely, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.evaluate.page import Images
from sportstrack.experiment.settings import BeforeAfter, ExperimentSettings, TrackerRun
from sportstrack.experiment.stage import Work
from sportstrack.experiment.stages.scoring import jobs_of, scores_of, write_strip
from sportstrack.files.claim import write_text
from sportstrack.files.reading import read_json
from sportstrack.score.diagnose import Diagnosis
from sportstrack.score.diagnose.causes import MOMENT, WEIGHTS, ErrorMoment
from sportstrack.score.run import diagnose_job
from sportstrack.score.scores import Scores
from sportstrack.tune.gain import Gain, gain_of
from sportstrack.tune.objective import Objective

SHOWN = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW", "Frag")

ByMatch = dict[str, list[Scores]]


def compare_stage(experiment: ExperimentSettings, pair: BeforeAfter, work: Work) -> None:
    """Compare the baseline with each variant, and show where the best one helps most."""
    objective, results = Objective.parse(experiment.objective), dict(work.results)
    baseline = experiment.run_of(pair.baseline)
    variants = [experiment.run_of(one) for one in pair.variants]
    before = _by_match(results[f"score {baseline.name}"])
    after = [_by_match(results[f"score {one.name}"]) for one in variants]
    rows = [_row("baseline", baseline, before, None, results)]
    for named, run, scores in zip(pair.variants, variants, after, strict=True):
        gain = gain_of(before, scores, objective, experiment.seed)
        rows.append(_row(named.name, run, scores, gain, results))
    best = int(np.argmax([row["gain"] for row in rows[1:]]))
    sides = {
        side: read_json(results[f"score {run.name}"] / "score.json")
        for side, run in (("before", baseline), ("after", variants[best]))
    }
    record = {
        "objective": objective.text,
        "matches": len(before),
        "rows": rows,
        "best": pair.variants[best].name,
        "chosen": _chosen_elsewhere([before, *after], objective, experiment.seed) if len(variants) > 1 else None,
        "causes": {side: one["causes"] for side, one in sides.items()},
        "by": {side: one["by"] for side, one in sides.items()},
        "moment": _moment(experiment, baseline, variants[best], work),
    }
    write_text(work.folder / "compare.json", json.dumps(record, ensure_ascii=False))


def _by_match(folder: Path) -> ByMatch:
    record = read_json(folder / "score.json")
    found: ByMatch = {}
    for one in map(scores_of, record["scores"]):
        found.setdefault(record["matches"][one.name], []).append(one)
    return found


def _row(name: str, run: TrackerRun, scores: ByMatch, gain: Gain | None, results: Mapping[str, Path]) -> dict[str, Any]:
    total = Scores.pool(one for match in scores.values() for one in match)
    took = read_json(results[f"track {run.name}"] / "track.json")["stages_ms"]
    row: dict[str, Any] = {"name": name, "run": run.name, "figures": {figure: total[figure] for figure in SHOWN}}
    row["ms"] = {stage: took.get(stage, 0.0) for stage in ("embed", "camera", "track", "refine")}
    if gain is not None:
        row |= {"gain": gain.value, "low": gain.low, "high": gain.high, "matches": _each(gain)}
    return row


def _each(gain: Gain) -> dict[str, float]:
    """Return match → gain in HOTA."""
    return {match: gain.after[match].HOTA - gain.before[match].HOTA for match in gain.before}


def _chosen_elsewhere(sides: list[ByMatch], objective: Objective, seed: int) -> dict[str, Any] | None:
    """Return the gain where each match is judged with the variant that is best on all others.

    The best of many variants looks better than it is on the very matches that it was chosen on. Here no match takes
    part in the choice of what it is judged with; the baseline is among the choices.
    """
    matches = sorted(sides[0])
    if len(matches) < 2:
        return None
    after: ByMatch = {}
    picked: list[int] = []
    for match in matches:
        values = [
            objective.of(Scores.pool(one for other in matches if other != match for one in side[other]))
            for side in sides
        ]
        picked.append(int(np.argmax(values)))
        after[match] = sides[picked[-1]][match]
    gain = gain_of(sides[0], after, objective, seed)
    return {"gain": gain.value, "low": gain.low, "high": gain.high, "picked": picked}


def _moment(
    experiment: ExperimentSettings, baseline: TrackerRun, variant: TrackerRun, work: Work
) -> dict[str, Any] | None:
    """Write the pictures of the moment that the variant helps most, before and after; None if it helps nowhere."""
    results = dict(work.results)
    old, new = (jobs_of(experiment, run, results) for run in (baseline, variant))
    best: tuple[float, ErrorMoment, Diagnosis, Diagnosis, Images] | None = None
    for (job, truth), (other, _) in zip(old, new, strict=True):
        before, after = diagnose_job(job), diagnose_job(other)
        images = Images.find(job.name, truth.folder, None)
        for moment in before.moments():
            saved = _errors(before, moment) - _errors(after, moment)
            if best is None or saved > best[0]:
                best = (saved, moment, before, after, images)
    if best is None or best[0] <= 0:
        return None
    _, moment, before, after, images = best
    return {
        "sequence": moment.sequence,
        "frame": moment.frame,
        "before": write_strip(images.strip(before, moment), work.folder, "before.jpg"),
        "after": write_strip(images.strip(after, moment), work.folder, "after.jpg"),
        "errors": {"before": _counts(before, moment), "after": _counts(after, moment)},
    }


def _errors(found: Diagnosis, moment: ErrorMoment) -> float:
    return float(np.array(list(WEIGHTS.values())) @ _window(found, moment).sum(axis=1))


def _counts(found: Diagnosis, moment: ErrorMoment) -> dict[str, int]:
    names = ("switches", "fragments", "misses", "false positives")
    return dict(zip(names, _window(found, moment).sum(axis=1).tolist(), strict=True))


def _window(found: Diagnosis, moment: ErrorMoment) -> Any:
    return found.timeline[:, max(0, moment.frame - MOMENT // 2) : moment.frame + MOMENT // 2 + 1]
