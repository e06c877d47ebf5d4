"""newest_by: of rows with one key, the one with the greatest value counts."""
import json
import random
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import conftest
from iceberg_writer import Table

SCHEMA = pa.schema([("id", pa.int64()), ("at", pa.timestamp("us")), ("v", pa.int32())])


def publish(folder, files):
    day = folder / "2026-01-01"
    day.mkdir(parents=True)
    for i, rows in enumerate(files):
        pq.write_table(pa.Table.from_pylist([dict(zip(("id", "at", "v"), r)) for r in rows], schema=SCHEMA),
                       day / f"{i}.parquet")
    (day / "_SUCCESS").touch()


def table(source, **more):
    return {"t": {"source": source, "key": ["id"], "newest_by": "at", "poll_interval": "50ms", **more}}


def values(murr, keys):
    return murr.fetch_arrow("t", keys, ["v"])["v"].to_pylist()


def write(murr, rows):
    body = {"columns": {"id": [r[0] for r in rows], "at": [r[1] for r in rows], "v": [r[2] for r in rows]}}
    status, _, answer = murr.request("PUT", "/api/v1/table/t/write", json.dumps(body),
                                     {"Content-Type": "application/json"})
    assert status == 200, answer


def test_the_greatest_value_wins_wherever_it_is(tmp_path):
    publish(tmp_path / "in", [[(1, 5, 10), (2, 9, 20), (3, None, 30), (4, 7, 40)],
                              [(1, 4, 11), (2, 9, 21), (3, 1, 31), (4, None, 41), (5, 1, 50), (5, 0, 51)]])
    with conftest.Server(tmp_path / "murr", table({"local": {"path": str(tmp_path / "in")}})) as murr:
        murr.wait_loaded("t")
        assert values(murr, [1, 2, 3, 4, 5]) == [10, 21, 31, 40, 50]


def test_rows_written_are_compared_with_those_that_are_served(tmp_path):
    publish(tmp_path / "in", [[(k, 10, k) for k in range(10)]])
    with conftest.Server(tmp_path / "murr", table({"local": {"path": str(tmp_path / "in")}})) as murr:
        murr.wait_loaded("t")
        write(murr, [(0, "1970-01-01T00:00:00.000009", 100), (1, "1970-01-01T00:00:00.000010", 101),
                     (2, "1970-01-01T00:00:00.000011", 102), (3, None, 103), (77, None, 177)])
        assert values(murr, [0, 1, 2, 3, 77]) == [0, 101, 102, 3, 177]
        write(murr, [(2, "1970-01-01T00:00:00.000010", 202), (77, "1970-01-01T00:00:00", 277),
                     (5, "1970-01-01T00:00:01", 305), (5, "1970-01-01T00:00:00.5", 405)])
        assert values(murr, [2, 77, 5]) == [102, 277, 305]
        murr.stop()
        murr.start()
        murr.wait_loaded("t")
        assert values(murr, [0, 1, 2, 3, 77, 5]) == [0, 101, 102, 3, 277, 305]


def test_a_refresh_compares_too(tmp_path):
    lake = Table(tmp_path / "lake", {"id": "long", "at": "long", "v": "int"})
    chance, newest = random.Random(7), {}
    rows = [{"id": k, "at": 50, "v": k} for k in range(2000)]
    lake.append(rows)
    newest = {r["id"]: (r["at"], r["v"]) for r in rows}
    with conftest.Server(tmp_path / "murr", table({"iceberg": {"location": str(tmp_path / "lake")}})) as murr:
        murr.wait_loaded("t")
        for step in range(1, 8):
            rows = [{"id": chance.randrange(2100), "at": chance.choice([None, *range(40, 60)]), "v": step * 10000 + i}
                    for i in range(60)]
            lake.append(rows)
            for r in rows:
                at = -1 if r["at"] is None else r["at"]
                if r["id"] not in newest or at >= newest[r["id"]][0]:
                    newest[r["id"]] = (at, r["v"])
            murr.wait_for(lambda: murr.status("t")["partition"] == f"snapshot {lake.current.id}")
            assert murr.status("t")["latest_load"]["kind"] == "refresh"
            assert values(murr, list(range(2100))) == [newest.get(k, (0, None))[1] for k in range(2100)]


@pytest.mark.parametrize("column, why", [
    ("nothing", "newest_by: there is no column 'nothing'"),
    ("id", "newest_by: column 'id' is of the key"),
    ("l", "newest_by: values of column 'l', list<int32>, have no order")])
def test_a_column_that_cannot_decide_is_named(tmp_path, column, why):
    day = tmp_path / "in" / "2026-01-01"
    day.mkdir(parents=True)
    pq.write_table(pa.table({"id": [1], "l": pa.array([[1]], pa.list_(pa.int32()))}), day / "a.parquet")
    (day / "_SUCCESS").touch()
    config = tmp_path / "murr.yml"
    config.write_text(json.dumps({"server": {"data_dir": str(tmp_path / "data")}, "tables": {
        "t": {"source": {"local": {"path": str(tmp_path / "in")}}, "key": ["id"], "newest_by": column}}}))
    done = subprocess.run([conftest.BINARY, "load", "--config", config], capture_output=True, text=True)
    assert done.returncode == 1 and why in done.stderr, done.stderr
