"""Finished trials in an SQLite file that Optuna reads, too: the search goes on from it after Ctrl-C and kill -9."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack.errors import OutputError, SettingError


@dataclass(frozen=True)
class TunedTrial:
    """A finished trial.

    Attributes:
        number: from 0.
        value: the objective over all sequences of the search; of a trial that was ended, what it would have been.
        params: its point in the space.
        values: what it changed of the settings.
        title: what it is, if the sampler did not propose it.
        single: the objective of each sequence that was scored, in order.
        complete: whether all were scored.
        seconds: how long it took.
    """

    number: int
    value: float
    params: Mapping[str, Any]
    values: Mapping[str, Any]
    title: str
    single: tuple[float, ...]
    complete: bool
    seconds: float


class TrialStore:
    """The file of one or several searches.

    Args:
        path: the file; it is made if it is not there. None keeps nothing.
        identity: what a search depends on; a file of other searches is refused.

    Raises:
        OutputError: the file is of another search, or is no such file.
    """

    def __init__(self, path: Path | None, identity: Mapping[str, Any]) -> None:
        self._path, self._studies = path, dict[str, Any]()
        self._said = json.dumps(identity, sort_keys=True, default=str)

    def read(self, name: str) -> list[TunedTrial]:
        """Return the finished trials of a search."""
        study = self._study(name)
        return [] if study is None else [_trial(number, one) for number, one in enumerate(study.get_trials())]

    def add(self, name: str, trial: TunedTrial, places: Mapping[str, Any]) -> None:
        """Keep a finished trial; it is in the file as a whole or not at all."""
        study = self._study(name)
        if study is None:
            return
        import optuna
        from sqlalchemy.exc import SQLAlchemyError

        kept = {
            "values": json.dumps(dict(trial.values)),
            "title": trial.title,
            "estimate": trial.value,
            "seconds": trial.seconds,
        }
        states = optuna.trial.TrialState
        finished = optuna.trial.create_trial(
            state=states.COMPLETE if trial.complete else states.PRUNED,
            value=trial.value if trial.complete or trial.single else None,
            params=dict(trial.params),
            distributions=dict(places),
            user_attrs=kept,
            intermediate_values=dict(enumerate(trial.single)),
        )
        try:
            study.add_trial(finished)
        except SQLAlchemyError as error:
            raise OutputError(f"{self._path}: cannot be written: {str(error).splitlines()[0]}") from error

    def _study(self, name: str) -> Any:
        if self._path is None:
            return None
        if name not in self._studies:
            self._studies[name] = self._open(name)
        return self._studies[name]

    def _open(self, name: str) -> Any:
        import optuna
        from sqlalchemy.exc import SQLAlchemyError

        try:
            storage = optuna.storages.RDBStorage(f"sqlite:///{self._path}")
            study = optuna.create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
        except (SQLAlchemyError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise OutputError(f"{self._path}: not a file of searches ({reason}); choose another folder") from error
        said = study.user_attrs.get("search")
        if said is None and not study.get_trials():
            study.set_user_attr("search", self._said)
        elif said != self._said:
            raise OutputError(f"{self._path}: is of another search ({_difference(said, self._said)}); choose another "
                              "folder, or begin anew with --overwrite")  # fmt: skip
        return study


def _difference(before: str | None, now: str) -> str:
    """Name what differs between two searches."""
    old, new = (json.loads(text or "{}") for text in (before, now))
    other = [name for name in new if old.get(name) != new[name]]
    return f"other {', '.join(other[:6])}"


def _trial(number: int, one: Any) -> TunedTrial:
    kept = one.user_attrs
    return TunedTrial(
        number,
        kept["estimate"],
        one.params,
        json.loads(kept["values"]),
        kept["title"],
        tuple(one.intermediate_values[step] for step in sorted(one.intermediate_values)),
        one.state.name == "COMPLETE",
        kept["seconds"],
    )


def need_optuna() -> None:
    """Raise SettingError without Optuna."""
    try:
        import optuna
    except ImportError as error:
        raise SettingError("sportstrack tune needs Optuna: pip install 'sportstrack[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
