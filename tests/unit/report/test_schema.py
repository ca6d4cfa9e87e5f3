import json
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.unit.report.made import FAILURE, clip, evidence, faceless, portrait
from unmask.core.evidence import Provenance, Trace
from unmask.report.schema import (
    FailureDocument,
    ReportDocument,
    document,
    failure_document,
    json_schema,
    portable,
    rate_text,
)
from unmask.report.to_json import to_json

PUBLISHED = Path(__file__).parents[3] / "docs" / "report.schema.json"


@pytest.mark.parametrize("report", [portrait(), clip(), faceless()], ids=["portrait", "clip", "faceless"])
def test_json_reads_back_as_the_same_document(report) -> None:
    line = to_json(report)
    assert "\n" not in line
    assert ReportDocument.model_validate_json(line) == document(report)


def test_keys_are_those_of_the_plan_in_order() -> None:
    whole = json.loads(to_json(clip()))
    assert list(whole) == [
        "schema_version", "path", "sha256", "media", "verdict", "p_fake", "interval", "coverage", "reasons", "evidence",
        "people", "voices", "lips", "timeline", "provenance", "models", "timings_s", "warnings",
    ]  # fmt: skip
    assert whole["schema_version"] == "1"
    assert whole["media"]["frame_rate"] == "30000/1001"
    assert whole["provenance"]["credentials"] == "not_checked"
    assert whole["people"][0]["spans"] == [{"start_s": 5.0, "end_s": 10.0, "p_fake": 0.9}]
    assert {"t_s", "p_fake", "modality"} <= set(whole["timeline"][0])
    assert {"detector", "modality", "p_fake", "abstained", "weight"} <= set(whole["evidence"][0])


def test_provenance_is_published_whole() -> None:
    said = Provenance(
        "untrusted", "Studio", ("GIMP",), "Newsroom", "Studio 1", "2024-01-01", "digitalCapture",
        traces=(Trace("EXIF", "Software", "bad \udce9"),), notes=("odd",),
    )  # fmt: skip
    whole = json.loads(to_json(replace(portrait(), provenance=said)))["provenance"]
    assert whole == {
        "credentials": "untrusted", "generator": "Studio", "software": ["GIMP"], "signer": "Newsroom",
        "claim_generator": "Studio 1", "signed_at": "2024-01-01", "source_type": "digitalCapture", "conclusive": False,
        "traces": [{"where": "EXIF", "name": "Software", "value": "bad \\xe9"}], "notes": ["odd"],
    }  # fmt: skip


def test_abstention_is_null_and_a_reason() -> None:
    whole = json.loads(to_json(faceless()))
    assert whole["p_fake"] is None
    assert whole["interval"] is None
    assert whole["media"]["frame_rate"] is None
    assert whole["evidence"][0]["p_fake"] is None
    assert whole["evidence"][0]["abstained"] == "no_face"


def test_numbers_have_four_digits() -> None:
    whole = json.loads(to_json(replace(portrait(), p_fake=0.123456789, interval=(1 / 3, 2 / 3))))
    assert whole["p_fake"] == 0.1235
    assert whole["interval"] == [0.3333, 0.6667]
    assert whole["timings_s"]["decode"] == 0.1235


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1, 1.1])
def test_impossible_probabilities_are_refused(bad: float) -> None:
    with pytest.raises(ValidationError):
        document(replace(portrait(), p_fake=bad))
    with pytest.raises(ValidationError):
        document(replace(portrait(), evidence=(evidence(bad),)))


def test_endless_time_is_refused() -> None:
    with pytest.raises(ValidationError):
        document(replace(portrait(), timings_s={"total": math.inf}))


def test_warnings_come_once_files_first() -> None:
    assert document(clip()).warnings == ("The index was rebuilt.", "Three packets were lost.")


def test_rate_keeps_its_denominator() -> None:
    assert rate_text(Fraction(25)) == "25/1"
    assert rate_text(None) is None


def test_failure() -> None:
    failed = failure_document(FAILURE)
    assert json.loads(to_json(FAILURE)) == {
        "schema_version": "1",
        "path": "/private/broken.mp4",
        "error": {"code": "DecodeFailed", "message": "broken.mp4: no frame could be decoded."},
    }
    assert FailureDocument.model_validate_json(to_json(FAILURE)) == failed


def test_any_file_name_can_be_written() -> None:
    assert portable("caf\udce9.jpg") == "caf\\xe9.jpg"
    assert portable("\ud83d") == "\\ud83d"
    assert portable("plain 😀 \u202e") == "plain 😀 \u202e"
    to_json(portrait(name="caf\udce9.jpg")).encode("utf-8")


def test_published_schema_is_current() -> None:
    """To renew: write ``json.dumps(json_schema(), indent=2) + "\\n"`` to the file."""
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == json_schema()


def test_schema_allows_nothing_unnamed() -> None:
    definitions = json_schema()["$defs"]
    assert {"ReportDocument", "FailureDocument"} <= set(definitions)
    assert all(one.get("additionalProperties") is False for one in definitions.values())
