"""What a file says about its own origin, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unmask.core.evidence import Credentials, Provenance
from unmask.report.schema import ProvenanceDocument
from unmask.report.words import visible

HEADLINES: Mapping[Credentials, str] = {
    "not_checked": "Content Credentials could not be checked",
    "absent": "No Content Credentials",
    "invalid": "Content Credentials that are not valid",
    "untrusted": "Content Credentials by an unknown signer",
    "trusted": "Content Credentials by a trusted signer",
}
EXPLAINED: Mapping[Credentials, str] = {
    "not_checked": "Files of this format carry none that can be read here. That says nothing for or against the file.",
    "absent": "The file carries no signed statement about its origin. Most genuine files do not either, and most "
    "platforms remove them, so this says nothing for or against it.",
    "invalid": "The file carries a signed statement about its origin, but the two do not fit together: the file was "
    "changed after it was signed, or the statement is damaged. Do not rely on what it says.",
    "untrusted": "The file carries a signed statement about its origin and has not been changed since. But the signer "
    "is on no trust list that is set up here, and anyone can sign: take it as a claim.",
    "trusted": "The file carries a signed statement about its origin, has not been changed since, and the signer is on "
    "the trust list that is set up here. The statement is as good as the signer's word.",
}
CONCLUSIVE = "The signer states that generative software made this file. The verdict follows that statement."
NAMED = "The file names {} as its maker. Anyone can write or remove such an entry, but few would write it falsely."
SOURCES = {
    "trainedAlgorithmicMedia": "made by generative software",
    "compositeWithTrainedAlgorithmicMedia": "partly made by generative software",
    "compositeSynthetic": "put together, with synthetic parts",
    "algorithmicMedia": "made by a programme that was not trained on other media",
    "algorithmicallyEnhanced": "improved by a programme",
    "digitalCapture": "recorded by a camera or microphone",
    "computationalCapture": "recorded by a camera that computes its pictures",
    "digitalCreation": "made by a person with ordinary software",
    "humanEdits": "edited by a person",
    "composite": "put together from several",
    "screenCapture": "recorded from a screen",
    "virtualRecording": "recorded in a virtual scene",
}
EDITED = "That a program has left its name is no sign of a forgery: cameras, editors and platforms do so too."


def panel(found: Provenance | ProvenanceDocument) -> dict[str, Any]:
    """Say what a file says about its own origin.

    Args:
        found: As in a report, or as published.

    Returns:
        Plain text by name, still to be escaped: ``headline``, ``explained`` (sentences), ``facts`` (name and value),
        ``traces`` (part of the file, name, value) and ``notes``.
    """
    explained = [EXPLAINED[found.credentials]]
    if found.conclusive:
        explained.append(CONCLUSIVE)
    elif found.generator and found.credentials not in ("untrusted", "trusted"):
        explained.append(NAMED.format(visible(found.generator)))
    if found.software:
        explained.append(EDITED)
    facts = {
        "Signed by": found.signer,
        "Signed at": found.signed_at,
        "Statement written by": found.claim_generator,
        "Said to be": found.source_type and SOURCES.get(found.source_type, found.source_type),
        "Said to be made by": found.generator,
        "Programs named": ", ".join(found.software),
    }
    return {
        "headline": HEADLINES[found.credentials],
        "explained": explained,
        "facts": [(name, visible(value)) for name, value in facts.items() if value],
        "traces": [(visible(one.where), visible(one.name), visible(one.value)) for one in found.traces],
        "notes": [visible(note) for note in found.notes],
    }


def line(found: Provenance) -> str:
    """Say it in one line for a terminal; empty where the file says nothing worth a line."""
    said = [HEADLINES[found.credentials]] if found.credentials in ("invalid", "untrusted", "trusted") else []
    if found.signer:
        said.append(f"signed by {visible(found.signer)}")
    if found.generator:
        said.append(f"names {visible(found.generator)} as its maker")
    return ", ".join(said)
