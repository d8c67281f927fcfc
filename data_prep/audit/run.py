"""The audit as a whole: read, check labels, splits and pixels, and gather what was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.audit.findings import KINDS, Finding, check_kinds, counted
from data_prep.audit.labels import Thresholds, check_labels
from data_prep.audit.leaks import check_clips, check_pictures
from data_prep.audit.pixels import Measured, PixelSettings, check_pixels, measure
from data_prep.audit.read import ReadSettings, read_source
from data_prep.audit.source import AuditSource

_PIXEL_KINDS = {"unreadable picture", "picture size", "light outlier", "blur outlier"}
_NEAR_IDENTICAL = "near-identical pictures in two splits"
_LEAKS = {"same picture in two splits", _NEAR_IDENTICAL}


@dataclass(frozen=True)
class AuditSettings:
    """What is looked for, and how.

    Attributes:
        read: how the data set is read.
        thresholds: the limits beyond which something is a finding.
        pixels: how pictures are looked at; None: not at all.
        ignore: kinds of findings to leave out.
    """

    read: ReadSettings = field(default_factory=ReadSettings)
    thresholds: Thresholds = field(default_factory=Thresholds)
    pixels: PixelSettings | None = field(default_factory=PixelSettings)
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Audit:
    """A data set and what was found in it.

    Attributes:
        root: where it lies.
        source: as it was read.
        findings: in the order of `KINDS`.
        measured: row of a picture → what was measured on its pixels.
    """

    root: str
    source: AuditSource
    findings: tuple[Finding, ...]
    measured: dict[int, Measured]

    @property
    def clean(self) -> bool:
        """Return whether nothing was found."""
        return not self.findings

    def counts(self) -> dict[str, int]:
        """Return kind → number of findings, zeros left out."""
        return counted(self.findings)

    def record(self) -> dict[str, Any]:
        """Return everything for JSON."""
        from data_prep.audit.stats import statistics

        return {
            "root": self.root,
            "layout": self.source.layout,
            "clean": self.clean,
            "counts": self.counts(),
            "pictures_looked_at": len(self.measured),
            "notes": list(self.source.table.notes),
            "statistics": statistics(self.source.table),
            "findings": [finding.record() for finding in self.findings],
        }


def audit(root: str | Path, settings: AuditSettings | None = None) -> Audit:
    """Audit a data set of any layout that the readers know.

    Args:
        root: its folder or file.
        settings: what is looked for.

    Raises:
        FormatError: no data set there. SettingError: a setting out of range, or imagehash is missing.
    """
    settings = settings or AuditSettings()
    source = read_source(root, settings.read)
    return audit_source(source, str(root), settings)


def audit_source(source: AuditSource, root: str, settings: AuditSettings) -> Audit:
    """Audit a data set that was read before; see `audit`."""
    ignore = set(check_kinds(settings.ignore))
    wanted = set(KINDS) - ignore
    measured: dict[int, Measured] = {}
    if settings.pixels is not None and wanted & (_PIXEL_KINDS | _LEAKS):
        perceptual = _NEAR_IDENTICAL in wanted and len(source.table.splits) > 1
        measured = measure(source, replace(settings.pixels, perceptual=perceptual))
    found = [f for f in _findings(source, measured, settings.thresholds, _NEAR_IDENTICAL in wanted) if f.kind in wanted]
    order = {kind: i for i, kind in enumerate(KINDS)}
    return Audit(root, source, tuple(sorted(found, key=lambda f: order[f.kind])), measured)


def _findings(
    source: AuditSource, measured: dict[int, Measured], thresholds: Thresholds, perceptual: bool
) -> Iterator[Finding]:
    yield from source.found
    for row in np.flatnonzero(source.missing).tolist():
        yield source.of_image("missing picture", "the file is not there", row)
    yield from check_labels(source, thresholds)
    yield from check_clips(source)
    yield from check_pixels(source, measured, thresholds)
    yield from check_pictures(source, measured, thresholds.near if perceptual else None)
