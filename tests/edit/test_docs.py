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
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{' '.join(shown.split())}` | {words} |" for shown, words in page.evaluate(KEYS)]
