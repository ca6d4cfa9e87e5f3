import base64
import io

import numpy as np
from PIL import Image

from tests.unit.report.made import picture
from unmask.core.records import Exhibit
from unmask.report import overlay


def opened(content: bytes | None) -> Image.Image:
    assert content is not None
    return Image.open(io.BytesIO(content))


def test_files_become_data_uris() -> None:
    assert overlay.png_uri(b"x") == "data:image/png;base64," + base64.b64encode(b"x").decode()
    assert overlay.jpeg_uri(b"x") == "data:image/jpeg;base64," + base64.b64encode(b"x").decode()


def exhibit(value: float, box=(100.0, 40.0, 200.0, 140.0)) -> Exhibit:
    return Exhibit(0.0, picture(), heatmaps=((box, np.full((7, 7), value, np.float32)),))


def test_calm_face_has_no_colour() -> None:
    alpha = np.asarray(opened(overlay.heat_png(exhibit(0.49))).convert("RGBA"))[..., 3]
    assert alpha.max() == 0


def test_heat_lies_on_its_face_and_nowhere_else() -> None:
    image = opened(overlay.heat_png(exhibit(1.0))).convert("RGBA")
    alpha = np.asarray(image)[..., 3]
    assert image.size == (320, 200)
    assert alpha[90, 150] > 180
    outside = alpha.copy()
    outside[40:140, 100:200] = 0
    assert outside.max() == 0


def test_more_evidence_is_denser_and_brighter() -> None:
    colours, opacities = overlay.heat_palette()
    lightness = colours.astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(opacities.astype(int)) >= 0).all()
    assert (np.diff(lightness[128:]) > -0.5).all()
    assert lightness[255] > lightness[128] + 100


def test_squares_past_the_border_are_cut() -> None:
    plane = overlay.heat_plane(exhibit(1.0, (-50.0, -50.0, 50.0, 50.0)))
    assert plane[20, 20] > 0.9
    assert plane[60:, 60:].max() == 0
    assert overlay.heat_plane(exhibit(1.0, (900.0, 900.0, 950.0, 950.0))).max() == 0
    assert overlay.heat_plane(exhibit(1.0, (10.0, 10.0, 10.0, 90.0))).max() == 0


def test_large_frames_get_a_small_plane() -> None:
    big = Exhibit(0.0, picture(1280, 720), heatmaps=(((0.0, 0.0, 600.0, 600.0), np.ones((7, 7), np.float32)),))
    assert overlay.heat_plane(big).shape == (288, 512)


def test_no_map_no_heat() -> None:
    assert overlay.heat_png(Exhibit(0.0, picture())) is None


def test_spectrogram_has_low_tones_below() -> None:
    mel = np.full((80, 3000), -80, np.float32)
    mel[:10] = 0
    pixels = np.asarray(opened(overlay.mel_png(mel)).convert("L"))
    assert pixels.shape == (80, overlay.SOUND_COLUMNS)
    assert pixels[-5:].min() > 200
    assert pixels[:60].max() < 30


def test_pictures_keep_their_look() -> None:
    image = opened(overlay.picture_jpeg(np.full((300, 400, 3), (200, 40, 90), np.uint8), 160))
    assert image.size == (160, 120)
    np.testing.assert_allclose(np.asarray(image).mean(axis=(0, 1)), (200, 40, 90), atol=4)


def test_strip_is_one_pixel_high() -> None:
    pixels = np.asarray(opened(overlay.strip_png(np.float32([0, 0.5, 1]))).convert("L")).astype(int)
    assert pixels.shape == (1, 3)
    assert (np.diff(pixels[0]) > 30).all()
