"""How many work side by side on this machine, and with what."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from sportstrack.batch.phases import DETECT, BatchTask
from sportstrack.batch.settings import BatchSettings
from sportstrack.engines.runtime import default_threads
from sportstrack.models.devices import may_have_gpu

_MEMORY = 2 << 30  # bytes that a worker with a network takes, about
_CORES = 2  # of a worker, where nothing else is said


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gpus(tasks: Sequence[BatchTask]) -> list[str]:
    """Return the ids of this machine's GPUs, where tasks leave the choice of the device open."""
    open_device = any(task.phase == DETECT and task.video.settings.device.lower() in ("auto", "cuda") for task in tasks)
    if not open_device or not may_have_gpu():
        return []
    if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [one.strip() for one in visible.split(",") if one.strip()]
    if (tool := shutil.which("nvidia-smi")) is not None:
        with suppress(OSError, subprocess.SubprocessError):
            listed = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20, check=True)
            count = sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
            return [str(number) for number in range(count)]
    return []


def size_of(settings: BatchSettings, tasks: Sequence[BatchTask], gpu_count: int) -> tuple[int, int]:
    """Return the number of workers and the threads of each.

    Args:
        settings: what is asked for.
        tasks: what is to be done.
        gpu_count: GPUs that the workers share.
    """
    workers = settings.workers
    if workers is None:
        memory = int(import_module("psutil").virtual_memory().available) // _MEMORY
        workers = max(1, min(gpu_count or cores() // _CORES, memory, len(tasks)))
    workers = min(workers, max(1, len(tasks)))
    given = os.environ.get("OMP_NUM_THREADS")
    threads = settings.threads or (default_threads() if given else max(1, cores() // workers))
    return workers, threads
