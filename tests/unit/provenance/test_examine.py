"""Files as software leaves them behind, hostile ones, and what is said about each."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from tests.makers import credentials, sounds, videos
from unmask.core.evidence import Provenance, Trace
from unmask.media.probe import probe
from unmask.provenance.examine import LONGEST_VALUE, MOST_TRACES, examine, sentences
from unmask.provenance.tools import AI_LABEL

PIXELS = np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8)
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<r:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmp:CreatorTool="{tool}" e:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/{source}"/>'
    "</r:RDF></x:xmpmeta>"
)


def png(path: Path, **texts: str) -> Path:
    info = PngImagePlugin.PngInfo()
    for name, value in texts.items():
        info.add_text(name, value)
    Image.fromarray(PIXELS).save(path, "PNG", pnginfo=info)
    return path


def found(path: Path, anchors: str = "") -> Provenance:
    return examine(probe(path), anchors)


def test_a_plain_file_says_nothing(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    assert found(tmp_path / "a.png") == Provenance(credentials="absent")
    assert sentences(Provenance(credentials="absent")) == ()


def test_camera_and_editor_in_exif(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Canon", "EOS R5"
    exif[ExifTags.Base.Software] = "Adobe Photoshop 25.0"
    exif[ExifTags.Base.Artist] = "Jane Doe"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (47.0, 22.0, 0.0)
    Image.fromarray(PIXELS).save(tmp_path / "a.jpg", exif=exif)
    report = found(tmp_path / "a.jpg")
    assert report.generator is None
    assert report.software == ("Adobe Photoshop 25.0",)
    assert Trace("EXIF", "Make", "Canon") in report.traces
    assert "Jane" not in str(report)
    assert "47" not in str(report)
    assert sentences(report) == ()


@pytest.mark.parametrize("charset", [b"UNICODE\0", b"ASCII\0\0\0"])
def test_settings_of_a_diffusion_model_in_a_user_comment(tmp_path: Path, charset: bytes) -> None:
    text = "a cat, Steps: 20, Sampler: Euler a"
    exif = Image.Exif()
    encoded = text.encode("utf-16-be" if charset[0] == ord("U") else "ascii")
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = charset + encoded
    Image.fromarray(PIXELS).save(tmp_path / "a.jpg", exif=exif)
    report = found(tmp_path / "a.jpg")
    assert report.generator == "Stable Diffusion"
    assert report.traces == (Trace("EXIF", "UserComment", text),)
    assert "anyone can write or remove" in sentences(report)[0]


def test_text_in_a_png(tmp_path: Path) -> None:
    assert found(png(tmp_path / "a.png", prompt='{"3": {"class_type": "KSampler"}}')).generator == "ComfyUI"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_xmp_in_pictures(tmp_path: Path, kind: str) -> None:
    packet = XMP.format(tool="Adobe Lightroom 7", source="trainedAlgorithmicMedia").encode()
    path = tmp_path / "a"
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        Image.fromarray(PIXELS).save(path, kind, pnginfo=info)
    else:
        Image.fromarray(PIXELS).save(path, kind, xmp=packet)
    report = found(path)
    assert report.software == ("Adobe Lightroom 7",)
    assert (report.source_type, report.generator) == ("trainedAlgorithmicMedia", AI_LABEL)
    assert report.conclusive is False


def test_tags_of_videos_and_sounds(tmp_path: Path) -> None:
    videos.write_clip(tmp_path / "a.mp4", seconds=0.5, sound=False)
    report = found(tmp_path / "a.mp4")
    assert report.credentials == "absent"
    assert any(name.startswith("Lavf") for name in report.software)
    with av.open(str(tmp_path / "b.mp3"), "w", format="mp3") as container:
        container.metadata["comment"] = "made with Suno"
        stream = container.add_stream("libmp3lame", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(sounds.speech_like(1.0, 16000)[None], format="fltp", layout="mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert found(tmp_path / "b.mp3").generator == "Suno"


def signed(path: Path, source: str, tool: str = "Test Studio/1.0") -> Path:
    path.write_bytes(credentials.signed(png(path).read_bytes(), source=source, tool=tool))
    return path


def test_only_a_trusted_signer_is_conclusive(tmp_path: Path) -> None:
    path = signed(tmp_path / "a.png", "trainedAlgorithmicMedia")
    stranger, friend = found(path), found(path, credentials.chain()[0])
    assert (stranger.credentials, stranger.conclusive) == ("untrusted", False)
    assert (friend.credentials, friend.conclusive) == ("trusted", True)
    assert stranger.generator == friend.generator == "Test Studio 1.0"
    assert "by a signer on no trust list" in sentences(stranger)[0]
    assert sentences(friend)[0].startswith(f"{credentials.SIGNER}, whom the trust list names, states")
    assert Trace("Content Credentials", "signer", credentials.SIGNER) in friend.traces


def test_a_camera_manifest_claims_no_maker_and_settles_nothing(tmp_path: Path) -> None:
    report = found(signed(tmp_path / "a.png", "digitalCapture", "Camera/1"), credentials.chain()[0])
    assert (report.credentials, report.source_type) == ("trusted", "digitalCapture")
    assert (report.generator, report.conclusive) == (None, False)
    assert sentences(report) == ()


def test_a_part_made_by_a_model_is_not_conclusive(tmp_path: Path) -> None:
    report = found(signed(tmp_path / "a.png", "compositeWithTrainedAlgorithmicMedia"), credentials.chain()[0])
    assert report.conclusive is False


def test_tampering_is_said(tmp_path: Path) -> None:
    path = signed(tmp_path / "a.png", "trainedAlgorithmicMedia")
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    path.write_bytes(content)
    report = examine(probe(path), credentials.chain()[0])
    assert (report.credentials, report.conclusive) == ("invalid", False)
    assert "not valid" in sentences(report)[0]


def test_hostile_metadata_is_cut_and_counted(tmp_path: Path) -> None:
    texts = {f"key{number}": "<script>alert(1)</script>" + "x" * 5000 for number in range(100)}
    report = found(png(tmp_path / "a.png", **texts))
    assert len(report.traces) == MOST_TRACES
    assert max(len(trace.value) for trace in report.traces) <= LONGEST_VALUE + 1


def test_an_xml_bomb_becomes_a_note(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    Image.fromarray(PIXELS).save(tmp_path / "a.jpg", xmp=bomb)
    report = found(tmp_path / "a.jpg")
    assert report.generator is None
    assert "document type" in report.notes[0]


def test_damaged_exif_becomes_a_note(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + b"\xff" * 30)
    assert found(tmp_path / "a.jpg").traces == ()


def test_a_file_that_went_away_becomes_a_note(tmp_path: Path) -> None:
    media = probe(png(tmp_path / "a.png"))
    media.path.unlink()
    assert "damaged" in examine(media).notes[0]
