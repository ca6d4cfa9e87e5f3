"""The programs beside the package, `bench` and `zoo`, still fit it: every module of theirs can be imported."""

from importlib import import_module

import pytest

from tests.architecture.places import ROOT

MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for room in ("bench", "zoo")
    for path in (ROOT / room).glob("*.py")
    if path.name != "__init__.py"
)


@pytest.mark.parametrize("name", MODULES)
def test_a_tool_fits_the_package(name: str) -> None:
    if name.startswith("zoo."):
        pytest.importorskip("torch")
    assert import_module(name)
