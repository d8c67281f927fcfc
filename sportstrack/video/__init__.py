"""Video in and out: files, image folders, cameras and streams become `Frame` objects, and frames become H.264 files.

Everything is lazy: a source holds one frame at a time (two in live mode) and a writer none. Times are the container's
own timestamps as exact fractions of a second, counted from the first frame; only sources that carry none (image
folders, raw H.264) are timed by their frame rate.
"""

from sportstrack.types import Image
from sportstrack.video.folder import IMAGE_SUFFIXES, VIDEO_SUFFIXES, natural_key
from sportstrack.video.frame import Frame, SourceInfo
from sportstrack.video.source import VideoSource, open_source, probe
from sportstrack.video.stream import address_name
from sportstrack.video.times import ASSUMED_RATE, DEFAULT_RATE, as_rate
from sportstrack.video.write import OUTPUT_SUFFIXES, VideoWriter

__all__ = [
    "ASSUMED_RATE",
    "DEFAULT_RATE",
    "IMAGE_SUFFIXES",
    "OUTPUT_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Frame",
    "Image",
    "SourceInfo",
    "VideoSource",
    "VideoWriter",
    "address_name",
    "as_rate",
    "natural_key",
    "open_source",
    "probe",
]
