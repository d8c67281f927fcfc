"""One option has one name, one default and one wording, whichever command has it; settings say the same everywhere."""

from __future__ import annotations

import argparse
import re
from collections import defaultdict

import pytest
from parsers import parser_of

from data_prep.audit import PixelSettings, Thresholds
from data_prep.audit.read import ReadSettings
from data_prep.augment.run import AugmentSettings
from data_prep.synthetic import Settings as SyntheticSettings
from sportstrack import cli
from sportstrack.cli.settings import OF_LIBRARIES
from sportstrack.detect.settings import DetectorSettings
from sportstrack.export.settings import ExportSettings
from sportstrack.label.run import LabelSettings
from sportstrack.mine.mined import MineSettings
from sportstrack.options import about, default_of
from sportstrack.sot.settings import SotSettings
from sportstrack.track.settings import TrackSettings
from sportstrack.train.settings import TrainSettings

PARSERS = {word: parser_of(word) for word in cli.COMMANDS}
DIFFERENT = {
    "--ball": "sot follows the ball itself",
    "--batch": "train: pictures per step",
    "--class-names": "each format numbers its classes in its own way",
    "--classes": "a data set has no COCO classes, and keeps the order that is given",
    "--config": "refine takes the settings of refinement from it",
    "--copy": "edit copies the video, data sets their pictures",
    "--detections": "refine takes from a recording what MOT text does not hold",
    "--device": "train takes several GPUs",
    "--draw": "pitch draws its model",
    "--dry-run": "augment reads and counts, batch and experiment check and plan",
    "--edits": "edit writes what refine and label read",
    "--every": "a tracker, labels, a data set and an audit leave out different things",
    "--epochs": "passes over pictures, and over crops",
    "--format": "each command prints its own forms",
    "--formats": "each command writes its own files",
    "--frame-rate": "refine reads no source, synthetic makes its frames",
    "--frames": "draw names them, synthetic counts them",
    "--from": "audit knows the layout by itself",
    "--held-out": "share of boxes, and of crops; data sets may have a split of their own",
    "--host": "edit is for this machine alone",
    "--id": "sot follows one track, presence draws several",
    "--images": "pictures of a data set, and of sequences for --diagnose",
    "--imgsz": "train has a default of its own; val and mine leave it to the library",
    "--init": "sot: the box to follow; experiment: an example",
    "--iou": "val and mine leave it to the library; evaluate: of masks or of boxes",
    "--json": "audit writes a file",
    "--layout": "of what is read, and of what is written",
    "--limit": "export shortens sequences as well",
    "--only": "tune: settings, data sets: splits",
    "--output": "label has no default; refine and presence may name a file",
    "--overwrite": "files of a run, a whole data set, a training run",
    "--pitch": "each command makes something else of it",
    "--list-settings": "of refinement, of sot",
    "--plots": "sot-evaluate draws always",
    "--port": "edit lets the system choose",
    "--precision": "export: of the numbers in a file",
    "--results": "files as they are, and files of a named tracker",
    "--by": "stats: what makes a player; else what cuts the scores",
    "--augment": "train: while it trains; mine: one by one",
    "--resume": "skips sources, or goes on with a run",
    "--retries": "of a job of the service, of a video of a batch",
    "--score": "mine: of the confusion table",
    "--seed": "tune promises the same result",
    "--sequences": "names, and how many",
    "--set": "settings of a tracker, of sot, of refinement, of Ultralytics",
    "--size": "of the picture, and the longer side",
    "--sport": "pictures of a data set, and the model of a pitch",
    "--split": "each command uses another one",
    "--start": "draw: a time; sot: a frame",
    "--to": "required by convert",
    "--val-share": "of frames, and of sequences",
    "--weights": "train takes architectures",
    "--workers": "train: readers of pictures; batch: processes with a model each",
}
"""Option → why it is not the same everywhere."""


def options() -> dict[str, dict[str, tuple]]:
    """Option → command → what its help and its default are."""
    found: dict[str, dict[str, tuple]] = defaultdict(dict)
    for word, parser in PARSERS.items():
        for action in parser._actions:
            if action.option_strings:
                default = None if action.default in (argparse.SUPPRESS, False) else action.default
                found[action.option_strings[-1]][word] = (action.help, action.metavar, default, action.choices)
    return found


def test_the_same_option_is_the_same_everywhere() -> None:
    wrong = {
        name: uses
        for name, uses in options().items()
        if name not in DIFFERENT and len(set(map(str, uses.values()))) > 1
    }
    assert wrong == {}


def test_exceptions_are_needed() -> None:
    found = options()
    assert [name for name in DIFFERENT if len(set(map(str, found[name].values()))) < 2] == []


@pytest.mark.parametrize("word", PARSERS)
def test_help_texts_end_with_the_exit_statuses_and_name_the_program(word: str) -> None:
    parser = PARSERS[word]
    assert parser.prog == f"sportstrack {word}"
    assert re.search(
        r"\n\nexit status: 0 .*, 2 bad input or settings, 130 interrupted( \(.*\))?\n$", parser.epilog or ""
    )
    assert (parser.epilog or "").count("exit status") == 1
    wanted = {"--verbose"} if word == "completion" else {"--verbose", "--quiet"}  # its only output is what it is for
    assert wanted <= set(parser._option_string_actions)


@pytest.mark.parametrize(
    "config",
    [
        DetectorSettings, TrackSettings, LabelSettings, MineSettings, TrainSettings, SotSettings, AugmentSettings,
        PixelSettings, ReadSettings, Thresholds, SyntheticSettings, ExportSettings,
    ],
)  # fmt: skip
def test_docstrings_begin_with_the_help_texts(config: type) -> None:
    entries = dict(
        re.findall(
            r"^        (\w+): ((?:.*\n)(?:            .*\n)*)",
            f"{config.__doc__}\n".partition("\n    Raises:")[0],
            flags=re.MULTILINE,
        )
    )
    own = set(config.__annotations__)
    assert entries.keys() == own
    for name in own:
        try:
            help_text = about(config, name).help
        except KeyError:
            continue  # no option
        if help_text != "one of these":
            assert " ".join(entries[name].replace("`", "").split()).startswith(help_text.replace("`", "")), name


@pytest.mark.parametrize("word", ["track", "label", "sot", "val", "mine"])
def test_options_of_detectors_are_the_settings_of_detectors(word: str) -> None:
    actions = {action.dest: action for action in PARSERS[word]._actions if action.option_strings}
    for name in set(actions) & set(DetectorSettings.__annotations__) - ({"score"} if word == "mine" else set()):
        changed = OF_LIBRARIES.get(name, {}) if word in ("val", "mine") else {}
        wanted = str(changed.get("help", about(DetectorSettings, name).help))
        if default_of(DetectorSettings, name) is True:  # the option switches it off
            wanted = f"do not {wanted}"
        assert (actions[name].help or "").startswith(wanted), name
        assert actions[name].default is argparse.SUPPRESS
