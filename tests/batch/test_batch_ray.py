"""A real Ray cluster of several nodes on this machine: a node that is lost costs no finished video."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import environment

import sportstrack
from sportstrack.batch.cluster import RayCrew, _own_signals
from sportstrack.batch.crew import READY
from sportstrack.batch.schedule import BatchState
from sportstrack.batch.settings import BatchSettings
from sportstrack.batch.worker import BatchJob
from sportstrack.cli import main
from sportstrack.errors import SportstrackError

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Ray has no clusters of several nodes on Windows"),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without CPUs, and two nodes with one CPU each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        import ray
        from ray.cluster_utils import Cluster

        small = {"object_store_memory": 80 << 20, "include_dashboard": False}
        with _own_signals():  # a head on SIGTERM ends the process, and would for every test after these
            made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0} | small)
            made.nodes = [made.add_node(num_cpus=1, num_gpus=count, object_store_memory=80 << 20) for count in (0, 1)]
        yield made
        ray.shutdown()
        made.shutdown()


def test_a_lost_node_costs_no_finished_video(
    cluster: Any, videos: Path, tmp_path: Path, results: Callable[[Path], dict[str, bytes]],
    one_by_one: dict[str, bytes],
) -> None:  # fmt: skip
    lost: list[str] = []

    def lose(_: str, state: BatchState) -> None:
        if not lost and state.lines and any(running.task.phase == "detect" for running in state.running.values()):
            lost.append(state.lines[0]["video"])
            cluster.remove_node(cluster.nodes[0], allow_graceful=False)

    found = sportstrack.run_batch(
        videos,
        tmp_path,
        settings={"detector": "slowly:Slowly", "formats": ("mot", "csv")},
        batch=BatchSettings(ray=cluster.address, workers=2, backoff=0.1, retries=3),
        on_state=lose,
    )
    assert lost
    assert [row["state"] for row in found.rows] == ["done"] * 3
    assert results(tmp_path) == one_by_one
    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    done = [(line["video"], line["phase"]) for line in lines if line["state"] == "done"]
    assert len(done) == len(set(done)) == 6  # nothing was done twice
    assert not list(tmp_path.glob(".seen*"))


def test_ray_leaves_the_handlers_of_signals() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with _own_signals():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_cluster_without_room_is_named(cluster: Any, tmp_path: Path) -> None:
    with pytest.raises(SportstrackError, match="1 GPUs, which is not enough"):
        RayCrew(BatchJob(str(tmp_path)), BatchSettings(ray=cluster.address, gpus_per_worker=1.5), 3)


def test_workers_share_a_gpu(cluster: Any, tmp_path: Path) -> None:
    settings = BatchSettings(ray=cluster.address, gpus_per_worker=0.25, cpus_per_worker=0.25)
    crew = RayCrew(BatchJob(str(tmp_path)), settings, 9)
    try:
        assert (crew.size, crew.title) == (4, "Ray, 4 workers, 0.25 GPU each")
        crew.start()
        ready: set[int] = set()
        while len(ready) < 2:
            ready |= {event.worker for event in crew.wait(5) if event.kind == READY}
    finally:
        crew.close()


@pytest.mark.parametrize(
    ("hidden", "words"), [(True, "pip install 'sportstrack[ray]'"), (False, "no Ray cluster at 127.0.0.1:1 ")]
)
def test_no_ray_and_no_cluster_are_one_line(
    hidden: bool, words: str, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if hidden:
        monkeypatch.setitem(sys.modules, "ray", None)
    else:
        import ray

        ray.shutdown()
    status = main(["batch", str(videos), "--detector", "toy:find", "-o", str(tmp_path), "--ray", "127.0.0.1:1"])
    err = capsys.readouterr().err
    assert status == 2
    assert words in err
    assert "Traceback" not in err
    assert len([line for line in err.splitlines() if line.startswith("sportstrack batch: error")]) == 1
