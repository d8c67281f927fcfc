"""Writing rendered sequences in the layouts of other tools: SportsMOT folders, YOLO data sets, H.264 video."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.formats.rle import outlines
from data_prep.polygons import join_parts
from data_prep.stage import staged_job
from data_prep.synthetic.masks import MaskFiles
from data_prep.synthetic.render import render_sequence
from data_prep.synthetic.settings import CLASSES, FrameTruth, Settings, identities
from sportstrack.errors import OutputError, SettingError
from sportstrack.files.claim import Claim, PartFile
from sportstrack.types import Image

Progress = Callable[[str, int, int], None]  # sequence name, frames done, frames in all
COMMAND = "sportstrack synthetic"
MIN_VISIBILITY = 0.1  # below this share an object is in the MOT truth, but no detector is asked to find it
JPEG_QUALITY = 92


def sequence_name(settings: Settings) -> str:
    """The folder or file name of a sequence, from its seed."""
    return f"synthetic-{settings.seed:05d}"


def write_mot(
    settings: Settings, folder: Path, overwrite: bool = False, progress: Progress | None = None, *,
    masks: str | None = None,
) -> Path:  # fmt: skip
    """Write ``folder/<name>/`` as SportsMOT does: img1/000001.jpg, gt/gt.txt, seqinfo.ini, gameinfo.ini; manifest.json.

    ``gt/numbers.txt`` tells where shirt numbers are seen, ``gt/bystanders.txt`` where people off the field are. With
    ``masks`` (``"visible"`` or ``"whole"``), ``gt/mots.txt`` is MOTS text of what is seen, and ``gt/masks.json`` COCO's
    annotations with both masks, of which ``segmentation`` is the one that was asked for.

    The same sequence is not written twice. OutputError when it cannot be written, or when another one or one that was
    changed by hand is there and ``overwrite`` is false.
    """
    name = sequence_name(settings)
    with _new_folder(Path(folder) / name, "mot", _asked(settings, masks), overwrite) as part:
        if part is None:
            return Path(folder) / name
        (part / "img1").mkdir(parents=True)
        (part / "gt").mkdir()
        rows: list[str] = []
        off: list[str] = []
        numbers: list[str] = []
        shirts = _shirt_numbers(settings)
        coded = MaskFiles(settings, masks) if masks else None
        for image, truth in _watched(settings, name, 1, progress, masks):
            _write_jpeg(part / "img1" / f"{truth.frame + 1:06d}.jpg", image)
            if coded is not None:
                coded.add(truth)
            rows += mot_rows(truth)
            off += bystander_rows(truth)
            numbers += number_rows(truth, shirts)
        if settings.bystanders:
            (part / "gt" / "bystanders.txt").write_text("".join(off), encoding="utf-8")
        if coded is not None:
            (part / "gt" / "mots.txt").write_text(coded.mots(), encoding="utf-8")
            (part / "gt" / "masks.json").write_text(coded.coco(), encoding="utf-8")
        (part / "gt" / "numbers.txt").write_text("".join(numbers), encoding="utf-8")
        (part / "gt" / "gt.txt").write_text("".join(rows), encoding="utf-8")
        (part / "seqinfo.ini").write_text(_seqinfo(settings, name), encoding="utf-8")
        (part / "gameinfo.ini").write_text(_gameinfo(settings, name), encoding="utf-8")
    return Path(folder) / name


def mot_rows(truth: FrameTruth) -> list[str]:
    """One frame's lines of MOT text: frame from 1, id, left, top, width, height, 1, class from 1, visibility."""
    rows = []
    for track_id, class_id, box, visible in zip(
        truth.track_id, truth.class_id, truth.xyxy, truth.visibility, strict=True
    ):
        x0, y0, x1, y1 = box
        place = f"{x0:g},{y0:g},{x1 - x0:g},{y1 - y0:g}"
        rows.append(f"{truth.frame + 1},{track_id},{place},1,{class_id + 1},{visible:.3f}\n")
    return rows


def bystander_rows(truth: FrameTruth) -> list[str]:
    """One frame's people off the field as MOT text; their id is −1."""
    return [
        f"{truth.frame + 1},-1,{x0:g},{y0:g},{x1 - x0:g},{y1 - y0:g},1,-1,-1\n"
        for x0, y0, x1, y1 in truth.bystander_xyxy
    ]


