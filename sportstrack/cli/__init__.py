"""The console command ``sportstrack``: one word per job, each a module that also runs as ``python -m``."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from sportstrack import __version__
from sportstrack.cli import terminal
from sportstrack.cli.arguments import PairWords
from sportstrack.cli.signals import as_interrupts
from sportstrack.errors import SportstrackError, missing_package, nearest

COMMANDS = {
    "track": ("sportstrack.track.command", "track players and the ball in videos"),
    "batch": ("sportstrack.batch.command", "track many videos, on this machine or a cluster"),
    "shots": ("sportstrack.shots.command", "find the shot changes of videos"),
    "refine": ("sportstrack.refine.command", "refine a tracking result offline: link, fill gaps, smooth"),
    "train": ("sportstrack.train.command", "fine-tune a detector"),
    "train-reid": ("sportstrack.reid.command", "train an embedder on people with identities, and judge it"),
    "val": ("sportstrack.val.command", "judge detectors on labelled pictures"),
    "export": ("sportstrack.export.command", "export a detector for other engines and in 8 bits, and compare"),
    "mine": ("sportstrack.mine.command", "find the pictures a detector does worst on"),
    "label": ("sportstrack.label.command", "label videos with detector and tracker, to correct instead of draw"),
    "tune": ("sportstrack.tune.command", "search a tracker's settings on detections with truth"),
    "experiment": ("sportstrack.experiment.command", "run a whole experiment from one file, and write its report"),
    "sot": ("sportstrack.sot.command", "follow one player or the ball"),
    "send": ("sportstrack.send.command", "send a video file to an address as a camera would"),
    "teams": ("sportstrack.teams.command", "find teams and roles, and read numbers, for a result that exists"),
    "roster": ("sportstrack.roster.command", "name the people of a result by a roster: who was seen when"),
    "draw": ("sportstrack.draw.command", "draw results onto their video: video, pictures, maps"),
    "pitch": ("sportstrack.calibrate.pitch.command", "find where on the pitch each frame of a video looks"),
    "presence": ("sportstrack.presence.command", "draw heat maps and paths of a result"),
    "stats": ("sportstrack.stats.command", "measure players on the pitch: distance, speed, shape, possession"),
    "evaluate": ("sportstrack.evaluate.command", "score tracking results against ground truth"),
    "edit": ("sportstrack.edit.command", "correct tracks by hand on a page that knows where to look"),
    "serve": ("sportstrack.serve.command", "serve tracking over HTTP: jobs, live streams, a page"),
    "sot-evaluate": ("sportstrack.sot.evaluate.command", "run and score single-object trackers"),
    "sportsmot": ("data_prep.sportsmot.command", "turn SportsMOT into a YOLO data set"),
    "soccernet": ("data_prep.soccernet.command", "turn SoccerNet-tracking into a YOLO data set"),
    "convert": ("data_prep.convert.command", "convert data sets between MOT, YOLO, COCO, VOC and more"),
    "audit": ("data_prep.audit.command", "find the faults of a data set"),
    "augment": ("data_prep.augment.command", "multiply training pictures, labels kept true"),
    "synthetic": ("data_prep.synthetic.command", "render labelled football sequences"),
    "doctor": ("sportstrack.doctor.command", "examine the installation, and say how to mend it"),
    "completion": ("sportstrack.completion.command", "complete words, options and files in a shell"),
}
"""Word → module with a ``main(argv) -> int``, and what it does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``sportstrack COMMAND …`` and return the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in COMMANDS:
        return _guarded(lambda: _command(words[0])(words[1:]), f"sportstrack {words[0]}")
    return _guarded(lambda: _without_command(words), "sportstrack")


def new_parser(
    program: str, about: str, examples: str, *, done: str = "0 done", interrupted: str = "", **more: Any
) -> argparse.ArgumentParser:
    """Return a command's parser, with ``--verbose`` and what all help texts end with.

    Args:
        program: the command as it is typed, ``sportstrack WORD``.
        about: what it does, in a sentence.
        examples: the end of its help text, as it is written there; the exit statuses follow.
        done: the exit statuses of a run that ended.
        interrupted: what holds after Ctrl-C, if there is something to know.
        **more: for argparse.
    """
    after = f" ({interrupted})" if interrupted else ""
    statuses = f"exit status: {done}, 2 bad input or settings, 130 interrupted{after}"
    parser = _Parser(
        prog=program,
        description=about,
        epilog=f"{examples.rstrip()}\n\n{statuses}\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **more,
    )
    help_text = "show where an error comes from: Python's traceback"
    parser.add_argument("--verbose", action="store_true", default=False, help=help_text)
    return parser


