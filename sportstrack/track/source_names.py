"""Names of several sources' outputs: a source's own where no other has it, else a longer one."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sportstrack.files.claim import file_name, identity


def names_for(sources: Sequence[str]) -> list[str | None]:
    """Return an output name for each source that shares its own with another; None lets the source name itself."""
    stems = [stem_of(source) for source in sources]
    longer = [
        s if "://" in s else f"{Path(s).absolute().parent.name}_{stem}" for s, stem in zip(sources, stems, strict=True)
    ]
    shared = {stem for stem, times in Counter(map(str.casefold, stems)).items() if times > 1}
    taken = Counter(map(str.casefold, [*stems, *longer]))
    names: list[str | None] = []
    for source, stem, long in zip(sources, stems, longer, strict=True):
        if stem.casefold() not in shared:
            names.append(None)
        elif taken[long.casefold()] == 1 and "://" not in source:
            names.append(long)
        else:  # the same for the same source, whatever stands beside it
            names.append(file_name(f"{stem}-{hashlib.sha256(identity(source).encode()).hexdigest()[:8]}"))
    return names


def stem_of(source: str) -> str:
    """Return the name that a source gives its outputs, without opening it."""
    if "://" in source and not source.startswith("file://"):
        from sportstrack.video import address_name

        return address_name(source)
    path = Path(source.removeprefix("file://")).resolve()
    return path.stem if path.is_file() else path.name
