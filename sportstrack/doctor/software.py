"""Python, the packages that are needed, and those that may be added."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from itertools import zip_longest

from sportstrack import __version__
from sportstrack.doctor.verdict import FAILED, NOTE, OK, Verdict

EXTRAS = {
    "transformers": ("transformers", "detectors of Transformers"),
    "tensorflow": ("tensorflow", "detectors of TensorFlow"),
    "prune": ("torch-pruning", "train --prune"),
    "int8": ("nncf", "export --int8"),
    "numbers": ("rapidocr", "track --numbers"),
    "report": ("reportlab", "experiment's report as PDF"),
    "mlflow": ("mlflow", "train --mlflow"),
    "tensorboard": ("tensorboard", "train --tensorboard"),
    "pandas": ("pandas", "to_pandas() in Python"),
}
"""Extra → the package that it adds, and what for."""

_OLDEST, _NEWEST = (3, 10), (3, 13)


def python_and_platform() -> Iterator[Verdict]:
    """Say which versions run here."""
    yield Verdict("sportstrack", __version__)
    name = f"Python {platform.python_version()} on {platform.platform(terse=True)}, {platform.machine()}"
    known = _OLDEST <= sys.version_info[:2] <= _NEWEST
    fix = "" if known else "use Python 3.10 to 3.13"
    yield Verdict("Python", f"{name}, in {sys.prefix}", OK if known else FAILED, fix)


def needed_packages() -> Iterator[Verdict]:
    """Say which packages are missing or older than what this version asks for."""
    try:
        wanted = metadata.requires("sportstrack") or []
    except metadata.PackageNotFoundError:
        fix = "from the clone: pip install -e ."
        yield Verdict("packages", "sportstrack itself is not installed, so what it needs is not known", NOTE, fix)
        return
    found = []
    for line in wanted:
        requirement, _, marker = line.partition(";")
        match = re.match(r"([\w.-]+)(?:\[.*\])?\s*(?:>=\s*([\w.]+))?", requirement.strip())
        if match is None or "extra ==" in marker or not _applies(marker):
            continue
        name, least = match[1], match[2] or "0"
        version = _version(name)
        if version is None:
            yield Verdict("packages", f"{name} is missing", FAILED, f'pip install "{name}>={least}"')
        elif _older(version, least):
            text = f"{name} {version} is older than {least}"
            yield Verdict("packages", text, FAILED, f'pip install "{name}>={least}"')
        else:
            found.append(f"{name} {version}")
    yield Verdict("packages", ", ".join(found))


def extra_packages() -> Iterator[Verdict]:
    """Say which extras are there."""
    here, missing = [], []
    for extra, (package, purpose) in EXTRAS.items():
        version = _version(package)
        if version is None:
            missing.append(f"{extra} ({purpose})")
        else:
            here.append(f"{package} {version}")
    yield Verdict("extras", f"there: {', '.join(here) or 'none'}")
    if missing:
        text = f"not installed: {', '.join(missing)}"
        yield Verdict("extras", text, NOTE, "where you want one: pip install 'sportstrack[NAME]'")


def _applies(marker: str) -> bool:
    if not marker.strip():
        return True
    from packaging.markers import Marker

    return Marker(marker).evaluate()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _older(version: str, least: str) -> bool:
    have, want = ([int(part) for part in re.findall(r"\d+", text.partition("+")[0])] for text in (version, least))
    pairs = zip_longest(have, want, fillvalue=0)
    return next((a < b for a, b in pairs if a != b), False)
