"""How much a file may ask for. What goes beyond is refused with a message, before any memory is taken for it.

The limits lie far above what sports video needs; they keep a damaged or hostile file from filling the memory or from
running for hours.
"""

from __future__ import annotations

MAX_FRAMES = 10_000_000
"""Frames of a sequence, and the largest frame number in a text: 111 hours at 25 frames per second."""

MAX_CLIP_FRAMES = 1_000_000
"""Frames of a sequence without pictures, which get names one by one."""

MAX_FRAME_RATE = 100_000
"""Frames per second."""

MAX_SIDE = 65_500
"""Pixels of a picture's longer side; JPEG ends at 65,500."""

MAX_PIXELS = 1 << 27
"""Pixels of a picture: 16,384 × 8,192, more than any camera has."""

MAX_SCANNED = 1 << 30
"""Pixels that all scans of a progressive JPEG decode together."""

MAX_CANVAS = 1 << 25
"""Pixels of a picture that is drawn without a video below it: 8,192 × 4,096."""

MAX_PICTURE_BYTES = 1 << 29
"""Bytes of a picture's file."""

MAX_WHOLE = 2**53
"""The largest whole number (of an id, for example) that is read from text; float64 has no exact larger ones."""

MAX_TEXT_BYTES = 1 << 31
"""Bytes of a text file: MOT text, JSON, CSV, XML."""

MAX_SETTINGS_BYTES = 16 << 20
"""Bytes of a YAML file: settings and descriptions of data sets."""

MAX_DEPTH = 64
"""Levels of lists and tables inside one another in JSON and YAML."""

MAX_NODES = 1_000_000
"""Values of a YAML file, those of aliases counted wherever they are used."""

MAX_ARRAY_BYTES = 1 << 30
"""Bytes of one array in a recording."""

MAX_MASK_BYTES = 1 << 31
"""Bytes of the masks of one frame."""

MAX_BOXES = 10_000
"""Boxes in one frame of a recording; trackers compare all pairs of them."""

MAX_CLASS = 100_000
"""The largest number of a class."""

MAX_MESSAGE = 2000
"""Characters of an error message; the middle of a longer one is left out."""
