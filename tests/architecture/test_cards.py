"""Every model card is whole, and every file that it claims to embed is the one it claims."""

import hashlib

import pytest

from tests.architecture.places import PACKAGE, ROOT
from unmask.models.card import CardFile, ModelCard, read_card
from unmask.models.catalogue import find, names

CARDS = [read_card(path) for path in sorted((PACKAGE / "models" / "cards").glob("*.toml"))]
EMBEDDED = [file for card in CARDS for file in card.files if file.embedded]
JUDGES = [card for card in CARDS if card.family in ("face", "speech", "picture")]
WEIGHTS = PACKAGE / "models" / "weights"
EMBEDDED_BYTES = 30_000_000

every_card = pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
every_judge = pytest.mark.parametrize("card", JUDGES, ids=lambda card: card.name)


@every_card
def test_card_is_in_the_catalogue_under_its_own_name(card: ModelCard) -> None:
    assert card.name in names()
    assert find(card.name) == card
    assert (PACKAGE / "models" / "cards" / f"{card.name}.toml").is_file()


@every_card
def test_card_says_where_it_comes_from_and_where_it_fails(card: ModelCard) -> None:
    assert card.family in ("face", "speech", "picture", "face-detector", "face-identity")
    assert card.summary
    assert card.licence
    assert card.training_data
    assert card.known_failures
    assert card.reference


@every_card
def test_every_file_can_be_had_and_checked(card: ModelCard) -> None:
    for file in card.files:
        assert len(file.sha256) == 64
        assert set(file.sha256) <= set("0123456789abcdef")
        assert file.bytes > 0
        joined = card.base is not None and file is card.graph
        assert joined or file.embedded or file.package or file.url
    if card.base is not None:
        assert len(card.base.sha256) == 64
        assert card.base.package or card.base.url


@pytest.mark.parametrize("file", EMBEDDED, ids=lambda file: file.name)
def test_embedded_file_is_the_one_on_the_card(file: CardFile) -> None:
    data = (WEIGHTS / file.name).read_bytes()
    assert len(data) == file.bytes
    assert hashlib.sha256(data).hexdigest() == file.sha256


def test_embedded_weights_stay_small_and_each_has_a_card() -> None:
    lying = {path.name: path.stat().st_size for path in WEIGHTS.glob("*") if path.is_file()}
    assert set(lying) == {file.name for file in EMBEDDED}
    assert sum(lying.values()) <= EMBEDDED_BYTES


@pytest.mark.parametrize("family", ["face", "speech", "face-detector", "face-identity"])
def test_every_family_has_a_model(family: str) -> None:
    assert family in {card.family for card in CARDS}


@every_judge
def test_judge_is_calibrated_measured_and_described(card: ModelCard) -> None:
    assert card.input is not None
    assert card.outputs is not None
    assert "logit" in card.outputs
    assert card.calibration is not None
    assert 0 < card.calibration.likely_real_below < card.calibration.likely_fake_above < 1
    assert card.calibration.unit_slope > 0
    assert card.calibration.medium_slope > 0
    assert card.calibration.fitted_on
    assert card.parity is not None
    assert card.parity < 1e-2
    assert any(not figure.seen for figure in card.figures), "a figure on sources that training never saw"
    assert all(figure.low <= figure.value <= figure.high for figure in card.figures)
    page = ROOT / "docs" / "models" / f"{card.name}.md"
    assert card.name in page.read_text(encoding="utf-8")
