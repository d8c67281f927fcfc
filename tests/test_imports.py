"""The import law: what may import what, and that nothing heavy loads before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from sportstrack import cli

HEAVY = (
    *("torch", "torchvision", "ultralytics", "cv2", "scipy", "matplotlib", "supervision", "av"),
    *("transformers", "tensorflow", "detectron2", "PIL", "imagehash", "tqdm"),
)
CORE = (
    *("types", "boxes", "kalman", "assign", "cost", "errors", "mot", "trackers", "score"),
    *("files", "folders", "kinds", "ledger", "limits", "locks", "names", "plugins", "reading"),
    *(
        f"refine.{step}"
        for step in ("drop", "interpolate", "link", "looks", "scene", "settings", "smooth", "split", "steps", "table")
    ),
)
CORE_MAY_IMPORT = {"numpy", "sportstrack", "__future__"}
EDGE = (
    *("detector", "connectors", "embed", "camera", "shots", "video", "drawing", "weights", "opencv", "sot", "presence"),
    "train",
)
JOINTS = ("sot.run", "sot.__main__", "sot.evaluate", "train.run")  # where edges meet, as in the pipeline
EDGE_MAY_IMPORT = {
    *{("detector", "weights"), ("embed", "weights")},
    *{("detector", "connectors"), ("connectors", "detector")},  # names are told apart in one; both fill the same tables
    *{("shots", "video"), ("sot", "video"), ("presence", "video")},  # commands of their own, that read
}
FOR_ALL = "opencv"  # gets cv2 with a check, and imports nothing else
COMMANDS = sorted(word for word, (module, _) in cli.COMMANDS.items() if find_spec(module))

PACKAGE = Path(__file__).resolve().parents[1] / "sportstrack"
MODULES = sorted(PACKAGE.rglob("*.py"))


def module_name(path: Path) -> str:
    """``boxes`` for sportstrack/boxes.py, ``trackers.sort``, and ``trackers`` for its __init__."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, everywhere: bool) -> Iterator[str]:
    """The dotted names that a file imports: at module level, or also inside functions and classes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if everywhere else _module_level(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _module_level(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if for_types or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        yield child
        yield from _module_level(child)


def part(name: str, parts: tuple[str, ...]) -> str | None:
    """Which of the parts a module name such as ``trackers.sort`` belongs to."""
    return next((p for p in parts if name == p or name.startswith(f"{p}.")), None)


def own(path: Path, everywhere: bool = True) -> set[str]:
    """The package's own modules that a file imports, without the ``sportstrack.`` in front."""
    dotted = (
        name.removeprefix("sportstrack.") for name in imports(path, everywhere) if name.startswith("sportstrack.")
    )
    known = {module_name(module) for module in MODULES}
    return {name if name in known else name.rpartition(".")[0] for name in dotted} - {""}


def core() -> list[Path]:
    return [path for path in MODULES if part(module_name(path), CORE)]


def test_there_is_something_to_check() -> None:
    assert {"types", "boxes", "kalman", "assign", "trackers.sort", "trackers.bytetrack"} <= {
        module_name(p) for p in core()
    }


@pytest.mark.parametrize("path", core(), ids=module_name)
def test_the_core_imports_numpy_and_itself_alone(path: Path) -> None:
    at_top = {name.partition(".")[0] for name in imports(path, everywhere=False)}
    assert at_top <= CORE_MAY_IMPORT | set(sys.stdlib_module_names)
    assert all(part(name, CORE) for name in own(path)), own(path)


@pytest.mark.parametrize(
    "path", [p for p in MODULES if part(module_name(p), EDGE) and module_name(p) not in JOINTS], ids=module_name
)
def test_edge_modules_do_not_import_one_another(path: Path) -> None:
    here = part(module_name(path), EDGE)
    others = {part(name, EDGE) for name in own(path)} - {None, here, FOR_ALL}
    assert {(here, other) for other in others} <= EDGE_MAY_IMPORT


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_heavy_packages_are_imported_inside_functions(path: Path) -> None:
    assert not {name.partition(".")[0] for name in imports(path, everywhere=False)} & set(HEAVY)


def test_no_tracker_imports_a_sibling_and_none_inherits() -> None:
    for path in (PACKAGE / "trackers").rglob("*.py"):
        tracker = ".".join(module_name(path).split(".")[:2])  # one file or one package
        if tracker in ("trackers", "trackers.columns"):
            continue
        siblings = {name for name in own(path) if name.startswith("trackers.")} - {"trackers.columns"}
        assert all(name == tracker or name.startswith(f"{tracker}.") for name in siblings), path
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ClassDef) and node.bases), f"{path}: {node.name}"


def test_scores_know_no_tracker() -> None:
    for path in MODULES:
        if part(module_name(path), ("score",)):
            assert not any(part(name, ("trackers",)) for name in own(path)), path


def test_nothing_imports_benchmarks_examples_or_tests() -> None:
    for path in MODULES:
        assert not {n.partition(".")[0] for n in imports(path, True)} & {"benchmarks", "examples", "tests"}, path


# --- in a fresh interpreter ------------------------------------------------------------------------------------------


def loaded_by(code: str) -> set[str]:
    """The heavy packages that are in sys.modules after running some code in a new interpreter."""
    report = f"import sys; sys.stderr.write(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    wrapped = f"import atexit\natexit.register(exec, {report!r}, {{}})\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", wrapped], capture_output=True, text=True, cwd=PACKAGE.parent, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_the_check_sees_what_is_loaded() -> None:
    assert "scipy" in loaded_by("import scipy")


@pytest.mark.parametrize(
    "code",
    [
        "import sportstrack",
        "import sportstrack; dir(sportstrack)",
        "import sportstrack.detector, sportstrack.weights, sportstrack.opencv, sportstrack.drawing",
        "from sportstrack import SORT, ByteTrack, Detections, create_tracker",
        "import sportstrack; sportstrack.create_tracker('sort').update(sportstrack.Detections.empty())",
    ],
)
def test_importing_loads_nothing_heavy(code: str) -> None:
    assert not loaded_by(code)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_module_loads_nothing_heavy(command: str) -> None:
    module = cli.COMMANDS[command][0]
    assert not loaded_by(
        f"import runpy, sys; sys.argv = ['x', '--help']; runpy.run_module({module!r}, run_name='__main__')"
    )


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)])
def test_help_of_the_command_loads_nothing_heavy(arguments: list[str]) -> None:
    assert not loaded_by(f"import sys; from sportstrack.cli import main; sys.exit(main({arguments!r}))")
