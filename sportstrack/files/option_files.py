"""Claims on single files that options name, wherever they lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sportstrack.errors import OutputError
from sportstrack.files.claim import Claim, PartFile


@contextmanager
def claimed(
    paths: Iterable[str | Path],
    *,
    command: str,
    source: str | Path | None = None,
    inputs: Sequence[str | Path] = (),
    overwrite: bool = False,
    make_folders: bool = False,
) -> Iterator[list[PartFile]]:
    """Claim some files before the work and give a `PartFile` for each, to be completed by the block.

    Args:
        paths: the files.
        command: as for `sportstrack.files.claim.Claim`.
        source: as there.
        inputs: as there.
        overwrite: as there.
        make_folders: make missing folders, too.

    Raises:
        OutputError: as `sportstrack.files.claim.Claim`, or a folder is missing.
    """
    files = [Path(path) for path in paths]
    for path in files:
        if not make_folders and not path.parent.is_dir():
            raise OutputError(f"{path}: cannot be written: there is no folder {path.parent}")
    with ExitStack() as stack:
        claims = [
            stack.enter_context(
                Claim(
                    path.parent, [path.name], command=command, source=source, inputs=inputs, overwrite=overwrite,
                    stem=path.name,
                )
            )
            for path in files
        ]  # fmt: skip
        yield [claim.file(path.name) for claim, path in zip(claims, files, strict=True)]
