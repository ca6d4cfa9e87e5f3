from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.makers import images
from unmask.core.errors import DecodeFailed, InputError, MediaTooLarge, UnsupportedMedia
from unmask.media.image import read_image, read_image_header
from unmask.media.limits import Limits

FORMATS = ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF", "BMP", "GIF"]


@pytest.mark.parametrize("name", FORMATS)
def test_reads_every_format_whatever_the_suffix(tmp_path: Path, name: str) -> None:
    path = images.write_image(tmp_path / "picture.mp4", images.four_corners(), image_format=name)
    pixels, warnings = read_image(path)
    header = read_image_header(path)
    assert (header.format, header.width_px, header.height_px) == (name, 96, 64)
    assert warnings == ()
    assert pixels.dtype == np.uint8
    for inside in np.s_[8:24, 8:40], np.s_[8:24, 56:88], np.s_[40:56, 8:40], np.s_[40:56, 56:88]:
        assert np.abs(pixels[inside].astype(int) - images.four_corners()[inside]).max() < 12


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(tmp_path: Path, name: str, orientation: int) -> None:
    shown = images.four_corners()
    undo = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    stored = np.ascontiguousarray(undo[orientation](shown))
    path = images.write_image(tmp_path / "turned", stored, image_format=name, orientation=orientation)
    pixels, _ = read_image(path)
    assert pixels.shape == shown.shape
    assert np.abs(pixels[8:24, 8:40].astype(int) - (255, 0, 0)).max() < 12
    assert np.abs(pixels[8:24, 56:88].astype(int) - (0, 255, 0)).max() < 12
    header = read_image_header(path)
    assert (header.width_px, header.height_px) == (96, 64)


def test_heif_is_turned_once(tmp_path: Path) -> None:
    stored = np.ascontiguousarray(np.rot90(images.four_corners(), 1))
    path = images.write_image(tmp_path / "a.heic", stored, image_format="HEIF", orientation=6)
    pixels, _ = read_image(path)
    assert pixels.shape == (64, 96, 3)
    assert np.abs(pixels[8:24, 8:40].astype(int) - (255, 0, 0)).max() < 12


def test_damaged_exif_counts_as_upright(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(images.four_corners()).save(path, exif=b"Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff")
    pixels, warnings = read_image(path)
    assert pixels.shape == (64, 96, 3)
    assert "damaged" in warnings[0]


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (257, 1), (40000, 156), (65535, 255)])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path, value: int, expected: int, channels: int) -> None:
    pixels, _ = read_image(images.write_deep_png(tmp_path / "deep.png", value, channels=channels))
    assert pixels.shape == (6, 8, 3)
    assert np.all(np.abs(pixels.astype(int) - expected) <= 1)


@pytest.mark.parametrize(("top", "expected"), [(1.0, 128), (255.0, 128), (65535.0, 128)])
def test_float_tiff_is_scaled_by_its_range(tmp_path: Path, top: float, expected: int) -> None:
    values = np.full((4, 4), top / 2, np.float32)
    values[0, 0] = top
    pixels, warnings = read_image(images.write_float_tiff(tmp_path / "a.tiff", values))
    assert pixels[2, 2].tolist() == [expected] * 3
    assert warnings == ()


def test_odd_float_values_leave_warnings(tmp_path: Path) -> None:
    values = np.linspace(-5, 1e6, 16, dtype=np.float32).reshape(4, 4)
    values[1, 1] = np.nan
    pixels, warnings = read_image(images.write_float_tiff(tmp_path / "a.tiff", values))
    assert pixels.min() == 0
    assert pixels.max() == 255
    assert len(warnings) == 2


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_other_jpeg_modes_become_rgb(tmp_path: Path, mode: str) -> None:
    path = images.write_image(tmp_path / "a.jpg", images.four_corners(), image_format="JPEG", mode=mode)
    red = read_image(path)[0][8:24, 8:40].mean(axis=(0, 1))
    assert np.abs(red - ((254, 0, 0) if mode == "CMYK" else (76, 76, 76))).max() < 8


@pytest.mark.parametrize("mode", ["1", "P", "LA"])
def test_palette_grey_and_one_bit_become_rgb(tmp_path: Path, mode: str) -> None:
    path = images.write_image(tmp_path / "a.png", images.four_corners(), mode=mode)
    pixels, warnings = read_image(path)
    assert pixels.shape == (64, 96, 3)
    assert warnings == ()


def test_transparency_is_shown_on_white_and_said(tmp_path: Path) -> None:
    layered = np.zeros((4, 4, 4), np.uint8)
    layered[:2] = (200, 0, 0, 255)
    layered[2] = (0, 0, 0, 128)
    Image.fromarray(layered).save(tmp_path / "a.png")
    pixels, warnings = read_image(tmp_path / "a.png")
    assert pixels[0, 0].tolist() == [200, 0, 0]
    assert pixels[2, 0].tolist() == [127, 127, 127]
    assert pixels[3, 0].tolist() == [255, 255, 255]
    assert "white" in warnings[0]


@pytest.mark.parametrize("name", ["GIF", "WEBP", "AVIF", "PNG"])
def test_animation_is_its_first_frame_with_a_warning(tmp_path: Path, name: str) -> None:
    pixels, warnings = read_image(images.write_animation(tmp_path / "a.gif", image_format=name))
    assert np.abs(pixels[8:24, 8:40].astype(int) - (255, 0, 0)).max() < 12
    assert "first frame" in warnings[0]


def test_one_pixel(tmp_path: Path) -> None:
    path = images.write_image(tmp_path / "a.png", np.full((1, 1, 3), 7, np.uint8))
    assert read_image(path)[0].tolist() == [[[7, 7, 7]]]


def test_huge_picture_is_refused_from_its_header(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    path = images.write_huge_png(tmp_path / "huge.png")
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(MediaTooLarge, match="20000x20000"):
        read_image(path)
    assert not recwarn.list
    assert before == Image.MAX_IMAGE_PIXELS
    with pytest.raises(MediaTooLarge):
        read_image(images.write_portrait(tmp_path / "a.jpg"), limits=Limits(max_image_pixels=1000))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_truncated_picture_is_refused(tmp_path: Path, name: str, share: float) -> None:
    path = images.cut(images.write_portrait(tmp_path / "a.jpg", image_format=name), share)
    with pytest.raises(DecodeFailed, match="complete file"):
        read_image(path)


@pytest.mark.parametrize("name", FORMATS)
def test_random_damage_never_leaks_a_foreign_error(tmp_path: Path, name: str) -> None:
    path = images.write_portrait(tmp_path / "a", size=(48, 64), image_format=name)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        data = np.frombuffer(whole, np.uint8).copy()
        data[rng.integers(0, data.size, 6)] = rng.integers(0, 256, 6)
        path.write_bytes(data.tobytes())
        try:
            read_image(path)
        except InputError:
            continue


def test_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(UnsupportedMedia, match="a text file"):
        read_image(tmp_path / "a.jpg")
