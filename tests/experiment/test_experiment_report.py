"""The report: what it holds, that nothing of a file gets into its markup, and how it looks to a browser."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sportstrack import ExperimentResult, run_experiment
from sportstrack.experiment.report import write
from sportstrack.experiment.report.document import (
    Citations,
    Document,
    ReportCode,
    ReportHeading,
    ReportList,
    ReportSource,
    ReportTable,
    ReportText,
    best_cells,
)
from sportstrack.experiment.report.html import html_page
from sportstrack.experiment.report.pdf import pdf_pages

Finished = tuple[Path, Path, ExperimentResult]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def pdf_text(data: bytes) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_the_page_has_all_sections_and_fetches_nothing(finished: Finished) -> None:
    page = finished[2].report.read_text(encoding="utf-8")
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", page)
    for wanted in ("Summary", "Method", "Data", "Results: the detector", "Results: the trackers", "Speed"):
        assert wanted in titles
    for wanted in ("Results: causes of errors", "Discussion", "Limits", "How to reproduce", "References"):
        assert wanted in titles
    assert "Results: light, occlusion, scale, speed" in titles
    assert "Proposed improvement: α · motion + (1 − α) · appearance" in titles
    assert not re.search(r'(?:src|href)="(?!data:|#|https://)', page)
    assert not re.search(r'<(?:script|link|iframe)|src="http', page)
    assert page.count("<figcaption>Figure") == page.count('<svg role="img"') + page.count("<img ")


def test_numbers_of_the_page_are_those_of_the_scores(finished: Finished) -> None:
    page, result = finished[2].report.read_text(encoding="utf-8"), finished[2]
    for scores in result.scores.values():
        assert f">{100 * scores.HOTA:.1f}<" in page
        assert f">{scores.CLR_FN:,}<" in page
    row = result.comparisons[1]["rows"][1]
    assert f"{100 * row['figures']['IDF1']:.1f}" in page


def test_what_comes_from_files_is_escaped(finished: Finished) -> None:
    page = finished[2].report.read_text(encoding="utf-8")
    assert "Toy &lt;experiment&gt; &amp; &quot;more&quot;" in page
    assert "Sports &lt;i&gt;" in page
    assert "<i>" not in page
    assert "<b>" not in page


def test_every_citation_has_its_source(finished: Finished) -> None:
    page = finished[2].report.read_text(encoding="utf-8")
    cited = {int(number) for number in re.findall(r'href="#source-(\d+)"', page)}
    there = {int(number) for number in re.findall(r'id="source-(\d+)"', page)}
    assert cited == there == set(range(1, len(there) + 1))
    assert "Bewley" in page


def test_the_page_is_well_formed(finished: Finished) -> None:
    class Nesting(HTMLParser):
        """Follows which tags are open."""

        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "img", "br", "link"):
                self.open.append(tag)

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    parser = Nesting()
    parser.feed(finished[2].report.read_text(encoding="utf-8"))
    assert parser.open == []


def test_the_pdf_has_the_same_contents(finished: Finished) -> None:
    assert finished[2].pdf is not None
    text = pdf_text(finished[2].pdf.read_bytes())
    for wanted in ("Toy <experiment>", "Sports <i>", "α · motion + (1 − α) · appearance", "Discussion", "References"):
        assert wanted in text
    for scores in finished[2].scores.values():
        assert f"{100 * scores.HOTA:.1f}" in text


def test_a_document_of_anything_can_be_written() -> None:
    odd = "<a href='x'>&amp; 学生 ひらがな 한국어 α − → 🙂 </p> " + "x" * 300
    table = ReportTable(("a", odd), tuple((odd, str(i)) for i in range(120)), odd)
    wide = ReportTable(tuple("abcdefghijklmnopqrst"), (tuple("1" * 20),), "wide")
    blocks = (
        ReportHeading(odd),
        ReportText(odd),
        ReportText(odd, "question"),
        ReportList((odd,)),
        ReportCode(odd),
        table,
        wide,
    )
    document = Document(odd, odd, "", blocks, (ReportSource(odd, 'https://x.org/?a="b"&c'),))
    page = html_page(document)
    assert "<a href='x'>" not in page
    assert 'href="https://x.org/?a=&quot;b&quot;&amp;c"' in page
    text = pdf_text(pdf_pages(document))
    assert "<a href='x'>&amp; 学生" in text.replace("\r\n", " ").replace("\n", " ")
    assert "119" in text


def test_best_cells_are_the_greatest_or_least() -> None:
    rows = (("a", "1.0", "3"), ("b", "−2.0", "1,000"), ("c", "1.0", "–"))
    assert best_cells(rows, [1], least=[2]) == {(0, 1), (2, 1), (0, 2)}
    assert best_cells(rows[:1], [1]) == frozenset()


def test_sources_are_numbered_in_the_order_of_their_citation() -> None:
    cite = Citations({name: ReportSource(name, "") for name in "abc"})
    assert (cite("c"), cite("a", "c"), cite("b")) == ("[1]", "[2, 1]", "[3]")
    assert [one.text for one in cite.sources] == ["c", "a", "b"]


def test_without_the_library_the_page_alone_is_written_and_the_fix_is_said(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, output, _ = finished
    copy = tmp_path / "out"
    shutil.copytree(output, copy)
    shutil.rmtree(copy / "report")
    monkeypatch.setattr(write, "has_pdf", lambda: False)
    result = run_experiment(config, copy)
    assert result.ran == ("report",)
    assert result.pdf is None
    assert result.notes == (write.NO_PDF,)
    assert "pip install 'sportstrack[report]'" in write.NO_PDF


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_shows_it_in_a_narrow_window_light_and_dark(finished: Finished) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 360, "height": 800}, color_scheme=scheme)
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(finished[2].report.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
            assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
            assert Axe().run(page).response["violations"] == []
        browser.close()
