"""The commands that kills.py disturbs, and a light detector for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FINDER = "kills_cases:Finder"


class Finder:
    """A detector that takes a few milliseconds: what is not green is a player."""

    def __init__(self) -> None:
        self.names = {0: "player", 1: "ball"}

    def __call__(self, frames: Any) -> Any:
        """Return a `sportstrack.Detections` for each picture."""
        import cv2
        import numpy as np

        from sportstrack import Detections

        found = []
        for frame in frames:
            hue = cv2.cvtColor(frame, cv2.COLOR_BGR2HSV)[..., 0]
            other = cv2.morphologyEx(((hue < 30) | (hue > 90)).astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2)))
            stats = cv2.connectedComponentsWithStats(other)[2][1:41].astype(float)
            boxes = np.column_stack((stats[:, :2], stats[:, :2] + stats[:, 2:4]))
            found.append(Detections(boxes, np.clip(stats[:, 4] / 100, 0.2, 0.95), np.zeros(len(boxes), np.int64)))
        return found


@dataclass(frozen=True)
class Case:
    """A command.

    Attributes:
        words: of the command line; OUT and IN stand for folders.
        again: words added when it is repeated after a kill.
        before: a command whose result is replaced.
        heavy: it loads torch.
        polite: all signals but SIGKILL leave files up to that frame, and a summary that says so.
        status: how it ends undisturbed.
    """

    words: str
    again: str = ""
    before: str = ""
    heavy: bool = False
    polite: bool = False
    status: int = 0


CASES = {
    "track": Case(f"track IN/clip.mp4 -o OUT --weights {FINDER} --formats all --save-detections --quiet", "--resume"),
    "track offline": Case(
        f"track IN/clip.mp4 -o OUT --weights {FINDER} --formats all --offline --save-detections --quiet",
        "--resume",
    ),
    "track replaced": Case(
        f"track IN/clip.mp4 -o OUT --weights {FINDER} --formats mot,video --tracker sort --quiet",
        before=f"track IN/clip.mp4 -o OUT --weights {FINDER} --formats mot,video --quiet",
    ),
    "refine": Case("refine IN/truth.txt -o OUT --size 320x180 --quiet"),
    "presence": Case("presence IN/truth.txt --video IN/clip.mp4 -o OUT/heat.png --quiet"),
    "presence video": Case("presence IN/truth.txt --video IN/clip.mp4 -o OUT/heat.mp4 --quiet"),
    "shots": Case("shots IN/clip.mp4 --csv OUT/shots.csv --quiet"),
    "sot": Case("sot IN/clip.mp4 --init 100,60,20,40 -o OUT --method kcf --quiet", polite=True),
    "label": Case(f"label IN/clip.mp4 --weights {FINDER} -o OUT/set --quiet --min-track-score 0.1"),
    "label cvat": Case("label IN/clip.npz --format cvat -o OUT/labels --quiet --min-track-score 0.1"),
    "label labelstudio": Case(
        "label IN/clip.mp4 --detections IN/clip.npz --format labelstudio -o OUT/labels --quiet --min-track-score 0.1"
    ),
    "convert": Case("convert IN/mot OUT/set --from mot --to yolo --copy --quiet"),
    "convert to video": Case("convert IN/mot OUT/set --from mot --to video --quiet"),
    "convert to crops": Case("convert IN/mot OUT/set --from mot --to crops --quiet"),
    "convert replaced": Case(
        "convert IN/mot OUT/set --from mot --to coco --overwrite --quiet",
        before="convert IN/mot OUT/set --from mot --to mot --quiet",
    ),
    "audit --fix": Case("audit IN/mot --fix OUT/set --json OUT/found.json --html OUT/page.html --quiet", status=1),
    "augment": Case("augment IN/yolo OUT/set --ops flip,noise --quiet", heavy=True),
    "synthetic": Case("synthetic OUT/set --layout yolo --sequences 2 --frames 6 --every 1 --size 160x90 --quiet"),
    "synthetic sequences": Case("synthetic OUT/set --sequences 2 --frames 4 --size 160x90 --quiet"),
    "synthetic video": Case("synthetic OUT/set --layout video --frames 6 --size 160x90 --quiet"),
    "evaluate": Case("evaluate --truth IN/truth.txt --results IN/truth.txt --plots --diagnose -o OUT --quiet"),
    "val": Case(f"val {FINDER} IN/yolo -o OUT --quiet", heavy=True),
    "mine": Case(f"mine {FINDER} IN/yolo -o OUT --augment flip --quiet", heavy=True),
}
