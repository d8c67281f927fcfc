"""Images to the bytes of a picture file."""

from __future__ import annotations

from sportstrack.errors import OutputError
from sportstrack.images.opencv import require_cv2
from sportstrack.types import Image


def encode_image(image: Image, suffix: str = ".png") -> bytes:
    """Return a picture file's content; the ending of its name, such as ``.png`` or ``.jpg``, says the format.

    Raises:
        OutputError: if OpenCV cannot encode the image.
    """
    done, data = require_cv2().imencode(suffix, image)
    if not done:
        raise OutputError(f"an image of {image.shape[1]}x{image.shape[0]} pixels cannot be encoded as {suffix}")
    content: bytes = data.tobytes()
    return content
