"""One line of JSON per medium."""

from __future__ import annotations

from unmask.core.evidence import ScanFailure, ScanReport
from unmask.report.schema import document, failure_document

Result = ScanReport | ScanFailure


def to_json(result: Result) -> str:
    """Write a report or a failure as one line of JSON, without the line's end.

    Args:
        result: What a scan returned.

    Returns:
        Text that follows `unmask.report.schema.json_schema`; keys always in the same order.

    Raises:
        ValueError: If a number in the report is not finite.
    """
    if isinstance(result, ScanFailure):
        return failure_document(result).model_dump_json()
    return document(result).model_dump_json()
