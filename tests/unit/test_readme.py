"""What the README shows works: its Python runs, its commands and flags exist, its JSON has the schema's fields.

The links of all pages lead somewhere.
"""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from skimage import data

from tests.makers.images import write_image
from tests.makers.videos import write_clip
from unmask.cli.app import app
from unmask.report.schema import ReportDocument

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
TABLE_COMMANDS = re.findall(r"^\| `unmask ([^`]+)`", README, re.MULTILINE)


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


BASH_LINES = [
    words for block in _blocks("bash") for line in block.splitlines() if (words := shlex.split(line, comments=True))
]


def test_there_is_something_to_check() -> None:
    assert len(_blocks("python")) >= 2
    assert len(_blocks("json")) == 1
    assert {words[0] for words in BASH_LINES} >= {"make", "unmask"}


@pytest.mark.parametrize("number", range(len(_blocks("python"))))
def test_python_runs(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_image(tmp_path / "photo.jpg", data.astronaut(), image_format="JPEG")
    write_clip(tmp_path / "clip.mp4")
    monkeypatch.chdir(tmp_path)
    exec(compile(_blocks("python")[number], "README.md", "exec"), {})
    assert "likely_" in (out := capsys.readouterr().out) or "inconclusive" in out


@pytest.mark.parametrize("words", [words for words in BASH_LINES if words[0] == "unmask"], ids=" ".join)
def test_commands_and_flags_exist(words: list[str]) -> None:
    _check(words[1:])


@pytest.mark.parametrize("usage", TABLE_COMMANDS)
def test_commands_of_the_table_exist(usage: str) -> None:
    _check(usage.split())


def test_every_command_is_in_the_table() -> None:
    assert {usage.split()[0] for usage in TABLE_COMMANDS} == set(_children(typer.main.get_command(app)))


@pytest.mark.parametrize("words", [words for words in BASH_LINES if words[0] == "make"], ids=" ".join)
def test_make_targets_exist(words: list[str]) -> None:
    assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_json_has_the_fields_of_the_schema() -> None:
    shown = json.loads(_blocks("json")[0])
    _same_fields(shown, ReportDocument.model_json_schema())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


def _children(command: Any) -> dict[str, Any]:
    return dict(getattr(command, "commands", {}))


def _check(words: list[str]) -> None:
    command = typer.main.get_command(app)
    while (children := _children(command)) and words:
        command, words = children[words[0]], words[1:]
    known = {flag for parameter in command.params for flag in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known


def _same_fields(value: Any, schema: dict[str, Any], definitions: dict[str, Any] | None = None) -> None:
    """Every key that is shown exists in the schema, at every depth."""
    definitions = definitions or schema.get("$defs", {})
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[-1]]
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for entry in value:
            _same_fields(entry, schema["items"], definitions)
    if isinstance(value, dict) and "properties" in schema:
        assert set(value) <= set(schema["properties"])
        for key, entry in value.items():
            _same_fields(entry, schema["properties"][key], definitions)
