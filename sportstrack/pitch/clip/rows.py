"""Views and motions of the frames of a shot in little memory: a match has a hundred thousand of them."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

import numpy as np

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.step import ViewMotion
from sportstrack.pitch.clip.views import VIEW

_UPPER = np.triu_indices(VIEW)


class ViewRows(MutableMapping[int, Floats]):
    """Frame → view (4,), for some of the ``count`` frames from ``first`` on."""

    def __init__(self, first: int, count: int) -> None:
        self._first, self._table = first, np.full((count, VIEW), np.nan)

    def __getitem__(self, frame: int) -> Floats:
        if frame not in self:
            raise KeyError(frame)
        return np.asarray(self._table[frame - self._first].copy())

    def __setitem__(self, frame: int, view: Floats) -> None:
        self._table[frame - self._first] = view

    def __delitem__(self, frame: int) -> None:
        self._table[frame - self._first] = np.nan

    def __contains__(self, frame: object) -> bool:
        row = int(frame) - self._first if isinstance(frame, int) else -1
        return 0 <= row < len(self._table) and not np.isnan(self._table[row, 0])

    def __iter__(self) -> Iterator[int]:
        return iter((np.flatnonzero(~np.isnan(self._table[:, 0])) + self._first).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(~np.isnan(self._table[:, 0])))


class MotionRows(MutableMapping[int, ViewMotion]):
    """Frame → the motion to it, for some of the ``count`` frames from ``first`` on, with 32 bits."""

    def __init__(self, first: int, count: int) -> None:
        self._first, self._table = first, np.full((count, VIEW + len(_UPPER[0]) + 1), np.nan, np.float32)

    def __getitem__(self, frame: int) -> ViewMotion:
        if not 0 <= frame - self._first < len(self._table) or np.isnan(self._table[frame - self._first, 0]):
            raise KeyError(frame)
        row = self._table[frame - self._first].astype(float)
        covariance = np.zeros((VIEW, VIEW))
        covariance[_UPPER] = row[VIEW:-1]
        covariance = covariance + np.triu(covariance, 1).T
        return ViewMotion(row[:VIEW], covariance, bool(row[-1]))

    def __setitem__(self, frame: int, motion: ViewMotion) -> None:
        row = np.concatenate([motion.change, motion.covariance[_UPPER], [motion.known]])
        self._table[frame - self._first] = row

    def __delitem__(self, frame: int) -> None:
        self._table[frame - self._first] = np.nan

    def __iter__(self) -> Iterator[int]:
        return iter((np.flatnonzero(~np.isnan(self._table[:, 0])) + self._first).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(~np.isnan(self._table[:, 0])))
