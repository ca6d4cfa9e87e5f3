"""In-the-Wild (Mueller et al. 2022): voices of public figures, genuine and forged.

Tree: ``release_in_the_wild/0.wav`` beside ``meta.csv`` with the columns file, speaker and label (bona-fide or spoof).
The group is the speaker. How each was forged is not published.
"""

from __future__ import annotations

from unmask.core.errors import DatasetInvalid, ManifestInvalid
from unmask.datasets.found import Found
from unmask.datasets.manifest import read_table

_LABELS = {"bona-fide": 0, "spoof": 1}


def read(found: Found) -> None:
    """Read the table and what lies around it; there is no official split."""
    table = found.file("meta.csv")
    if table is None:
        message = f"{found.root}: meta.csv is missing; without it nobody knows the labels. Download it again."
        raise DatasetInvalid(message)
    here = {path.name: path for path in found.files(table.parent, "audio")}
    for line in read_table(table, ("file", "speaker", "label"))[1]:
        if line["label"] not in _LABELS:
            message = f"{table}: the label of {line['file']} is {line['label']!r}; expected bona-fide or spoof."
            raise ManifestInvalid(message)
        if line["file"] not in here:
            found.miss("meta.csv", line["file"])
            continue
        label = _LABELS[line["label"]]
        found.add(here[line["file"]], label, method="unknown" if label else "", group=line["speaker"])
