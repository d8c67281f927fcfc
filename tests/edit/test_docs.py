"""The table of keys in the documentation is that of the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

KEYS = """async () => {
  const { GROUPS } = await import('/static/edit/keys.js');
  return GROUPS.flatMap(([, keys]) => keys.filter((one) => one.shown).map((one) => [one.shown, one.text]));
}"""


def test_the_documented_keys_are_those_of_the_page(page: Any, root: Path) -> None:
    text = (root / "docs" / "edit.md").read_text(encoding="utf-8")
    section = text.partition("\n## Keys\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows
    assert rows == [f"| `{' '.join(shown.split())}` | {words} |" for shown, words in page.evaluate(KEYS)]