def number_rows(truth: FrameTruth, numbers: dict[int, int]) -> list[str]:
    """One frame's shirt numbers: frame from 1, id, box of the digits, number, visibility, facing."""
    rows = []
    for track_id, box, visible, facing in zip(
        truth.track_id.tolist(), truth.number_xyxy, truth.number_visibility, truth.number_facing, strict=True
    ):
        if track_id in numbers and np.isfinite(box).all():
            x0, y0, x1, y1 = box
            place = f"{x0:.1f},{y0:.1f},{x1 - x0:.1f},{y1 - y0:.1f}"
            rows.append(f"{truth.frame + 1},{track_id},{place},{numbers[track_id]},{visible:.3f},{facing:.3f}\n")
    return rows


def _shirt_numbers(settings: Settings) -> dict[int, int]:
    return {person.track_id: person.number for person in identities(settings) if person.number is not None}


def _seqinfo(settings: Settings, name: str) -> str:
    rate = f"{settings.frame_rate:g}"
    return (
        f"[Sequence]\nname={name}\nimDir=img1\nframeRate={rate}\nseqLength={settings.frames}\n"
        f"imWidth={settings.width}\nimHeight={settings.height}\nimExt=.jpg\n"
    )


def _gameinfo(settings: Settings, name: str) -> str:
    """Tracklet roles as SoccerNet writes them, and what the class column means; readers of MOT files pass it by."""
    people = identities(settings)
    lines = ["[Sequence]", f"name={name}", f"num_tracklets={len(people)}"]
    for person in people:
        role = CLASSES[person.class_id]
        if person.team:
            role = f"{role} team {person.team}"
        mark = {"referee": "main", "ball": "1"}.get(role, str(person.number))
        lines.append(f"trackletID_{person.track_id}= {role};{mark}")
    lines += ["", "[Classes]"] + [f"class_{i + 1}={label}" for i, label in enumerate(CLASSES)]
    return "\n".join(lines) + "\n"


def write_yolo(
    sequences: Sequence[Settings], folder: Path, every: int = 10, val_share: float = 0.2, overwrite: bool = False,
    progress: Progress | None = None, *, masks: str | None = None,
) -> Path:  # fmt: skip
    """Write a YOLO data set: images/{train,val}/, labels/{train,val}/, data.yaml, with each ``every``-th frame.

    Whole sequences go to ``val`` (the last ones, at least one). With ``masks`` (``"visible"`` or ``"whole"``) labels
    are segments that fill to exactly these masks. SettingError for fewer than two sequences.
    """
    if len(sequences) < 2:
        raise SettingError("synthetic: a YOLO data set needs 2 sequences or more, the last of them is for validation")
    if not 0 < val_share < 1:
        raise SettingError(f"synthetic: val_share is {val_share!r}, must be between 0 and 1")
    if every < 1:
        raise SettingError(f"synthetic: every is {every!r}, must be 1 or more")
    n_val = min(len(sequences) - 1, max(1, round(val_share * len(sequences))))
    asked = {"sequences": list(sequences), "every": every, "val_share": val_share}
    with _new_folder(Path(folder), "yolo", asked | ({"masks": masks} if masks else {}), overwrite) as part:
        if part is None:
            return Path(folder)
        for split in ("train", "val"):
            (part / "images" / split).mkdir(parents=True)
            (part / "labels" / split).mkdir(parents=True)
        for i, settings in enumerate(sequences):
            split = "val" if i >= len(sequences) - n_val else "train"
            name = sequence_name(settings)
            for image, truth in _watched(settings, name, every, progress, masks):
                stem = f"{name}_{truth.frame + 1:06d}"
                _write_jpeg(part / "images" / split / f"{stem}.jpg", image)
                rows = segment_rows(truth, masks) if masks else yolo_rows(truth, settings.width, settings.height)
                labels = "".join(rows)
                (part / "labels" / split / f"{stem}.txt").write_text(labels, encoding="utf-8")
        (part / "data.yaml").write_text(data_yaml(), encoding="utf-8")
    return Path(folder)


def yolo_rows(truth: FrameTruth, width: int, height: int) -> list[str]:
    """One frame's label lines: class, then centre and size as shares of the image; hardly visible objects left out."""
    rows = []
    for class_id, box, visible in zip(truth.class_id, truth.xyxy, truth.visibility, strict=True):
        if visible < MIN_VISIBILITY:
            continue
        x0, y0, x1, y1 = box / (width, height, width, height)
        rows.append(f"{class_id} {(x0 + x1) / 2:.6f} {(y0 + y1) / 2:.6f} {x1 - x0:.6f} {y1 - y0:.6f}\n")
    return rows


def segment_rows(truth: FrameTruth, masks: str) -> list[str]:
    """One frame's label lines: class, then the corners of its visible or whole mask, as shares of the image."""
    table = truth.visible if masks == "visible" else truth.whole
    assert table is not None, "rendered without masks"
    height, width = table.shape
    rows = []
    kept = (truth.visibility >= MIN_VISIBILITY) & (table.area() > 0)
    for kind, parts in zip(truth.class_id[kept].tolist(), outlines(table[kept]), strict=True):
        ring = join_parts(parts) / (width, height)
        rows.append(f"{kind} {' '.join(f'{v:.7g}' for v in ring.reshape(-1).tolist())}\n")
    return rows


