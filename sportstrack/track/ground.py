"""Where the frames of a run see the pitch, from the file that ``sportstrack pitch`` writes."""

from __future__ import annotations

from sportstrack.errors import SettingError
from sportstrack.pitch.file import PitchTrack, read_pitch
from sportstrack.video import SourceInfo


def pitch_of(path: str, info: SourceInfo) -> PitchTrack:
    """Return what a file says of a source's frames.

    Raises:
        FormatError: it is no such file.
        SettingError: it belongs to pictures of another size, or to a live source, whose frames it cannot know.
    """
    track = read_pitch(path)
    if info.live:
        raise SettingError("--pitch: a live source has no frames that were looked at before; track it without")
    if track.size != (info.width, info.height):
        raise SettingError(
            f"{path}: made of pictures of {track.size[0]}x{track.size[1]}, but {info.name} has "
            f"{info.width}x{info.height}; run sportstrack pitch on this video"
        )
    return track
