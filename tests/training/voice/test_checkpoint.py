"""Checkpoints of PyTorch, read without it: what PyTorch wrote comes back, and nothing else is ever run."""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch

from unmask.core.errors import CardMismatch
from unmask.models.checkpoint import read_checkpoint


def test_tensors_come_back_as_pytorch_stored_them(tmp_path):
    torch.manual_seed(0)
    whole = torch.randn(4, 6)
    state = OrderedDict(
        plain=whole,
        turned=whole.T,
        piece=whole[1:3, 2:],
        half=whole.half(),
        count=torch.tensor(7),
        none=torch.zeros(0, 3),
    )
    torch.save({"model": state, "step": 12, "name": "x"}, tmp_path / "a.pt")
    found = read_checkpoint(tmp_path / "a.pt")
    assert list(found) == [f"model.{name}" for name in state]
    for name, tensor in state.items():
        np.testing.assert_array_equal(found[f"model.{name}"], tensor.numpy())
        assert found[f"model.{name}"].dtype == tensor.numpy().dtype
        assert found[f"model.{name}"].shape == tuple(tensor.shape)


class Command:
    """What a forged checkpoint would have run."""

    def __reduce__(self):
        return (print, ("run",))


def packed(path, pickled: bytes, values: bytes = b""):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", pickled)
        archive.writestr("a/data/0", values)
    return path


def test_code_is_refused_and_not_run(tmp_path, capsys):
    with pytest.raises(CardMismatch, match=r"it asks for .*print, which is no tensor"):
        read_checkpoint(packed(tmp_path / "a.pt", pickle.dumps(Command(), protocol=2)))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"words", b"PK\x03\x04 and no more"])
def test_files_that_are_no_checkpoints_are_refused(tmp_path, content):
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(CardMismatch, match="holds no weights as PyTorch stores them"):
        read_checkpoint(tmp_path / "a.pt")


def test_broken_archives_are_refused(tmp_path):
    torch.save({"model": {"a": torch.arange(10.0)}}, tmp_path / "whole.pt")
    with zipfile.ZipFile(tmp_path / "whole.pt") as archive:
        name = next(entry for entry in archive.namelist() if entry.endswith("data.pkl"))
        pickled = archive.read(name)
    with pytest.raises(CardMismatch, match="holds no weights"):
        read_checkpoint(packed(tmp_path / "short.pt", pickled, bytes(8)))
    with pytest.raises(CardMismatch, match="holds no weights"):
        read_checkpoint(packed(tmp_path / "cut.pt", pickled[:40]))
    with zipfile.ZipFile(tmp_path / "other.pt", "w") as archive:
        archive.writestr("a/other", b"")
    with pytest.raises(CardMismatch, match="there are no tensors in it"):
        read_checkpoint(tmp_path / "other.pt")


def test_altered_bytes_are_read_or_refused(tmp_path):
    torch.save({"model": OrderedDict(a=torch.randn(3, 4), b=torch.arange(5))}, tmp_path / "whole.pt")
    with zipfile.ZipFile(tmp_path / "whole.pt") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    pickled = next(name for name in content if name.endswith("data.pkl"))
    rng, refused = np.random.default_rng(0), 0
    for _ in range(400):
        altered = bytearray(content[pickled])
        for place in rng.integers(len(altered), size=3):
            altered[place] = rng.integers(256)
        with zipfile.ZipFile(tmp_path / "altered.pt", "w") as archive:
            for name, stored in content.items():
                archive.writestr(name, bytes(altered) if name == pickled else stored)
        try:
            read_checkpoint(tmp_path / "altered.pt")
        except CardMismatch:
            refused += 1
    assert refused > 300


@pytest.mark.parametrize(("offset", "shape", "strides"), [(1, (4,), (1,)), (0, (2, 4), (4, 1)), (3, (2,), (-1,))])
def test_tensors_beyond_their_storage_are_refused(offset, shape, strides):
    from unmask.models.checkpoint import _tensor

    with pytest.raises(ValueError, match="beyond what is stored"):
        _tensor(np.zeros(4, np.float32), offset, shape, strides)
