"""Export a checkpoint: each form is made in a folder of its own, checked, and then gets its name."""

from __future__ import annotations

import errno
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sportstrack.detect.yolo import input_size
from sportstrack.engines.card import ModelCard, write_card
from sportstrack.engines.convert import to_onnx, to_openvino, write_metadata
from sportstrack.engines.names import require_engine
from sportstrack.errors import OutputError, SettingError, SportstrackError, WeightsError
from sportstrack.export.int8 import Calibration, Progress, quantise_onnx, quantise_openvino, require_int8
from sportstrack.export.others import check_other, make_other
from sportstrack.export.pictures import Chosen, chosen_pictures
from sportstrack.export.settings import WITH_INT8, ExportSettings
from sportstrack.files.claim import Claim, PartFile, ensure_folder, file_name
from sportstrack.models.checkpoint import check_file, opened_checkpoint
from sportstrack.models.weights import find_weights

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sportstrack.keywords import ExportKeywords

COMMAND = "sportstrack export"
_FEW = 50  # pictures: with fewer, rare ones decide where the 8-bit ranges end

_PLACES = {
    "openvino": "{}_openvino_model",
    "onnx": "{}.onnx",
    "torchscript": "{}.torchscript",
    "tensorrt": "{}.engine",
    "coreml": "{}.mlpackage",
}
"""Form → file or folder, by names from which Ultralytics recognises the form as well."""


@dataclass(frozen=True)
class Exported:
    """An export that was made.

    Attributes:
        path: file, or folder for OpenVINO and Core ML.
        engine: what runs it: openvino, onnx, torchscript, tensorrt or coreml.
        precision: of its numbers: fp32, fp16 or int8.
        size: (height, width) of its input; None takes any.
        bytes: its size on disk.
        seconds: how long it took.
    """

    path: Path
    engine: str
    precision: str
    size: tuple[int, int] | None
    bytes: int
    seconds: float


def export_model(
    weights: str | Path,
    output: str | Path = "runs/export",
    *,
    name: str | None = None,
    frame: tuple[int, int] | None = None,
    overwrite: bool = False,
    progress: Callable[[str], Progress] | None = None,
    note: Callable[[str], None] | None = None,
    **settings: Unpack[ExportKeywords],
) -> list[Exported]:
    """Export a YOLO checkpoint for other engines, in floats and in 8-bit integers.

    OpenVINO and ONNX files take frames of any size, unless `frame` or 8 bits fix it; the other forms take one size.

    Args:
        weights: checkpoint (``.pt``): path or known name.
        output: folder for the exports.
        name: stem of the exports' names; None is that of the weights.
        frame: (width, height) of your frames in pixels, such as (1280, 720): fixes the input to the smallest rectangle
            that holds them. Without it, 8-bit variants are made for the pictures' own shape, other forms of one size
            for a square.
        overwrite: replace also files that are not this function's own unchanged result of the same weights.
        progress: given what is made, returns what is called with (pictures done, pictures).
        note: called with sentences for the user.
        **settings: the fields of `ExportSettings`.

    Returns:
        The exports, in the order of `ExportSettings.to`, each with its 8-bit variant behind it.

    Raises:
        SettingError: a setting is wrong, something is not installed, or there are no pictures.
        WeightsError, EngineError: the checkpoint cannot be read or converted.
        OutputError: `output` cannot be written, or holds files that must not be replaced.
    """
    plan = ExportSettings(**settings)
    path = find_weights(weights)
    _check(path, plan)
    folder, stem = ensure_folder(output), file_name(name or path.stem)
    work = _Work(path, folder, plan, frame, overwrite, progress, note or (lambda _: None))
    with ExitStack() as stack:
        chosen = None
        if plan.int8 is not None:
            chosen = stack.enter_context(chosen_pictures(plan.int8, plan.pictures))
            if len(chosen) < _FEW:
                work.note(f"only {len(chosen)} pictures for 8 bits; about 300 of several matches make a better variant")
        for target in plan.to:
            work.make(target, _PLACES[target].format(stem), None)
            if chosen is not None and target in WITH_INT8:
                work.make(target, _PLACES[target].format(f"{stem}-int8"), chosen)
    return work.made


def _check(path: Path, plan: ExportSettings) -> None:
    """Refuse what cannot be exported before anything is loaded."""
    check_file(path)
    if path.suffix.lower() != ".pt":
        raise WeightsError(f"{path}: is an export already; give the .pt file that it was made from")
    if plan.precision == "fp16" and "onnx" in plan.to:
        raise SettingError("--precision fp16: an ONNX file of 16 bits needs a GPU; leave onnx out of --to")
    for target in plan.to:
        if target in ("openvino", "onnx"):
            require_engine(target)
        else:
            check_other(target)
        if plan.int8 is not None and target in WITH_INT8:
            require_int8(target)


