"""The console command ``sportstrack``: one word per job, each a module that also runs as ``python -m``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from sportstrack import __version__
from sportstrack.errors import SportstrackError, nearest

COMMANDS = {
    "track": ("sportstrack.track", "track everyone in videos"),
    "shots": ("sportstrack.shots", "find the shot changes of videos"),
    "refine": ("sportstrack.refine", "refine a tracking result offline: link, fill gaps, smooth"),
    "train": ("sportstrack.train", "fine-tune a detector"),
    "val": ("sportstrack.val", "judge detectors on labelled pictures"),
    "mine": ("sportstrack.mine", "find the pictures a detector does worst on"),
    "label": ("sportstrack.label", "label videos with detector and tracker, to correct instead of draw"),
    "sot": ("sportstrack.sot.__main__", "follow one player or the ball"),
    "presence": ("sportstrack.presence", "draw heat maps and paths of a result"),
    "evaluate": ("sportstrack.evaluate", "score tracking results against ground truth"),
    "sportsmot": ("data_prep.sportsmot", "turn SportsMOT into a YOLO data set"),
    "soccernet": ("data_prep.soccernet", "turn SoccerNet-tracking into a YOLO data set"),
    "convert": ("data_prep.convert", "convert data sets between MOT, YOLO, COCO, VOC and more"),
    "audit": ("data_prep.audit.__main__", "find the faults of a data set"),
    "augment": ("data_prep.augment.__main__", "multiply training pictures, labels kept true"),
    "synthetic": ("data_prep.synthetic.__main__", "render labelled football sequences"),
}
"""Word → module with a ``main(argv) -> int``, and what it does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``sportstrack COMMAND …`` and return the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(_help())
        return 0
    if words[0] in ("-V", "--version"):
        sys.stdout.write(f"sportstrack {__version__}\n")
        return 0
    if words[0] not in COMMANDS:
        sys.stderr.write(f"sportstrack: no command {words[0]!r}{nearest(words[0], list(COMMANDS))}\n\n{_help()}")
        return 2
    module = import_module(COMMANDS[words[0]][0])
    status: int = module.main(words[1:])
    return status


def new_parser(program: str, about: str, examples: str, **more: Any) -> argparse.ArgumentParser:
    """Return a command's empty parser; ``examples`` end its help as they are written, ``more`` goes to argparse."""
    plain = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(prog=program, description=about, epilog=examples, formatter_class=plain, **more)


def run(command: Callable[[], int], name: str) -> int:
    """Call a command's body; print a user's error as one line and return its exit status (2; 130 after Ctrl-C)."""
    try:
        return command()
    except SportstrackError as error:
        report_error(error, name)
        return 2
    except KeyboardInterrupt:
        sys.stderr.write(f"{name}: interrupted\n")
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as in "… | head"
        sys.stderr.close()
        return 1


def report_error(error: SportstrackError, name: str) -> None:
    """Print a user's error on standard error, and where the work done before it is."""
    sys.stderr.write(f"{name}: error: {error}\n")
    if error.kept:
        sys.stderr.write(f"{name}: what was done before is in {', '.join(error.kept)}\n")


def _help() -> str:
    lines = [f"  {word:<11} {about}" for word, (_, about) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: sportstrack COMMAND [options]",
            "",
            "Sports video in, every player and the ball followed, numbers that hold up.",
            "",
            "commands:",
            *lines,
            "",
            "sportstrack COMMAND --help tells more about each; try: sportstrack track --demo",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
