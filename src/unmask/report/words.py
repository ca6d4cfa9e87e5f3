"""Plain words for verdicts, reasons and numbers: what a reader sees instead of names and codes.

Words are careful by rule: a verdict is an opinion about a medium, never a finding about a person.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from unmask.core.evidence import Modality, Reason, ScanReport, Verdict
from unmask.core.records import Kind
from unmask.report.schema import portable

HEADLINES: Mapping[Verdict, str] = {
    "likely_fake": "Likely forged",
    "likely_real": "Likely genuine",
    "inconclusive": "Cannot tell",
}
NOUNS: Mapping[Kind, str] = {"image": "picture", "video": "video", "audio": "recording"}
MODALITIES: Mapping[Modality, str] = {
    "face": "Faces",
    "image": "Whole picture",
    "audio": "Voice",
    "sync": "Lips and voice together",
}
ABSTENTIONS: Mapping[Reason, str] = {
    "no_face": "No face was found, so there was nothing for this detector to look at.",
    "face_too_small": "The faces are too small to be judged; a larger or less reduced copy may help.",
    "no_speech": "No speech was found, so there was nothing for this detector to listen to.",
    "too_short": "There is too little material to judge.",
    "too_compressed": "Compression has removed the traces that the detector needs; look for an earlier copy.",
    "out_of_domain": "This is unlike anything the detector was trained on, so its answer would mean nothing.",
    "unstable": "The answer turned when the material was saved again or made a little smaller, so it is not given.",
    "too_dark": "The material is too dark to be judged.",
    "too_blurred": "The faces are too blurred to be judged; a sharper or larger copy may help.",
    "too_small": "The picture is too small to be judged; a larger copy may help.",
    "too_plain": "This is mostly flat colour: drawings, diagrams and screenshots are not what the detector knows.",
    "several_faces": "Several faces are in view, and who of them speaks is not known.",
    "turned_away": "The face is turned away, so the lips cannot be read.",
    "mouth_still": "The lips hardly move while somebody speaks; the voice may belong to somebody out of view.",
}
ABSTENTION_LABELS: Mapping[Reason, str] = {
    "no_face": "no face found",
    "face_too_small": "faces too small",
    "no_speech": "no speech found",
    "too_short": "too short",
    "too_compressed": "too compressed",
    "out_of_domain": "unfamiliar material",
    "unstable": "unstable answer",
    "too_dark": "too dark",
    "too_blurred": "too blurred",
    "too_small": "too small",
    "too_plain": "flat colour",
    "several_faces": "several faces",
    "turned_away": "face turned away",
    "mouth_still": "lips hardly move",
}
LEDES: Mapping[Verdict, str] = {
    "likely_fake": "The detectors found traces in this {noun} that they know from forgeries.",
    "likely_real": "The detectors found no traces in this {noun} of the kinds of forgery that they know.",
    "inconclusive": "The detectors examined this {noun}, but their answer does not point clearly either way.",
}
LEDE_STATED = "A signer whom you trust states that generative software made this {noun}."
LEDE_UNSCORED = "Nothing in this {noun} could be judged, so no probability is given."
MEANS: Mapping[Verdict, tuple[str, ...]] = {
    "likely_fake": (
        "What was examined resembles forgeries that the detectors have learnt more than it resembles genuine material.",
        "It is a reason to look closer: find the source, the earliest copy, other recordings of the same moment.",
    ),
    "likely_real": (
        "What was examined resembles genuine material more than the forgeries that the detectors have learnt.",
        "It is one point in favour, to be weighed with the source and the context.",
    ),
    "inconclusive": (
        "There is not enough to go on, or the signs contradict each other.",
        "A better copy, closer to the original and less compressed, may allow an answer.",
    ),
}
MEANS_NOT: Mapping[Verdict, tuple[str, ...]] = {
    "likely_fake": (
        "It does not prove a forgery, and it says nothing about who made it or why.",
        "Filters, heavy make-up, strong compression or filming off a screen can raise the same alarm.",
    ),
    "likely_real": (
        "It does not prove that the material is genuine: newer ways of forging leave traces unknown to the detectors.",
        "It does not show that the caption, the date or the place is right.",
    ),
    "inconclusive": (
        "It is not a mild suspicion, and it is not a clean bill of health.",
        "It does not mean that the material is partly forged.",
    ),
}
MEANS_STATED = (
    "The verdict follows the signer's statement in the file, not the detectors, whose answer stands beside it.",
    "It is as reliable as the signer and the trust list that names them.",
)
MEANS_UNSCORED = (
    "There was nothing here that the detectors could judge; the evidence below says why.",
    "A better copy, closer to the original and less compressed, may allow an answer.",
)
LIMITS = (
    "This is the opinion of automatic detectors, not proof. Never use it alone to accuse a person or to publish.",
    "Forgeries made in ways that the detectors have never met can pass unnoticed.",
    "Only what the table of evidence lists was examined. Everything else in the file was not.",
    "The probability was calibrated on test collections, not on your material. Where forgeries are rare, more of the "
    "alarms are false.",
    "Copies from social networks and messengers have lost traces. Examine the earliest copy you can get.",
)

# An en dash, where a number would stand.
NOTHING = "\u2013"
JOINERS = "\u200c\u200d"


def headline(verdict: Verdict) -> str:
    """Give the verdict as two plain words."""
    return HEADLINES[verdict]


def lede(report: ScanReport) -> str:
    """Give the sentence under the headline."""
    text = LEDE_UNSCORED if report.p_fake is None else LEDES[report.verdict]
    if report.provenance.conclusive:
        text = LEDE_STATED
    return text.format(noun=NOUNS[report.media.kind])


def meaning(report: ScanReport) -> tuple[str, ...]:
    """Say what a result means, in sentences."""
    if report.provenance.conclusive:
        return MEANS_STATED
    return MEANS_UNSCORED if report.p_fake is None else MEANS[report.verdict]


def person_name(person: int) -> str:
    """Name a person by number, from 1 (ids count from 0)."""
    return f"Person {person + 1}"


def lane_name(modality: Modality, number: int | None) -> str:
    """Name what a lane of the timeline shows: a person, one of several voices, or what was looked at."""
    if number is None:
        return MODALITIES[modality]
    return f"Voice {number + 1}" if modality == "audio" else person_name(number)


def percent(share: float | None) -> str:
    """Write a share as per cent; never as certainty: ``under 1%`` and ``over 99%`` at the ends."""
    if share is None:
        return NOTHING
    if share < 0.005:
        return "under 1%"
    return "over 99%" if share > 0.995 else f"{100 * share:.0f}%"


def whole_percent(share: float) -> str:
    """Write a share that may well be all or nothing, such as coverage; 100% only where nothing is missing."""
    if 0.995 <= share < 1.0:
        return "over 99%"
    return "under 1%" if 0.0 < share < 0.005 else f"{100 * share:.0f}%"


def interval(bounds: tuple[float, float] | None) -> str:
    """Write an interval of probabilities, for example ``91% to 99%``; a dash where there is none."""
    if bounds is None:
        return NOTHING
    low, high = (percent(bound) for bound in bounds)
    return low if low == high else f"{low} to {high}"


def clock(seconds: float, *, fine: bool = True) -> str:
    """Write a moment as ``m:ss.t`` or ``h:mm:ss``; without tenths unless `fine`."""
    tenths = round(max(seconds, 0.0) * 10) if fine else 10 * round(max(seconds, 0.0))
    whole, tenth = divmod(tenths, 10)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
    return f"{text}.{tenth}" if fine and not hours else text


def size(count: int) -> str:
    """Write a number of bytes, for example ``1.4 MB``."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def visible(text: str) -> str:
    """Show letters that hide or reorder text, such as U+202E in a file name, as escapes.

    Args:
        text: Anything that came from outside.

    Returns:
        Text without control, format and surrogate letters (Unicode classes Cc, Cf, Cs, Zl, Zp) except the two joiners
        that some scripts need; still to be escaped for HTML.
    """
    return "".join(f"\\u{ord(one):04x}" if _hides(one) else one for one in portable(text))


def _hides(letter: str) -> bool:
    return letter not in JOINERS and unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
