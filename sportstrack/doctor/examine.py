"""All examinations in order, and a short run of the demo."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from sportstrack.doctor import hardware, software
from sportstrack.doctor.verdict import FAILED, OK, Verdict, examined
from sportstrack.models.weights import assets_folder

FRAMES = 10

EXAMINATIONS: dict[str, Callable[[], Iterable[Verdict]]] = {
    "Python": software.python_and_platform,
    "packages": software.needed_packages,
    "extras": software.extra_packages,
    "devices": hardware.devices,
    "engines": hardware.engines,
    "codecs": hardware.codecs,
    "OpenCV": hardware.opencv,
    "cache": hardware.files,
    "terminal": hardware.screen,
}
"""Topic → what is looked at."""


def examine(*, self_test: bool = True, begin: Callable[[str], None] | None = None) -> list[Verdict]:
    """Look at everything and return what was found; nothing is raised.

    Args:
        self_test: also track ten frames of the demo.
        begin: called with each topic before it is looked at.
    """
    looks = EXAMINATIONS | ({"self-test": track_demo} if self_test else {})
    found: list[Verdict] = []
    for topic, look in looks.items():
        if begin is not None:
            begin(topic)
        found += examined(topic, look)
    return found


def track_demo(clip: Path | None = None, **how: Any) -> Iterator[Verdict]:
    """Track the first frames of the demo, as ``sportstrack track --demo`` does.

    Args:
        clip: another video.
        **how: settings of `sportstrack.track` besides the demo's.
    """
    from sportstrack.track.iteration import track

    started = time.perf_counter()
    how = how or {"weights": "demo", "imgsz": 1280}
    with track(clip or assets_folder() / "demo.mp4", **how) as run:
        loaded = time.perf_counter()
        frames = list(islice(run, FRAMES))
        done = time.perf_counter()
    tracked = sum(len(frame.tracks) for frame in frames)
    text = f"{len(frames)} frames of the demo: {tracked} boxes tracked; loading took {loaded - started:.1f} s, "
    text += f"the frames {done - loaded:.1f} s on {run.summary.device or 'the detector given'}"
    works = len(frames) == FRAMES and tracked > 0
    fix = "" if works else "try sportstrack track --demo --verbose, and --engine torch --device cpu"
    yield Verdict("self-test", text, OK if works else FAILED, fix)


def all_works(found: Sequence[Verdict]) -> bool:
    """Return whether nothing that is needed fails."""
    return all(one.state != FAILED for one in found)


def as_text(found: Sequence[Verdict]) -> str:
    """Return a line for each verdict, the fix below it, and the sum at the end."""
    width = max((len(one.topic) for one in found), default=0)
    lines, last = [], ""
    for one in found:
        topic = "" if one.topic == last else one.topic
        lines.append(f"{one.state:<6}  {topic:<{width}}  {one.text}")
        if one.fix:
            lines.append(f"{'':<{width + 10}}→ {one.fix}")
        last = one.topic
    failed = sum(one.state == FAILED for one in found)
    end = "everything that is needed works" if not failed else f"{failed} that is needed fails" if failed == 1 else ""
    return "\n".join([*lines, "", end or f"{failed} that are needed fail"])
