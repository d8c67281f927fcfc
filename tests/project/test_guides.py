"""The guides: figures from other pages are those of these pages, questions have answers, pictures are small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROWS = {  # what choose.md recommends → the row of comparison.md
    "SportsTrack with `--offline`": "SportsTrack, refined",
    "SportsTrack": "SportsTrack",
    "ByteTrack with `--offline`": "ByteTrack, refined",
    "C-BIoU": "C-BIoU",
    "Deep-EIoU with `--embedder osnet`; here without": "Deep-EIoU",
    "ByteTrack": "ByteTrack",
    "SORT": "SORT",
}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("| ").split("|")]


def test_figures_of_trackers_are_those_of_the_comparison() -> None:
    compared = {
        row[0].strip("* ").removeprefix("sportstrack "): [row[2], row[3], row[4]]
        for row in map(cells, (DOCS / "comparison.md").read_text("utf-8").splitlines())
        if row[0].startswith("**sportstrack")
    }
    chosen = {
        row[1]: row[2:]
        for row in map(cells, (DOCS / "guides" / "choose.md").read_text("utf-8").splitlines())
        if len(row) == 5 and row[1] in ROWS
    }
    assert chosen == {ours: compared[theirs] for ours, theirs in ROWS.items()}


def slugs(page: Path) -> set[str]:
    """Anchors of a page's headings, as the site makes them."""
    titles = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title.lower())).strip("-") for title in titles}


def test_twenty_questions_lead_to_headings() -> None:
    text = (DOCS / "questions.md").read_text("utf-8")
    questions = re.findall(r"^\d+\. \*\*.+\?\*\*|^\d+\. \*\*.+\.\*\*", text, re.MULTILINE)
    assert len(questions) == 20
    assert len(re.findall(r"^ +→ \[", text, re.MULTILINE)) == 20
    for page, anchor in re.findall(r"\]\(([\w/-]+\.md)#?([\w-]*)\)", text):
        assert (DOCS / page).is_file(), page
        assert not anchor or anchor in slugs(DOCS / page), f"{page}#{anchor}"


@pytest.mark.parametrize("name", ["guide-heat.jpg", "guide-players.jpg", "guide-clip.jpg"])
def test_pictures_of_guides_are_small(name: str) -> None:
    assert 5_000 < (DOCS / "images" / name).stat().st_size < 200_000
