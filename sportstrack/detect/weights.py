"""Weights into a detector: which engine runs them, and why."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sportstrack.detect.engine_models import EngineDetector
from sportstrack.detect.ultralytics_models import UltralyticsDetector
from sportstrack.engines.cache import find_or_convert
from sportstrack.engines.card import read_card
from sportstrack.engines.names import ENGINES, ON_CPU, PRECISIONS, EngineError, require_engine
from sportstrack.engines.report import EngineReport
from sportstrack.errors import DeviceError, SettingError, unknown
from sportstrack.models.checkpoint import check_file
from sportstrack.models.devices import check_half, device_name, may_have_gpu
from sportstrack.models.weights import find_weights


def load_weights(
    weights: str | Path,
    *,
    engine: str = "auto",
    precision: str | None = None,
    device: str = "auto",
    half: bool = False,
    features: bool = False,
    trust: bool = False,
    **settings: Any,
) -> EngineDetector | UltralyticsDetector:
    """Make the detector of some weights, with the engine that is asked for or the fastest one.

    On a CPU a checkpoint is converted once (see `sportstrack.engines.cache`) and runs in OpenVINO or ONNX Runtime; so
    do exports to these two whose head is known. Torch runs on GPUs, and what cannot be converted; the detector's
    `report` says why.

    Args:
        weights: as `sportstrack.models.weights.find_weights`.
        engine: one of `sportstrack.engines.ENGINES`.
        precision: fp32, fp16 or bf16; None is fp16 with `half`, else fp32.
        device: as `UltralyticsDetector`.
        half: as `UltralyticsDetector`.
        features: as `UltralyticsDetector`; only torch has them.
        trust: as `UltralyticsDetector`.
        **settings: the other keywords of `UltralyticsDetector`.

    Raises:
        SettingError: an engine was asked for that is not installed or does not run on this device.
        WeightsError, DeviceError: as `UltralyticsDetector`.
    """
    for value, known, what in ((engine, ENGINES, "engine"), (precision, (None, *PRECISIONS), "precision")):
        if value not in known:
            raise SettingError(unknown(what, str(value), [str(one) for one in known if one]))
    path = find_weights(weights)
    check_file(path)
    on_cpu = device_name(device) == "cpu" or (device_name(device) == "auto" and not may_have_gpu())
    if engine in ON_CPU:
        _check_asked(engine, device)
    if on_cpu:
        check_half(half, "cpu")
    why = ""
    if engine not in ("auto", "torch") or (engine == "auto" and on_cpu):
        try:
            return _converted(path, engine, precision, device, features, trust, settings)
        except EngineError as error:
            why = str(error)
    half = half or (precision == "fp16" and not on_cpu)
    made = UltralyticsDetector(path, device=device, half=half, features=features, trust=trust, **settings)
    return _noted(made, why, engine, precision, half)


def _converted(
    path: Path,
    engine: str,
    precision: str | None,
    device: str,
    features: bool,
    trust: bool,
    settings: dict[str, Any],
) -> EngineDetector | UltralyticsDetector:
    """Return the detector of a checkpoint that is converted, or of an export whose head is known.

    Raises:
        EngineError: there is none; the message says why, or is empty where none is expected.
    """
    if features:
        raise EngineError("the detector's own features come out of torch alone")
    is_checkpoint = path.suffix.lower() == ".pt"
    if is_checkpoint and engine in ("tensorrt", "coreml"):
        from sportstrack.detect.exported import load_exported

        with _said() as say:
            made = load_exported(path, engine, precision=precision, device=device, trust=trust, begin=say, **settings)
        _fix(made, engine, precision)
        return made
    model, card, seconds = path, None, None
    if is_checkpoint:
        with _said() as say:
            converted = find_or_convert(path, trust=trust, begin=say)
        model, card, seconds = converted.path, converted.card, converted.seconds
    elif path.suffix.lower() == ".onnx" or (path.is_dir() and list(path.glob("*.xml"))):
        card = read_card(path)
        if card is None:
            raise EngineError(f"{path.name} does not say what its head is")
    if card is None:
        raise EngineError  # a form that only Ultralytics opens
    engine = engine if engine in ON_CPU else "auto"
    found = EngineDetector(model, card, engine=engine, precision=precision or "fp32", converted=seconds, **settings)
    _fix(found, engine, precision)
    return found


def _check_asked(engine: str, device: str) -> None:
    """Refuse an engine that was asked for by name and cannot be had."""
    try:
        require_engine(engine)
    except EngineError as error:
        raise SettingError(str(error)) from error
    if device_name(device) not in ("auto", "cpu"):
        raise DeviceError(f"engine {engine} runs on the CPU: leave --device {device} out, or take --engine torch")


def _noted(made: UltralyticsDetector, why: str, engine: str, precision: str | None, half: bool) -> UltralyticsDetector:
    """Return Ultralytics' detector with a report of what runs it."""
    runs = made.format
    made.report = EngineReport(runs, "fp16" if half else "fp32", why=why)
    made.in_force |= {"engine": runs, "precision": made.report.precision}
    _fix(made, engine, precision)
    return made


def _fix(detector: EngineDetector | UltralyticsDetector, engine: str, precision: str | None) -> None:
    """Enter engine and precision among what the detector fixes itself, where they differ from what was asked for."""
    if engine not in ("auto", detector.report.engine):
        detector.fixed = (*detector.fixed, "engine")
    if precision not in (None, detector.report.precision):
        detector.fixed = (*detector.fixed, "precision")


@contextlib.contextmanager
def _said() -> Iterator[Any]:
    """Yield what shows a person at a terminal that a conversion runs, and how long it took."""
    started = 0.0

    def say(text: str) -> None:
        nonlocal started
        started = time.perf_counter()
        if sys.stderr.isatty():
            sys.stderr.write(f"{text} … ")
            sys.stderr.flush()

    try:
        yield say
    finally:
        if started and sys.stderr.isatty():
            sys.stderr.write(f"{time.perf_counter() - started:.1f} s\n")
            sys.stderr.flush()
