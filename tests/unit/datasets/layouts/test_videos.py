"""Video sets: FaceForensics++, Celeb-DF, DFDC, DFD, FakeAVCeleb."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.datasets.layouts.trees import notes, plant, read, table, write
from unmask.core.errors import DatasetInvalid, ManifestInvalid


def test_faceforensics_with_its_split(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "original_sequences/youtube/c23/videos/071.mp4",
        "original_sequences/youtube/c40/videos/054.mp4",
        "original_sequences/actors/c23/videos/01__exit_phone_room.mp4",
        "manipulated_sequences/Deepfakes/c23/videos/071_054.mp4",
        "manipulated_sequences/NeuralTextures/raw/videos/054_071.mp4",
        "manipulated_sequences/Face2Face/c0/videos/000_003.mp4",
        "manipulated_sequences/DeepFakeDetection/c23/videos/01_02__exit_phone_room__YVGY8LOK.mp4",
    )
    write(tmp_path / "splits/train.json", [["071", "054"]])
    write(tmp_path / "splits/val.json", [["000", "003"]])
    write(tmp_path / "splits/test.json", [["953", "974"]])
    found = read("faceforensics", tmp_path)
    fakes = "manipulated_sequences"
    assert table(found, "label", "method", "split", "compression", "group") == {
        "original_sequences/youtube/c23/videos/071.mp4": (0, "", "train", "c23", "faceforensics:054_071"),
        "original_sequences/youtube/c40/videos/054.mp4": (0, "", "train", "c40", "faceforensics:054_071"),
        f"{fakes}/Deepfakes/c23/videos/071_054.mp4": (1, "Deepfakes", "train", "c23", "faceforensics:054_071"),
        f"{fakes}/NeuralTextures/raw/videos/054_071.mp4": (
            1,
            "NeuralTextures",
            "train",
            "raw",
            "faceforensics:054_071",
        ),
        f"{fakes}/Face2Face/c0/videos/000_003.mp4": (1, "Face2Face", "validation", "c0", "faceforensics:000_003"),
    }
    assert not found.notes


def test_faceforensics_without_its_split_still_keeps_pairs_together(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "original_sequences/youtube/c23/videos/003.mp4",
        "manipulated_sequences/FaceSwap/c23/videos/000_003.mp4",
    )
    found = read("faceforensics", tmp_path)
    assert {row.group for row in found.rows} == {"faceforensics:000_003"}
    assert {row.split for row in found.rows} == {""}
    assert "train.json, val.json, test.json missing" in notes(found)


def test_faceforensics_with_a_damaged_split(tmp_path: Path) -> None:
    plant(tmp_path, "original_sequences/youtube/c23/videos/003.mp4")
    write(tmp_path / "train.json", "[[")
    with pytest.raises(ManifestInvalid, match=r"train\.json: expected a list of pairs"):
        read("faceforensics", tmp_path)


def test_celeb_df_reads_1_as_real(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "Celeb-real/id0_0000.mp4",
        "Celeb-synthesis/id0_id16_0000.mp4",
        "Celeb-synthesis/id1_id0_0002.mp4",
        "YouTube-real/00170.mp4",
    )
    listed = "1 YouTube-real/00170.mp4\n0 Celeb-synthesis/id1_id0_0002.mp4\n1 Celeb-real/id9_0009.mp4\n"
    write(tmp_path / "List_of_testing_videos.txt", listed)
    found = read("celeb-df-v2", tmp_path)
    assert table(found, "label", "split", "group") == {
        "Celeb-real/id0_0000.mp4": (0, "train", "celeb-df-v2:id0"),
        "Celeb-synthesis/id0_id16_0000.mp4": (1, "train", "celeb-df-v2:id0"),
        "Celeb-synthesis/id1_id0_0002.mp4": (1, "test", "celeb-df-v2:id1"),
        "YouTube-real/00170.mp4": (0, "test", "celeb-df-v2:youtube-00170"),
    }
    assert "celeb-real/id9_0009.mp4" in notes(found)


def test_celeb_df_with_folders_of_videos_and_no_list(tmp_path: Path) -> None:
    plant(tmp_path, "Celeb-DF/Celeb-real/videos/id0_0000.mp4", "Celeb-DF/Celeb-synthesis/videos/id0_id1_0000.mp4")
    found = read("celeb-df-v1", tmp_path)
    assert [(row.label, row.split) for row in found.rows] == [(0, ""), (1, "")]
    assert "List_of_testing_videos.txt is missing" in notes(found)
    assert "The folder YouTube-real is missing." in notes(found)


def test_celeb_df_with_a_list_turned_round(tmp_path: Path) -> None:
    plant(tmp_path, "YouTube-real/00170.mp4", "Celeb-synthesis/id0_id1_0000.mp4")
    write(tmp_path / "List_of_testing_videos.txt", "0 YouTube-real/00170.mp4\n")
    with pytest.raises(DatasetInvalid, match="contradicts"):
        read("celeb-df-v2", tmp_path)


def test_celeb_df_with_a_damaged_list(tmp_path: Path) -> None:
    plant(tmp_path, "YouTube-real/00170.mp4")
    write(tmp_path / "List_of_testing_videos.txt", "real YouTube-real/00170.mp4\n")
    with pytest.raises(ManifestInvalid, match="expected lines such as"):
        read("celeb-df-v2", tmp_path)


def test_dfdc(tmp_path: Path) -> None:
    plant(tmp_path, "dfdc_train_part_0/owxbbpjpch.mp4", "dfdc_train_part_0/wynotylpnm.mp4", "dfdc_train_part_3/x.mp4")
    facts = {
        "owxbbpjpch.mp4": {"label": "FAKE", "split": "train", "original": "wynotylpnm.mp4"},
        "wynotylpnm.mp4": {"label": "REAL", "split": "train"},
        "gone.mp4": {"label": "REAL", "split": "train"},
    }
    write(tmp_path / "dfdc_train_part_0/metadata.json", facts)
    found = read("dfdc", tmp_path)
    assert table(found, "label", "method", "group", "split") == {
        "dfdc_train_part_0/owxbbpjpch.mp4": (1, "dfdc", "dfdc:wynotylpnm", "train"),
        "dfdc_train_part_0/wynotylpnm.mp4": (0, "", "dfdc:wynotylpnm", "train"),
    }
    assert "dfdc_train_part_3 has clips but no metadata.json" in notes(found)
    assert "these are missing: 1, 2, 3, 4" in notes(found)
    assert "gone.mp4" in notes(found)


def test_dfdc_with_metadata_cut_off(tmp_path: Path) -> None:
    plant(tmp_path, "dfdc_train_part_0/a.mp4")
    write(tmp_path / "dfdc_train_part_0/metadata.json", '{"a.mp4": {"label"')
    with pytest.raises(ManifestInvalid, match="cut off"):
        read("dfdc", tmp_path)


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        ("original_sequences/actors/c23/videos", "manipulated_sequences/DeepFakeDetection/c23/videos"),
        ("DFD_original sequences", "DFD_manipulated_sequences/DFD_manipulated_sequences"),
    ],
)
def test_dfd(tmp_path: Path, real: str, fake: str) -> None:
    plant(tmp_path, f"{real}/01__exit_phone_room.mp4", f"{fake}/01_02__exit_phone_room__YVGY8LOK.mp4")
    plant(tmp_path, "manipulated_sequences/DeepFakeDetection/masks/videos/01_02__exit_phone_room__YVGY8LOK.mp4")
    found = read("dfd", tmp_path)
    compression = "c23" if "c23" in real else ""
    assert table(found, "label", "method", "group", "compression") == {
        f"{real}/01__exit_phone_room.mp4": (0, "", "dfd:01", compression),
        f"{fake}/01_02__exit_phone_room__YVGY8LOK.mp4": (1, "dfd", "dfd:01", compression),
    }


def test_fakeavceleb(tmp_path: Path) -> None:
    real = "RealVideo-RealAudio/African/men/id00076/00109.mp4"
    fake = "FakeVideo-FakeAudio/African/men/id00076/00109_10_id00476_wavtolip.mp4"
    voice = "RealVideo-FakeAudio/African/men/id00076/00109_fake.mp4"
    plant(tmp_path / "FakeAVCeleb_v1.2", real, fake, voice)
    lines = [
        "source,target1,target2,method,category,type,race,gender,path,",
        *[
            f"id00076,-,-,{method},A,{name.split('/')[0]},African,men,{Path(name).name},FakeAVCeleb/{Path(name).parent}"
            for name, method in ((real, "real"), (fake, "wav2lip"), (fake, "wav2lip"), (voice, "rtvc"))
        ],
        "id1,-,-,wav2lip,D,FakeVideo-FakeAudio,African,men,gone.mp4,FakeAVCeleb/FakeVideo-FakeAudio/African/men/id1",
    ]
    write(tmp_path / "FakeAVCeleb_v1.2/meta_data.csv", "\n".join(lines))
    found = read("fakeavceleb", tmp_path)
    assert table(found, "label", "method", "group") == {
        f"FakeAVCeleb_v1.2/{real}": (0, "", "fakeavceleb:id00076"),
        f"FakeAVCeleb_v1.2/{fake}": (1, "wav2lip", "fakeavceleb:id00076"),
        f"FakeAVCeleb_v1.2/{voice}": (1, "rtvc", "fakeavceleb:id00076"),
    }
    assert "forged voice over genuine pictures: 1" in notes(found)
    assert "gone.mp4" in notes(found)


def test_fakeavceleb_without_its_table(tmp_path: Path) -> None:
    with pytest.raises(DatasetInvalid, match=r"meta_data\.csv is missing"):
        read("fakeavceleb", plant(tmp_path, "RealVideo-RealAudio/a.mp4"))
