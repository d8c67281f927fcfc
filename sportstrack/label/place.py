"""Where labels go: looked at before a video is tracked, and written by the rules of all outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sportstrack.errors import OutputError
from sportstrack.files.claim import Claim, ensure_folder, identity
from sportstrack.files.folders import PartFolder, contents_digest, settled
from sportstrack.files.ledger import Ledger, stamp
from sportstrack.files.locks import Lock
from sportstrack.label.coco import coco_text
from sportstrack.label.cvat import cvat_labels, cvat_text, shape_kind
from sportstrack.label.labelstudio import labelstudio_config, labelstudio_text
from sportstrack.label.table import LabelledVideo
from sportstrack.label.yolo import READER, pictures_of

if TYPE_CHECKING:
    from data_prep.pictures import Tick

COMMAND = "sportstrack label"
ENDINGS = {"cvat": ".xml", "labelstudio": ".json", "coco": ".coco.json"}
_WAIT = 30.0  # seconds that another video may take to write the files that all share


@contextmanager
def held_data_set(folder: Path, videos: Sequence[str | Path], overwrite: bool) -> Iterator[bool]:
    """Hold a YOLO data set's folder while its videos are tracked, and say whether an older data set there is replaced.

    Raises:
        OutputError: it holds something that must not be replaced, or another run is at work there.
    """
    target = PartFolder(folder).target
    parent = ensure_folder(target.parent)
    lock = Lock(parent / f".{target.name}.label.lock", folder, COMMAND)
    lock.take()
    try:
        yield _may_replace(folder, videos, overwrite)
    finally:
        lock.release()


def _may_replace(folder: Path, videos: Sequence[str | Path], overwrite: bool) -> bool:
    from data_prep.stage import MANIFEST, read_manifest

    target = settled(folder)
    if not target.exists():
        return False
    if not target.is_dir():
        raise OutputError(f"{folder}: is a file, not a folder; choose another with -o")
    if not any(target.iterdir()):
        return False
    manifest = read_manifest(target)
    if manifest is None:
        raise OutputError(f"{folder}: holds files that are no data set of this program; choose another folder with -o")
    if overwrite:
        return True
    settings: Any = manifest.get("settings")
    made = settings.get("source") if isinstance(settings, dict) else None
    labelled = made.get("videos") if isinstance(made, dict) and made.get("reader") == READER else None
    if not isinstance(labelled, list) or not all(video in map(identity, videos) for video in labelled):
        what = "another data set"
    elif manifest.get("files") != contents_digest(target, [MANIFEST]):
        what = "labels that were changed after they were written"
    else:
        return True
    raise OutputError(f"{folder}: holds {what}; choose another folder with -o, or replace it with --overwrite")


@dataclass(frozen=True)
class Place:
    """Where one video's labels go, in a format with a file per video; claimed until the end of a ``with`` block.

    Attributes:
        folder: of the labels.
        form: ``cvat``, ``labelstudio`` or ``coco``.
        name: the video's, safe as a file's.
        source: the video, or the recording that stands for it.
        inputs: all files that are read.
        overwrite: replace also what is not this video's unchanged result.
    """

    folder: Path
    form: str
    name: str
    source: str | Path
    inputs: Sequence[str | Path]
    overwrite: bool = False

    @contextmanager
    def claimed(self) -> Iterator[Claim]:
        """Claim the video's files; OutputError if one of them must not be replaced."""
        with self._claim(self.folder, [f"{self.name}{ENDINGS[self.form]}"], self.source) as claim:
            if self.form != "coco":
                self._shared().release()
            if self._pictures.target.is_dir():
                names = [path.name for path in self._pictures.target.iterdir() if not path.name.startswith(".")]
                self._claim(self._pictures.target, names, self.source).release()
            yield claim

    def write(self, claim: Claim, video: LabelledVideo, tolerance: float, root: str) -> None:
        """Write the labels, and what the tool needs beside them."""
        cvat = self.form == "cvat"
        if self.form == "coco":
            claim.write_text(f"{self.name}{ENDINGS[self.form]}", coco_text(video))
            return
        text = cvat_text(video, tolerance) if cvat else labelstudio_text(video, root)
        claim.write_text(f"{self.name}{ENDINGS[self.form]}", text)
        with self._shared() as shared:
            labels = ("labels.json", cvat_labels(video.classes, shape_kind(video)))
            shared.write_text(*(labels if cvat else self._interface(video)))

    def write_pictures(self, video: LabelledVideo, tick: Tick) -> None:
        """Write the video's labelled frames to ``images/NAME``, which appears when it is complete."""
        from data_prep.pictures import place_pictures

        place = self._pictures
        ensure_folder(place.target.parent)
        place.discard(place.part)
        part, images = ensure_folder(place.part), pictures_of(video)
        targets = [part / Path(name).name for name in images.name.tolist()]
        try:
            place_pictures(images, [str(target) for target in targets], copy=True, tick=tick)
            about = {"command": COMMAND, "source": identity(self.source)}
            Ledger(part).enter({target.name: stamp(target) | about for target in targets})
            place.finish()
        except OSError as error:
            raise OutputError(f"{place.target}: cannot be written: {error.strerror or error}") from error

    @property
    def _pictures(self) -> PartFolder:
        return PartFolder(self.folder / "images" / self.name)

    def _interface(self, video: LabelledVideo) -> tuple[str, str]:
        return "labelling-interface.xml", labelstudio_config(video.classes)

    def _shared(self) -> Claim:
        name = "labels.json" if self.form == "cvat" else "labelling-interface.xml"
        return self._claim(self.folder, [name], None, _WAIT)

    def _claim(self, folder: Path, names: Sequence[str], source: str | Path | None, wait: float = 0.0) -> Claim:
        over, inputs = self.overwrite, self.inputs
        return Claim(folder, names, command=COMMAND, source=source, inputs=inputs, overwrite=over, wait=wait)
