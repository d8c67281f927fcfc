"""Fixtures that every test file may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's own folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data, never part of the project: SPORTSTRACK_DATA, else ../shared/data."""
    folder = Path(os.environ.get("SPORTSTRACK_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real data not found: {folder} (set SPORTSTRACK_DATA to its folder)")
    return folder
