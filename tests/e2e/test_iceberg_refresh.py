"""A later snapshot is served by what it changed: what is read, and what is served then."""
import pytest

from conftest import NO_GUARD, Server
from iceberg_writer import Table

COLUMNS = {"id": "long", "v": "float", "s": "string"}


def rows(first, last, v=0.5):
    return [{"id": i, "v": v, "s": f"s{i}"} for i in range(first, last)]


def in_place(table, **fields):
    return {"source": {"iceberg": {"location": str(table.folder)}}, "key": ["id"], "guard": NO_GUARD,
            "poll_interval": "100ms", **fields}


@pytest.fixture
def world(tmp_path):
    """(a table of 4000 rows in two files, a server that serves it)"""
    table = Table(tmp_path / "t", COLUMNS, version=3)
    table.append_files([rows(0, 2000), rows(2000, 4000)])
    with Server(tmp_path / "server", {"t": in_place(table)}) as murr:
        murr.wait_loaded("t")
        yield table, murr


def latest(murr, table):
    """What the load of the newest snapshot read."""
    murr.wait_loaded("t", f"snapshot {table.current.id}")
    keys = list(range(0, 4100))
    by_id = {r["id"]: r for r in table.rows()}
    want = {c: [by_id[k][c] if k in by_id else None for k in keys] for c in COLUMNS}
    assert murr.fetch_arrow("t", keys, list(COLUMNS)).to_pydict() == want
    return murr.status("t")["latest_load"]


def check_refreshed(load, **counts):
    assert (load["kind"], load["why_full"]) == ("refresh", None), load
    assert {k: load[k] for k in counts} == counts, load


def test_rows_deleted_by_vectors_cost_keys(world):
    """No row comes, so no column had a null before."""
    table, murr = world
    table.delete_vectors({f: [1, 2, 3] for f in table.files()})
    check_refreshed(latest(murr, table), rows_read=0, rows_deleted=6, files_read=0)


def test_rows_deleted_by_equality_cost_their_keys(world):
    table, murr = world
    table.delete_equal(["id"], [(7,), (3000,), (9000,)])
    check_refreshed(latest(murr, table), rows_read=0, files_read=0)
    table.delete_equal(["id"], [(8,), (9,)], added=rows(9, 10, v=9.0))
    check_refreshed(latest(murr, table), rows_read=1, files_read=1)


def test_a_compaction_of_everything_reads_nothing(world):
    table, murr = world
    table.replace(table.files())
    check_refreshed(latest(murr, table), rows_read=0, rows_deleted=0, bytes_read=0)


def test_a_file_that_is_rewritten_is_read_and_the_keys_of_the_old_one(world):
    table, murr = world
    table.append(rows(4000, 4100))
    check_refreshed(latest(murr, table), rows_read=100, rows_deleted=0)
    table.rewrite(table.files()[-1:], [rows(4000, 4050, v=2.0)])
    check_refreshed(latest(murr, table), rows_read=50, rows_deleted=100)


def test_what_was_deleted_twice_does_not_delete_the_row_that_came_between(world):
    """A row is deleted by equality, comes again in another file, and then its old place is deleted by position as well."""
    table, murr = world
    first = table.files()[0]
    table.delete_equal(["id"], [(5,)], added=rows(5, 6, v=5.0))
    latest(murr, table)
    table.delete_vectors({first: [5, 6]})
    latest(murr, table)
    table.append(rows(6, 7, v=6.0))
    latest(murr, table)


def test_deletes_in_a_partition_spare_files_that_were_partitioned_otherwise(tmp_path):
    table = Table(tmp_path / "t", {"id": "long", "n": "int"})
    table.append([{"id": i, "n": 1} for i in range(10)])
    table.partition_by("n")
    table.append([{"id": i, "n": 1} for i in range(10, 20)])
    with Server(tmp_path / "server", {"t": in_place(table, key=["id", "n"])}) as murr:
        murr.wait_loaded("t")
        table.delete_equal(["id", "n"], [(5, 1), (15, 1)], partition=1, is_global=False)
        murr.wait_loaded("t", f"snapshot {table.current.id}")
        got = murr.fetch_arrow("t", [[i, 1] for i in (4, 5, 14, 15)], ["id"]).to_pydict()
        assert got["id"] == [4, 5, 14, None] and len(table.rows()) == 19
        assert "other files have none like it" in murr.status("t")["latest_load"]["why_full"]
