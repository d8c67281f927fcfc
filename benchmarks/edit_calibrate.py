"""What each feature of a moment is worth, fitted to truth; for edit.py."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from edit_world import Witness, matches, persons

from sportstrack.edits import weights
from sportstrack.edits.moments import CLOSE_UP, Moment, find_moments, single_moments

KINDS = ("crossing", "gap", "birth", "death", "speed", "doubled")
RIDGE = 4.0  # of the weights of features with standard deviation 1: kinds with few errors stay near their mean

Known = list[tuple[bool, Moment, bool]]
"""Whether it was held out, the moment, whether it is an error."""


def calibrate(data: Path) -> None:
    """Print the table of weights, and how well it holds on matches that were held out."""
    table: dict[str, dict[str, float]] = {}
    chosen = list(matches(data))
    witnesses = [Witness(match.tracks, persons(match.tracks, match.truth)) for match in chosen]
    known: Known = []
    for match, witness in zip(chosen, witnesses, strict=True):
        for moment in single_moments(match.tracks, match.scene()):
            known.append((match.held, moment, witness.is_wrong(moment, match.frames)))
    for kind in KINDS:
        table[kind] = _fitted(
            [(moment.features, wrong) for held, moment, wrong in known if moment.kind == kind and not held]
        )
    weights.WEIGHTS.clear()
    weights.WEIGHTS.update(table, look={"odds": 1.0})
    known = []
    for match, witness in zip(chosen, witnesses, strict=True):
        for moment in find_moments(match.tracks, match.scene()):
            known.append((match.held, moment, witness.is_wrong(moment, match.frames)))
    joined = [one for one in known if one[1].kind in ("crossing", "gap", "speed")]
    table["look"] = _fitted(
        [({"odds": weights.log_odds(m.probability)}, wrong) for held, m, wrong in joined if not held]
    )
    for kind, found in table.items():
        print(
            f'    "{kind}": {{{", ".join(f"{chr(34)}{name}{chr(34)}: {value:.3f}" for name, value in found.items())}}},'
        )
    print("\n| held out | moments | errors | mean probability | area under the curve |\n|---|---:|---:|---:|---:|")
    weights.WEIGHTS.update(table)
    for kind in (*KINDS, "all"):
        _judge(kind, known)


def _judge(kind: str, known: Known) -> None:
    held = [(m, wrong) for held, m, wrong in known if held and kind in (m.kind, "all")]
    if not held:
        return
    share = [
        weights.probability("look", {"odds": weights.log_odds(m.probability)}) if m.kind in CLOSE_UP else m.probability
        for m, _ in held
    ]
    p, y = np.array(share), np.array([wrong for _, wrong in held])
    print(f"| {kind} | {len(y)} | {y.sum()} | {p.mean():.3f} ({y.mean():.3f} are wrong) | {area(p, y):.3f} |")


def _fitted(rows: list[tuple[Mapping[str, float], bool]]) -> dict[str, float]:
    """Return the weights of a logistic model with a ridge, by Newton's method."""
    names = list(rows[0][0])
    x = np.array([[1.0, *(features[name] for name in names)] for features, _ in rows])
    y = np.array([float(wrong) for _, wrong in rows])
    scale = x.std(axis=0)
    scale[scale == 0.0] = 1.0
    z, w = x / scale, np.zeros(x.shape[1])
    ridge = np.diag([1e-2] + [RIDGE] * len(names))
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-z @ w))
        w -= np.linalg.solve((z * (p * (1.0 - p))[:, None]).T @ z + ridge, z.T @ (p - y) + ridge @ w)
    return dict(zip(["", *names], (w / scale).tolist(), strict=True))


def area(score: np.ndarray, wrong: np.ndarray) -> float:
    """Return the area under the ROC curve; NaN where all are of one kind."""
    right, total = np.count_nonzero(~wrong), np.count_nonzero(wrong)
    if not right or not total:
        return float("nan")
    order = np.argsort(score, kind="stable")
    rank = np.empty(len(score))
    rank[order] = np.arange(1, len(score) + 1)
    return float((rank[wrong].sum() - total * (total + 1) / 2) / (total * right))
