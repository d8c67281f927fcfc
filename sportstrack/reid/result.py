"""What a training of embeddings says: text, plain values, a table of its epochs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack.reid.training import ReidEpoch
from sportstrack.score.retrieval import RANKS, RetrievalScores
from sportstrack.score.scores import Scores

KIT, NEW, BOTH, NONE = "kit", "new", "kit+new", "none"
"""Names of the embedders that are compared."""
_WORDS = {NONE: "no embedder", KIT: "kit colours", NEW: "this network", BOTH: "both joined"}
_FIGURES = ("HOTA", "AssA", "IDF1", "IDSW")


@dataclass(frozen=True, eq=False)
class TrainedReid:
    """What `sportstrack.train_reid` has made.

    Attributes:
        folder: holds all files.
        onnx: the network; ``--embedder`` takes it.
        checkpoint: for ``--resume`` and for ``--weights`` of a later training.
        history: the epochs.
        retrieval: embedder (kit, new) → ``all`` and ``mates`` → scores on the matches that were held out; empty where
            none were.
        replayed: embedder (none, kit, new, kit+new) → scores of the tracks of those matches; empty without frames.
        sequences: embedder → sequence → the same of each.
        boxes: what was tracked: recorded (det/det.txt) or true boxes, or both where sequences differ.
        notes: what the user should know.
    """

    folder: Path
    onnx: Path
    checkpoint: Path
    history: tuple[ReidEpoch, ...]
    retrieval: Mapping[str, Mapping[str, RetrievalScores]]
    replayed: Mapping[str, Scores]
    sequences: Mapping[str, Mapping[str, Scores]]
    boxes: str
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "onnx": str(self.onnx),
            "epochs": len(self.history),
            "retrieval": {name: {k: v.to_dict() for k, v in one.items()} for name, one in self.retrieval.items()},
            "replay": {name: _plain(one) for name, one in self.replayed.items()},
            "sequences": {n: {k: _plain(v) for k, v in one.items()} for n, one in self.sequences.items()},
            "boxes": self.boxes,
            "notes": list(self.notes),
        }

    def as_text(self) -> str:
        """Return what people read."""
        lines = [*self.notes, ""] if self.notes else []
        if not self.retrieval:
            lines.append("nothing was held out: what these embeddings are worth elsewhere is not known")
        lines += self._retrieval_lines() if self.retrieval else []
        lines += self._replay_lines() if self.replayed else []
        return "\n".join(lines)

    def _retrieval_lines(self) -> list[str]:
        ranks = "".join(f"{f'rank {k}':>9}" for k in RANKS)
        lines = [f"{'matches that took no part':<34}{'mAP':>8}{ranks}{'queries':>10}"]
        for part, words in (("all", "everybody"), ("mates", "team-mates")):
            for name, scores in self.retrieval.items():
                one = scores[part]
                if one.queries:
                    values = "".join(f"{100 * value:>9.1f}" for value in (one.mAP, *map(one.rank, RANKS)))
                    lines.append(f"{f'{words}, {_WORDS[name]}':<33}{values}{one.queries:>10}")
        return lines

    def _replay_lines(self) -> list[str]:
        count = len(next(iter(self.sequences.values())))
        head = f"tracks of {count} sequence{'s' * (count > 1)}, {self.boxes} boxes"
        lines = ["", f"{head:<38}" + "".join(f"{name:>9}" for name in _FIGURES)]
        lines += [f"{_WORDS[name]:<38}{_row(one)}" for name, one in self.replayed.items()]
        for sequence in next(iter(self.sequences.values())) if count > 1 else ():
            lines += [
                f"  {f'{sequence[:22]}, {_WORDS[name]}':<36}{_row(self.sequences[name][sequence])}"
                for name in self.replayed
            ]
        return [*lines, "", self.verdict]

    @property
    def verdict(self) -> str:
        """Return a sentence: which embedder the tracks of the matches that took no part ask for."""
        if not self.replayed:
            return "no frames of held-out matches were tracked: whether a tracker gains is not known"
        best = max(self.replayed, key=lambda name: self.replayed[name].HOTA)
        gain = 100 * (self.replayed[NEW].HOTA - self.replayed[KIT].HOTA)
        use = {NONE: "none", KIT: "kit", NEW: str(self.onnx), BOTH: f"kit+{self.onnx}"}[best]
        return f"HOTA {gain:+.1f} against kit colours; best here: {_WORDS[best]} (--embedder {use})"


def _plain(scores: Scores) -> dict[str, float]:
    return {name: float(scores[name]) for name in _FIGURES}


def _row(scores: Scores) -> str:
    return "".join(f"{scores[n]:>9.0f}" if n == "IDSW" else f"{100 * scores[n]:>9.1f}" for n in _FIGURES)


def epochs_table(history: Sequence[ReidEpoch]) -> str:
    """Return the epochs as CSV."""
    judged = list(dict.fromkeys(name for one in history for name in one.judged))
    names = ("identity", "triplet", "right", "rate", "seconds")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["epoch", *names, *judged])
    for one in history:
        own = [f"{getattr(one, name):.6g}" for name in names]
        writer.writerow([one.number, *own, *(f"{one.judged[n]:.6g}" if n in one.judged else "" for n in judged)])
    return out.getvalue()