@dataclass
class _Work:
    """One export of several forms; see `export_model` for the arguments."""

    weights: Path
    folder: Path
    plan: ExportSettings
    frame: tuple[int, int] | None
    overwrite: bool
    progress: Callable[[str], Progress] | None
    note: Callable[[str], None]

    def __post_init__(self) -> None:
        self.made: list[Exported] = []
        self._imgsz = self.plan.imgsz

    def make(self, target: str, name: str, chosen: Chosen | None) -> None:
        """Make one form under its name, floats or, with pictures, 8 bits."""
        started = time.perf_counter()
        place = self.folder / name
        self.note(f"making {name}")
        with (
            _explained(place),
            _claimed(place, self.weights, self.plan, self.overwrite) as claim,
            tempfile.TemporaryDirectory(prefix=".export-", dir=self.folder) as folder,
        ):
            part = Path(folder) / name
            if chosen is not None:
                card = self._quantised(target, part, chosen)
            elif target in WITH_INT8:
                card = self._floats(target, part)
            else:
                size = self._size(None)
                make_other(target, self.weights, part, size, self.plan.precision, self.plan.trust)
                card = ModelCard("detect", {}, size=size, precision=self.plan.precision)
            put_in_place(part, claim)
        seconds = round(time.perf_counter() - started, 1)
        self.made.append(Exported(place, target, card.precision, card.size, size_on_disk(place), seconds))

    def _floats(self, target: str, part: Path) -> ModelCard:
        size = None if self.frame is None else self._size(None)
        if target == "onnx":
            return to_onnx(self.weights, part, size, trust=self.plan.trust)
        return to_openvino(self.weights, part, size, precision=self.plan.precision, trust=self.plan.trust)

    def _quantised(self, target: str, part: Path, chosen: Chosen) -> ModelCard:
        size = self._size(chosen)
        with tempfile.TemporaryDirectory(prefix="sportstrack-") as folder:
            onnx = Path(folder) / "model.onnx"
            card = replace(to_onnx(self.weights, onnx, size, trust=self.plan.trust), precision="int8")
            bar = None if self.progress is None else self.progress(part.name)
            if target == "onnx":
                quantise_onnx(onnx, part, Calibration(chosen, size, bar))
            else:
                part.mkdir()
                quantise_openvino(onnx, part / "model.xml", Calibration(chosen, size, bar))
                write_metadata(onnx, part / "metadata.yaml")
        write_card(card, part)
        return card

    def _size(self, chosen: Chosen | None) -> tuple[int, int]:
        """Return the (height, width) of a fixed input."""
        imgsz = self._longer_side()
        shape = self.frame[::-1] if self.frame is not None else chosen.shape if chosen is not None else (imgsz, imgsz)
        return input_size(shape, imgsz)

    def _longer_side(self) -> int:
        if self._imgsz is None:
            with opened_checkpoint(self.weights, self.plan.trust) as yolo:
                trained = yolo.overrides.get("imgsz") or 640
            self._imgsz = int(max(trained) if isinstance(trained, (list, tuple)) else trained)
        return self._imgsz


def size_on_disk(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def put_in_place(part: Path, claim: Claim) -> None:
    """Give what was made its name: a file with its card, or the files of a flat folder."""
    files = sorted(part.iterdir()) if part.is_dir() else sorted(part.parent.glob(f"{part.stem}.*"))
    finished: list[PartFile] = []
    for file in files:
        to = claim.file(file.name)
        shutil.move(file, to.part)
        finished.append(to)
    claim.complete(finished)


@contextmanager
def _claimed(place: Path, weights: Path, plan: ExportSettings, overwrite: bool) -> Iterator[Claim]:
    """Claim the files of an export, in their folder."""
    own_folder = place.suffix in ("", ".mlpackage") or place.name.endswith("_openvino_model")
    if not own_folder and place.is_dir():
        raise OutputError(f"{place}: is a folder; choose another place")
    folder, names = (place, ["model.xml", "model.bin"]) if own_folder else (place.parent, [place.name])
    inputs = [str(weights), *([] if plan.int8 is None else [plan.int8])]
    with Claim(
        folder, names, command=COMMAND, source=weights, inputs=inputs, overwrite=overwrite, stem=place.name
    ) as claim:
        yield claim


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    """Turn a full disk and the like into one line that names the output."""
    try:
        yield
    except SportstrackError as error:
        if "No space left" in str(error):
            raise OutputError(PartFile(place).explain(OSError(errno.ENOSPC, "No space left on device"))) from error
        raise
    except OSError as error:
        raise OutputError(PartFile(place).explain(error)) from error
