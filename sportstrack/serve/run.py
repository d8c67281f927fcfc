"""Running the service: uvicorn with one process, and an orderly end."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import FrameType

from sportstrack.errors import OutputError, SportstrackError
from sportstrack.serve.settings import ServeSettings

_NEEDED = ("fastapi", "uvicorn", "python_multipart", "prometheus_client", "websockets")


def serve(settings: ServeSettings, *, quiet: bool = False) -> None:
    """Serve until a signal ends it.

    Args:
        settings: how.
        quiet: do not say where it listens.

    Raises:
        SportstrackError: the extra is not installed.
        OutputError: the address cannot be had, or the data folder cannot be written.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise SportstrackError(f"serve needs {', '.join(missing)}: pip install 'sportstrack[serve]'")
    import socket

    import uvicorn

    from sportstrack.serve.app import create_app
    from sportstrack.serve.service import Service

    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listener = socket.create_server((settings.host.strip("[]"), settings.port), family=family, backlog=512)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise OutputError(f"{where}: cannot be listened on: {error.strerror or error}; try another --port") from error
    with listener:
        app = create_app(settings)
        service: Service = app.state.service

        class Server(uvicorn.Server):
            """uvicorn's, which lets waiting clients go as soon as a signal comes."""

            def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                service.stop()
                super().handle_exit(sig, frame)

        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,  # addresses of requests may hold what is nobody's business
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=10,
            ws_max_size=32 << 20,
            proxy_headers=False,
        )
        if not quiet:
            port = listener.getsockname()[1]
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            sys.stderr.write(f"sportstrack serve: http://{host}:{port} (data in {settings.data}; Ctrl-C ends it)\n")
            sys.stderr.flush()
        Server(config).run(sockets=[listener])
