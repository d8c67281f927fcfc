"""The losses: who is it, and is it nearer to itself than to anybody else."""

from __future__ import annotations

from typing import Any

from sportstrack.models.devices import import_torch

_FAR = 1e4  # beyond any distance of unit vectors


def identity_loss(scores: Any, person: Any, possible: Any, smoothing: float) -> Any:
    """Return the cross entropy with smoothed labels over the people that somebody may be.

    Args:
        scores: (B, P) before the softmax.
        person: (B,) the right one.
        possible: (B, P) bool: False for people of another sequence of the same match, who may be the same without
            anybody saying so; they are neither right nor wrong.
        smoothing: share of the label that all possible people have together.
    """
    logs = scores.masked_fill(~possible, -_FAR).log_softmax(dim=1)
    right = logs.gather(1, person[:, None])[:, 0]
    mean = logs.masked_fill(~possible, 0.0).sum(dim=1) / possible.sum(dim=1)
    return -((1 - smoothing) * right + smoothing * mean).mean()


def triplet_loss(vectors: Any, person: Any, wrong: Any, margin: float) -> Any:
    """Return the batch-hard triplet loss (Hermans et al. 2017, arXiv:1703.07737) of unit vectors.

    Of each crop the farthest one of the same person is to be nearer, by the margin, than the nearest wrong one.

    Args:
        vectors: (B, D), scaled to length 1 here.
        person: (B,) whose crop each is.
        wrong: (B, B) bool, pairs of different people for certain.
        margin: in distance, 0…2.
    """
    torch = import_torch()
    unit = torch.nn.functional.normalize(vectors.float(), dim=1)
    distance = (2 - 2 * unit @ unit.T).clamp_min(1e-8).sqrt()  # the root has no slope at 0
    same = person[:, None] == person
    farthest = distance.masked_fill(~same, 0.0).amax(dim=1)
    nearest = distance.masked_fill(~wrong, _FAR).amin(dim=1)
    return (margin + farthest - nearest).clamp_min(0.0).mean()
