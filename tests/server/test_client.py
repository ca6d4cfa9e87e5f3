"""The typed client and the commands of docs/server.md, against a real server."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.places import ROOT
from tests.server.conftest import Killable
from tests.server.fake import order
from unmask.client import Client, JobFailed, ServerProblem


@pytest.fixture
def client(one_server: Killable) -> Client:
    """A client of a running server."""
    return Client(one_server.url)


def test_a_file_is_handed_in_followed_and_read(client: Client, tmp_path: Path) -> None:
    clip = tmp_path / "client clip.png"
    clip.write_bytes(order("sleep 0.5"))
    with client:
        job = client.submit(clip)
        states = [event.state for event in client.events(job.id)]
        assert states[-1] == "done"
        assert states[0] in ("queued", "running")
        job = client.wait(job.id)
        assert (job.verdict, job.name) == ("likely_fake", "client clip.png")
        assert client.report(job.id).reasons == ("The faces look forged.",)
        assert client.exhibits(job.id).pictures[0].width == 64
        assert client.save(job.links.html, tmp_path / "report.html").stat().st_size > 1000
        assert client.judge(job.id, "confirmed_fake", "seen").judgement == "confirmed_fake"
        assert client.jobs(q="client clip").items[0].note == "seen"
        assert client.delete([job.id]) == 1
        with pytest.raises(ServerProblem, match="no such job") as gone:
            client.job(job.id)
        assert (gone.value.status, gone.value.code) == (404, "not_found")
        with pytest.raises(ServerProblem, match="404"):
            list(client.events(job.id))


def test_many_files_and_what_goes_wrong(client: Client, tmp_path: Path) -> None:
    good, bad, page = tmp_path / "good.png", tmp_path / "bad.png", tmp_path / "page.png"
    good.write_bytes(order(salt="good"))
    bad.write_bytes(order("break"))
    page.write_text("<html>", encoding="utf-8")
    with client:
        batch = client.submit_many([good, bad])
        assert client.wait(batch.jobs[0].id).state == "done"
        with pytest.raises(JobFailed, match=r"bad\.png: bad\.png is damaged"):
            client.wait(batch.jobs[1].id)
        with pytest.raises(ServerProblem, match="web page") as refused:
            client.submit(page)
        assert refused.value.status == 415
        with pytest.raises(ServerProblem, match="does not fetch URLs"):
            client.submit_url("https://example.com/a.png")
        sleeper = tmp_path / "sleeper.png"
        sleeper.write_bytes(order("sleep 60"))
        job = client.submit(sleeper)
        with pytest.raises(TimeoutError, match=r"sleeper\.png: no verdict within 0 s"):
            client.wait(job.id, timeout_s=0)
        assert client.cancel(job.id).state == "cancelled"
        with pytest.raises(JobFailed, match="cancelled"):
            client.wait(job.id)
        assert {model.name for model in client.models()} >= {"face.fast-2"}
        assert client.settings().max_bytes > 0


def test_the_commands_of_the_manual_work(one_server: Killable, tmp_path: Path) -> None:
    """Every block of curl in docs/server.md, in order, in one shell, against a running server."""
    text = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    script = "\n".join(block for block in blocks if "curl" in block)
    assert script.count("curl") >= 8
    (tmp_path / "clip.mp4").write_bytes(order(salt="manual"))
    (tmp_path / "photo.jpg").write_bytes(order(salt="manual 2"))
    environment = {**os.environ, "UNMASK": one_server.url}
    script = "set -euo pipefail\n" + script
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    assert '"verdict":"likely_fake"' in done.stdout
    assert (tmp_path / "report.html").stat().st_size > 1000
