"""What ``sportstrack evaluate --by`` adds: what becomes of true boxes that are dark, covered, small or fast."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sportstrack.errors import SettingError
from sportstrack.evaluate.page import Images
from sportstrack.files.claim import Claim
from sportstrack.score.bins import bins_table, per_cent
from sportstrack.score.by import Cut, cut_scores, pooled
from sportstrack.score.run import Job, sequence_folder
from sportstrack.seqinfo import SequenceInfo, read_sequence_info
from sportstrack.types import FloatArray

FRAME_RATE = 25.0  # of a sequence that does not state one
FILE = "by.json"


def cut_jobs(jobs: Iterable[Job], by: Sequence[str], images_of: Callable[[Job], Images]) -> Cut:
    """Cut a tracker's scores, all sequences together.

    Args:
        jobs: a tracker's sequences.
        by: of `sportstrack.score.bins.BY`.
        images_of: finds a sequence's pictures; needed for light.

    Raises:
        SettingError: light was asked for, and no sequence has pictures.
    """
    cuts, pictured = [], False
    for job in jobs:
        folder = sequence_folder(job)
        stated = SequenceInfo() if folder is None else read_sequence_info(folder)
        images = images_of(job) if "light" in by else Images()
        pictured |= bool(images.files)
        rate = float(stated.frame_rate or FRAME_RATE)
        cuts.append(cut_scores(job.sequence(), by, frame_rate=rate, size=stated.size, light=_light(images)))
    if "light" in by and not pictured:
        raise SettingError("--by light: the truth has no pictures in img1; name their folder with --images")
    return pooled(cuts)


def _light(images: Images) -> Callable[[int, FloatArray], FloatArray | None]:
    def measure(frame: int, boxes: FloatArray) -> FloatArray | None:
        from sportstrack.images.decode import read_picture
        from sportstrack.images.light import box_light

        return box_light(read_picture(images.files[frame]), boxes) if frame < len(images.files) else None

    return measure


def by_text(trackers: Mapping[str, Cut]) -> str:
    """Return Markdown: a row for each bin of each tracker, in per cent."""
    rows = []
    for tracker, cut in trackers.items():
        for name, bins in cut.items():
            for label, score in bins.items():
                found = score.figures()
                switches = found["IDSW_per_1000"]
                rows.append([
                    tracker, f"{name}: {label}", f"{score.boxes:,}", per_cent(found["recall"]), per_cent(found["IDR"]),
                    "–" if math.isnan(switches) else f"{switches:.1f}", per_cent(found["overlap"]),
                ])  # fmt: skip
    head = ["tracker", "true boxes", "boxes", "found", "IDR", "IDSW per 1,000", "overlap"]
    return f"\n{bins_table(head, rows)}"


def by_names(trackers: Iterable[str]) -> list[str]:
    """Return the names of the files that `save_by` writes."""
    from sportstrack.draw.figures import safe_names

    return [FILE, *(f"by-{stem}.png" for stem in safe_names(list(trackers)))]


def save_by(trackers: Mapping[str, Cut], folder: Path, claim: Claim) -> list[Path]:
    """Write the counts and figures as JSON and a chart of each tracker; return the files."""
    from sportstrack.draw.bins import bins_chart
    from sportstrack.draw.figures import save_figure

    claim.write_text(FILE, json.dumps({name: _plain(cut) for name, cut in trackers.items()}, indent=1) + "\n")
    saved = [folder / FILE]
    for (tracker, cut), name in zip(trackers.items(), by_names(trackers)[1:], strict=True):
        shares = {
            by: {label: {k: score.figures()[k] for k in ("recall", "IDR")} for label, score in bins.items()}
            for by, bins in cut.items()
        }
        counts = {by: {label: score.boxes for label, score in bins.items()} for by, bins in cut.items()}
        saved.append(save_figure(bins_chart(tracker, shares, counts, "true boxes"), folder / name, claim))
    return saved


def _plain(cut: Cut) -> dict[str, Any]:
    return {
        by: {label: vars(score) | _known(score.figures()) for label, score in bins.items()} for by, bins in cut.items()
    }


def _known(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in figures.items()}
