"""Jobs ``refine``, ``evaluate`` and ``mine``."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sportstrack.errors import SportstrackError
from sportstrack.serve.jobs.requests import EvaluateRequest, RefineRequest
from sportstrack.serve.jobs.task import Reporter, Task
from sportstrack.serve.jobs.unpack import data_set


def run_refine(task: Task, report: Reporter) -> dict[str, Any]:
    """Refine a result as ``sportstrack refine`` does."""
    from sportstrack.mot import class_ids, read_mot
    from sportstrack.serve.jobs.trackfile import write_table

    report.stage("refining")
    asked, source = RefineRequest(**_tuples(task)), Path(task.source)
    known = _summary_beside(source)
    size = asked.size or (known.get("width"), known.get("height"))
    rate = asked.frame_rate or known.get("frame_rate")
    words = ["refine", str(source), "-o", str(task.results), "--preset", asked.preset, "--steps", ",".join(asked.steps)]
    words += [f"--set={name}={value}" for name, value in asked.set.items()]
    words += ["--classes", ",".join(map(str, asked.classes))] if asked.classes else []
    words += ["--size", "x".join(map(str, size))] if all(size) else []
    words += ["--frame-rate", str(rate)] if rate else []
    words += ["--zero-based"] if asked.zero_based else []
    words += ["--detections", task.files["detections"]] if "detections" in task.files else []
    summary: dict[str, Any] = json.loads(_command([*words, "--json", "--overwrite"], report))
    output = Path(summary.pop("output"))
    rows = read_mot(output)
    about = {"frame_rate": rate or 25.0, "width": size[0] or 0, "height": size[1] or 0, "names": known.get("names", {})}
    about |= {"frames": known.get("declared_frames") or 0, "identities": known.get("identities") or []}
    write_table(
        task.tracks, about, rows.frame, rows.track_id, rows.xyxy, rows.score, class_ids(rows.class_id),
        about["frame_rate"],
    )  # fmt: skip
    return summary | {"outputs": {"mot": output.name}}


def run_evaluate(task: Task, report: Reporter) -> dict[str, Any]:
    """Score a result as ``sportstrack evaluate`` does; the scores are the summary, and ``scores.json``."""
    report.stage("scoring")
    asked = EvaluateRequest(**_tuples(task))
    words = ["evaluate", "--truth", task.files["truth"], "--results", task.source, "-o", str(task.results)]
    words += ["--benchmark", asked.benchmark] if asked.benchmark else []
    words += ["--classes", ",".join(map(str, asked.classes))] if asked.classes else []
    flags = ("per_class", "plots", "diagnose", "allow_missing", "zero_based")
    words += [f"--{name.replace('_', '-')}" for name in flags if getattr(asked, name)]
    text = _command([*words, "--format", "json", "--overwrite"], report)
    scores = json.loads(text)
    task.results.mkdir(parents=True, exist_ok=True)
    (task.results / "scores.json").write_text(text, encoding="utf-8")
    return {"scores": scores, "outputs": {"scores": "scores.json"}}


def run_mine(task: Task, report: Reporter) -> dict[str, Any]:
    """Mine a data set as ``sportstrack mine`` does."""
    from sportstrack.mine.loss import LossWeights
    from sportstrack.mine.mined import MineSettings
    from sportstrack.mine.run import mine_hard_examples

    values, data = _tuples(task), data_set(task, report)
    names = ("top", "per_sequence", "gap", "augment", "keep", "score", "seed")
    settings = MineSettings(
        weights=LossWeights(**values.get("loss", {})), **{name: values[name] for name in names if name in values}
    )
    stage = ""

    def progress(what: str, done: int, total: int | None) -> None:
        nonlocal stage
        if what != stage:
            stage = what
            report.stage(what)
        report(done, total)

    detector: Any = {name: values[name] for name in ("imgsz", "iou", "device", "engine", "precision") if name in values}
    mined = mine_hard_examples(
        values["weights"], data, task.results, split=values.get("split", "train"), settings=settings,
        same=values.get("same"), progress=progress, overwrite=True, **detector,
    )  # fmt: skip
    for note in mined.notes:
        report.log(note)
    return {
        "pictures": mined.pictures,
        "mean": mined.mean,
        "hard": len(mined.hard),
        "variants": len(mined.variants),
        "outputs": {"report": "mined.md", "table": "mined.csv", "sheet": "mined.png"},
    }


def _command(words: Sequence[str], report: Reporter) -> str:
    """Run a word of the command line in this process and return what it printed.

    Raises:
        SportstrackError: what it said when it refused.
    """
    from sportstrack.cli import main

    said, printed = io.StringIO(), io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed):
        try:
            status = main(words)
        except SystemExit as error:
            status = int(error.code or 0)
    lines = [line.partition(": ")[2] or line for line in said.getvalue().splitlines()]
    if status == 130:
        raise KeyboardInterrupt
    if status:
        errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        raise SportstrackError((errors or lines or ["it failed without a word"])[-1])
    for line in lines:
        report.log(line)
    sys.stderr.flush()
    return printed.getvalue()


def _summary_beside(result: Path) -> dict[str, Any]:
    """Return what the run that made a result says of it; nothing where that is not known."""
    path = result.with_name(f"{result.stem}.summary.json")
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _tuples(task: Task) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in task.settings.items()}


RUNNERS = {"refine": run_refine, "evaluate": run_evaluate, "mine": run_mine}
