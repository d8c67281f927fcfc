"""How a batch runs: workers, retries, shards, clusters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sportstrack.errors import SettingError
from sportstrack.options import check_options, option

VIDEO, SHOT = "video", "shot"
UNITS = (VIDEO, SHOT)
MOST_WORKERS = 1024
MOST_SHARDS = 100_000


@dataclass(frozen=True)
class BatchSettings:
    """How a batch runs; each field is an option of ``sportstrack batch``.

    Attributes:
        workers: processes, or actors on a cluster, that work side by side, with a model each. None: a worker for every
            two cores (with Ray: as many as the cluster has room for), but not more than there is work or memory for.
        threads: threads of each worker. None: cores / workers, or OMP_NUM_THREADS where that is set.
        unit: what a worker takes at a time: a video, or a shot of a video, so that several work on one.
        retries: how often a video is tried again after a failure that may pass: a worker that was killed, a disk, a
            network.
        backoff: seconds before the first retry; each further one waits twice as long, up to 5 minutes.
        detect_only: stop when all recordings are there; the same command without it goes on.
        shard: I/N: the Ith of N parts of the plan, for the tasks of a job array.
        any_version: keep results that another version of this program made.
        ray: work on a Ray cluster: auto, its address, or local for one on this machine; needs the extra ray.
        gpus_per_worker: GPUs of each Ray worker, such as 0.5 for two workers on one.
        cpus_per_worker: CPUs of each Ray worker.
    """

    workers: int | None = option(
        None,
        "processes, or actors on a cluster, that work side by side, with a model each",
        shown="by cores, memory and work",
        low=1,
        high=MOST_WORKERS,
        metavar="N",
    )
    threads: int | None = option(
        None, "threads of each worker", shown="cores / workers", low=1, high=MOST_WORKERS, metavar="N"
    )
    unit: str = option(
        VIDEO,
        "what a worker takes at a time: a video, or a shot of a video, so that several work on one",
        choices=UNITS,
    )
    retries: int = option(
        2,
        "how often a video is tried again after a failure that may pass: a worker that was killed, a disk, a network",
        low=0,
        high=100,
        metavar="N",
    )
    backoff: float = option(
        5.0,
        "seconds before the first retry; each further one waits twice as long, up to 5 minutes",
        low=0,
        high=300,
        metavar="SECONDS",
    )
    detect_only: bool = option(False, "stop when all recordings are there; the same command without it goes on")
    shard: str | None = option(None, "I/N: the Ith of N parts of the plan, for the tasks of a job array", metavar="I/N")
    any_version: bool = option(False, "keep results that another version of this program made")
    ray: str | None = option(
        None,
        "work on a Ray cluster: auto, its address, or local for one on this machine; needs the extra ray",
        metavar="ADDRESS",
    )
    gpus_per_worker: float = option(
        0.0, "GPUs of each Ray worker, such as 0.5 for two workers on one", low=0, high=64, metavar="N"
    )
    cpus_per_worker: float = option(1.0, "CPUs of each Ray worker", low=0, high=MOST_WORKERS, above=True, metavar="N")

    def __post_init__(self) -> None:
        check_options(self)
        _ = self.part
        if self.gpus_per_worker and self.ray is None:
            raise SettingError(
                "gpus_per_worker: is for --ray; local workers share the GPUs of this machine evenly (see --workers)"
            )

    @property
    def part(self) -> tuple[int, int]:
        """The shard and the number of shards, from (1, 1)."""
        if self.shard is None:
            return 1, 1
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", self.shard.strip())
        if found is None or not 1 <= int(found[1]) <= int(found[2]) <= MOST_SHARDS:
            raise SettingError(f"shard: expected I/N with I from 1 to N, such as 3/10, got {self.shard!r}")
        return int(found[1]), int(found[2])
