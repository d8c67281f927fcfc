"""Detectors: frames in, one `Detections` per frame out; YOLO models, other libraries' or anyone's callable.

Ultralytics is AGPL-3.0; importing this module does not import it, constructing an `UltralyticsDetector` or converting a
checkpoint does.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sportstrack.detect.connector import Connector, engine_note, ignored_settings
from sportstrack.detect.custom import CustomDetector
from sportstrack.detect.enhanced import enhanced
from sportstrack.detect.names import CONNECTORS, connect, split_spec
from sportstrack.detect.ultralytics_models import UltralyticsDetector
from sportstrack.detect.weights import load_weights
from sportstrack.errors import SettingError, nearest, unknown
from sportstrack.images.enhance import NONE
from sportstrack.plugins import is_plugin, load_plugin
from sportstrack.types import Detect

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sportstrack.keywords import DetectorKeywords

__all__ = [
    "Connector",
    "CustomDetector",
    "UltralyticsDetector",
    "as_detector",
    "engine_note",
    "ignored_settings",
    "load_detector",
]


def as_detector(given: Detect) -> Connector:
    """Return an object as a detector: one of this package's as it is, any other callable as a `CustomDetector`."""
    return given if isinstance(given, Connector) else CustomDetector(given)


def load_detector(spec: str | Path | Detect, **settings: Unpack[DetectorKeywords]) -> Connector:
    """Make a detector from what a user wrote after ``--weights``.

    Args:
        spec: weights as a path, known name or address (see `load_weights`); or ``package.module:attribute`` for a
            detector of one's own: a callable frames → list of `Detections` (or ``supervision.Detections``), or a class
            or an argument-free factory that makes one; or a model of another library, ``torchvision:NAME``,
            ``transformers:FOLDER``, ``detectron2:CONFIG.yaml`` or ``tensorflow:FOLDER`` (see
            `sportstrack.detect.names`); or a callable, which is only checked.
        **settings: ``enhance`` and ``thermal``, of each picture by itself (see `sportstrack.images.enhance.Enhancer`);
            and the keywords of `load_weights` and `UltralyticsDetector`. Other detectors get those that their
            signature names.

    Raises:
        SettingError: if a module or attribute is not there or cannot be called, or a library is not installed.
        WeightsError, DeviceError: as `load_weights`.
    """
    how, thermal = settings.pop("enhance", NONE), settings.pop("thermal", NONE)
    return enhanced(_load(spec, settings), how, thermal, frame_rate=0.0)


def _load(spec: str | Path | Detect, settings: DetectorKeywords) -> Connector:
    if not isinstance(spec, (str, Path)):
        return as_detector(spec)
    if settings.get("imgsz", 0) is None:
        del settings["imgsz"]  # each library has a default of its own
    spec = str(spec)
    kind, name = split_spec(spec)
    if kind:
        return connect(kind, name, settings)
    word, colon, _ = spec.partition(":")
    if is_plugin(spec) and not _is_misspelt(word):
        taken: set[str] = set()
        made = load_plugin(spec, "a callable frames -> list of Detections", offered=settings, taken=taken)
        return CustomDetector(made, spec, named=True, taken=taken)
    if len(word) > 1 and colon and "://" not in spec and not Path(spec).exists():  # one letter is a drive
        raise SettingError(f"{spec}: {unknown('library', word, CONNECTORS)}")
    return load_weights(spec, **settings)


def _is_misspelt(module: str) -> bool:
    """Return whether a plug-in's module is not there, but a library of detectors has a similar name."""
    return "." not in module and find_spec(module) is None and bool(nearest(module, list(CONNECTORS)))
