"""Sequence folders as MOTChallenge has them: where the images stand."""

from __future__ import annotations

from pathlib import Path

from sportstrack.errors import SourceError
from sportstrack.files.reading import is_folder
from sportstrack.seqinfo import SequenceInfo, read_sequence_info


def find_sequence(path: Path) -> tuple[Path, Path, SequenceInfo | None]:
    """Return (folder that names the source, folder of images, what seqinfo.ini says or None for a plain folder)."""
    if path.name.lower() == "seqinfo.ini":
        path = path.parent
    for root in (path, path.resolve().parent):
        if (root / "seqinfo.ini").is_file():
            stated = read_sequence_info(root)
            folder = root / (stated.image_folder or "img1")
            if root == path or folder.resolve() == path.resolve():
                if not is_folder(folder):
                    raise SourceError(f"{root / 'seqinfo.ini'}: its image folder {folder} does not exist")
                return root, folder, stated
    if (path / "img1").is_dir():
        return path, path / "img1", SequenceInfo()
    return path, path, None
