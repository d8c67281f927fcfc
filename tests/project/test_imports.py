"""The import law: what may import what, and that nothing heavy loads before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from sportstrack import cli

HEAVY = (
    *("torch", "torchvision", "ultralytics", "cv2", "scipy", "matplotlib", "supervision", "av"),
    *("transformers", "tensorflow", "detectron2", "openvino", "onnx", "onnxruntime"),
)
FLOORS = (
    {"limits"},
    {"errors"},
    {"masks", "checks", "columns", "files", "plugins", "kinds"},
    {"types", "options", "spaces"},
    {
        "boxes",
        "kalman",
        "assign",
        "appearance",
        "bystanders",
        "images",
        "models",
        "cli",
        "keywords",
        "pitch",
    },
    {"chunks", "identities"},
    {"mot", "recording", "seqinfo"},
    {"mots"},
    {"classes", "foreign"},
    {"video", "trackers", "score", "engines"},
    {"camera", "detect", "embed", "field", "numbers", "refine", "shots", "data_prep"},
    {"draw", "edits"},
    {"track", "sot", "train", "reid", "val", "evaluate", "presence", "stats", "calibrate", "roster", "send", "client"},
    {"label", "mine", "doctor", "completion", "export", "teams", "tune", "batch"},
    {"serve", "experiment"},
    {"edit"},
)
"""Packages and modules of ``sportstrack``, and ``data_prep`` as a whole: each may import what is on lower floors."""

GROUND = {
    "masks",
    "checks",
    "columns",
    "types",
    "boxes",
    "kalman",
    "assign",
    "appearance",
    "bystanders",
    "chunks",
    "errors",
    "identities",
    "mot",
    "mots",
    "seqinfo",
    "pitch",
    "recording",
    "trackers",
    "score",
    "refine",
    "edits",
}
"""They and what they import load numpy and the standard library alone (scipy inside functions)."""

USE_DATA_PREP = {"train", "reid", "val", "mine", "label", "export", "experiment"}
SHARED = {  # by the trackers
    "checks", "clock", "directions", "duplicates", "fusion", "gallery", "reupdate", "rows", "shapes", "xyah", "xysr",
}  # fmt: skip

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p
    for package in ("sportstrack", "data_prep")
    for p in sorted((ROOT / package).rglob("*.py"))
}
COMMANDS = sorted(cli.COMMANDS)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path, everywhere: bool = True) -> frozenset[str]:
    """The dotted names that a file imports: anywhere, or when it is loaded."""
    return frozenset(_imports(path, everywhere))


def _imports(path: Path, everywhere: bool) -> Iterator[str]:
    tree = parsed(path)
    for node in ast.walk(tree) if everywhere else _when_loaded(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _when_loaded(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if for_types or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        yield child
        yield from _when_loaded(child)


def own(path: Path, everywhere: bool = True) -> set[str]:
    """The project's own modules that a file imports."""
    ours = {name for name in imports(path, everywhere) if name.partition(".")[0] in ("sportstrack", "data_prep")}
    return {name if name in MODULES else name.rpartition(".")[0] for name in ours}


def unit(module: str) -> str:
    """The package or module of the top level that a module belongs to; "" for ``sportstrack`` itself."""
    parts = module.split(".")
    return parts[0] if parts[0] == "data_prep" else "".join(parts[1:2])


FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}


def test_every_package_has_a_floor() -> None:
    assert {unit(module) for module in MODULES} - {"", "__main__"} == set(FLOOR)


@pytest.mark.parametrize("module", sorted(m for m in MODULES if unit(m) not in ("", "__main__")))
def test_what_is_imported_stands_on_lower_floors(module: str) -> None:
    here = unit(module)
    if module.endswith(".command"):
        return  # a command stands above all: nobody imports it
    for other in {unit(name) for name in own(MODULES[module])} - {here, ""}:
        assert FLOOR[other] < FLOOR[here], f"{module} imports {other}"


def test_there_is_no_circle() -> None:
    rest = {module: own(path, everywhere=False) - {module} for module, path in MODULES.items()}
    for module, needed in rest.items():  # a module is loaded after the packages around it
        needed.discard("sportstrack")
        needed -= {module.rpartition(".")[0]}
    while leaves := [module for module, needed in rest.items() if not needed & rest.keys()]:
        for module in leaves:
            del rest[module]
    assert not rest


