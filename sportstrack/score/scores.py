"""`Scores`: counts that add up over sequences, and every ratio derived from them in one place."""

# ruff: noqa: N802 - the figures carry the names that the field knows them by

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from sportstrack.columns import import_pandas
from sportstrack.errors import SettingError, nearest
from sportstrack.score.clear import count_clear
from sportstrack.score.figures import CURVES, FIGURES
from sportstrack.score.hota import ALPHAS, count_hota
from sportstrack.score.identity import count_identity
from sportstrack.score.sequence import Sequence
from sportstrack.score.table import render
from sportstrack.types import FloatArray

_ALIASES = {
    "HOTA(0)": "HOTA0",
    "LocA(0)": "LocA0",
    "HOTALocA(0)": "HOTALocA0",
    "FP_per_frame": "FAF",
    "CLR_Re": "Recall",
    "CLR_Pr": "Precision",
    "MOTSA": "MOTA",
    "MOTSP": "MOTP",
    "sMOTSA": "sMOTA",
}


@dataclass(frozen=True, eq=False)
class Scores:
    """What a tracker did on one or more sequences.

    ``a + b`` pools; the sums below are exact, so pooling in any order or in pieces gives the same figures. Ratios are
    from 0 to 1 (MOTA may be negative). Names are TrackEval's; FP, FN, Precision, Recall and FAF (false alarms per
    frame) are the same figures under the names that papers use. ``scores["HOTA(0)"]`` works where a name is no
    identifier.

    Attributes:
        name: the sequence, or what was pooled.
        sequences: how many sequences are in it.
        frames: how many frames they have.
        pooled: the single sequences that were added up; empty for a sequence counted by itself.
        masks: whether overlaps are those of masks; MOTA, MOTP and sMOTA are then MOTS's MOTSA, MOTSP and sMOTSA.

    Where a sequence has no truth box or no result box, TrackEval leaves it out of CLR_Frames, and, scored alone, gives
    it 0 for MOTA, its kin and FAF; so does this class.
    """

    name: str
    sequences: int
    frames: int
    GT_Dets: int
    Dets: int
    GT_IDs: int
    IDs: int
    CLR_TP: int
    CLR_FN: int
    CLR_FP: int
    IDSW: int
    MT: int
    PT: int
    ML: int
    Frag: int
    CLR_Frames: int
    MOTP_sum: float
    IDTP: int
    IDFN: int
    IDFP: int
    HOTA_TP: FloatArray
    HOTA_FN: FloatArray
    HOTA_FP: FloatArray
    LocA_sum: FloatArray
    AssA_sum: FloatArray
    AssRe_sum: FloatArray
    AssPr_sum: FloatArray
    pooled: tuple[Scores, ...] = ()
    masks: bool = False

    @classmethod
    def of(cls, seq: Sequence) -> Scores:
        """Count everything on one sequence."""
        counts: dict[str, Any] = {**count_clear(seq), **count_identity(seq), **count_hota(seq)}
        return cls(
            name=seq.name,
            sequences=1,
            frames=seq.frames,
            GT_Dets=len(seq.truth),
            Dets=len(seq.result),
            GT_IDs=len(seq.truth.ids),
            IDs=len(seq.result.ids),
            masks=seq.masks,
            **counts,
        )

    @classmethod
    def pool(cls, scores: Iterable[Scores], name: str = "COMBINED") -> Scores:
        """Add up any number of scores.

        Raises:
            SettingError: there are none.
        """
        given = list(scores)
        if not given:
            raise SettingError("Scores.pool: expected at least one sequence's scores, got none")
        parts = tuple(part for one in given for part in one.parts)
        sums = {f.name: sum(getattr(part, f.name) for part in parts) for f in fields(cls) if f.name not in _NO_SUM}
        return cls(name=name, pooled=parts, masks=any(part.masks for part in parts), **sums)

    @property
    def parts(self) -> tuple[Scores, ...]:
        """The single sequences; of one sequence these are its own scores."""
        return self.pooled or (self,)

    def __add__(self, other: Scores) -> Scores:
        if not isinstance(other, Scores):
            return NotImplemented
        return Scores.pool((self, other))

    def __radd__(self, other: object) -> Scores:
        return self if other == 0 else NotImplemented  # so that sum() works

    def renamed(self, name: str) -> Scores:
        """Return the same scores under another name."""
        return replace(self, name=name)

    def __getitem__(self, figure: str) -> float:
        """Return a figure by its standard name, such as ``"HOTA(0)"``."""
        known = [*FIGURES, *_ALIASES, *_ALIASES.values(), "FP", "FN"]
        if figure not in known:
            raise SettingError(f"no figure is called {figure!r}{nearest(figure, known)} (known: {', '.join(FIGURES)})")
        return getattr(self, _ALIASES.get(figure, figure))  # type: ignore[no-any-return]

    def curve(self, figure: str) -> FloatArray:
        """Return a figure of `CURVES` at each of the 19 thresholds 0.05, 0.10, … 0.95 (`ALPHAS`)."""
        if figure not in CURVES:
            raise SettingError(f"{figure!r} has no curve{nearest(figure, list(CURVES))} (known: {', '.join(CURVES)})")
        true, miss, false = self.HOTA_TP, self.HOTA_FN, self.HOTA_FP
        if figure == "HOTA":
            return np.asarray(np.sqrt(self.curve("DetA") * self.curve("AssA")))
        if figure == "OWTA":
            return np.asarray(np.sqrt(self.curve("DetRe") * self.curve("AssA")))
        if figure == "LocA":
            return np.asarray(np.maximum(1e-10, self.LocA_sum) / np.maximum(1e-10, true))
        if figure.startswith("Ass"):
            return np.asarray(getattr(self, f"{figure}_sum") / np.maximum(1, true))
        wanted = {"DetA": true + miss + false, "DetRe": true + miss, "DetPr": true + false}[figure]
        return np.asarray(true / np.maximum(1, wanted))

    @property
    def HOTA(self) -> float:
        """Higher order tracking accuracy, mean over the thresholds."""
        return self._mean("HOTA")

    @property
    def DetA(self) -> float:
        """Detection accuracy: true positives over everything seen by either side."""
        return self._mean("DetA")

    @property
    def AssA(self) -> float:
        """Association accuracy: how much of their two tracks a matched pair shares, averaged over matched pairs."""
        return self._mean("AssA")

    @property
    def DetRe(self) -> float:
        """Detection recall."""
        return self._mean("DetRe")

    @property
    def DetPr(self) -> float:
        """Detection precision."""
        return self._mean("DetPr")

    @property
    def AssRe(self) -> float:
        """Association recall: low where true tracks are broken up."""
        return self._mean("AssRe")

    @property
    def AssPr(self) -> float:
        """Association precision: low where result tracks mix several identities."""
        return self._mean("AssPr")

    @property
    def LocA(self) -> float:
        """Localisation: mean overlap of the matched pairs."""
        return self._mean("LocA")

    @property
    def OWTA(self) -> float:
        """Open-world accuracy: HOTA with recall in place of detection accuracy."""
        return self._mean("OWTA")

    @property
    def HOTA0(self) -> float:
        """HOTA(0): HOTA at the lowest threshold, 0.05."""
        return float(self.curve("HOTA")[0])

    @property
    def LocA0(self) -> float:
        """LocA(0): LocA at the lowest threshold."""
        return float(self.curve("LocA")[0])

    @property
    def HOTALocA0(self) -> float:
        """HOTALocA(0): the product of both."""
        return self.HOTA0 * self.LocA0

    @property
    def FP(self) -> int:
        """False positives of CLEAR."""
        return self.CLR_FP

    @property
    def FN(self) -> int:
        """Misses of CLEAR."""
        return self.CLR_FN

    @property
    def MOTA(self) -> float:
        """1 − (misses + false positives + identity switches) / truth boxes."""
        return self._per_truth(self.CLR_TP - self.CLR_FP - self.IDSW)

    @property
    def MODA(self) -> float:
        """MOTA without the switches."""
        return self._per_truth(self.CLR_TP - self.CLR_FP)

    @property
    def sMOTA(self) -> float:
        """MOTA with overlaps in place of hits."""
        return self._per_truth(self.MOTP_sum - self.CLR_FP - self.IDSW)

    @property
    def MOTAL(self) -> float:
        """MOTA with the logarithm of the switches."""
        return self._per_truth(self.CLR_TP - self.CLR_FP - (float(np.log10(self.IDSW)) if self.IDSW else 0.0))

    @property
    def MOTP(self) -> float:
        """Mean overlap of the matches."""
        return self.MOTP_sum / max(1, self.CLR_TP)

    @property
    def MOTSA(self) -> float:
        """MOTA, as MOTS calls it where overlaps are those of masks."""
        return self.MOTA

    @property
    def MOTSP(self) -> float:
        """MOTP, as MOTS calls it."""
        return self.MOTP

    @property
    def sMOTSA(self) -> float:
        """sMOTA, as MOTS calls it: its main score."""
        return self.sMOTA

    @property
    def Recall(self) -> float:
        """Matches over truth boxes (CLR_Re)."""
        return self.CLR_TP / max(1, self.CLR_TP + self.CLR_FN)

    @property
    def Precision(self) -> float:
        """Matches over result boxes (CLR_Pr)."""
        return self.CLR_TP / max(1, self.CLR_TP + self.CLR_FP)

    @property
    def CLR_F1(self) -> float:
        """Harmonic mean of Precision and Recall."""
        return self.CLR_TP / max(1.0, self.CLR_TP + 0.5 * self.CLR_FN + 0.5 * self.CLR_FP)

    @property
    def FAF(self) -> float:
        """False alarms per frame (FP_per_frame)."""
        return 0.0 if self._lone_without_truth else self.CLR_FP / max(1, self.CLR_Frames)

    @property
    def MTR(self) -> float:
        """Share of the true tracks matched in more than 80 % of their frames."""
        return self.MT / max(1, self.MT + self.PT + self.ML)

    @property
    def PTR(self) -> float:
        """Share of the true tracks between MTR and MLR."""
        return self.PT / max(1, self.MT + self.PT + self.ML)

    @property
    def MLR(self) -> float:
        """Share of the true tracks matched in less than 20 % of their frames."""
        return 1.0 if self._lone_without_truth else self.ML / max(1, self.MT + self.PT + self.ML)

    @property
    def IDR(self) -> float:
        """Recall of the identities."""
        return self.IDTP / max(1, self.IDTP + self.IDFN)

    @property
    def IDP(self) -> float:
        """Precision of the identities."""
        return self.IDTP / max(1, self.IDTP + self.IDFP)

    @property
    def IDF1(self) -> float:
        """Harmonic mean of IDP and IDR."""
        return self.IDTP / max(1.0, self.IDTP + 0.5 * self.IDFP + 0.5 * self.IDFN)

    def to_dict(self, *, curves: bool = False) -> dict[str, Any]:
        """Return every figure by name, with ``curves`` also lists over the thresholds as ``"HOTA_curve"`` and so on."""
        figures: dict[str, Any] = {figure: self[figure] for figure in FIGURES}
        if curves:
            figures |= {f"{name}_curve": self.curve(name).tolist() for name in CURVES}
            figures |= {name: getattr(self, name).tolist() for name in ("HOTA_TP", "HOTA_FN", "HOTA_FP")}
        return figures

    def rows(self) -> list[Scores]:
        """Return what was pooled, then the whole; of a sequence counted by itself, the scores alone."""
        return [*self.pooled, self]

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame``: a row per sequence and one for all, a column per figure."""
        pd = import_pandas("Scores")
        rows = self.rows()
        return pd.DataFrame(
            [row.to_dict() for row in rows], index=pd.Index([row.name for row in rows], name="sequence")
        )

    def __str__(self) -> str:
        return render(self.rows(), "table")

    def __repr__(self) -> str:
        return (
            f"Scores({self.name!r}, sequences={self.sequences}, HOTA={self.HOTA:.4f}, MOTA={self.MOTA:.4f}, "
            f"IDF1={self.IDF1:.4f}, IDSW={self.IDSW})"
        )

    def _mean(self, figure: str) -> float:
        return float(self.curve(figure).mean())

    def _per_truth(self, count: float) -> float:
        return 0.0 if self._lone_without_truth else count / max(1, self.CLR_TP + self.CLR_FN)

    @property
    def _lone_without_truth(self) -> bool:
        return self.sequences == 1 and not self.GT_Dets


_NO_SUM = ("name", "pooled", "masks")


def average_classes(scores: dict[str, Scores]) -> dict[str, float]:
    """Return every figure class-averaged: ratios are the mean over the classes, counts their sum.

    A class without boxes on either side counts with its zeros, as in TrackEval.

    Raises:
        SettingError: there are no classes.
    """
    if not scores:
        raise SettingError("average_classes: expected at least one class, got none")
    values = {figure: [one[figure] for one in scores.values()] for figure in FIGURES}
    return {
        figure: sum(found) if isinstance(found[0], int) else float(np.mean(found)) for figure, found in values.items()
    }


__all__ = ["ALPHAS", "CURVES", "FIGURES", "Scores", "average_classes"]
