"""Content Credentials in all their states: signed, tampered with and trusted by the real implementation."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.makers import credentials, sounds, videos
from unmask.core.errors import InvalidOption
from unmask.provenance.credentials import TRUST_LIST, Manifest, read_credentials, trust_anchors

KINDS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def picture(kind: str = "PNG") -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, kind)
    return held.getvalue()


def read(folder: Path, content: bytes, kind: str = "PNG", *, trusted: bool = False) -> Manifest:
    path = folder / "file"
    path.write_bytes(content)
    return read_credentials(path, kind, credentials.chain()[0] if trusted else "")


@pytest.fixture(scope="module")
def generated() -> bytes:
    return credentials.signed(picture(), source="trainedAlgorithmicMedia")


def test_a_plain_file_has_none(tmp_path: Path) -> None:
    assert read(tmp_path, picture()) == Manifest("absent")


def test_a_signature_by_a_stranger_is_untrusted(tmp_path: Path, generated: bytes) -> None:
    found = read(tmp_path, generated)
    assert found.state == "untrusted"
    assert (found.signer, found.claim_generator) == (credentials.SIGNER, "Test Studio 1.0")
    assert (found.source_type, found.made) == ("trainedAlgorithmicMedia", True)
    assert found.actions == ("c2pa.created",)
    assert found.notes == ()


def test_the_same_signature_is_trusted_by_those_who_trust_its_root(tmp_path: Path, generated: bytes) -> None:
    assert read(tmp_path, generated, trusted=True).state == "trusted"


def test_one_changed_pixel_makes_it_invalid_for_everybody(tmp_path: Path, generated: bytes) -> None:
    content = bytearray(generated)
    content[-100] ^= 1
    assert read(tmp_path, bytes(content)).state == "invalid"
    found = read(tmp_path, bytes(content), trusted=True)
    assert found.state == "invalid"
    assert any("assertion.dataHash.mismatch" in note for note in found.notes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_common_format_is_read(tmp_path: Path, kind: str) -> None:
    content = credentials.signed(picture(kind), KINDS[kind])
    assert read(tmp_path, content, kind, trusted=True).state == "trusted"
    assert read(tmp_path, picture(kind), kind).state == "absent"


def test_videos_and_sounds_are_read(tmp_path: Path) -> None:
    videos.write_clip(tmp_path / "a.mp4", seconds=0.5, sound=False)
    sounds.write_silence(tmp_path / "a.wav")
    for name, kind, container in (("a.mp4", "video/mp4", "mov,mp4"), ("a.wav", "audio/wav", "wav")):
        content = (tmp_path / name).read_bytes()
        assert read(tmp_path, content, container).state == "absent"
        assert read(tmp_path, credentials.signed(content, kind), container, trusted=True).state == "trusted"


def test_formats_without_credentials_are_not_checked(tmp_path: Path) -> None:
    assert read(tmp_path, b"OggS", "ogg").state == "not_checked"


def test_a_manifest_of_garbage_is_invalid(tmp_path: Path, generated: bytes) -> None:
    at = generated.index(b"jumb")
    found = read(tmp_path, generated[: at + 20] + b"\xff" * 200 + generated[at + 220 :])
    assert found.state == "invalid"
    assert "cannot be read" in found.notes[0]


def test_a_cut_file_without_a_manifest_is_not_called_invalid(tmp_path: Path) -> None:
    assert read(tmp_path, picture()[:500]).state == "absent"


def test_no_damage_to_a_manifest_escapes(tmp_path: Path, generated: bytes) -> None:
    random_ = random.Random(7)
    at, end = generated.index(b"caBX"), generated.index(b"IDAT")
    for _ in range(60):
        content = bytearray(generated)
        for _ in range(random_.choice((1, 4, 40))):
            content[random_.randrange(at, end)] = random_.randrange(256)
        if random_.random() < 0.3:
            del content[random_.randrange(at, end) :]
        assert read(tmp_path, bytes(content), trusted=True).state in ("invalid", "absent", "trusted", "untrusted")


def test_nobody_is_trusted_unless_a_list_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(TRUST_LIST, raising=False)
    assert trust_anchors() == ""
    monkeypatch.setenv(TRUST_LIST, str(credentials.write_trust_list(tmp_path / "list.pem")))
    assert trust_anchors() == credentials.chain()[0]


@pytest.mark.parametrize("content", [None, b"hello", b"", b"\xff\xfe"], ids=["missing", "text", "empty", "binary"])
def test_a_trust_list_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "list.pem"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv(TRUST_LIST, str(path))
    with pytest.raises(InvalidOption, match=r"UNMASK_TRUST_LIST: .*expected a readable PEM file"):
        trust_anchors()
