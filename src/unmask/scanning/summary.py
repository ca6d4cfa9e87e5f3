"""Say in plain sentences what a verdict rests on."""

from __future__ import annotations

from collections.abc import Sequence

from unmask.core.evidence import Evidence, Person, Reason, Verdict
from unmask.fusion.decide import LEAST_COVERAGE

_WHAT = {"face": "the faces", "image": "the picture", "audio": "the voice", "sync": "lips and sound"}
_WHY: dict[Reason, str] = {
    "no_face": "no face was found",
    "face_too_small": "the faces are too small",
    "no_speech": "no speech was found",
    "too_short": "there is too little to judge",
    "too_compressed": "compression has removed the traces",
    "out_of_domain": "the material differs from everything the detector has learned",
    "unstable": "the answer changes when the file is saved again",
    "too_dark": "the picture is too dark",
}


def reasons(
    verdict: Verdict, coverage: float, evidence: Sequence[Evidence], people: Sequence[Person]
) -> tuple[str, ...]:
    """Explain a verdict.

    Args:
        verdict: The verdict.
        coverage: Of the medium.
        evidence: One entry a detector.
        people: People in the medium.

    Returns:
        One to a few sentences, the most important first.
    """
    found = [_sentence(entry) for entry in sorted(evidence, key=lambda entry: -(entry.p_fake or -1.0))]
    suspects = [person for person in people if person.spans]
    if len(people) > 1 and suspects:
        names = ", ".join(str(person.id + 1) for person in suspects)
        found.append(f"Of {len(people)} people, the suspicion concerns person {names}.")
    if verdict == "inconclusive":
        found.append(_doubt(coverage, evidence))
    return tuple(found)


def _doubt(coverage: float, evidence: Sequence[Evidence]) -> str:
    """Say why there is no clear verdict."""
    if all(entry.p_fake is None for entry in evidence):
        return "Nothing in this file could be judged, so there is no probability."
    if coverage < LEAST_COVERAGE:
        return f"Only {coverage:.0%} of the file could be judged, too little to call it genuine."
    if all(_calm(entry) for entry in evidence):
        return "What could be judged looks genuine, but that does not clear the rest."
    if any(_alarming(entry) for entry in evidence):
        return "One part raises suspicion, but taken together the evidence stays below the upper threshold."
    return "The evidence lies between the two thresholds; look for other sources before you decide."


def _alarming(entry: Evidence) -> bool:
    return entry.p_fake is not None and entry.p_fake >= entry.likely_fake_above


def _calm(entry: Evidence) -> bool:
    return entry.p_fake is None or entry.p_fake < entry.likely_real_below


def _sentence(entry: Evidence) -> str:
    what = _WHAT[entry.modality]
    if entry.p_fake is None:
        why = _WHY[entry.abstained] if entry.abstained else "there is nothing to judge"
        detail = f" ({entry.detail})" if entry.detail else ""
        return f"{what.capitalize()} could not be judged: {why}{detail}."
    units = f"{entry.units} {'window' if entry.modality == 'audio' else 'face'}{'' if entry.units == 1 else 's'}"
    if entry.p_fake >= entry.likely_fake_above:
        claim = "sounds synthetic" if entry.modality == "audio" else "look forged"
    elif entry.p_fake < entry.likely_real_below:
        claim = "shows no sign of synthesis" if entry.modality == "audio" else "show no sign of forgery"
    else:
        return f"{entry.detector} is undecided about {what} ({entry.p_fake:.0%} from {units})."
    return f"{what.capitalize()} {claim} to {entry.detector} ({entry.p_fake:.0%} from {units})."
