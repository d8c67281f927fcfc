"""Which engine is the fastest here: measured once for a network and a size, and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.engines.cache import engines_folder
from sportstrack.engines.names import ON_CPU, EngineError, is_installed
from sportstrack.engines.runtime import Runtime, default_threads, open_runtime
from sportstrack.errors import SportstrackError
from sportstrack.files.claim import ensure_folder, write_text
from sportstrack.files.ledger import stamp
from sportstrack.files.reading import read_json
from sportstrack.kinds import is_kind

_SECONDS = 1.5  # that all engines together are measured for
_TOLERANCE = 0.02  # between two engines' outputs: pixels and scores


def measured(
    path: Path,
    size: tuple[int, int],
    engines: Sequence[str] = ON_CPU,
    *,
    batch: int = 1,
    precision: str = "fp32",
    threads: int | None = None,
) -> dict[str, float]:
    """Return engine → milliseconds for one batch, the fastest first; measured now if that was not done before.

    An engine that is not installed, cannot open the network, does not compute in the precision asked for, or does not
    give what the first one gives, is left out.

    Args:
        path: the network's file, as `open_runtime` takes it.
        size: (height, width) of the input.
        engines: those that may be taken, in the order in which they are trusted.
        batch: pictures at once.
        precision: as `open_runtime`.
        threads: as `open_runtime`.

    Raises:
        EngineError: none is left; the message says why.
    """
    threads = threads or default_threads()
    file = engines_folder() / "times" / f"{_key(path, [*engines, *size, batch, precision, threads])}.json"
    with suppress(SportstrackError):
        found = read_json(file)
        if is_kind(found, dict[str, float]) and found:
            return {str(engine): float(ms) for engine, ms in found.items()}
    times = _measure(path, size, engines, batch, precision, threads)
    with suppress(SportstrackError):  # then it is measured again next time
        ensure_folder(file.parent)
        write_text(file, json.dumps(times) + "\n")
    return times


def _key(path: Path, how: Sequence[Any]) -> str:
    """Return what distinguishes this measurement from others: file, machine, versions and how it was done."""
    machine = (platform.node(), platform.machine(), _cpu())
    text = json.dumps([stamp(path)["sha256"], machine, [_version(p) for p in ("openvino", "onnxruntime")], how])
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _cpu() -> str:
    """Return the name of the CPU, as far as the system says it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _measure(
    path: Path, size: tuple[int, int], engines: Sequence[str], batch: int, precision: str, threads: int
) -> dict[str, float]:
    open_ones, reasons = _opened(path, size, engines, batch, precision, threads)
    if not open_ones:
        raise EngineError("; ".join(reasons) or "neither OpenVINO nor ONNX Runtime is installed")
    picture = np.random.default_rng(0).random(open_ones[0].input_shape, np.float32)
    taken: dict[str, list[float]] = {}
    wanted = None
    for runtime in open_ones:  # the first call is slower, and shows whether it works
        first = runtime.run(picture)[0].copy()
        wanted = first if wanted is None else wanted
        if precision != "fp32" or np.allclose(first, wanted, rtol=1e-2, atol=_TOLERANCE, equal_nan=True):
            taken[runtime.engine] = []
    until = time.perf_counter() + _SECONDS
    while not all(taken.values()) or time.perf_counter() < until:
        for runtime in open_ones:
            if runtime.engine in taken:
                started = time.perf_counter()
                runtime.run(picture)
                taken[runtime.engine].append(1000 * (time.perf_counter() - started))
    medians = {engine: round(float(np.median(ms)), 1) for engine, ms in taken.items()}
    return dict(sorted(medians.items(), key=lambda one: one[1]))


def _opened(
    path: Path, size: tuple[int, int], engines: Sequence[str], batch: int, precision: str, threads: int
) -> tuple[list[Runtime], list[str]]:
    """Return the engines that open the network in the precision asked for, and why others do not."""
    found: list[Runtime] = []
    reasons: list[str] = []
    for engine in engines:
        if not is_installed(engine):
            continue
        try:
            runtime = open_runtime(path, engine, size, batch=batch, precision=precision, threads=threads)
        except SportstrackError as error:
            reasons.append(str(error))
            continue
        if not found or runtime.precision == precision:
            found.append(runtime)
    return found, reasons
