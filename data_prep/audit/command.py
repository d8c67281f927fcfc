"""The command ``sportstrack audit``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from data_prep.audit.labels import Thresholds
from data_prep.audit.pixels import PixelSettings
from data_prep.audit.read import ReadSettings
from data_prep.audit.run import Audit, AuditSettings, audit
from sportstrack.cli import new_parser, run
from sportstrack.cli.arguments import Together, Whole, words
from sportstrack.cli.progress import ProgressBar
from sportstrack.cli.settings import add_settings, given, help_text
from sportstrack.cli.shared import add_quiet, add_voc_edges, add_workers, add_zero_based
from sportstrack.files.claim import PartFile
from sportstrack.options import about

if TYPE_CHECKING:
    from data_prep.audit.findings import Finding

PROGRAM = "sportstrack audit"

_EXAMPLES = """examples:
  all that is wrong with a data set, as text and as a page with example pictures:
    sportstrack audit SportsMOT --html audit.html
  a large one: every 10th picture, four at a time, findings for a program:
    sportstrack audit football-yolo --every 10 --workers 4 --json audit.json
  in a script: end with status 1 if anything is found, apart from what is accepted:
    sportstrack audit MOT17/train --labels-only --quiet --ignore beyond-picture,class-imbalance
  write a mended copy; SNMOT-060-mended/changes.csv lists what was changed:
    sportstrack audit SNMOT-060 --fix SNMOT-060-mended
  COCO, whose pictures lie elsewhere:
    sportstrack audit coco/annotations --from coco --images coco/val2017

DIR is a data set of any layout that data_prep reads: SportsMOT, SoccerNet, MOTChallenge and DanceTrack folders or zips,
YOLO (data.yaml), COCO JSON, Pascal VOC. Rows that its readers refuse are read here and reported with file and line.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Audit as the command line asks and return the exit status."""
    return run(_parser(), _main, argv)


def _parser() -> argparse.ArgumentParser:
    parser = new_parser(
        PROGRAM,
        "Find what is wrong with a data set: frames, pictures, boxes, identities, splits.",
        _EXAMPLES,
        done="0 nothing found, 1 something found",
    )
    add = parser.add_argument
    add("root", metavar="DIR", type=Path, help="the data set's folder, zip, data.yaml or JSON file")
    layouts = about(ReadSettings, "layout")
    add("--from", dest="layout", choices=layouts.choices, help=help_text(layouts, None))
    add_settings(parser, ReadSettings, ("images", "class_names"))
    add_zero_based(parser)
    add_voc_edges(parser)

    group = parser.add_argument_group("what is looked for")
    add = group.add_argument
    add(
        "--ignore",
        type=words,
        action=Together,
        default=(),
        metavar="FINDING,…",
        help="leave these findings out, dashes for spaces, such as jump,class-imbalance",
    )
    add("--labels-only", action="store_true", help="labels alone, no pictures")
    add_settings(group, PixelSettings, ("every",))
    add_settings(group, Thresholds, [one.name for one in fields(Thresholds)])

    group = parser.add_argument_group("output")
    add = group.add_argument
    add("--json", type=Path, metavar="FILE", help="write all findings and histograms, for a program")
    add("--html", type=Path, metavar="FILE", help="write a page with example pictures and histograms")
    add(
        "--examples",
        type=Whole(0, 1000),
        default=4,
        metavar="N",
        help="pictures per finding on the page (4), and lines printed",
    )
    add("--fix", type=Path, metavar="OUT", help="mend what is safe into a new folder; OUT/changes.csv lists it")
    add("--changes", type=Path, metavar="FILE", help="list the changes of --fix here as well (.csv or .json)")
    add("--copy", action="store_true", help="copy pictures instead of linking them")
    add("--overwrite", action="store_true", help="replace reports, and with --fix a data set that this program wrote")
    add_workers(group)
    add_settings(group, PixelSettings, ("cache",))
    add_quiet(group)
    return parser


def _main(options: argparse.Namespace) -> int:
    from data_prep.stage import check_place
    from sportstrack.files.option_files import claimed

    asked = [path for path in (options.json, options.html, options.changes) if path]
    with claimed(
        asked, command=PROGRAM, source=options.root, inputs=[options.root], overwrite=options.overwrite
    ) as claims:
        files = dict(zip(asked, claims, strict=True))
        if options.fix:
            check_place(options.fix)
        with ProgressBar("audit", "picture", options.quiet) as bar:
            found = audit(options.root, _settings(options, bar))
        if not options.quiet:
            sys.stdout.write(summary(found, options.examples))
            sys.stdout.flush()
        _write_reports(found, options, files)
        if options.fix:
            _fix(found, options, files)
    return 0 if found.clean else 1


def summary(found: Audit, examples: int = 4) -> str:
    """Return the table that is printed: each finding's number, and where the first ones are."""
    table = found.source.table
    head = f"{found.root}: {len(table.images):,} pictures, {len(table.boxes):,} boxes ({found.source.layout} layout)\n"
    notes = "".join(f"note: {note}\n" for note in table.notes)
    if not found.source.has_pictures:
        notes += "note: labels alone; nothing that needs pixels was looked at\n"
    if found.clean:
        return f"{head}{notes}nothing found\n"
    counts = found.counts()
    wide = max(map(len, counts))
    lines = []
    for kind, count in counts.items():
        lines.append(f"{kind:<{wide}}  {count:>9,}")
        mine = [finding for finding in found.findings if finding.kind == kind]
        lines += [f"    {f.where() or f.split or 'data set'}{_frame(f)}: {f.message}" for f in mine[: max(0, examples)]]
        if count > examples > 0:
            lines.append(f"    … and {count - examples:,} more")
    return head + notes + "\n".join(lines) + "\n"


def _frame(finding: Finding) -> str:
    return "" if finding.frame is None else f", frame {finding.frame}"


def _settings(options: argparse.Namespace, bar: ProgressBar) -> AuditSettings:
    pixels = PixelSettings(**given(options, PixelSettings), progress=bar)
    return AuditSettings(
        read=ReadSettings(**given(options, ReadSettings)),
        thresholds=Thresholds(**given(options, Thresholds)),
        pixels=None if options.labels_only else pixels,
        ignore=tuple(options.ignore),
    )


def _write_reports(found: Audit, options: argparse.Namespace, files: dict[Path, PartFile]) -> None:
    if options.json:
        import json

        _write(files[options.json], json.dumps(found.record(), indent=1, ensure_ascii=False) + "\n")
    if options.html:
        from data_prep.audit.page import audit_page

        _write(files[options.html], audit_page(found, options.examples))


def _write(file: PartFile, text: str) -> None:
    file.write(text.encode(errors="backslashreplace"))
    file.complete()


def _fix(found: Audit, options: argparse.Namespace, files: dict[Path, PartFile]) -> None:
    from data_prep.audit.findings import check_kinds
    from data_prep.audit.fix import changes_text, write_repaired

    with ProgressBar("fix", "picture", options.quiet) as bar:
        changes = write_repaired(
            found, options.fix, _settings(options, bar).thresholds, ignore=check_kinds(options.ignore),
            copy=options.copy, overwrite=options.overwrite, workers=options.workers, progress=bar,
        )  # fmt: skip
    if options.changes:
        _write(files[options.changes], changes_text(changes, options.changes.suffix.lstrip(".").lower()))
    if not options.quiet:
        sys.stdout.write(f"wrote {options.fix}: {len(changes):,} changes, listed in {options.fix / 'changes.csv'}\n")
