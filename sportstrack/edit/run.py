"""`sportstrack edit`: open a video and its tracks, and serve the page."""

from __future__ import annotations

import sys
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from sportstrack.cli.progress import ProgressBar
from sportstrack.edit.settings import EditSettings
from sportstrack.serve.run import address, check_extra, listen, run_app
from sportstrack.serve.settings import ServeSettings

if TYPE_CHECKING:
    from sportstrack.edit.room import EditRoom

_OPEN_AFTER = 0.4  # seconds in which the server starts


def edit_video(video: str | Path, settings: EditSettings | None = None, *, quiet: bool = False) -> None:
    """Serve the editor of a video's tracks until a signal ends it.

    Args:
        video: video file, folder of images or sequence folder.
        settings: how; None is the defaults.
        quiet: say nothing but the address.

    Raises:
        SportstrackError: the extra ``serve`` is missing, the video or the tracks cannot be read or do not belong
            together, or another editor has the file of edits.
    """
    check_extra("edit")
    from sportstrack.edit.app import create_edit_app

    settings = settings or EditSettings()
    room = open_room(video, settings, quiet=quiet)
    try:
        with listen(settings.host, settings.port) as listener:
            where = address(settings.host, listener)
            app = create_edit_app(room, ServeSettings(host=settings.host, port=settings.port))
            if not quiet:
                _tell(room)
            sys.stderr.write(f"sportstrack edit: {where} (Ctrl-C ends it)\n")
            sys.stderr.flush()
            if settings.browser:
                timer = threading.Timer(_OPEN_AFTER, webbrowser.open, (where,))
                timer.daemon = True
                timer.start()
            run_app(app, listener, room.stop)
    finally:
        room.close()


def open_room(video: str | Path, settings: EditSettings, *, quiet: bool = True) -> EditRoom:
    """Read a video and its tracks, and take the file of edits; errors as `edit_video`."""
    from sportstrack.edit.clip import open_clip
    from sportstrack.edit.room import EditRoom
    from sportstrack.edit.tracks import find_result, read_tracks

    with ProgressBar(Path(video).name, quiet=quiet) as bar:
        clip = open_clip(video, frame_rate=settings.frame_rate, tell=lambda frames: bar(frames, None))
    result = settings.tracks or find_result(Path(video), clip.name)
    tracks = read_tracks(result, clip, zero_based=settings.zero_based, anyway=settings.anyway)
    room = EditRoom(clip, tracks, settings)
    if settings.copy and (clip.unplayable or clip.sparse) and not clip.images:
        try:
            with ProgressBar(f"{clip.name}, H.264 copy", quiet=quiet) as bar:
                room.copies.make(bar)
        except BaseException:
            room.close()
            raise
    return room


def _tell(room: EditRoom) -> None:
    clip, desk = room.clip, room.desk
    lines = [f"{clip.path}: {clip.frames} frames, {room.tracks.table.tracks} tracks of {room.tracks.path}"]
    state = desk.state()
    lines.append(f"edits in {desk.path}" + (f", {state['edits']} of them there" if state["edits"] else ""))
    if clip.unplayable and room.copies.ready is None:
        hint = "" if clip.images else "; an H.264 copy (--copy, or on the page) plays at full speed"
        lines.append(f"{clip.unplayable}: its frames are shown as pictures{hint}")
    elif clip.sparse and room.copies.ready is None:
        lines.append(f"its key frames are {clip.key_seconds:.0f} s apart, so that seeks take long; --copy makes a copy")
    lines += [f"warning: {text}" for text in (*room.tracks.doubts, *desk.warnings, *clip.warnings)]
    sys.stderr.write("".join(f"sportstrack edit: {line}\n" for line in lines))
