"""Pictures from where they are to where they are wanted: linked, copied, resized, out of a zip or out of a video."""

from __future__ import annotations

import errno
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.headers import header_size
from data_prep.storage import Archives
from data_prep.table import ImageTable, Picture, Table, VideoFrame, ZipMember
from sportstrack.errors import FormatError, OutputError, SettingError, SourceError
from sportstrack.images.decode import decode_picture
from sportstrack.types import Image, IntArray

JPEG_QUALITY = 95
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
Tick = Callable[[], None]


def shrink(table: Table, size: int) -> Table:
    """Return the table with sizes and boxes of pictures whose longer side is at most ``size`` pixels.

    Raises:
        SettingError: a size below 32.
    """
    if size < 32:
        raise SettingError(f"--size is {size}, must be 32 pixels or more")
    new = shrunk(table.images.size, size)
    scale = np.divide(new, table.images.size, out=np.ones(new.shape), where=table.images.size > 0)
    xyxy = table.boxes.xyxy * np.tile(scale, 2)[table.boxes.image]
    polygons = table.boxes.polygons
    if polygons is not None:
        polygons = polygons.moved(polygons.points * scale[table.boxes.image[polygons.box_of_point]])
    clips = shrunk(np.array([(s.width, s.height) for s in table.sequences], np.int64).reshape(-1, 2), size)
    return replace(
        table,
        sequences=tuple(
            replace(s, width=w, height=h) for s, (w, h) in zip(table.sequences, clips.tolist(), strict=True)
        ),
        images=replace(table.images, size=new),
        boxes=replace(table.boxes, xyxy=xyxy, polygons=polygons),
    )


def shrunk(sizes: IntArray, size: int) -> IntArray:
    """(M, 2) the sizes after bringing the longer side down to ``size``; smaller pictures stay."""
    factor = np.minimum(1.0, size / np.maximum(sizes.max(axis=1, initial=0), 1))
    new: IntArray = np.maximum(np.rint(sizes * factor[:, None]), 1).astype(np.int64)
    return new


def picture_size(path: str) -> tuple[int, int]:
    """Return (width, height) in pixels from a picture's header, turned as EXIF asks; FormatError if it is none."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # tens of thousands of them
            return header_size(file, path)
    except FileNotFoundError:
        raise FormatError(f"{path}: the picture is not there") from None
    except FormatError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        raise FormatError(f"{path}: not a readable picture ({getattr(error, 'strerror', None) or error})") from error


def check_sizes(images: ImageTable, size: int | None = None) -> None:
    """Compare each picture's header with the size that its labels are for; frames of videos have none.

    Args:
        images: the pictures; those without a file are ignored.
        size: both are scaled down to this longer side before they are compared; None: they are not.

    Raises:
        FormatError: a picture is not there, cannot be read or has another size.
    """
    with Archives() as archives:
        for file, stated in zip(images.file.tolist(), images.size.tolist(), strict=True):
            if isinstance(file, ZipMember):
                found = header_size(BytesIO(picture_bytes(file, archives)), show_picture(file))
            elif isinstance(file, str):
                found = picture_size(file)
            else:
                continue
            if not (size and _alike(found, stated, size)):
                refuse_another_size(file, found, (stated[0], stated[1]))


def without_missing(table: Table) -> Table:
    """Return the table without the pictures that are nowhere and their boxes, and with a note of how many.

    A table in which all are nowhere stays as it is: its labels are there without any pictures.
    """
    there = np.array([file is not None for file in table.images.file.tolist()], np.bool_)
    if there.all() or not there.any():
        return table
    names = table.images.name[~there]
    kept = table.select(there)
    lost = len(table.boxes) - len(kept.boxes)
    note = f"{len(names)} pictures are nowhere, the first is {names[0]}; left out with their {lost} boxes"
    return replace(kept, notes=(*kept.notes, note))


def place_pictures(
    images: ImageTable, targets: list[str], *, copy: bool = False, resize: bool = False, tick: Tick | None = None
) -> None:
    """Bring each picture to its target (a path); targets that exist already are kept: they were written whole.

    Args:
        images: the pictures.
        targets: (M,) paths, whose folders exist.
        copy: never link.
        resize: scale each picture down to its ``images.size``.
        tick: called after each picture.

    Raises:
        FormatError: a picture is not there or cannot be read.
        OSError: a target cannot be written.
    """
    tick = tick or _nothing
    link = not (copy or resize)
    videos: dict[str, dict[int, int]] = defaultdict(dict)
    with Archives() as archives:
        for row, (file, target) in enumerate(zip(images.file.tolist(), targets, strict=True)):
            if link and isinstance(file, str):
                _link(file, target)
            elif isinstance(file, VideoFrame):
                videos[file.video][file.index] = row
                continue
            else:
                _place_copy(file, target, _size(images, row) if resize else None, archives)
            tick()
    for video, rows in videos.items():
        for index, image in video_frames(video, rows):
            row = rows[index]
            write_picture(targets[row], fit(image, _size(images, row), images.file[row]))
            tick()


def read_picture(file: Picture, archives: Archives | None = None) -> Image:
    """Return (H, W, 3) uint8 BGR of a file or a zip's member; FormatError if it cannot be read."""
    return _decode(picture_bytes(file, archives), file)


