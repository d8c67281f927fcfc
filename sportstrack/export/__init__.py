"""Detectors for other engines and in 8-bit integers, and what each variant is worth beside the others."""

from __future__ import annotations

from sportstrack.export.compare import Comparison, VariantFigures, compare_variants
from sportstrack.export.run import Exported, export_model
from sportstrack.export.settings import ExportSettings

__all__ = [
    "Comparison",
    "ExportSettings",
    "Exported",
    "VariantFigures",
    "compare_variants",
    "export_model",
]
