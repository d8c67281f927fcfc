"""The pages' mermaid diagrams as pictures that are in the repository: no script, no network. A hook of MkDocs.

    npm pack mermaid@11 && tar xf mermaid-11*.tgz package/dist/mermaid.min.js
    python docs/diagrams.py package/dist/mermaid.min.js

draws what is new or was changed (with the system's Chromium, through Playwright), and removes what no page has now.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
PICTURES = DOCS / "images" / "diagrams"
_BLOCK = re.compile(r"^```mermaid\n(.*?)^```[ ]*$", re.DOTALL | re.MULTILINE)
_WIDTH, _SMALLEST = re.compile(r"max-width: ([\d.]+)px;"), 0.7  # smaller than this part of its size, a picture scrolls
_SETTINGS = {
    "startOnLoad": False,
    "theme": "neutral",
    "fontFamily": "Helvetica, Arial, sans-serif",
    "htmlLabels": False,
    "flowchart": {"htmlLabels": False, "useMaxWidth": True},
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page with its diagrams as pictures within it, in the colours of the page."""
    return _BLOCK.sub(_drawn, markdown)


def _drawn(found: re.Match[str]) -> str:
    picture = picture_of(found[1])
    if not picture.is_file():
        return found[0]
    svg = _WIDTH.sub(_sized, picture.read_text("utf-8"))
    return f'<div class="diagram">{svg.strip()}</div>'


def _sized(width: re.Match[str]) -> str:
    return f"{width[0]} min-width: {float(width[1]) * _SMALLEST:.0f}px;"


def picture_of(diagram: str) -> Path:
    """Return where the picture of a diagram is."""
    return PICTURES / f"{hashlib.sha256(diagram.encode()).hexdigest()[:12]}.svg"


def diagrams() -> list[str]:
    """Return the diagrams of all pages."""
    return [text for page in sorted(DOCS.rglob("*.md")) for text in _BLOCK.findall(page.read_text("utf-8"))]


def main(script: Path) -> None:
    """Draw the diagrams that have no picture yet."""
    from playwright.sync_api import sync_playwright

    wanted = {picture_of(text): text for text in diagrams()}
    for old in set(PICTURES.glob("*.svg")) - set(wanted):
        old.unlink()
    with sync_playwright() as client:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = client.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.add_script_tag(path=script)
        page.evaluate("settings => mermaid.initialize(settings)", _SETTINGS)
        for picture, text in wanted.items():
            if not picture.is_file():
                name = f"diagram-{picture.stem}"
                drawn = page.evaluate("async ([name, text]) => (await mermaid.render(name, text)).svg", [name, text])
                picture.parent.mkdir(parents=True, exist_ok=True)
                picture.write_text(" ".join(drawn.split()) + "\n", "utf-8")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