def data_yaml() -> str:
    """The data set's description for Ultralytics; paths are relative to the file."""
    names = "".join(f"  {i}: {name}\n" for i, name in enumerate(CLASSES))
    return f"train: images/train\nval: images/val\nnames:\n{names}"


def write_video(
    settings: Settings, path: Path, crf: int = 23, overwrite: bool = False, progress: Progress | None = None, *,
    masks: str | None = None,
) -> Path:  # fmt: skip
    """Write an mp4 that browsers play (H.264, yuv420p, faststart), and its truth beside it.

    ``.txt`` is MOT text, ``.gameinfo.ini`` gives role, team and number of each id; with ``masks``, ``.mots.txt`` and
    ``.masks.json`` as `write_mot` writes them.

    The same video is not written twice; OutputError where other files are in the way and ``overwrite`` is false.
    SettingError when width or height is odd, which yuv420p cannot hold; OutputError when it cannot be written.
    """
    import av

    if settings.width % 2 or settings.height % 2:
        raise SettingError(f"synthetic: video needs an even size, not {settings.width}x{settings.height}")
    rows: list[str] = []
    path = Path(path)
    names = [path.name, path.with_suffix(".txt").name, path.with_suffix(".gameinfo.ini").name]
    names += [path.with_suffix(ending).name for ending in (".mots.txt", ".masks.json") if masks]
    asked = [vars(settings), crf] + [masks] * bool(masks)
    source = f"the render {_sha256(json.dumps(asked, sort_keys=True))[:12]}"
    coded = MaskFiles(settings, masks) if masks else None
    with Claim(path.parent, names, command=COMMAND, source=source, overwrite=overwrite) as claim:
        if not overwrite and all(map(claim.is_unchanged, names)):
            return path
        video, text, people, *more = map(claim.file, names)
        rate = Fraction(settings.frame_rate).limit_denominator(1001)
        with (
            _cleared([video, text, people, *more]),
            av.open(str(video.part), "w", format="mp4", options={"movflags": "+faststart"}) as out,
        ):
            stream = out.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "medium"})
            stream.width, stream.height, stream.pix_fmt = settings.width, settings.height, "yuv420p"
            for image, truth in _watched(settings, path.stem, 1, progress, masks):
                if coded is not None:
                    coded.add(truth)
                out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
                rows += mot_rows(truth)
            out.mux(stream.encode(None))
        text.write("".join(rows).encode())
        people.write(_gameinfo(settings, path.stem).encode())
        for file, words in zip(more, (coded.mots(), coded.coco()) if coded is not None else (), strict=True):
            file.write(words.encode())
        claim.complete([video, text, people, *more])
    return path


def _watched(
    settings: Settings, name: str, every: int, progress: Progress | None, masks: str | None = None
) -> Iterator[tuple[Image, FrameTruth]]:
    for image, truth in render_sequence(settings, every, masks=masks is not None):
        yield image, truth
        if progress is not None:
            progress(name, min(truth.frame + every, settings.frames), settings.frames)


def _asked(settings: Settings, masks: str | None) -> Any:
    return {**vars(settings), "masks": masks} if masks else settings


def _write_jpeg(path: Path, image: Image) -> None:
    import cv2

    # imencode and not imwrite, which answers a full disk with False or silence
    done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise OutputError(f"synthetic: OpenCV could not encode {path.name}")
    path.write_bytes(np.asarray(data).tobytes())


@contextmanager
def _cleared(files: Sequence[PartFile]) -> Iterator[None]:
    """Remove unfinished files when the block ends badly."""
    from av import FFmpegError

    try:
        yield
    except BaseException as error:
        for file in files:
            file.part.unlink(missing_ok=True)
        if isinstance(error, (OSError, FFmpegError)):
            raise OutputError(f"{files[0].path}: cannot be written: {error.strerror or error}") from error
        raise


@contextmanager
def _new_folder(path: Path, kind: str, settings: Any, overwrite: bool) -> Iterator[Path | None]:
    """Give a folder to write to, which gets its name when the block ends well; None where it is written already."""
    text = json.dumps(settings, default=vars, sort_keys=True)
    job = {"format": f"synthetic {kind}", "settings": json.loads(text), "table_sha256": _sha256(text)}
    with staged_job(path, job, COMMAND, overwrite, goes_on=False) as stage:
        yield None if stage.complete else stage.folder


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
