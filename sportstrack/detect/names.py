"""Detectors of other libraries by name: ``transformers:FOLDER``, ``detectron2:CONFIG.yaml``, ``tensorflow:FOLDER`` ….

Each library has a class here that turns frames into `Detections`, made through its connector in ``supervision``. The
libraries are imported when a detector is made, and only the one that was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

CONNECTORS: Mapping[str, str] = {
    "torchvision": "sportstrack.detect.torchvision_models:TorchvisionDetector",
    "transformers": "sportstrack.detect.transformers_models:TransformersDetector",
    "detectron2": "sportstrack.detect.detectron2_models:Detectron2Detector",
    "tensorflow": "sportstrack.detect.tensorflow_models:TensorflowDetector",
}
"""What stands before the colon → the class that is made with what stands behind it."""


def split_spec(spec: str) -> tuple[str, str]:
    """Return (connector, name) of ``connector:name``; ("", spec) if no connector is named."""
    kind, _, name = spec.partition(":")
    return (kind, name) if kind in CONNECTORS and name else ("", spec)


def connect(kind: str, name: str, settings: Mapping[str, Any]) -> Any:
    """Make a connector's detector with those of the settings that its signature names.

    Raises:
        SettingError: its package is not installed, or a class is unknown.
        WeightsError: the model is missing, broken or of another task.
        DeviceError: the device isn't there.
    """
    from inspect import signature

    module, _, attribute = CONNECTORS[kind].partition(":")
    made = getattr(import_module(module), attribute)
    known = signature(made).parameters
    return made(name, **{key: value for key, value in settings.items() if key in known})
