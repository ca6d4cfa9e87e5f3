"""Content Credentials: read and validate a C2PA manifest (C2PA specification 2.2) with the reference implementation."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import c2pa

from unmask.core.errors import InvalidOption
from unmask.core.evidence import Credentials

TRUST_LIST = "UNMASK_TRUST_LIST"
GENERATED = "trainedAlgorithmicMedia"

_STATES: dict[str, Credentials] = {"Invalid": "invalid", "Valid": "untrusted", "Trusted": "trusted"}
_KINDS = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heif",
    "mov,mp4": "video/mp4",
    "avi": "video/avi",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
}
_MARK = b"jumb"
_MARK_REACH = 8 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the Content Credentials of a file say.

    Attributes:
        state: Absent, invalid, untrusted or trusted; ``not_checked`` where the format cannot carry any.
        signer: Organisation or name on the signer's certificate.
        claim_generator: Software that wrote them.
        signed_at: Time by a time-stamp authority.
        source_type: Last part of the digital source type of the action that made the file.
        made: Whether that action made the whole file, not a part of it.
        agent: Software that did that action.
        actions: Names of all actions.
        notes: Why they are invalid, or what was not looked at.
    """

    state: Credentials
    signer: str | None = None
    claim_generator: str | None = None
    signed_at: str | None = None
    source_type: str | None = None
    made: bool = False
    agent: str | None = None
    actions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


_NOTHING = {
    c2pa.C2paError.ManifestNotFound: Manifest("absent"),
    c2pa.C2paError.NotSupported: Manifest("not_checked"),
    c2pa.C2paError.RemoteManifest: Manifest(
        "absent", notes=("The file names Content Credentials kept elsewhere; they were not fetched.",)
    ),
}


def trust_anchors() -> str:
    """Read the certificates that the user trusts: the PEM file that ``UNMASK_TRUST_LIST`` names.

    Returns:
        PEM text; empty when no list is named, so that every valid manifest is untrusted.

    Raises:
        InvalidOption: The file cannot be read or holds no certificate.
    """
    name = os.environ.get(TRUST_LIST, "")
    if not name:
        return ""
    try:
        text = Path(name).read_text(encoding="utf-8")
        _context(text).close()
    except (OSError, UnicodeDecodeError, c2pa.C2paError) as error:
        raise _no_list(name, str(error)) from error
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise _no_list(name, "it holds no certificate")
    return text


def read_credentials(path: Path, container: str, anchors: str) -> Manifest:
    """Read and validate the Content Credentials of a file; no network.

    Args:
        path: The file.
        container: Its format, as `MediaInfo.format`.
        anchors: Certificates that the user trusts, as PEM.

    Returns:
        What they say. A manifest that cannot be read is invalid; nothing in a file can make this raise.
    """
    if container not in _KINDS:
        return Manifest("not_checked")
    try:
        return _manifest(_store(path, _KINDS[container], anchors))
    except tuple(_NOTHING) as error:
        return _NOTHING[type(error)]
    except (c2pa.C2paError, OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        if not _marked(path):
            return Manifest("absent")
        return Manifest("invalid", notes=(f"The Content Credentials cannot be read: {error}",))


def _store(path: Path, kind: str, anchors: str) -> dict[str, Any]:
    with (
        path.open("rb") as stream,
        _context(anchors) as context,
        c2pa.Reader(kind, stream, context=context) as reader,
    ):
        store: dict[str, Any] = json.loads(reader.json())
        return store


def _context(anchors: str) -> c2pa.Context:
    # Whatever a manifest asks for, nothing is fetched: neither remote manifests nor revocation lists.
    settings: dict[str, Any] = {"verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False}}
    if anchors:
        settings["trust"] = {"trust_anchors": anchors}
    return c2pa.Context.from_dict(settings)


def _manifest(store: dict[str, Any]) -> Manifest:
    active = store["manifests"][store["active_manifest"]]
    signature = active.get("signature_info") or {}
    actions = list(_actions(active))
    telling = _telling(actions)
    return Manifest(
        state=_STATES.get(str(store.get("validation_state")), "invalid"),
        signer=_words(signature.get("issuer") or signature.get("common_name")),
        claim_generator=_generator(active),
        signed_at=_words(signature.get("time")),
        source_type=_source_type(telling),
        made=telling.get("action") == "c2pa.created",
        agent=_agent(telling),
        actions=tuple(str(action.get("action", "")) for action in actions),
        notes=tuple(_failures(store)),
    )


def _actions(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for assertion in manifest.get("assertions") or ():
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            yield from (one for one in assertion["data"].get("actions") or () if isinstance(one, dict))


def _telling(actions: list[dict[str, Any]]) -> dict[str, Any]:
    """Find the action that says where the content comes from: the one that created it, else the first with a type."""
    typed = [action for action in actions if action.get("digitalSourceType")]
    created = [action for action in typed if action.get("action") == "c2pa.created"]
    return next(iter([*created, *typed]), {})


def _source_type(action: dict[str, Any]) -> str | None:
    return _words(str(action.get("digitalSourceType") or "").rstrip("/").rpartition("/")[2])


def _agent(action: dict[str, Any]) -> str | None:
    agent = action.get("softwareAgent")
    return _words(agent.get("name") if isinstance(agent, dict) else agent)


def _generator(manifest: dict[str, Any]) -> str | None:
    infos = [one for one in manifest.get("claim_generator_info") or () if isinstance(one, dict)]
    if infos:
        return _words(f"{infos[0].get('name') or ''} {infos[0].get('version') or ''}")
    return _words(manifest.get("claim_generator"))


def _failures(store: dict[str, Any]) -> Iterator[str]:
    for status in store.get("validation_status") or ():
        code = str(status.get("code", ""))
        if code != "signingCredential.untrusted":
            yield f"Content Credentials: {status.get('explanation') or code} ({code})."


def _words(value: object) -> str | None:
    text = " ".join(str(value or "").split())
    return text or None


def _marked(path: Path) -> bool:
    """Tell whether a file that cannot be parsed holds anything that looks like a manifest store (ISO 19566-5)."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_MARK_REACH)
            stream.seek(max(path.stat().st_size - _MARK_REACH, len(head)))
            return _MARK in head or _MARK in stream.read(_MARK_REACH)
    except OSError:
        return False


def _no_list(name: str, reason: str) -> InvalidOption:
    return InvalidOption(
        f"{TRUST_LIST}: {name} is no list of certificates ({reason}); expected a readable PEM file. "
        "Name another file, or unset the variable to trust nobody."
    )
