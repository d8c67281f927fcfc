"""One service for all tests that do not stop it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from serving import Served, served


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with a token."""
    with served(tmp_path_factory.mktemp("serve")) as found:
        yield found
