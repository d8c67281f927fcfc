"""``gameinfo.ini`` of SoccerNet: role, team and number of each track of a ground truth.

Cioppa et al., "SoccerNet-Tracking" (CVPRW 2022): ``trackletID_1= player team left;10``, ``trackletID_3= referee;main``,
``trackletID_4= ball;1``, ``trackletID_9= goalkeeper team right;x`` where a number is never seen.
"""

from __future__ import annotations

import re
from pathlib import Path

from sportstrack.errors import FormatError, SettingError
from sportstrack.files.reading import parse_pairs, read_text
from sportstrack.identities.table import LONGEST_NUMBER, ROLES, Identities, Identity

TRACKLET = re.compile(r"trackletid_(\d{1,15})$")
_ROLE = re.compile(r"^(?P<role>[^;]*?)(?:\s+team\s+(?P<team>[^;]*))?(?:;(?P<number>.*))?$", re.IGNORECASE)


def parse_role(text: str) -> tuple[str, str, str]:
    """Take ``goalkeeper team left;1`` apart: role, team and number; plurals, spaces and capitals are forgiven."""
    found = _ROLE.match(text.strip())
    role, team, number = (found.group(i) or "" for i in (1, 2, 3)) if found else (text, "", "")
    role = " ".join(role.lower().split())
    singular = role.removesuffix("s")
    return singular if singular in ROLES else role, team.strip().lower(), number.strip()


def read_gameinfo(path: str | Path) -> Identities:
    """Read the truth of who is who: a row for each track, with full confidence.

    A number that is no number (``x``) is unknown, and so is the number of anyone but players and goalkeepers. A role of
    another name (``staff``) is ``other``.

    Raises:
        FormatError: the file cannot be read, or names no track.
    """
    pairs = parse_pairs(read_text(path), str(path))
    rows = []
    for key, (value, line) in pairs.items():
        if (found := TRACKLET.match(key)) is None:
            continue
        role, team, number = parse_role(value)
        role = role if role in ROLES or not role else "other"
        plays = role in ("player", "goalkeeper")
        shirt = number if plays and number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER else ""
        try:
            track = int(found.group(1))
            rows.append(
                Identity(
                    track, team=team, role=role, number=shirt, team_confidence=1.0, role_confidence=1.0,
                    number_confidence=1.0,
                )
            )  # fmt: skip
        except SettingError as error:
            raise FormatError(f"{path}, line {line}: {error}") from error
    if not rows:
        raise FormatError(f"{path}: names no track; expected lines such as trackletID_1= player team left;10")
    return Identities(rows)
