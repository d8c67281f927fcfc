"""The stage ``report``: everything that was measured, as HTML and as PDF."""

from __future__ import annotations

import json
import time
from typing import Any

from sportstrack.experiment.environment import environment
from sportstrack.experiment.report.circumstances import circumstances
from sportstrack.experiment.report.closing import again, discussion, limits
from sportstrack.experiment.report.document import Block, Citations, Document
from sportstrack.experiment.report.evidence import ReportEvidence, read_evidence
from sportstrack.experiment.report.html import html_page
from sportstrack.experiment.report.pdf import has_pdf, pdf_pages
from sportstrack.experiment.report.proposals import cost, proposals
from sportstrack.experiment.report.results import detector, errors, trackers, worst
from sportstrack.experiment.report.setting import data, method, summary
from sportstrack.experiment.report.sources import SOURCES
from sportstrack.experiment.settings import ExperimentSettings
from sportstrack.experiment.stage import Work, read_record
from sportstrack.files.claim import PartFile, write_text

NO_PDF = "no PDF: it needs reportlab; pip install 'sportstrack[report]', then run the same command again"


def write_report(experiment: ExperimentSettings, work: Work) -> None:
    """Write ``report.html``, ``report.pdf`` if it is asked for and can be made, and ``report.json`` with the notes."""
    found = read_evidence(experiment, work.results)
    around = (read_record(work.folder) or {}).get("around") or environment()
    document = compose(found, around, time.strftime("%Y-%m-%d"))
    write_text(work.folder / "report.html", html_page(document))
    notes = []
    if experiment.pdf and has_pdf():
        file = PartFile(work.folder / "report.pdf")
        file.write(pdf_pages(document))
        file.rename()
    elif experiment.pdf:
        notes.append(NO_PDF)
    write_text(work.folder / "report.json", json.dumps({"notes": notes}))


def compose(found: ReportEvidence, around: dict[str, Any], date: str) -> Document:
    """Return the report as a document.

    Args:
        found: what was measured.
        around: what it ran on.
        date: as it is printed.
    """
    cite = Citations(SOURCES)
    blocks: list[Block] = []
    blocks += summary(found)
    blocks += method(found, cite)
    blocks += data(found, cite)
    for part in (detector, trackers, errors, circumstances, worst, proposals, cost, discussion, limits):
        blocks += part(found)
    blocks += again(found, around)
    return Document(found.experiment.title, found.experiment.author, date, tuple(blocks), cite.sources)
