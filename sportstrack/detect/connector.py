"""What every detector of this package offers, and what the constructors of its connectors have in common."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any, Protocol, runtime_checkable

from sportstrack.engines.report import EngineReport, engine_text
from sportstrack.types import Detector


@runtime_checkable
class Connector(Detector, Protocol):
    """A detector as `sportstrack.detect.load_detector` makes it.

    A connector's constructor takes the model's name and those of the following keywords that its signature names. Each
    class describes its ``name`` and what it does otherwise.

    Args:
        score: lowest score returned, 0…1.
        iou: overlap above which non-maximum suppression drops the box with the lower score, 0…1.
        imgsz: longer side of the network's input in pixels.
        classes: ids or names to keep; see `sportstrack.detect.common.class_ids`.
        device: ``auto``, ``cpu``, ``cuda:N`` or ``mps``.
        half: 16-bit floats where the network allows them; needs a GPU.
        max_det: most boxes per frame.
        trust: let the model run code of its own while it loads.

    Attributes:
        names: class id → name; of a model with COCO's 91 numbers the 80 that stand for something, from 0.
        timings: seconds spent since construction per stage: preprocess, inference, postprocess.
        device: the device in use, such as ``cuda:0``; None if the detector does not say.
        fixed: settings that the detector fixes itself.
        in_force: values of those settings, where they are known.

    Raises:
        SettingError: the package is missing, or a class is unknown.
        WeightsError: the model is missing, broken or of another task.
        DeviceError: the device is not there.
    """

    timings: dict[str, float]
    in_force: dict[str, Any]

    @property
    def device(self) -> str | None:
        """See the class."""
        ...

    @property
    def fixed(self) -> tuple[str, ...]:
        """See the class."""
        ...


def engine_note(detector: Detector) -> list[str]:
    """Return what runs the network and why, where another engine was expected, as a line; else nothing."""
    report: EngineReport | None = getattr(detector, "report", None)
    return [f"network: {engine_text(report.as_dict())}"] if report is not None and report.why else []


def ignored_settings(detector: Detector, requested: Container[str]) -> list[str]:
    """Return a warning for each requested setting that this detector fixes itself."""
    if not isinstance(detector, Connector):
        return []
    values: Mapping[str, Any] = detector.in_force
    return [
        f"{name} is part of this detector and was not set" + (f": it is {values[name]}" if name in values else "")
        for name in detector.fixed
        if name in requested
    ]
