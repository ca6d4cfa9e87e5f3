from __future__ import annotations

import pickle

import pytest

from unmask.core import errors
from unmask.core.errors import UnmaskError, nearest

TREE = {
    "InputError": ["UnsupportedMedia", "DecodeFailed", "MediaTooLarge"],
    "ModelError": ["UnknownModel", "WeightsMissing", "ChecksumMismatch", "CardMismatch"],
    "OptionError": ["UnknownOption", "InvalidOption"],
    "DataError": ["ManifestInvalid", "LeakFound"],
    "DeviceError": ["ProviderUnavailable"],
    "RunError": ["Diverged", "DiskFull"],
}


@pytest.mark.parametrize(("parent", "child"), [(parent, child) for parent, all_ in TREE.items() for child in all_])
def test_the_tree(parent: str, child: str) -> None:
    assert issubclass(getattr(errors, child), getattr(errors, parent))
    assert issubclass(getattr(errors, parent), UnmaskError)


@pytest.mark.parametrize("name", [child for all_ in TREE.values() for child in all_])
def test_errors_travel_between_processes(name: str) -> None:
    error = pickle.loads(pickle.dumps(getattr(errors, name)("what happened")))
    assert type(error).__name__ == name
    assert str(error) == "what happened"


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("face.fast1", ["face.fast-2", "speech.fast-1"], "Did you mean face.fast-2"),
        ("steps", ["step", "stops", "state", "steep", "seed"], "Did you mean"),
        ("zzz", ["b", "a"], "Known: a, b."),
        ("zzz", [], "Known: none."),
    ],
)
def test_nearest_names(name: str, known: list[str], expected: str) -> None:
    hint = nearest(name, known)
    assert hint.startswith(expected)
    assert hint.count(",") <= 2
