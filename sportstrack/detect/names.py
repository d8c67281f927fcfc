"""Detectors of other libraries by name: ``transformers:FOLDER``, ``detectron2:CONFIG.yaml``, ``tensorflow:FOLDER`` ….

Each library has a class here that turns frames into `Detections` through its converter in ``supervision``. A library is
imported when one of its detectors is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import signature
from typing import Any

from sportstrack.detect.connector import Connector

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


def connect(kind: str, name: str, settings: Mapping[str, Any]) -> Connector:
    """Make a connector's detector with those of the settings that its signature names; raises as `Connector`."""
    module, _, attribute = CONNECTORS[kind].partition(":")
    made: Callable[..., Connector] = getattr(import_module(module), attribute)
    known = signature(made).parameters
    return made(name, **{key: value for key, value in settings.items() if key in known})
