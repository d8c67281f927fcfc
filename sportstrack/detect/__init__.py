"""Detectors: frames in, one `Detections` per frame out; Ultralytics' models or anyone's callable.

Ultralytics is AGPL-3.0; importing this module does not import it, constructing an `UltralyticsDetector` does.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sportstrack.detect.custom import CustomDetector
from sportstrack.detect.names import CONNECTORS, connect, split_spec
from sportstrack.detect.neck import NeckFeatures as NeckFeatures
from sportstrack.detect.ultralytics_models import UltralyticsDetector
from sportstrack.errors import DeviceError as DeviceError
from sportstrack.errors import SettingError, nearest, unknown
from sportstrack.errors import WeightsError as WeightsError
from sportstrack.files.reading import same_name as same_name
from sportstrack.models.devices import check_half as check_half
from sportstrack.models.devices import choose_device as choose_device
from sportstrack.models.devices import import_torch as import_torch
from sportstrack.models.weights import SUFFIXES as SUFFIXES
from sportstrack.models.weights import assets_folder as assets_folder
from sportstrack.models.weights import cache_folder as cache_folder
from sportstrack.models.weights import find_weights as find_weights
from sportstrack.models.weights import looks_like_checkpoint as looks_like_checkpoint
from sportstrack.plugins import first_line as first_line
from sportstrack.plugins import is_plugin, load_plugin
from sportstrack.plugins import plugin as plugin
from sportstrack.types import Detections as Detections
from sportstrack.types import Detector
from sportstrack.types import as_detections as as_detections


def as_detector(given: Any) -> Detector:
    """Return a detector given as an object, checked: a callable frames → list of tables, or one of this module's."""
    ready = isinstance(given, (UltralyticsDetector, CustomDetector))
    return given if ready or (hasattr(given, "fixed") and hasattr(given, "timings")) else CustomDetector(given)


def load_detector(spec: str | Path | Callable[..., Any], **settings: Any) -> Detector:
    """Make a detector from what a user wrote after ``--weights``.

    Args:
        spec: weights as a path, known name or address, for `UltralyticsDetector`; or ``package.module:attribute`` for a
            detector of one's own: a callable frames → list of `Detections` (or ``supervision.Detections``), or a class
            or an argument-free factory that makes one; or a model of another library, ``torchvision:NAME``,
            ``transformers:FOLDER``, ``detectron2:CONFIG.yaml`` or ``tensorflow:FOLDER`` (see
            `sportstrack.detect.names`); or a callable, which is only checked.
        **settings: `UltralyticsDetector`'s keywords; others get those that their signature names.

    Raises:
        SettingError: if a module or attribute is not there or cannot be called, or a library is not installed.
        WeightsError, DeviceError: as `UltralyticsDetector`.
    """
    if not isinstance(spec, (str, Path)):
        return as_detector(spec)
    spec = str(spec)
    kind, name = split_spec(spec)
    if kind:
        detector: Detector = connect(kind, name, settings)
        return detector
    word, colon, _ = spec.partition(":")
    if is_plugin(spec) and not _is_misspelt(word):
        taken: set[str] = set()
        made = load_plugin(spec, "a callable frames -> list of Detections", offered=settings, taken=taken)
        return CustomDetector(made, spec, named=True, taken=taken)
    if len(word) > 1 and colon and "://" not in spec and not Path(spec).exists():  # one letter is a drive
        raise SettingError(f"{spec}: {unknown('library', word, CONNECTORS)}")
    return UltralyticsDetector(spec, **settings)


def _is_misspelt(module: str) -> bool:
    """Tell whether a plug-in's module is not there, but a library of detectors has a similar name."""
    return "." not in module and find_spec(module) is None and bool(nearest(module, list(CONNECTORS)))
