"""The overview of licences names every dependency, and says of each what the package says of itself."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata, requires
from pathlib import Path

import yaml

import sportstrack

FAMILIES = ("AGPL", "Apache", "BSD", "MIT", "MPL", "PSF")


def rows(root: Path) -> dict[str, str]:
    """Licence by package."""
    found = {}
    for line in (root / "docs" / "licences.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip(" *") for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) in (2, 3):
            names = re.sub(r"\(.*?\)", "", cells[-2])
            found |= {name.strip(): cells[-1] for name in names.split(",")}
    return found


def needed() -> list[str]:
    """Names of all dependencies but those of developers."""
    stated = [one for one in requires("sportstrack") or [] if "extra == 'dev'" not in one.replace('"', "'")]
    return sorted({name[0] for one in stated if (name := re.match(r"[\w.-]+", one)) and name[0] != "sportstrack"})


def test_every_dependency_has_its_licence(root: Path) -> None:
    missing = [name for name in needed() if name not in rows(root)]
    assert missing == []


def test_licences_are_those_the_packages_state(root: Path) -> None:
    told = rows(root)
    wrong = {}
    for name in needed():
        try:
            known = metadata(name)
        except PackageNotFoundError:
            continue
        classes = " ".join(one for one in known.get_all("Classifier", []) if one.startswith("License"))
        stated = " ".join([known.get("License-Expression") or "", (known.get("License") or "")[:60], classes])
        stated = stated.replace("Affero", "AGPL").replace("FreeBSD", "BSD").replace("Python Software", "PSF")
        families = [family for family in FAMILIES if family in stated]
        if families and not any(family in told[name] for family in families):
            wrong[name] = (told[name], stated)
    assert wrong == {}


def test_the_version_is_the_same_everywhere(root: Path) -> None:
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == sportstrack.__version__
    assert f'\nversion = "{sportstrack.__version__}"\n' in (root / "pyproject.toml").read_text(encoding="utf-8")
    assert f"\n## {sportstrack.__version__}" in (root / "CHANGELOG.md").read_text(encoding="utf-8")
    for name in ("Dockerfile", "Dockerfile.gpu", "compose.yaml"):
        assert f"sportstrack:{sportstrack.__version__}" in (root / "deploy" / name).read_text(encoding="utf-8")
