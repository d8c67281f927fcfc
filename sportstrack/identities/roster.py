"""A roster: the people who may be seen, with team, number, name and role, from a YAML or CSV file."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack.errors import FormatError, SettingError, nearest
from sportstrack.files.reading import LinedTable, read_text, read_yaml_text
from sportstrack.identities.table import LONGEST_NUMBER, LONGEST_TEXT, ROLES

COLUMNS = ("team", "number", "name", "role")
PLAYING = ("player", "goalkeeper")
MOST_PEOPLE = 1000
_EXAMPLE = "team,number,name,role"


@dataclass(frozen=True)
class RosterPerson:
    """One person.

    Attributes:
        team: its name; empty for officials.
        number: on the shirt, one to three digits as text; empty for none.
        name: of the person; made of team and number where the file gives none.
        role: one of `sportstrack.identities.table.ROLES` but ball.

    Raises:
        SettingError: a value that cannot be, or nobody to tell from others.
    """

    team: str = ""
    number: str = ""
    name: str = ""
    role: str = "player"

    def __post_init__(self) -> None:
        for column in ("team", "name"):
            text = getattr(self, column)
            if text != text.strip() or not text.isprintable() or len(text) > LONGEST_TEXT:
                raise SettingError(f"{column}: expected up to {LONGEST_TEXT} characters on one line, got {text[:60]!r}")
        if self.number and not (self.number.isascii() and self.number.isdigit() and len(self.number) <= LONGEST_NUMBER):
            raise SettingError(f"number: expected one to three digits, got {self.number[:60]!r}")
        roles = [role for role in ROLES if role != "ball"]
        if self.role not in roles:
            raise SettingError(f"role: {self.role[:60]!r} is none of {', '.join(roles)}{nearest(self.role, roles)}")
        if self.role in PLAYING and not self.team:
            raise SettingError("team: missing; players and goalkeepers need one, such as home")
        if not (self.number or self.name):
            raise SettingError("name: missing, and no number either; give one of the two")
        if not self.name:
            object.__setattr__(self, "name", f"{self.team} {self.number}".strip())


class Roster:
    """The people of a match, in the order of the file; iterate over it.

    Args:
        people: who may be seen.

    Raises:
        SettingError: nobody, too many, or two people who cannot be told apart.
    """

    def __init__(self, people: Iterable[RosterPerson]) -> None:
        self.people = tuple(people)
        if not self.people:
            raise SettingError("nobody is on the roster")
        if len(self.people) > MOST_PEOPLE:
            raise SettingError(f"{len(self.people)} people; expected at most {MOST_PEOPLE}")
        for k, person in enumerate(self.people):
            if (earlier := _twin(person, self.people[:k])) is not None:
                raise SettingError(clash(person, f"person {earlier + 1}"))
        self._roles = Counter((person.team, person.role) for person in self.people)
        self._numbers = Counter(person.number for person in self.people)

    def alone_in_role(self, person: RosterPerson) -> bool:
        """Return whether nobody else of the person's team has this role."""
        return self._roles[person.team, person.role] == 1

    def alone_in_number(self, person: RosterPerson) -> bool:
        """Return whether nobody else of any team wears the person's number."""
        return self._numbers[person.number] == 1

    def __len__(self) -> int:
        return len(self.people)

    def __iter__(self) -> Iterator[RosterPerson]:
        return iter(self.people)

    def __repr__(self) -> str:
        return f"<Roster: {len(self.people)} people of {', '.join(self.teams) or 'no team'}>"

    @property
    def teams(self) -> tuple[str, ...]:
        """The names of the teams, as they come."""
        return tuple(dict.fromkeys(person.team for person in self.people if person.team))

    @property
    def numbers(self) -> dict[str, list[str]] | None:
        """Team → the numbers that its people wear; who has no team may be in any. None where nobody has a number."""
        if not any(self._numbers.keys()):
            return None
        return {
            team: [one.number for one in self.people if one.number and one.team in (team, "")]
            for team in self.teams or ("",)
        }


