"""Small rooms, small files, small functions; no room without a name of its own."""

import ast
import re
import warnings

import pytest

from tests.architecture.places import PACKAGE, ROOT, project_files, sources

FILE_LINES, FILE_LINES_REFUSED = 300, 400
FUNCTION_LINES, FUNCTION_LINES_REFUSED = 40, 60
FOLDER_FILES_REFUSED = 14
NAMELESS = {"utils", "util", "common", "helpers", "helper", "base", "misc", "shared", "lib"}
LARGEST_FILE_BYTES = 25_000_000
HOME_OF_SOMEBODY = re.compile(r"(?<![\w.:/<>-])/(?:work|home/\w+|Users/\w+|root|opt|mnt|tmp)/[\w.-]+")


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    _judge({str(path.relative_to(ROOT)): lines for path, lines in lengths.items()}, FILE_LINES, FILE_LINES_REFUSED)


def test_functions_are_short() -> None:
    """Counted without the docstring, which may be as long as it needs to be."""
    lengths = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": _lines(node)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    _judge(lengths, FUNCTION_LINES, FUNCTION_LINES_REFUSED)


def test_rooms_are_small() -> None:
    counts: dict[str, int] = {}
    for path in sources():
        room = str(path.parent.relative_to(ROOT))
        counts[room] = counts.get(room, 0) + (path.name != "__init__.py")
    assert not {room: files for room, files in counts.items() if files > FOLDER_FILES_REFUSED}


def test_no_room_is_nameless() -> None:
    names = {path.stem for path in PACKAGE.rglob("*.py")} | {path.name for path in PACKAGE.rglob("*") if path.is_dir()}
    assert not names & NAMELESS


def test_every_room_says_what_it_is_for() -> None:
    doorplates = {path: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) for path in sources()}
    assert not [path for path, words in doorplates.items() if not words or words.startswith("TODO")]


def test_no_file_is_huge() -> None:
    assert not [path for path in project_files() if path.stat().st_size > LARGEST_FILE_BYTES]


def test_no_path_of_one_machine_is_written_down() -> None:
    found = []
    for path in project_files():
        if b"\0" in (data := path.read_bytes())[:8192]:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number} {match.group()}"
            for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1)
            for match in HOME_OF_SOMEBODY.finditer(line)
        ]
    assert not found


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    signature = node.body[0].lineno - node.lineno
    return signature + (node.end_lineno or 0) - body[0].lineno + 1


def _judge(lengths: dict[str, int], wanted: int, refused: int) -> None:
    for place, lines in lengths.items():
        if wanted < lines <= refused:
            warnings.warn(f"{place} has {lines} lines, wanted at most {wanted}", LongWarning, stacklevel=2)
    too_long = {place: lines for place, lines in lengths.items() if lines > refused}
    assert not too_long


class LongWarning(UserWarning):
    """Longer than wanted, shorter than refused."""


pytestmark = pytest.mark.filterwarnings("default::tests.architecture.test_sizes.LongWarning")