def run(
    parser: argparse.ArgumentParser, command: Callable[[argparse.Namespace], int], argv: Sequence[str] | None
) -> int:
    """Parse a command line, call the command's body with the options, and return the exit status.

    A user's error is printed as one line and gives 2; Ctrl-C, a polite kill and a closed terminal give 130.
    """
    return _guarded(lambda: command(parser.parse_args(argv)), parser.prog)


def print_json(content: Any) -> None:
    """Print one line of JSON. It is ASCII, so that it can be read back whatever the terminal's encoding is."""
    sys.stdout.write(json.dumps(content) + "\n")


def report_error(error: SportstrackError, name: str) -> None:
    """Print a user's error on standard error, its traceback with --verbose, and where the work done before it is."""
    if _Parser.verbose:
        traceback.print_exception(error)
    sys.stderr.write(f"{name}: error: {error}\n")
    if error.kept:
        sys.stderr.write(f"{name}: what was done before is in {', '.join(error.kept)}\n")


class _Parser(argparse.ArgumentParser):
    """argparse's, whose errors are one line and name the nearest option or choice."""

    verbose = False  # of the command line parsed last

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        pairs = {name for action in self._actions if isinstance(action, PairWords) for name in action.option_strings}
        return super().parse_known_args(PairWords.together(sys.argv[1:] if args is None else args, pairs), namespace)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        options, rest = self.parse_known_args(args, namespace)
        if rest:
            known = [name for action in self._actions for name in action.option_strings if name.startswith("--")]
            self.error(f"unknown argument {rest[0]!r}{nearest(rest[0].partition('=')[0], known)}")
        _Parser.verbose = bool(options.__dict__.pop("verbose", False))  # no setting of any command
        return options

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = list(map(str, action.choices))
            text = f"{value!r} is none of {', '.join(known)}{nearest(str(value), known)}"
            raise argparse.ArgumentError(action, text)


def _guarded(body: Callable[[], int], name: str) -> int:
    """Run a command's body with standard streams that cannot fail; turn what users cause into an exit status."""
    try:
        try:
            terminal.prepare()
            with as_interrupts():
                return body()
        except SportstrackError as error:
            report_error(error, name)
            return 2
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing in ("", "sportstrack", "data_prep"):
                raise
            report_error(missing_package(missing), name)
            return 2
        except KeyboardInterrupt:
            sys.stderr.write(f"{name}: interrupted\n")
            return 130
        finally:  # here and not when Python ends, where the closed pipe could not be caught
            terminal.flush()
    except BrokenPipeError:  # the reader of our output has gone, as in "… | head"
        terminal.abandon()
        return 1


def _command(word: str) -> Callable[[Sequence[str]], int]:
    """Load a command's module, which takes long enough to be interrupted, and return its ``main``."""
    found: Callable[[Sequence[str]], int] = import_module(COMMANDS[word][0]).main
    return found


def _without_command(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(_help())
        return 0
    if words[0] in ("-V", "--version"):
        sys.stdout.write(f"sportstrack {__version__}\n")
        return 0
    sys.stderr.write(
        f"sportstrack: error: no command {words[0]!r}{nearest(words[0], list(COMMANDS))} (see sportstrack --help)\n"
    )
    return 2


def _help() -> str:
    lines = [f"  {word:<12} {about}" for word, (_, about) in COMMANDS.items()]
    return "\n".join(
        [
            "usage: sportstrack COMMAND [options]",
            "",
            "Sports video in, every player and the ball followed, numbers that hold up.",
            "",
            "commands:",
            *lines,
            "",
            "sportstrack COMMAND --help shows more about each; try: sportstrack track --demo",
            "",
        ]
    )
