"""The command ``sportstrack serve``: the service."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from sportstrack.cli import new_parser, run
from sportstrack.cli.settings import add_settings, given
from sportstrack.cli.shared import add_quiet
from sportstrack.serve.settings import ServeSettings

PROGRAM = "sportstrack serve"

_EXAMPLES = """examples:
  sportstrack serve                                                  http://127.0.0.1:8765, for this machine alone
  sportstrack serve --data /srv/sportstrack --folders /srv/matches   requests may name videos in /srv/matches
  sportstrack serve --host 0.0.0.0 --token-file token.txt            for other machines, with a token
  sportstrack serve --streams 'rtsp://camera.example/*' --workers 2
  SPORTSTRACK_TOKEN=long-secret-words sportstrack serve --host 0.0.0.0

Everything is kept in --data: nothing else is to be installed or started. Ctrl-C and SIGTERM let running jobs end for
--drain seconds (a second one does not wait); what is left goes on at the next start. Put a server that speaks HTTPS in
front of it where the network between is not yours.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until stopped and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(PROGRAM, "Serve tracking over HTTP: jobs, live streams, sessions, a page at /.", _EXAMPLES)
    groups = {
        "access": ("host", "port", "token", "token_file", "hosts"),
        "what requests may name": ("folders", "streams", "targets", "weights", "plugins", "configs"),
        "limits": (
            *("max_upload", "quota", "keep_free", "max_jobs", "max_minutes", "max_megapixels", "max_sessions"),
            *("max_streams", "keep_days"),
        ),
        "work": ("workers", "retries", "drain"),
    }
    add_settings(parser, ServeSettings, ("data",))
    for title, names in groups.items():
        add_settings(parser.add_argument_group(title), ServeSettings, names)
    add_quiet(parser)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.serve.run import serve

    serve(ServeSettings(**given(options, ServeSettings)), quiet=options.quiet)
    return 0
