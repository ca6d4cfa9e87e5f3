"""ASVspoof 2019 LA (Todisco et al. 2019) and ASVspoof 2021 LA and DF (Yamagishi et al. 2021).

2019: ``ASVspoof2019_LA_cm_protocols/ASVspoof2019.LA.cm.{train.trn,dev.trl,eval.trl}.txt``, lines such as
``LA_0079 LA_T_1138215 - A01 spoof`` (speaker, file, unused, system, key); sound in ``ASVspoof2019_LA_train/flac``.

2021: ``keys/{LA,DF}/CM/trial_metadata.txt``, lines such as ``LA_0009 LA_E_9332881 alaw ita_tx A07 spoof notrim eval``
(speaker, file, codec, channel or origin, system, key, trimming, phase; DF adds more); sound in
``ASVspoof2021_LA_eval/flac``. Of the phases, progress is for validation and eval for the test; hidden trials are
altered on purpose and outside the official figures, so they are left out.
"""

from __future__ import annotations

from pathlib import Path

from unmask.core.errors import DatasetInvalid, ManifestInvalid
from unmask.datasets.found import Found

_LABELS = {"bonafide": 0, "spoof": 1}
_PROTOCOLS = {
    "ASVspoof2019.LA.cm.train.trn.txt": "train",
    "ASVspoof2019.LA.cm.dev.trl.txt": "validation",
    "ASVspoof2019.LA.cm.eval.trl.txt": "test",
}
_PHASES = {"progress": "validation", "eval": "test"}


def read_2019(found: Found) -> None:
    """Three protocols, one a side."""
    sound = _sound(found)
    tables = [(found.file(name), name, side) for name, side in _PROTOCOLS.items()]
    if not any(path for path, _, _ in tables):
        message = f"{found.root}: no protocol is here; expected ASVspoof2019_LA_cm_protocols/{next(iter(_PROTOCOLS))}."
        raise DatasetInvalid(message)
    for path, name, side in tables:
        if path is None:
            found.note(f"The protocol {name} is missing; its side was left out.")
            continue
        for speaker, file, _, system, key in _lines(path, 5):
            _add(found, sound, name, (file, speaker, system, key), split=side)


def read_2021(found: Found) -> None:
    """One table of keys with all phases; LA and DF lie apart, so the root names the one or the other."""
    track = found.source[-2:].upper()
    tables = sorted(path for path in found.root.rglob("trial_metadata.txt") if path.parent.name == "CM")
    tables = [path for path in tables if path.parent.parent.name == track] or tables
    if not tables:
        message = (
            f"{found.root}: keys/{track}/CM/trial_metadata.txt is missing. The keys are a download of their own "
            "(asvspoof.org, 2021 keys and metadata); unpack them into this folder."
        )
        raise DatasetInvalid(message)
    sound = _sound(found)
    hidden = 0
    for speaker, file, codec, _, system, key, _, phase in _lines(tables[0], 8):
        if phase not in _PHASES:
            hidden += 1
            continue
        facts = (file, speaker, system, key)
        _add(found, sound, tables[0].name, facts, split=_PHASES[phase], compression=codec)
    if hidden:
        found.note(f"Trials of the hidden track, left out: {hidden}.")


def _sound(found: Found) -> dict[str, Path]:
    return {path.stem: path for path in found.files(found.root, "audio")}


def _add(
    found: Found,
    sound: dict[str, Path],
    table: str,
    facts: tuple[str, str, str, str],
    *,
    split: str,
    compression: str = "",
) -> None:
    file, speaker, system, key = facts
    if key not in _LABELS:
        message = f"{table}: the key of {file} is {key!r}; expected bonafide or spoof. Download the table again."
        raise ManifestInvalid(message)
    if file not in sound:
        found.miss(table, file)
        return
    label = _LABELS[key]
    method = system if label else ""
    found.add(sound[file], label, method=method, group=speaker, split=split, compression=compression)


def _lines(path: Path, columns: int) -> list[list[str]]:
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    for number, line in enumerate(lines, start=1):
        if len(line) < columns:
            message = f"{path}, line {number}: expected {columns} columns, got {len(line)}. Download it again."
            raise ManifestInvalid(message)
    return [line[:columns] for line in lines]
