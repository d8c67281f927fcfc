"""A client of ``sportstrack serve``, with the standard library alone.

>>> from sportstrack import Client
>>> client = Client("http://127.0.0.1:8765", token="…")  # doctest: +SKIP
>>> job = client.track("match.mp4", quality="fast").wait()  # doctest: +SKIP
>>> job.download("out")  # doctest: +SKIP
"""

from sportstrack.client.client import Client
from sportstrack.client.connection import ServiceError
from sportstrack.client.files import ServiceFile
from sportstrack.client.job import RemoteJob
from sportstrack.client.session import RemoteSession, TrackRow
from sportstrack.client.stream import RemoteStream

__all__ = ["Client", "RemoteJob", "RemoteSession", "RemoteStream", "ServiceError", "ServiceFile", "TrackRow"]
