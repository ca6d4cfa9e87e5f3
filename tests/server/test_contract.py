"""The OpenAPI document, tried out by schemathesis: minutes long, so it runs only when asked for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.server.conftest import API, Killable
from tests.server.fake import order

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "negative_data_rejection,missing_required_header,response_headers_conformance"
)
LONG = "UNMASK_LONG_TESTS"
# tus answers 412 to another version of the protocol, whatever else is wrong.
CONFIG = """
[checks]
negative_data_rejection.expected-statuses = ["4xx"]
missing_required_header.expected-statuses = ["4xx"]
"""


@pytest.mark.skipif(LONG not in os.environ, reason=f"takes minutes; set {LONG}=1")
def test_the_server_keeps_what_its_document_promises(tmp_path: Path) -> None:
    server = Killable(tmp_path / "data", rate_per_minute=10**6, queue_limit=10**6)
    server.hand_in(order())
    (tmp_path / "schemathesis.toml").write_text(CONFIG, encoding="utf-8")
    # Events do not end, fetching goes to other servers, media have the type of their bytes, and no serializer is known
    # for pieces of uploads.
    words = [
        "--exclude-path-regex",
        "/events$|/fetch$|/media$|/uploads/",
        "--checks",
        CHECKS,
        "--phases",
        "examples,coverage,fuzzing",
    ]
    bounds = ["--max-examples", "15", "--max-time", "240", "--request-timeout", "20", "--no-color"]
    try:
        done = subprocess.run(
            ["schemathesis", "run", f"{server.url}{API}/openapi.json", *words, *bounds, "--continue-on-failure"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-6000:]
        assert server.web.get("/readyz").status_code == 200
    finally:
        server.web.close()
        server.stop()
