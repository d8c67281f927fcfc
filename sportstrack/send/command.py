"""The command ``sportstrack send VIDEO ADDRESS``: a file as a camera would send it, to try a receiver with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sportstrack.cli import new_parser, print_json, run
from sportstrack.cli.arguments import Real
from sportstrack.cli.shared import add_json, add_quiet

PROGRAM = "sportstrack send"

_EXAMPLES = """examples:
  sportstrack send match.mp4 udp://127.0.0.1:5000                      as a camera would: MPEG-TS, in real time
  sportstrack send match.mp4 udp://127.0.0.1:5000 --loop               again and again, until Ctrl-C
  sportstrack send match.mp4 udp://239.0.0.1:5000 --rate 2             to a multicast group, twice as fast
  sportstrack send match.mov rtsp://127.0.0.1:8554/match --encode      to an RTSP server, a key frame each second
  sportstrack send match.mp4 "tcp://127.0.0.1:5000?listen=1"           waits for a receiver that connects

what receives it: sportstrack track udp://127.0.0.1:5000 --live, or sportstrack serve
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Send the file asked for on the command line and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Send a video file to a network address in real time, as a camera would; pictures only, no sound.",
        _EXAMPLES,
        interrupted="what was sent is reported",
    )
    add = parser.add_argument
    add("video", type=Path, metavar="VIDEO", help="video file")
    add("target", metavar="ADDRESS", help="udp://, tcp://, http://, rtsp://, rtmp:// or srt:// with host and port")
    add("--loop", action="store_true", default=False, help="begin again at the end, until Ctrl-C")
    help_text = "play it so many times as fast (1)"
    add("--rate", type=Real(0.01, 100), default=1.0, metavar="TIMES", help=help_text)
    help_text = "encode the pictures again (default: where they cannot be copied, or key frames are far apart)"
    add("--encode", action="store_true", default=False, help=help_text)
    add_quiet(parser)
    add_json(parser)
    return parser


def _main(options: argparse.Namespace) -> int:
    from sportstrack.cli.progress import ProgressBar
    from sportstrack.send.run import Sent, send_video

    sent = Sent()
    try:
        with ProgressBar(f"{options.video.name} to {options.target.partition('?')[0]}", quiet=options.quiet) as bar:
            send_video(
                options.video,
                options.target,
                loop=options.loop,
                rate=options.rate,
                encode=options.encode,
                progress=bar,
                sent=sent,
            )
    finally:
        if sent.frames and not options.quiet:
            how = "as they are" if sent.copied else "encoded again"
            rate = sent.frames / sent.seconds if sent.seconds else 0.0
            sys.stderr.write(
                f"{PROGRAM}: sent {sent.frames} frames {how} in {sent.seconds:.1f} s ({rate:.1f} per second, "
                f"{sent.bytes / 1e6:.1f} MB)\n"
            )
    if options.json:
        print_json(vars(sent))
    return 0
