"""Voice sets: ASVspoof, In-the-Wild, WaveFake, Fake-or-Real."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.datasets.layouts.trees import notes, plant, read, table, write
from unmask.core.errors import DatasetInvalid, ManifestInvalid

_PROTOCOLS = "LA/ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm"


def test_asvspoof_2019(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "LA/ASVspoof2019_LA_train/flac/LA_T_1138215.flac",
        "LA/ASVspoof2019_LA_train/flac/LA_T_1004644.flac",
        "LA/ASVspoof2019_LA_dev/flac/LA_D_1047731.flac",
    )
    write(
        tmp_path / f"{_PROTOCOLS}.train.trn.txt",
        "LA_0079 LA_T_1138215 - - bonafide\nLA_0079 LA_T_1004644 - A01 spoof\nLA_0079 LA_T_9999999 - A01 spoof\n",
    )
    write(tmp_path / f"{_PROTOCOLS}.dev.trl.txt", "LA_0069 LA_D_1047731 - - bonafide\n")
    found = read("asvspoof2019-la", tmp_path)
    assert table(found, "label", "method", "group", "split") == {
        "LA/ASVspoof2019_LA_train/flac/LA_T_1138215.flac": (0, "", "asvspoof2019-la:LA_0079", "train"),
        "LA/ASVspoof2019_LA_train/flac/LA_T_1004644.flac": (1, "A01", "asvspoof2019-la:LA_0079", "train"),
        "LA/ASVspoof2019_LA_dev/flac/LA_D_1047731.flac": (0, "", "asvspoof2019-la:LA_0069", "validation"),
    }
    assert "ASVspoof2019.LA.cm.eval.trl.txt is missing" in notes(found)
    assert "LA_T_9999999" in notes(found)


@pytest.mark.parametrize(
    ("track", "more"), [("LA", ""), ("DF", " traditional_vocoder - - - -")], ids=["logical access", "deepfake"]
)
def test_asvspoof_2021(tmp_path: Path, track: str, more: str) -> None:
    sound = f"ASVspoof2021_{track}_eval/flac"
    plant(tmp_path, *(f"{sound}/{track}_E_{number}.flac" for number in (1, 2, 3, 4)))
    write(
        tmp_path / f"keys/{track}/CM/trial_metadata.txt",
        f"LA_0009 {track}_E_1 alaw ita_tx A07 spoof notrim eval{more}\n"
        f"LA_0020 {track}_E_2 g722 loc_tx bonafide bonafide notrim eval{more}\n"
        f"LA_0021 {track}_E_3 none - A10 spoof notrim progress{more}\n"
        f"LA_0022 {track}_E_4 none - A10 spoof trim hidden{more}\n",
    )
    found = read(f"asvspoof2021-{track.lower()}", tmp_path)
    assert table(found, "label", "method", "split", "compression") == {
        f"{sound}/{track}_E_1.flac": (1, "A07", "test", "alaw"),
        f"{sound}/{track}_E_2.flac": (0, "", "test", "g722"),
        f"{sound}/{track}_E_3.flac": (1, "A10", "validation", "none"),
    }
    assert "hidden track, left out: 1" in notes(found)


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        ("asvspoof2019-la", "ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.train.trn.txt"),
        ("asvspoof2021-la", "keys/LA/CM/trial_metadata.txt is missing"),
        ("asvspoof2021-df", "keys/DF/CM/trial_metadata.txt is missing"),
        ("in-the-wild", r"meta\.csv is missing"),
    ],
)
def test_a_missing_protocol_is_named(tmp_path: Path, layout: str, words: str) -> None:
    with pytest.raises(DatasetInvalid, match=words):
        read(layout, plant(tmp_path, "flac/LA_E_1.flac"))


def test_a_damaged_protocol_is_named(tmp_path: Path) -> None:
    plant(tmp_path, "flac/LA_T_1.flac")
    protocol = write(tmp_path / f"{_PROTOCOLS}.train.trn.txt", "LA_0079 LA_T_1 - -\n")
    with pytest.raises(ManifestInvalid, match="line 1: expected 5 columns"):
        read("asvspoof2019-la", tmp_path)
    protocol.write_text("LA_0079 LA_T_1 - - genuine\n", encoding="utf-8")
    with pytest.raises(ManifestInvalid, match="expected bonafide or spoof"):
        read("asvspoof2019-la", tmp_path)


def test_in_the_wild(tmp_path: Path) -> None:
    plant(tmp_path / "release_in_the_wild", "0.wav", "4.wav")
    write(
        tmp_path / "release_in_the_wild/meta.csv",
        "file,speaker,label\n0.wav,Alec Guinness,spoof\n4.wav,Christopher Hitchens,bona-fide\n5.wav,X,spoof\n",
    )
    found = read("in-the-wild", tmp_path)
    assert table(found, "label", "method", "group") == {
        "release_in_the_wild/0.wav": (1, "unknown", "in-the-wild:Alec Guinness"),
        "release_in_the_wild/4.wav": (0, "", "in-the-wild:Christopher Hitchens"),
    }
    assert "meta.csv names files that are not here: 1, for example 5.wav." in notes(found)


def test_in_the_wild_with_another_word(tmp_path: Path) -> None:
    write(plant(tmp_path, "0.wav") / "meta.csv", "file,speaker,label\n0.wav,A,real\n")
    with pytest.raises(ManifestInvalid, match="expected bona-fide or spoof"):
        read("in-the-wild", tmp_path)


def test_wavefake(tmp_path: Path) -> None:
    spoken = "generated_audio/common_voices_prompts_from_conformer_fastspeech2_pwg_ljspeech/gen_0.wav"
    plant(
        tmp_path,
        "generated_audio/ljspeech_full_band_melgan/LJ001-0001_gen.wav",
        "generated_audio/jsut_parallel_wavegan/BASIC5000_0001_gen.wav",
        spoken,
        "LJSpeech-1.1/wavs/LJ001-0001.wav",
    )
    found = read("wavefake", tmp_path)
    assert table(found, "label", "method", "group") == {
        "generated_audio/ljspeech_full_band_melgan/LJ001-0001_gen.wav": (1, "full_band_melgan", "wavefake:LJ001-0001"),
        "generated_audio/jsut_parallel_wavegan/BASIC5000_0001_gen.wav": (
            1,
            "parallel_wavegan",
            "wavefake:BASIC5000_0001",
        ),
        spoken: (1, "conformer_fastspeech2_pwg", "wavefake:tts-gen_0"),
        "LJSpeech-1.1/wavs/LJ001-0001.wav": (0, "", "wavefake:LJ001-0001"),
    }
    assert notes(found) == "No genuine jsut is here; download jsut_ver1.1 and unpack it into this folder."


def test_fake_or_real(tmp_path: Path) -> None:
    name = "file1.wav_16k.wav_norm.wav_mono.wav_silence.wav"
    norm, short = f"for-norm/training/fake/{name}", f"for-2seconds/training/fake/{name}_2sec.wav"
    plant(tmp_path, norm, short, f"for-norm/testing/real/{name}", "for-norm/validation/real/file2.wav")
    found = read("fake-or-real", tmp_path)
    assert table(found, "label", "split", "group", "compression") == {
        norm: (1, "train", "fake-or-real:train-fake-file1", "for-norm"),
        short: (1, "train", "fake-or-real:train-fake-file1", "for-2seconds"),
        f"for-norm/testing/real/{name}": (0, "test", "fake-or-real:test-real-file1", "for-norm"),
        "for-norm/validation/real/file2.wav": (0, "validation", "fake-or-real:validation-real-file2", "for-norm"),
    }
