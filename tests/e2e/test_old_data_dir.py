"""A data directory that the release before sources had kinds left behind (tests/golden/data_dir) opens and serves."""
import json
import pathlib
import shutil
import sys
import tarfile

import pytest
from conftest import ROOT, Server
from s3server import keys_env

GOLDEN = ROOT / "tests" / "golden" / "data_dir"
sys.path.insert(0, str(GOLDEN))
import make as golden  # noqa: E402

ROWS = json.loads((GOLDEN / "rows.json").read_text())
N_ROWS = {"types": 4, "columnar": 600, "bucket": 400, "layers": 369, "merged": 360}


@pytest.fixture
def old(tmp_path):
    """A folder with the directory and its sources, which are not where they were but for the bucket."""
    with tarfile.open(GOLDEN / "data_dir.tar.gz") as tar:
        tar.extractall(tmp_path, filter="fully_trusted")  # it is ours, and `filter` keeps times
    return tmp_path


@pytest.fixture
def bucket(old):
    fake = golden.fake_bucket(old / "sources" / "bucket")
    yield fake
    fake.close()


def server_of(old, bucket, sources=pathlib.Path(golden.ROOM) / "sources"):
    return Server(old, golden.tables(sources, bucket.endpoint), env=keys_env("AK", "secret"))


def check(murr, wanted=ROWS):
    got = golden.read_all(murr)
    for table, columns in wanted.items():
        assert list(got[table]) == list(columns), table
        for name, values in columns.items():
            assert got[table][name] == values, f"{table}.{name}"


def loads(murr, table):
    return [line for line in murr.log_text().splitlines() if f"table loaded table={table} " in line]


def test_every_row_is_served_before_any_source_was_read(old, bucket):
    """Those of local folders are gone; a bucket that answers nothing is of no use either."""
    bucket.before = lambda h: bucket.refuse(h, 403, "AccessDenied", "Not now") or True
    with server_of(old, bucket) as murr:
        check(murr)
        for table, n in N_ROWS.items():
            status = murr.status(table)
            assert status["ready"] and status["rows"] == n, table
        assert "table loaded" not in murr.log_text()


def test_a_publication_that_serves_already_is_not_loaded_anew(old, bucket):
    with server_of(old, bucket) as murr:
        n = len(bucket.requests)
        murr.wait_for(lambda: len(bucket.requests) > n + 6)  # polls
        assert murr.status("bucket")["partition"] == golden.DAY
        assert not loads(murr, "bucket") and not murr.status("bucket")["last_error"]
        assert not [path for _, _, path, _ in bucket.requests if ".parquet" in path]
        check(murr)


def test_sources_that_moved_are_loaded_and_the_rows_stay_the_same(old, bucket):
    """A folder is known by its path, and its files by their inodes: a copy is another publication."""
    with server_of(old, bucket, old / "sources") as murr:
        for table in ("types", "columnar"):
            murr.wait_for(lambda: loads(murr, table))
        check(murr)


def test_it_takes_writes_merges_and_restarts(old, bucket):
    wanted = {table: dict(columns) for table, columns in ROWS.items()}
    ids = golden.keys_of()["layers"]
    with server_of(old, bucket) as murr:
        for table in ("layers", "merged"):
            golden.write_some(murr, table, 100, 60, 9)
        golden.send(murr, "POST", "layers", "compact", None)
        golden.send(murr, "PATCH", "types", "write", {"columns": {"id": [1], "utf8": ["patched again"]}})
        expected = golden.read_all(murr)
    for table in ("layers", "merged"):
        wanted[table] = {name: list(values) for name, values in wanted[table].items()}
        for i in range(60):
            at = ids.index(f"id {100 + i}")
            for name, value in zip(("score", "note", "n"), (i / 2 + 9, f"round 9, row {i}" if i % 5 else None, 9)):
                wanted[table][name][at] = value
    wanted["types"]["utf8"] = ["patched again" if k == 1 else v
                               for k, v in zip(golden.keys_of()["types"], wanted["types"]["utf8"])]
    assert expected == wanted
    with server_of(old, bucket) as murr:
        check(murr, wanted)
