"""Running the service: uvicorn with one process, and an orderly end."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable
from importlib.util import find_spec
from types import FrameType
from typing import TYPE_CHECKING

from sportstrack.errors import OutputError, SportstrackError
from sportstrack.serve.settings import ServeSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client", "websockets", "orjson")


def serve(settings: ServeSettings, *, quiet: bool = False) -> None:
    """Serve until a signal ends it.

    Args:
        settings: how.
        quiet: do not say where it listens.

    Raises:
        SportstrackError: the extra is not installed.
        OutputError: the address cannot be had, or the data folder cannot be written.
    """
    check_extra("serve")
    from sportstrack.serve.app import create_app
    from sportstrack.serve.service import Service

    with listen(settings.host, settings.port) as listener:
        app = create_app(settings)
        service: Service = app.state.service
        if not quiet:
            where = address(settings.host, listener)
            sys.stderr.write(f"sportstrack serve: {where} (data in {settings.data}; Ctrl-C ends it)\n")
            sys.stderr.flush()
        run_app(app, listener, service.stop)


def check_extra(word: str) -> None:
    """Raise SportstrackError if a package of the extra ``serve`` is missing, which `sportstrack WORD` needs."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise SportstrackError(f"{word} needs {', '.join(missing)}: pip install 'sportstrack[serve]'")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; OutputError if the address cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host.strip("[]"), port), family=family, backlog=512)
        # Connections inherit it: an answer's second part must not wait for the acknowledgement of its first (40 ms).
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise OutputError(
            f"{host}:{port}: cannot be listened on: {error.strerror or error}; try another --port"
        ) from error


def address(host: str, listener: socket.socket) -> str:
    """Return where a browser finds what listens."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"


def run_app(app: ASGIApp, listener: socket.socket, stop: Callable[[], None]) -> None:
    """Run an application until a signal ends it.

    Args:
        app: what answers.
        listener: where.
        stop: called whenever a signal comes; it lets clients go that wait, and the second time ends the work at once.
    """
    import uvicorn

    class Server(uvicorn.Server):
        """uvicorn's, which lets waiting clients go as soon as a signal comes."""

        def handle_exit(self, sig: int, _: FrameType | None) -> None:
            stop()
            self.force_exit = self.should_exit and sig == signal.SIGINT
            self.should_exit = True  # and no more: uvicorn's own would raise the signal again at the end

    config = uvicorn.Config(
        app,
        loop="asyncio",  # the same, whether uvloop is installed or not
        log_level="warning",
        access_log=False,  # addresses of requests may hold what is nobody's business
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        ws_max_size=32 << 20,
        proxy_headers=True,  # of a server in front, on this machine or as FORWARDED_ALLOW_IPS says
    )
    Server(config).run(sockets=[listener])
