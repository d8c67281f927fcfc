"""Where on the pitch: models of pitches, and cameras that map metres to pixels and back."""

from __future__ import annotations

from sportstrack.pitch.camera import Camera
from sportstrack.pitch.draw import draw_pitch, pitch_to_picture
from sportstrack.pitch.file import PitchFrame, PitchTrack, read_pitch, write_pitch
from sportstrack.pitch.fit import CameraFit, fit_camera
from sportstrack.pitch.marks import Mark, read_marks
from sportstrack.pitch.model import Arc, Line, Pitch, load_pitch, pitch_names

__all__ = [
    "Arc",
    "Camera",
    "CameraFit",
    "Line",
    "Mark",
    "Pitch",
    "PitchFrame",
    "PitchTrack",
    "draw_pitch",
    "fit_camera",
    "load_pitch",
    "pitch_names",
    "pitch_to_picture",
    "read_marks",
    "read_pitch",
    "write_pitch",
]
