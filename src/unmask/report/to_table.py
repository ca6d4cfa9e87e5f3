"""Many results in one table: Parquet, CSV or JSON lines, by suffix."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from unmask.core.errors import InvalidOption, nearest
from unmask.core.evidence import ScanFailure
from unmask.report.schema import document, failure_document
from unmask.report.to_json import Result, to_json

TEXT, REAL, WHOLE = "text", "real", "whole"
COLUMNS = {
    "path": TEXT,
    "sha256": TEXT,
    "kind": TEXT,
    "format": TEXT,
    "width_px": WHOLE,
    "height_px": WHOLE,
    "duration_s": REAL,
    "bytes": WHOLE,
    "verdict": TEXT,
    "p_fake": REAL,
    "interval_low": REAL,
    "interval_high": REAL,
    "coverage": REAL,
    "credentials": TEXT,
    "generator": TEXT,
    "people": WHOLE,
    "detectors": TEXT,
    "abstained": TEXT,
    "reasons": TEXT,
    "warnings": TEXT,
    "total_s": REAL,
    "error": TEXT,
    "error_message": TEXT,
}
BETWEEN = " | "
BATCH = 512
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Row = dict[str, Any]


def save_table(results: Iterable[Result], path: Path) -> Path:
    """Write results, one row each, as they arrive; the file appears only when it is whole.

    `.parquet` and `.csv` hold the flat columns of `COLUMNS`; Parquet also the full JSON in ``report_json``; `.jsonl`
    holds the full JSON, one medium a line. In CSV a text that a spreadsheet would run as a formula gets a leading
    apostrophe, because file names can be hostile.

    Args:
        results: Reports and failures, in any mixture.
        path: Where to; the suffix chooses the format.

    Returns:
        `path`.

    Raises:
        InvalidOption: If the suffix is none of the three.
    """
    write = _writer(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        write(results, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def check_suffix(path: Path) -> None:
    """Refuse a table that `save_table` could not write, before any work is done for it.

    Raises:
        InvalidOption: If the suffix is none of the three.
    """
    _writer(path)


def save_columns(columns: Mapping[str, Sequence[Any]], path: Path) -> Path:
    """Write plain columns of equal length as Parquet.

    Args:
        columns: Values by name.
        path: Where to.

    Returns:
        `path`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), path, compression="zstd")
    return path


def read_columns(path: Path) -> dict[str, list[Any]]:
    """Read the columns of a Parquet table.

    Raises:
        InvalidOption: The file is missing or no Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return dict(pq.read_table(path).to_pydict())
    except (FileNotFoundError, pa.ArrowInvalid) as error:
        message = f"{path}: no Parquet table can be read there ({error})."
        raise InvalidOption(message) from error


def row(result: Result) -> Row:
    """Flatten a result to the columns of `COLUMNS`; what does not apply is None."""
    empty: Row = dict.fromkeys(COLUMNS)
    if isinstance(result, ScanFailure):
        failed = failure_document(result)
        return {**empty, "path": failed.path, "error": failed.error.code, "error_message": failed.error.message}
    whole = document(result)
    low, high = whole.interval or (None, None)
    return {
        **empty,
        **{name: getattr(whole, name) for name in ("path", "sha256", "verdict", "p_fake", "coverage")},
        **{
            name: getattr(whole.media, name)
            for name in ("kind", "format", "width_px", "height_px", "duration_s", "bytes")
        },
        "interval_low": low,
        "interval_high": high,
        "credentials": whole.provenance.credentials,
        "generator": whole.provenance.generator,
        "people": len(whole.people),
        "detectors": BETWEEN.join(one.detector for one in whole.evidence if one.abstained is None),
        "abstained": BETWEEN.join(f"{one.detector}: {one.abstained}" for one in whole.evidence if one.abstained),
        "reasons": BETWEEN.join(whole.reasons),
        "warnings": BETWEEN.join(whole.warnings),
        "total_s": whole.timings_s.get("total"),
    }


def _writer(path: Path) -> Callable[[Iterable[Result], Path], None]:
    writers: dict[str, Callable[[Iterable[Result], Path], None]] = {
        ".parquet": _parquet,
        ".csv": _csv,
        ".jsonl": _json_lines,
    }
    suffix = path.suffix.lower()
    if suffix not in writers:
        message = f"{path.name}: no table format has the suffix {suffix!r}. {nearest(suffix, writers)}"
        raise InvalidOption(message)
    return writers[suffix]


def _json_lines(results: Iterable[Result], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for result in results:
            file.write(to_json(result) + "\n")


def _csv(results: Iterable[Result], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(COLUMNS))
        writer.writeheader()
        for result in results:
            writer.writerow({name: _harmless(value) for name, value in row(result).items()})


def _harmless(value: object) -> object:
    """Keep a spreadsheet from running a text as a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _parquet(results: Iterable[Result], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {TEXT: pa.string(), REAL: pa.float64(), WHOLE: pa.int64()}
    fields = [pa.field(name, kinds[kind]) for name, kind in COLUMNS.items()]
    schema = pa.schema([*fields, pa.field("report_json", pa.string())])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(results):
            rows = [{**row(result), "report_json": to_json(result)} for result in batch]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _batches(results: Iterable[Result]) -> Iterator[list[Result]]:
    left = iter(results)
    while batch := list(itertools.islice(left, BATCH)):
        yield batch
