"""FakeAVCeleb v1.2 (Khalid et al. 2021): genuine and forged pictures times genuine and forged voices.

``meta_data.csv`` has the columns source, target1, target2, method, category, type, race, gender, path and one without
a name: ``path`` holds the file's name, the other its folder, ``FakeAVCeleb/RealVideo-RealAudio/African/men/id00076``.
Whatever is forged makes a clip a fake. The group is the person.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from unmask.core.errors import DatasetInvalid, ManifestInvalid
from unmask.datasets.found import Found
from unmask.datasets.manifest import read_table

_TABLE = "meta_data.csv"
_TYPES = {"RealVideo-RealAudio": 0, "RealVideo-FakeAudio": 1, "FakeVideo-RealAudio": 1, "FakeVideo-FakeAudio": 1}


def read(found: Found) -> None:
    """Read the table; clips that it names twice count once."""
    table = found.file(_TABLE)
    if table is None:
        message = f"{found.root}: {_TABLE} is missing; without it nobody knows methods and people. Download it again."
        raise DatasetInvalid(message)
    here = {path.relative_to(table.parent).as_posix(): path for path in found.files(table.parent, "video")}
    voices = 0
    seen = set()
    for line in read_table(table, ("source", "method", "type", "path"))[1]:
        if line["type"] not in _TYPES:
            message = f"{table}: the type of {line['path']} is {line['type']!r}; expected {', '.join(_TYPES)}."
            raise ManifestInvalid(message)
        inside = _inside(line)
        path = here.get(inside)
        if path is None:
            found.miss(_TABLE, inside)
        elif inside not in seen:
            seen.add(inside)
            label = _TYPES[line["type"]]
            voices += line["type"] == "RealVideo-FakeAudio"
            found.add(path, label, method=line["method"] if label else "", group=line["source"])
    if voices:
        found.note(f"Clips with a forged voice over genuine pictures: {voices}. Leave them out when you judge faces.")


def _inside(line: dict[str, str]) -> str:
    """Path below the dataset's folder, as the table has it."""
    folder, name = PurePosixPath(line.get("") or line["path"]), Path(line["path"]).name
    parts = [part for part in folder.parts if not part.startswith("FakeAVCeleb")]
    whole = PurePosixPath(*parts)
    return str(whole if whole.suffix else whole / name)