def read_roster(path: str | Path) -> Roster:
    """Read a roster.

    CSV has a head line with some of ``team, number, name, role``, separated by commas, semicolons or tabs. YAML has a
    list of people with these keys, or a table: team → list of people, or team → number → name. The role is ``player``
    where none is given. Any encoding that `sportstrack.files.reading.decode` knows will do.

    Raises:
        FormatError: the file cannot be read, has an unknown column or value, or two people cannot be told apart; the
            message names the line and what to do.
    """
    rows = _yaml_rows(path) if Path(path).suffix.lower() in (".yaml", ".yml", ".json") else _csv_rows(path)
    people: list[RosterPerson] = []
    lines: list[int] = []
    for line, row in rows:
        where = f"{path}, line {line}"
        try:
            person = RosterPerson(**_values(row))
        except SettingError as error:
            raise FormatError(f"{where}: {error}") from error
        if (earlier := _twin(person, people)) is not None:
            raise FormatError(f"{where}: {clash(person, f'line {lines[earlier]}')}")
        people.append(person)
        lines.append(line)
    try:
        return Roster(people)
    except SettingError as error:
        raise FormatError(f"{path}: {error}; expected rows such as home,10,Ada Example,player") from error


def clash(person: RosterPerson, other: str) -> str:
    """Return what to say of a person who is like another one, which ``other`` names."""
    if person.number:
        return (
            f"number {person.number} of {person.team or 'no team'} is taken by {other}; give one of them another number"
        )
    return f"{person.name} of {person.team or 'no team'} is on {other} too, without a number; remove one"


def _twin(person: RosterPerson, others: Iterable[RosterPerson]) -> int | None:
    """Return the index of somebody with the same team and number, or without numbers the same team, name and role."""
    for k, other in enumerate(others):
        same = person.team.casefold() == other.team.casefold() and person.number == other.number
        if same and (person.number or (person.name, person.role) == (other.name, other.role)):
            return k
    return None


def _values(row: Mapping[str, Any]) -> dict[str, str]:
    out: dict[str, str] = {}
    for column, value in row.items():
        key = column.strip().lower()
        if key not in COLUMNS:
            raise SettingError(
                f"unknown column {column[:60]!r}{nearest(key, list(COLUMNS))}; known: {', '.join(COLUMNS)}"
            )
        if isinstance(value, (dict, list)):
            raise SettingError(f"{key}: expected a text, got {'a table' if isinstance(value, dict) else 'a list'}")
        if text := str(value).strip():
            out[key] = text.lower() if key == "role" else text
    return out


def _csv_rows(path: str | Path) -> Iterator[tuple[int, dict[str, str]]]:
    text = read_text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = max(",;\t", key=lambda one: len({cell.strip(' "').lower() for cell in first.split(one)} & set(COLUMNS)))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    head: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if head is None:
                head = _head(cells, path, reader.line_num)
                continue
            if len(cells) > len(head) and any(cell.strip() for cell in cells[len(head) :]):
                raise FormatError(f"{path}, line {reader.line_num}: {len(cells)} values for {len(head)} columns")
            yield reader.line_num, dict(zip(head, cells, strict=False))
    except csv.Error as error:
        raise FormatError(f"{path}, line {reader.line_num}: no CSV: {error}") from error


def _head(cells: list[str], path: str | Path, line: int) -> list[str]:
    head = [cell.strip().lower() for cell in cells]
    while head and not head[-1]:
        head.pop()
    odd = next((name for name in head if name not in COLUMNS), None)
    if odd is not None or not {"number", "name"} & set(head):
        found = (
            f"unknown column {odd[:60]!r}{nearest(odd, list(COLUMNS))}" if odd is not None else "no number and no name"
        )
        raise FormatError(f"{path}, line {line}: {found}; the head line names columns of {_EXAMPLE}")
    if len(set(head)) < len(head):
        twice = next(name for name in head if head.count(name) > 1)
        raise FormatError(f"{path}, line {line}: names the column {twice} twice")
    return head


def _yaml_rows(path: str | Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    data = read_yaml_text(path)
    rule = "a list of people with team, number, name and role, or a table team → people"
    if isinstance(data, list):
        yield from _people(data, {}, path, 1)
    elif isinstance(data, LinedTable):
        for team, people in data.items():
            if isinstance(people, list):
                yield from _people(people, {"team": team}, path, data.line)
            elif isinstance(people, LinedTable):
                for number, person in people.items():
                    more = person if isinstance(person, dict) else {"name": person}
                    line = person.line if isinstance(person, LinedTable) else people.line
                    yield line, {"team": team, "number": number, **more}
            else:
                raise FormatError(f"{path}, line {data.line}: {team[:60]}: expected people, got a text")
    else:
        raise FormatError(f"{path}: expected {rule}")


def _people(
    rows: list[Any], given: Mapping[str, str], path: str | Path, line: int
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for row in rows:
        if not isinstance(row, LinedTable):
            raise FormatError(
                f"{path}, line {line}: expected people such as {{number: 10, name: Ada Example}}, got {str(row)[:60]!r}"
            )
        line = row.line
        yield line, {**given, **row}
