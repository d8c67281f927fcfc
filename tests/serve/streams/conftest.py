"""One service with one running stream, for the tests of a file that do not end it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from camera_in_test import Watched, free_udp_port, toy_camera
from serving import served

from sportstrack.serve.streams import manager


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Watched]:
    """A stream that runs, with the toy detector."""
    folder = tmp_path_factory.mktemp("streams")
    silent = f"udp://127.0.0.1:{free_udp_port()}"
    with pytest.MonkeyPatch.context() as patch, toy_camera(folder) as (address, camera):
        patch.setattr(manager, "SOURCE_TIMEOUT", 3.0)
        patch.setenv("PYTHONPATH", f"{root}:{root / 'tests' / 'helpers'}")
        allowed = {"streams": (address, silent), "targets": ("udp://127.0.0.1:9",), "plugins": ("toy:find",)}
        with served(folder / "data", max_streams=2, **allowed) as server:
            asked = {"name": "Main camera", "source": {"url": address}, "settings": {"detector": "toy:find"}}
            answer = server.client.post("/v1/streams", json=asked | {"outputs": {"record": True}})
            assert answer.status_code == 201, answer.text
            found = Watched(server, answer.json()["id"], camera, folder / "data", silent)
            found.wait("running")
            yield found