def _decode(content: bytes, file: Picture) -> Image:
    try:
        return decode_picture(content, show_picture(file))
    except SourceError as error:
        raise FormatError(str(error)) from error


def read_pictures(images: ImageTable) -> Iterator[tuple[int, Image]]:
    """Yield (row, picture) of all pictures, scaled down to their ``images.size``; videos in their own order."""
    videos: dict[str, dict[int, int]] = defaultdict(dict)
    with Archives() as archives:
        for row, file in enumerate(images.file.tolist()):
            if isinstance(file, VideoFrame):
                videos[file.video][file.index] = row
            else:
                yield row, fit(read_picture(file, archives), _size(images, row), file)
    for video, rows in videos.items():
        for index, image in video_frames(video, rows):
            row = rows[index]
            yield row, fit(image, _size(images, row), images.file[row])


def video_frames(video: str, wanted: Any) -> Iterator[tuple[int, Image]]:
    """Yield (index, picture) of the wanted frames of a video; FormatError if it ends before the last of them."""
    from sportstrack.video import open_source

    missing, last = set(wanted), max(wanted)
    with open_source(video) as source:
        for frame in source:
            if frame.index in missing:
                missing.discard(frame.index)
                yield frame.index, frame.image
            if frame.index >= last:
                break
    if missing:
        raise FormatError(
            f"{video}: has no frame {min(missing) + 1}; {len(missing)} labelled frames are beyond its end"
        )


def picture_bytes(file: Picture, archives: Archives | None = None) -> bytes:
    """Return a picture's file as it is; FormatError if it is not there."""
    if isinstance(file, ZipMember):
        with nullcontext(archives) if archives else Archives() as opened:
            data = opened.read(file)
    elif isinstance(file, str):
        try:
            data = Path(file).read_bytes()
        except OSError as error:
            raise FormatError(f"{file}: cannot be read: {error.strerror or error}") from error
    else:
        data = None
    if data is None:
        raise FormatError(f"{show_picture(file)}: the picture is not there")
    return data


def show_picture(file: Picture) -> str:
    """Name a picture in messages."""
    if isinstance(file, ZipMember):
        return f"{file.archive}!{file.member}"
    if isinstance(file, VideoFrame):
        return f"{file.video}, frame {file.index + 1}"
    return file or "a picture without a file"


def write_whole(target: str, data: bytes) -> None:
    """Write a file under a temporary name and give it its own when it is complete."""
    part = f"{target}.part"
    try:
        Path(part).write_bytes(data)
        Path(part).replace(target)
    except OSError:
        with suppress(OSError):
            Path(part).unlink(missing_ok=True)
        raise


def write_picture(target: str, image: Image) -> None:
    """Encode by the target's suffix and write; OutputError if OpenCV cannot."""
    import cv2

    # imencode and not imwrite, which answers a full disk with False or silence
    suffix = Path(target).suffix
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if suffix.lower() in (".jpg", ".jpeg") else []
    done, data = cv2.imencode(suffix, image, quality)
    if not done:
        raise OutputError(f"{target}: OpenCV could not encode it")
    write_whole(target, np.asarray(data).tobytes())


def fit(image: Image, size: tuple[int, int], file: Picture) -> Image:
    """Scale a picture down to (width, height); FormatError if it is not that picture made smaller."""
    import cv2

    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    if tuple(shrunk(np.array([[width, height]]), max(size))[0].tolist()) != size:
        refuse_another_size(file, (width, height), size)
    # area averaging keeps thin lines from flickering
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _nothing() -> None:
    pass


def _size(images: ImageTable, row: int) -> tuple[int, int]:
    width, height = images.size[row].tolist()
    return width, height


def _alike(one: tuple[int, int], other: tuple[int, int], size: int) -> bool:
    a, b = shrunk(np.array([one, other]), size).tolist()
    return bool(a == b)


def refuse_another_size(file: Picture, found: tuple[int, int], stated: tuple[int, int]) -> None:
    """Raise FormatError if a picture's (width, height) are not those that its labels are for."""
    if found != stated:
        raise FormatError(
            f"{show_picture(file)}: is {found[0]}x{found[1]}, its labels are for {stated[0]}x{stated[1]}; correct the "
            "size that the data set states (seqinfo.ini, COCO's, VOC's or that in tracks/)"
        )


def _place_copy(file: Picture, target: str, size: tuple[int, int] | None, archives: Archives) -> None:
    """Write a picture's copy, scaled down if a size is given."""
    if Path(target).exists():
        return
    data = picture_bytes(file, archives)
    image = None if size is None else _decode(data, file)
    if image is None or size is None or image.shape[1::-1] == size:
        write_whole(target, data)
    else:
        write_picture(target, fit(image, size, file))


def _link(file: str, target: str) -> None:
    try:
        # a relative link would lead elsewhere from its new place
        os.link(os.path.realpath(file) if os.path.islink(file) else file, target)  # noqa: PTH114  # Path costs more
    except FileExistsError:
        pass
    except OSError as error:
        if not Path(file).is_file():
            raise FormatError(f"{file}: the picture is not there") from None
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.ENOENT):
            raise
        _link_otherwise(file, target)


def _link_otherwise(file: str, target: str) -> None:
    try:
        Path(target).symlink_to(Path(file).resolve())
    except OSError:
        write_whole(target, picture_bytes(file))
