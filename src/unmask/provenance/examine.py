"""Everything that a file says about its own origin, as one record and as sentences."""

from __future__ import annotations

from collections.abc import Iterator

from unmask.core.evidence import Provenance, Trace
from unmask.core.records import MediaInfo
from unmask.media.tags import Tag, read_tags
from unmask.provenance import tools
from unmask.provenance.credentials import GENERATED, Manifest, read_credentials
from unmask.provenance.xmp import read_xmp

MOST_TRACES = 40
LONGEST_NAME = 60
LONGEST_VALUE = 300
SIGNED = "Content Credentials"
_SIGNERS = {
    "trusted": "The file's Content Credentials name {} as a maker.",
    "untrusted": "The file's Content Credentials, by a signer on no trust list, name {} as its maker.",
    "absent": "The file's metadata names {} as its maker; anyone can write or remove such an entry.",
}


def examine(media: MediaInfo, anchors: str = "") -> Provenance:
    """Read what a file says about its own origin.

    Args:
        media: The file, as probed.
        anchors: Certificates that the user trusts, as PEM; see `unmask.provenance.credentials.trust_anchors`.

    Returns:
        What was found. Nothing in a file can make this raise: what is damaged or hostile becomes a note.
    """
    tags = read_tags(media.path, media.kind)
    properties, odd = read_xmp(tags.xmp)
    entries = [*tags.entries, *properties]
    manifest = read_credentials(media.path, media.format, anchors)
    traces = [*_signed(manifest), *(_trace(tag) for tag in tools.telling(entries))]
    return Provenance(
        credentials=manifest.state,
        generator=_generator(manifest, entries),
        software=tools.software(entries),
        signer=_cut(manifest.signer),
        claim_generator=_cut(manifest.claim_generator),
        signed_at=_cut(manifest.signed_at),
        source_type=_cut(manifest.source_type) or _source_type(properties),
        conclusive=manifest.state == "trusted" and manifest.made and manifest.source_type == GENERATED,
        traces=tuple(dict.fromkeys(traces))[:MOST_TRACES],
        notes=tuple(note[:LONGEST_VALUE] for note in (*manifest.notes, *odd, *tags.notes)),
    )


def sentences(found: Provenance) -> tuple[str, ...]:
    """Say in sentences what a reader of the verdict must know; empty where the file says nothing of the kind."""
    if found.conclusive:
        return (
            f"{found.signer or 'A signer'}, whom the trust list names, states that generative software made this file.",
        )
    said = []
    if found.credentials == "invalid":
        said.append("The file's Content Credentials are not valid: it was changed after signing, or they are damaged.")
    if found.generator is not None:
        signed = found.source_type == GENERATED and found.credentials in _SIGNERS
        said.append(_SIGNERS[found.credentials if signed else "absent"].format(found.generator))
    return tuple(said)


def _generator(manifest: Manifest, entries: list[Tag]) -> str | None:
    """Name the maker: what is signed goes before what anybody could have written."""
    signed = manifest.agent or manifest.claim_generator
    if manifest.state in ("untrusted", "trusted"):
        known = tools.named(signed)
        if manifest.source_type == GENERATED:
            return known or _cut(signed) or tools.AI_LABEL
        if known:
            return known
    return tools.generator(entries)


def _source_type(properties: list[Tag]) -> str | None:
    values = (tag.value for tag in properties if tag.name == "DigitalSourceType")
    return next((_cut(value.rstrip("/").rpartition("/")[2]) for value in values), None)


def _signed(manifest: Manifest) -> Iterator[Trace]:
    entries = {
        "signer": manifest.signer,
        "signed at": manifest.signed_at,
        "claim generator": manifest.claim_generator,
        "software agent": manifest.agent,
        "actions": ", ".join(manifest.actions),
        "digital source type": manifest.source_type,
    }
    return (Trace(SIGNED, name, _cut(value) or "") for name, value in entries.items() if value)


def _trace(tag: Tag) -> Trace:
    return Trace(tag.where, tag.name[:LONGEST_NAME], _cut(tag.value) or "")


def _cut(value: str | None) -> str | None:
    if value is None or len(value) <= LONGEST_VALUE:
        return value
    return value[:LONGEST_VALUE] + "\u2026"