def test_no_module_imports_a_command() -> None:
    for module, path in MODULES.items():
        if not module.endswith("__main__"):
            assert not [name for name in own(path) if name.endswith(".command")], module


@pytest.mark.parametrize("command", COMMANDS)
def test_a_word_is_a_package_with_a_command(command: str) -> None:
    module, _ = cli.COMMANDS[command]
    package = module.removesuffix(".command")
    assert module.endswith(".command")
    assert package.rpartition(".")[2] == command.rpartition("-")[2]
    assert {module, f"{package}.__main__"} <= MODULES.keys()


def test_only_commands_know_argparse() -> None:
    allowed = {"sportstrack.cli", "sportstrack.cli.arguments", "sportstrack.cli.settings", "data_prep.conversion"}
    for module, path in MODULES.items():
        if not module.endswith(".command") and module not in allowed:
            assert "argparse" not in {name.partition(".")[0] for name in imports(path)}, module


def test_no_two_public_classes_share_a_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for module, path in MODULES.items():
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(module)
    allowed = {"Rows"}  # each tracker's own table of tracks
    assert {name: found for name, found in places.items() if len(found) > 1 and name not in allowed} == {}


@pytest.mark.parametrize("module", sorted(m for m in MODULES if unit(m) in GROUND and not m.endswith("command")))
def test_the_ground_imports_numpy_alone(module: str) -> None:
    at_top = {name.partition(".")[0] for name in imports(MODULES[module], everywhere=False)}
    assert at_top <= {"numpy", "sportstrack", "__future__", *sys.stdlib_module_names}


def test_data_prep_rests_on_the_ground_and_few_rest_on_it() -> None:
    for module, path in MODULES.items():
        if unit(module) != "data_prep" and "data_prep" in {unit(name) for name in own(path)}:
            assert unit(module) in USE_DATA_PREP, module


@pytest.mark.parametrize("module", sorted(MODULES))
def test_heavy_packages_are_imported_inside_functions(module: str) -> None:
    assert not {name.partition(".")[0] for name in imports(MODULES[module], everywhere=False)} & set(HEAVY)


def test_no_tracker_imports_a_sibling_and_none_inherits() -> None:
    shared = {f"sportstrack.trackers.{name}" for name in SHARED}
    for module, path in MODULES.items():
        parts = module.split(".")
        if parts[:2] != ["sportstrack", "trackers"] or len(parts) < 3 or module in shared:
            continue
        family = ".".join(parts[:3])
        siblings = {n for n in own(path) if n.startswith("sportstrack.trackers.") and not n.startswith(family)}
        assert siblings <= shared, module
        for node in ast.walk(parsed(path)):
            assert not (isinstance(node, ast.ClassDef) and node.bases), f"{module}: {node.name}"


def test_nothing_imports_benchmarks_examples_or_tests() -> None:
    for module, path in MODULES.items():
        assert not {n.partition(".")[0] for n in imports(path)} & {"benchmarks", "examples", "tests"}, module


# --- in a fresh interpreter ------------------------------------------------------------------------------------------


def loaded_by(code: str) -> set[str]:
    """The heavy packages that are in sys.modules after running some code in a new interpreter."""
    report = f"import sys; sys.stderr.write(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    wrapped = f"import atexit\natexit.register(exec, {report!r}, {{}})\n{code}"
    done = subprocess.run([sys.executable, "-c", wrapped], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_the_check_sees_what_is_loaded() -> None:
    assert "scipy" in loaded_by("import scipy")


@pytest.mark.parametrize(
    "code",
    [
        "import sportstrack",
        "import sportstrack; dir(sportstrack)",
        "from sportstrack import SORT, ByteTrack, Detections, create_tracker",
        "import sportstrack; sportstrack.create_tracker('sort').update(sportstrack.Detections.empty())",
    ],
)
def test_importing_loads_nothing_heavy(code: str) -> None:
    assert not loaded_by(code)


def test_help_of_every_word_loads_nothing_heavy() -> None:
    calls = [["--help"], ["--version"], *([word, "--help"] for word in COMMANDS)]
    code = (
        f"from sportstrack.cli import main\nfor words in {calls!r}:\n    try: main(words)\n    except SystemExit: pass"
    )
    assert not loaded_by(code)


def test_words_run_as_modules_too() -> None:
    code = "import runpy, sys; sys.argv = ['x', '--help']; runpy.run_module('sportstrack.track', run_name='__main__')"
    assert not loaded_by(code)
