"""What is kept, and that it comes back as it was."""

from __future__ import annotations

import dataclasses
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event, text

from tests.makers import people
from tests.server.conftest import API, Open
from tests.server.fake import report
from unmask.core.evidence import ScanReport
from unmask.report.to_json import to_json
from unmask.server.jobs.examine import open_pipeline
from unmask.server.storage.database import Database
from unmask.server.storage.records import load_record, save_record
from unmask.server.storage.tables import Table, new_id


def test_a_record_comes_back_whole(tmp_path: Path) -> None:
    made = report(tmp_path / "clip.mp4")
    save_record(made, tmp_path / "record.npz")
    _same(load_record(tmp_path / "record.npz"), made)


def _same(found: ScanReport, made: ScanReport) -> None:
    assert to_json(found) == to_json(made)
    plain = {"exhibits": (), "sound": None}
    assert dataclasses.replace(found, **plain) == dataclasses.replace(made, **plain)
    for one, other in zip(found.exhibits, made.exhibits, strict=True):
        np.testing.assert_array_equal(one.pixels_rgb_u8, other.pixels_rgb_u8)
        assert (one.time_s, one.faces) == (other.time_s, other.faces)
        for (square, heat), (same_square, same_heat) in zip(one.heatmaps, other.heatmaps, strict=True):
            assert square == same_square
            np.testing.assert_array_equal(heat, same_heat)
    assert (found.sound is None) == (made.sound is None)
    if found.sound is not None and made.sound is not None:
        np.testing.assert_array_equal(found.sound.mel_db, made.sound.mel_db)
        np.testing.assert_array_equal(found.sound.envelope, made.sound.envelope)


def test_a_record_cannot_hold_anything_that_runs(tmp_path: Path) -> None:
    path = tmp_path / "record.npz"
    with path.open("wb") as stream:
        np.savez(stream, words=np.array([print], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        load_record(path)


def test_the_migrations_make_the_tables_that_the_code_expects(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    database.migrate()
    database.migrate()
    with database.reading() as session:
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Table.metadata) == []
    database.close()


def test_leaving_waits_for_a_thread_that_is_still_asking(tmp_path: Path) -> None:
    database, asking, left = Database(f"sqlite:///{tmp_path / 'a.db'}"), threading.Event(), []
    event.listen(database._engine, "close", lambda *_: left.append("closed"))

    def ask() -> None:
        with database.reading() as session:
            session.execute(text("SELECT 1"))
            asking.set()
            time.sleep(0.3)
            left.append("answered")

    thread = threading.Thread(target=ask)
    thread.start()
    assert asking.wait(5)
    database.close()
    thread.join()
    assert left == ["answered", "closed"]


def test_leaving_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unmask.server.storage.database._LAST_WORD_S", 0.1)
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    with database.reading() as session:
        session.execute(text("SELECT 1"))
        database.close()


def test_ids_sort_by_time() -> None:
    ids = [new_id() for _ in range(100)]
    assert [one[:12] for one in ids] == sorted(one[:12] for one in ids)
    assert len(set(ids)) == 100
    assert {len(one) for one in ids} == {32}


def test_the_real_pipeline_judges_a_portrait(open_house: Open, tmp_path: Path) -> None:
    house = open_house()
    house.examine = open_pipeline(house.settings)
    job = house.done(people.write_portrait(tmp_path / "portrait.png").read_bytes(), "portrait.png")
    assert (job["state"], job["kind"]) == ("done", "image")
    assert 0 < job["p_fake"] < 1
    exhibits = house.web.get(f"{API}/jobs/{job['id']}/exhibits").json()
    assert len(exhibits["pictures"]) == len(exhibits["people"]) == 1
    assert house.web.get(exhibits["pictures"][0]["overlay"]).headers["content-type"] == "image/png"
    report_of_it = house.web.get(job["links"]["report"]).json()
    assert {model["name"] for model in report_of_it["models"]} >= {"face.fast-2", "yunet-2023mar"}
    assert house.web.get(job["links"]["html"]).status_code == 200
