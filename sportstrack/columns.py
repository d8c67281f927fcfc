"""Tables of boxes as rows of plain values, as pandas frames, as supervision's tables, and in a line to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from sportstrack.errors import SettingError

_PLAIN = ("detection", "filled", "visibility")
_BEFORE, _CORNERS = ("frame", "track_id", "class_id"), ("x1", "y1", "x2", "y2")


class BoxTable:
    """What all tables of boxes can do, whose columns are arrays with one row per box.

    The columns of records and pandas frames are those that the table has of ``frame`` (from 0), ``track_id``,
    ``class_id`` (the detector's, from 0; −1 where it is unknown), ``class_name``, ``x1``, ``y1``, ``x2``, ``y2``
    (pixels), ``score``, ``detection``, ``filled``, ``visibility`` and ``smoothed_x1`` to ``smoothed_y2``.
    """

    xyxy: Any
    score: Any
    class_id: Any
    first_class: ClassVar[int] = 0
    """The number of the detector's first class in `class_id`; MOT text counts from 1."""

    def to_records(self, names: Mapping[int, str] | None = None) -> list[dict[str, Any]]:
        """Return a dictionary of plain values for each box, for JSON, CSV and databases.

        Args:
            names: class id → name; adds ``class_name``.
        """
        columns = self._columns(names)
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def to_pandas(self, names: Mapping[int, str] | None = None) -> Any:
        """Return a ``pandas.DataFrame`` with a row for each box.

        Args:
            names: class id → name; adds ``class_name``.

        Raises:
            SettingError: pandas is not installed.
        """
        return import_pandas(type(self).__name__).DataFrame(self._columns(names))

    def _columns(self, names: Mapping[int, str] | None) -> dict[str, Any]:
        columns = {name: getattr(self, name) for name in _BEFORE if hasattr(self, name)}
        columns["class_id"] = detector_classes(self.class_id, self.first_class)
        if names is not None:
            columns["class_name"] = named(columns["class_id"], names)
        columns |= {name: self.xyxy[:, at] for at, name in enumerate(_CORNERS)} | {"score": self.score}
        columns |= {name: getattr(self, name) for name in _PLAIN if hasattr(self, name)}
        if (smoothed := getattr(self, "smoothed", None)) is not None:
            columns |= {f"smoothed_{name}": smoothed[:, at] for at, name in enumerate(_CORNERS)}
        return columns

    def __repr__(self) -> str:
        parts = [_count(len(self.xyxy), "box", "boxes")]
        if hasattr(self, "track_id"):
            parts[0] += f" of {_count(len(np.unique(self.track_id)), 'track')}"
        if hasattr(self, "frame") and len(self.frame):
            parts.append(f"frames {self.frame.min()} to {self.frame.max()}")
        if len(self.score):
            parts.append(f"scores {np.min(self.score):.2f} to {np.max(self.score):.2f}")
            ids, counts = np.unique(self.class_id, return_counts=True)
            classes = [f"{one}: {many}" for one, many in zip(ids.tolist(), counts.tolist(), strict=True)]
            parts.append(f"classes {{{', '.join(classes[:5])}{', …' if len(classes) > 5 else ''}}}")
        if (embedding := getattr(self, "embedding", None)) is not None:
            parts.append(f"embeddings of {embedding.shape[1]}")
        parts += [word for name, word in _MORE.items() if getattr(self, name, None) is not None]
        return f"<{type(self).__name__}: {', '.join(parts)}>"


class SequenceTable(BoxTable):
    """A table of boxes in many frames."""

    frame: Any
    track_id: Any

    def to_supervision(self, names: Mapping[int, str] | None = None) -> list[Any]:
        """Return a ``supervision.Detections`` with ``tracker_id`` for each frame, from 0 to the last one with a box.

        Args:
            names: class id → name; adds ``data["class_name"]``.
        """
        import supervision as sv

        class_id = detector_classes(self.class_id, self.first_class)
        order = np.argsort(self.frame, kind="stable")
        count = int(self.frame.max()) + 1 if len(self.frame) else 0
        ends = np.searchsorted(self.frame[order], np.arange(count + 1))
        found = []
        for first, last in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            rows = order[first:last]
            data = {} if names is None else {"class_name": named(class_id[rows], names)}
            found.append(
                sv.Detections(
                    xyxy=self.xyxy[rows],
                    confidence=self.score[rows],
                    class_id=class_id[rows],
                    tracker_id=self.track_id[rows],
                    data=data,
                )
            )
        return found


_MORE = {"mask": "masks", "keypoints": "key points", "smoothed": "smoothed boxes"}


def detector_classes(class_id: Any, first: int) -> Any:
    """Return (N,) a detector's class ids, from 0, of numbers that count from ``first``; −1 for those below it."""
    return class_id if first == 0 else np.where(class_id < first, -1, class_id - first)


def named(class_id: Any, names: Mapping[int, str]) -> Any:
    """Return (N,) names; a class without one is written as its number."""
    return np.array([names.get(number, str(number)) for number in class_id.tolist()], dtype=np.str_)


def import_pandas(who: str) -> Any:
    """Return the module pandas; SettingError with the line that installs it where it is missing."""
    try:
        import pandas
    except ImportError as error:
        raise SettingError(f"{who}.to_pandas() needs pandas: pip install pandas") from error
    return pandas


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
