"""The settings of ``sportstrack edit``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sportstrack.errors import SettingError
from sportstrack.options import check_options, option
from sportstrack.serve.settings import is_local


@dataclass(frozen=True)
class EditSettings:
    """How ``sportstrack edit`` runs; each field is an option of it.

    Attributes:
        tracks: the result to correct; None looks beside the video and in ``runs/track`` and ``runs/refine``.
        edits: the file of edits; None is ``NAME.edits.jsonl`` beside the result.
        output: folder of what is exported; None is that of the result.
        zero_based: MOT text counts frames from 0.
        frame_rate: frames/s of a source without times, such as an image folder.
        anyway: open tracks also that do not seem to be the video's.
        copy: make an H.264 copy of the video first, if browsers cannot play it or seek slowly in it.
        browser: open the page.
        host: address to listen on, one that only this machine reaches (127.0.0.1, ::1, localhost).
        port: port to listen on; 0 lets the system choose.

    Raises:
        SettingError: a value of the wrong type or out of range, or an address that other machines reach.
    """

    tracks: Path | None = option(
        None, "result to correct: MOT text, CSV, JSON lines or a recording (looked for beside the video)",
        metavar="RESULT",
    )  # fmt: skip
    edits: Path | None = option(None, "file of the edits (NAME.edits.jsonl beside the result)", metavar="FILE")
    output: Path | None = option(None, "folder of what is exported (that of the result)", metavar="DIR")
    zero_based: bool = option(False, "MOT text counts frames from 0")
    frame_rate: float | None = option(
        None, "frames per second of a source without times, such as an image folder (25)", low=0, above=True, high=1000,
        metavar="FPS",
    )  # fmt: skip
    anyway: bool = option(False, "open tracks also that do not seem to be this video's")
    copy: bool = option(False, "make an H.264 copy of the video first, if browsers cannot play it or seek slowly in it")
    browser: bool = option(True, "open the page in a browser")
    host: str = option(
        "127.0.0.1", "address to listen on; only local ones are taken, such as localhost or ::1", metavar="HOST"
    )
    port: int = option(0, "port to listen on; 0 lets the system choose", low=0, high=65535, metavar="PORT")

    def __post_init__(self) -> None:
        for name in ("tracks", "edits", "output"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, Path(value))
        check_options(self)
        if not is_local(self.host):
            raise SettingError(
                f"host: {self.host} can be reached from other machines, and the editor asks nobody who they are; leave "
                "it at 127.0.0.1, or let ssh carry the port: ssh -L 8000:127.0.0.1:PORT"
            )
