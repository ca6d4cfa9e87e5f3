from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.unit.report.made import clip, faceless, picture, portrait, sound
from unmask.core.records import Exhibit
from unmask.report.figures import figures, level, thumbnail


def test_boxes_lie_on_their_faces_and_are_numbered() -> None:
    (figure,) = figures(clip())
    drawn = list(ElementTree.fromstring(figure.boxes).iter())
    boxes = [one for one in drawn if (one.get("class") or "").startswith("face-box")]
    assert [one.get("class") for one in boxes] == ["face-box level-fake", "face-box level-real"]
    assert [boxes[0].get(name) for name in ("x", "y", "width", "height")] == ["3.12%", "5.00%", "25.00%", "40.00%"]
    assert [boxes[1].get(name) for name in ("x", "y", "width", "height")] == ["62.50%", "0.00%", "37.50%", "45.00%"]
    assert [one.text for one in drawn if one.tag == "text"] == ["1", "2"]


def test_caption_says_what_colours_say() -> None:
    (figure,) = figures(clip())
    assert figure.moment == "0:06.0"
    assert figure.faces == (
        ("Person 1", "90%", "above the upper threshold"),
        ("Person 2", "10%", "below the lower threshold"),
    )
    assert figure.alt == "Frame of the video at 0:06.0, 2 faces marked."


def test_unjudged_face_has_no_number() -> None:
    shown = replace(portrait(), exhibits=(Exhibit(0.0, picture(), ((0, (10.0, 10.0, 50.0, 50.0), None),)),))
    assert figures(shown)[0].faces == (("Person 1", "not judged", ""),)
    assert figures(shown)[0].heat is None


def test_exhibits_come_in_order_of_time() -> None:
    report = replace(clip(), exhibits=tuple(Exhibit(t, picture()) for t in (5.0, 1.0, 3.0)))
    assert [figure.moment for figure in figures(report)] == ["0:01.0", "0:03.0", "0:05.0"]


@pytest.mark.parametrize(
    ("p_fake", "zone"), [(0.81, "unknown"), (0.82, "fake"), (0.22, "unknown"), (0.21, "real"), (None, "unknown")]
)
def test_level(p_fake: float | None, zone: str) -> None:
    assert level(p_fake, (0.22, 0.81)) == zone
    assert level(p_fake, None) == "unknown"


def test_thumbnail_of_picture_sound_and_nothing() -> None:
    assert (thumbnail(faceless()) or "").startswith("data:image/jpeg")
    assert (thumbnail(replace(faceless(), exhibits=(), sound=sound())) or "").startswith("data:image/png")
    silent = replace(sound(), mel_db=np.zeros((0, 0), np.float32))
    assert thumbnail(replace(faceless(), exhibits=(), sound=silent)) is None
