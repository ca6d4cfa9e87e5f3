"""The way of a medium through the API, and what can be asked about it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.server.conftest import API, House, Open
from tests.server.fake import order
from tests.unit.cli.conftest import Run, run
from unmask.client.documents import Exhibits, Job
from unmask.datasets.manifest import read_manifest
from unmask.report.schema import ReportDocument

__all__ = ["run"]


def test_a_medium_goes_from_upload_to_report(house: House) -> None:
    job = house.hand_in(name="clip.mp4")
    assert Job.model_validate(job)
    assert (job["state"], job["position"], job["stage"], job["name"]) == ("queued", 1, "waiting", "clip.mp4")
    assert job["expires_at"] > job["created_at"]
    house.work()
    job = house.job(job["id"])
    assert (job["state"], job["stage"], job["progress"], job["position"]) == ("done", "done", 1.0, None)
    assert (job["kind"], job["verdict"], job["p_fake"], job["interval"]) == ("video", "likely_fake", 0.9, [0.8, 0.95])
    report = ReportDocument.model_validate(house.web.get(job["links"]["report"]).json())
    assert report.path == "clip.mp4"
    assert report.verdict == "likely_fake"


def test_every_part_of_a_result_is_served_as_what_it_is(house: House) -> None:
    job = house.done(name="clip.mp4")
    exhibits = Exhibits.model_validate(house.web.get(f"{API}/jobs/{job['id']}/exhibits").json())
    (picture,), (person,), sound = exhibits.pictures, exhibits.people, exhibits.sound
    assert (picture.width, picture.height, picture.people[0].p_fake) == (64, 48, 0.9)
    assert sound is not None
    assert sound.end_s == 2.0
    for link, kind in (
        (picture.picture, "image/jpeg"),
        (picture.overlay, "image/png"),
        (person.thumb, "image/jpeg"),
        (sound.spectrogram, "image/png"),
        (sound.evidence, "image/png"),
        (job["links"]["preview"], "image/jpeg"),
        (job["links"]["media"], "video/mp4"),
    ):
        answer = house.web.get(link)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["x-content-type-options"] == "nosniff"
    page = house.web.get(job["links"]["html"])
    assert "clip.mp4" in page.text
    assert page.headers["content-security-policy"].startswith("sandbox allow-scripts")
    saved = house.web.get(job["links"]["html"], params={"download": True})
    assert saved.headers["content-disposition"] == "attachment; filename*=utf-8''clip.html"


def test_a_report_is_saved_as_pdf(house: House) -> None:
    job = house.hand_in(name="Straße.mp4")
    assert house.web.get(job["links"]["pdf"]).status_code == 409
    house.work()
    answer = house.web.get(job["links"]["pdf"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''Stra%C3%9Fe.pdf"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content.startswith(b"%PDF-")
    assert "Straße.mp4" in PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    missing = house.web.get(job["links"]["pdf"].replace(job["id"], "0" * 32))
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_media_come_back_in_ranges(house: House) -> None:
    data = order(salt="x" * 1000)
    job = house.done(data)
    answer = house.web.get(job["links"]["media"], headers={"Range": "bytes=10-19"})
    assert answer.status_code == 206
    assert answer.content == data[10:20]


def test_what_is_not_there_yet_says_so(house: House) -> None:
    job = house.hand_in()
    answer = house.web.get(job["links"]["report"])
    assert (answer.status_code, answer.json()["code"]) == (409, "not_yet")
    house.web.post(f"{API}/jobs/{job['id']}/cancel")
    answer = house.web.get(job["links"]["report"])
    assert (answer.status_code, answer.json()["code"]) == (404, "no_result")


def test_events_of_a_job_end_with_it(house: House) -> None:
    job = house.done()
    text = house.web.get(job["links"]["events"]).text
    (data,) = re.findall(r"event: job\ndata: (.*)\n\n", text)
    assert Job.model_validate_json(data).state == "done"


def test_a_job_that_waits_can_be_cancelled_once(house: House) -> None:
    first, second = house.hand_in(order(salt="1")), house.hand_in(order(salt="2"))
    assert second["position"] == 2
    assert house.web.post(f"{API}/jobs/{first['id']}/cancel").json()["state"] == "cancelled"
    assert house.job(second["id"])["position"] == 1
    assert house.web.post(f"{API}/jobs/{first['id']}/cancel").status_code == 409
    house.work(2)
    assert house.job(first["id"])["state"] == "cancelled"
    assert house.job(second["id"])["state"] == "done"


def test_a_medium_that_cannot_be_examined_says_why_under_its_own_name(house: House) -> None:
    job = house.done(order("break"), name="holiday.png")
    assert job["state"] == "failed"
    assert job["error"] == {"code": "DecodeFailed", "message": "holiday.png is damaged."}


def test_an_error_that_nobody_foresaw_fails_only_its_job(house: House) -> None:
    job = house.done(order("puzzle"))
    assert job["error"]["code"] == "RuntimeError"
    assert "nobody foresaw" in job["error"]["message"]
    assert house.done(order(salt="next"))["state"] == "done"


def test_jobs_are_found_filtered_and_sorted(house: House) -> None:
    for name in ("beach 100%.png", "Ärger.png", "zoo.png"):
        house.done(order(salt=name), name)
    house.hand_in(order(salt="waits"), "waits.png")

    def names(**filters: object) -> list[str]:
        return [job["name"] for job in house.web.get(f"{API}/jobs", params=filters).json()["items"]]

    assert names() == ["waits.png", "zoo.png", "Ärger.png", "beach 100%.png"]
    assert names(sort="name", state="done") == ["beach 100%.png", "zoo.png", "Ärger.png"]
    assert names(sort="-p_fake")[-1] == "waits.png"
    assert names(q="ZOO") == ["zoo.png"]
    assert names(q="%") == ["beach 100%.png"]
    assert names(q="_") == []
    assert names(verdict="likely_real") == []
    assert names(kind="video", per_page=2, page=2) == ["beach 100%.png"]
    assert house.web.get(f"{API}/jobs", params={"per_page": 2}).json()["total"] == 4


def test_judged_items_become_a_manifest_that_datasets_add_takes(house: House, tmp_path: Path, run: Run) -> None:
    kept, other = house.done(order(salt="1")), house.done(order(salt="2"))
    change = {"judgement": "confirmed_fake", "note": "seen on television"}
    changed = house.web.patch(f"{API}/jobs/{kept['id']}", json=change).json()
    assert (changed["judgement"], changed["note"]) == ("confirmed_fake", "seen on television")
    assert house.web.patch(f"{API}/jobs/{kept['id']}", json={"note": "x"}).json()["judgement"] == "confirmed_fake"
    house.web.patch(f"{API}/jobs/{other['id']}", json={"judgement": "confirmed_real"})
    house.web.patch(f"{API}/jobs/{other['id']}", json={"judgement": None})
    answer = house.web.get(f"{API}/jobs/manifest.csv")
    (tmp_path / "manifest.csv").write_bytes(answer.content)
    (row,) = read_manifest(tmp_path / "manifest.csv")
    assert (row.label, row.kind) == (1, "video")
    assert row.path.read_bytes() == order(salt="1")
    assert len(list(csv.reader(io.StringIO(answer.text)))) == 2
    (tmp_path / "mine.csv").write_text(
        "path,kind,label,source,method,group\na.png,image,real,mine,,a\n", encoding="utf-8"
    )
    added = run("datasets", "add", tmp_path / "mine.csv", tmp_path / "manifest.csv")
    assert added.code == 0, added.err
    assert [item.label for item in read_manifest(tmp_path / "mine-v2.csv")] == [0, 1]


def test_deleting_leaves_nothing_behind_but_what_others_use(house: House) -> None:
    first, twin, other = house.done(), house.done(), house.done(order(salt="other"))
    media = house.service.files.path(first["sha256"])
    assert house.web.delete(f"{API}/jobs/{first['id']}").status_code == 204
    assert media.is_file()
    assert house.web.post(f"{API}/jobs/delete", json={"ids": [twin["id"], "f" * 32]}).json() == {"deleted": 1}
    assert not media.exists()
    assert house.job(other["id"])["state"] == "done"
    assert house.web.post(f"{API}/jobs/delete", json={"ids": "all"}).json() == {"deleted": 1}
    assert house.service.files.digests() == house.service.results.jobs() == []
    assert house.web.delete(f"{API}/jobs/{other['id']}").status_code == 404


def test_items_are_deleted_when_their_time_is_over(open_house: Open) -> None:
    house = open_house(retention_days=1e-9)
    job = house.hand_in()
    assert house.service.intake.expired() == [job["id"]]
    assert house.web.get(f"{API}/jobs/{job['id']}").status_code == 404
    house = open_house(retention_days=None)
    assert house.hand_in()["expires_at"] is None


def test_a_batch_is_taken_whole_or_not_at_all(house: House) -> None:
    files = [("files", (f"{n}.png", order(salt=str(n)))) for n in range(3)]
    batch = house.web.post(f"{API}/batches", files=files).json()
    assert [job["name"] for job in batch["jobs"]] == ["0.png", "1.png", "2.png"]
    assert {job["batch"] for job in batch["jobs"]} == {batch["id"]}
    answer = house.web.post(f"{API}/batches", files=[*files, ("files", ("page.html", b"<html>no</html>"))])
    assert answer.status_code == 415
    assert house.web.get(f"{API}/jobs").json()["total"] == 3
    assert not list(house.service.files.incoming_folder.iterdir())


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/jobs/none", 422, "invalid"),
        ("GET", f"/jobs/{'0' * 32}", 404, "not_found"),
        ("PUT", "/jobs", 405, "method_not_allowed"),
        ("GET", "/jobs?sort=sha256", 422, "invalid"),
        ("POST", "/media", 415, "not_multipart"),
        ("POST", "/urls", 422, "invalid"),
        ("GET", "/models/face.fsat-1", 404, "unknown_model"),
        ("GET", "/models/..%2Fcard.toml", 404, "not_found"),
    ],
)
def test_every_error_is_a_problem(shared_house: House, method: str, path: str, status: int, code: str) -> None:
    answer = shared_house.web.request(method, API + path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
    assert body["title"]
    assert body["detail"]
    assert body["instance"].startswith("/api/v1/")


def test_a_full_queue_says_when_to_come_back(open_house: Open) -> None:
    house = open_house(queue_limit=1)
    house.hand_in()
    answer = house.web.post(f"{API}/media", files={"file": ("b.png", order(salt="b"))})
    assert (answer.status_code, answer.json()["code"]) == (429, "queue_full")
    assert int(answer.headers["retry-after"]) > 0
    house.work()
    assert house.done(order(salt="b"))["state"] == "done"


def test_handing_in_too_often_says_when_to_come_back(open_house: Open) -> None:
    house = open_house(rate_per_minute=2)
    house.hand_in()
    house.hand_in()
    answer = house.web.post(f"{API}/media", files={"file": ("b.png", order())})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_often")
    assert 0 < int(answer.headers["retry-after"]) <= 61
    assert house.web.get(f"{API}/jobs").status_code == 200


def test_models_and_settings_are_told(shared_house: House) -> None:
    models = {model["name"]: model for model in shared_house.web.get(f"{API}/models").json()}
    assert models["face.fast-2"]["installed"] is True
    assert models["face.fast-2"]["figures"]
    assert shared_house.web.get(f"{API}/models/face.fast-2").json() == models["face.fast-2"]
    settings = shared_house.web.get(f"{API}/settings").json()
    assert settings["kinds"] == ["image", "video", "audio"]
    assert settings["url_submission"] is True


def test_health_and_figures(house: House) -> None:
    assert house.web.get("/livez").status_code == 200
    assert house.web.get("/readyz").status_code == 503
    house.done()
    assert house.web.get("/readyz").json() == {"ready": True, "workers": 1}
    text = house.web.get("/metrics").text
    assert 'unmask_jobs{state="done"} 1.0' in text
    assert "unmask_workers_ready 1.0" in text
    assert 'unmask_requests_total{method="GET",route="/readyz",status="503"} 1.0' in text


def test_the_openapi_document_names_every_route(shared_house: House) -> None:
    paths = shared_house.web.get(f"{API}/openapi.json").json()["paths"]
    assert {f"{API}/media", f"{API}/uploads/{{upload}}", f"{API}/jobs/{{job}}/events", "/readyz"} <= set(paths)
    assert "/history" not in paths
    json.dumps(paths)
