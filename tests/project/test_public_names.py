"""What users import: every public name is in one table, and docs and examples teach names of ``sportstrack`` alone."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

import sportstrack

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").glob("*.py"))]
ALSO_TAUGHT = {"sportstrack.refine": {"refine"}}  # a function that bears its package's name stays in the package


def tree() -> ast.Module:
    return ast.parse(Path(sportstrack.__file__).read_text(encoding="utf-8"))


def code_of(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    yield from [text] if page.suffix == ".py" else re.findall(r"```(?:python|py)\n(.*?)```", text, flags=re.DOTALL)


def test_type_checkers_see_the_names_that_load_on_first_use() -> None:
    (for_types,) = [node for node in tree().body if isinstance(node, ast.If)]
    seen = {
        node.module: {one.name for one in node.names} for node in for_types.body if isinstance(node, ast.ImportFrom)
    }
    assert seen == {module: set(names) for module, names in sportstrack._NAMES.items()}


def test_all_lists_the_same_names() -> None:
    assert sorted(sportstrack.__all__) == sorted([*sportstrack._HOME, "__version__"])
    assert dir(sportstrack) == sorted(sportstrack.__all__)


@pytest.mark.parametrize("name", sportstrack.__all__)
def test_every_name_loads(name: str) -> None:
    assert getattr(sportstrack, name) is not None


def test_no_name_hides_a_package() -> None:
    packages = {path.stem for path in (ROOT / "sportstrack").iterdir()}
    assert set(sportstrack.__all__) & packages == {"track"}, "which is a package that can be called"
    from sportstrack.track import run

    assert callable(sportstrack.track)
    assert sportstrack.track.run is run


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'track_vidoe'"):
        sportstrack.track_vidoe  # noqa: B018


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_docs_and_examples_teach_public_names(page: Path) -> None:
    inner = []
    for code in code_of(page):
        for node in ast.walk(ast.parse(dedent(code))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sportstrack"):
                public = sportstrack.__all__ if node.module == "sportstrack" else ALSO_TAUGHT.get(node.module or "", ())
                inner += [f"{node.module}.{one.name}" for one in node.names if one.name not in public]
            elif isinstance(node, ast.Import):
                inner += [one.name for one in node.names if one.name.startswith("sportstrack.")]
    assert inner == []


def test_importing_the_package_loads_none_of_its_modules() -> None:
    code = "import sys, sportstrack; print(*[n for n in sys.modules if n.startswith(('sportstrack.', 'numpy'))])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
