"""Changes that no engine makes in one commit, but that the format allows: the rows must be those of a full load."""
import copy

import pytest

from conftest import NO_GUARD, Server
from iceberg_writer import EQUALITY, POSITIONS, File, Table, puffin_bytes

COLUMNS = {"id": "long", "v": "float"}


def rows(first, last, v=0.5):
    return [{"id": i, "v": v} for i in range(first, last)]


@pytest.fixture
def world(tmp_path):
    """(a table of 4000 rows in two files, a server that serves it)"""
    table = Table(tmp_path / "t", COLUMNS, version=3)
    table.append_files([rows(0, 100), rows(100, 4000)])
    spec = {"source": {"iceberg": {"location": str(table.folder)}}, "key": ["id"], "guard": NO_GUARD, "poll_interval": "100ms"}
    with Server(tmp_path / "server", {"t": spec}) as murr:
        yield table, murr


def check(murr, table):
    murr.wait_loaded("t", f"snapshot {table.current.id}")
    by_id = {r["id"]: r["v"] for r in table.rows()}
    keys = list(range(0, 4100))
    assert murr.fetch_arrow("t", keys, ["v"]).to_pydict() == {"v": [by_id.get(k) for k in keys]}


def small_file(table):
    return min(table.files(), key=lambda f: f.n_rows)


def add_again(table, file):
    """A file goes, and comes back under its name: a later file than before."""
    again = copy.copy(file)
    again.sequence = None
    with table.batch():
        table.rewrite([file], [])
        table.commit("append", [again])


def test_a_file_that_comes_again_is_newer_than_before(world):
    table, murr = world
    first = small_file(table)
    table.append(rows(0, 10, v=2.0))
    check(murr, table)
    add_again(table, first)
    check(murr, table)


def test_deletes_by_equality_spare_a_file_that_comes_again(world):
    table, murr = world
    table.delete_equal(["id"], [(5,)])
    check(murr, table)
    add_again(table, small_file(table))
    check(murr, table)


def test_deletes_by_equality_with_an_old_number_spare_later_rows(world):
    table, murr = world
    table.append(rows(4000, 4010))
    table.delete_equal(["id"], [(9000,)])
    check(murr, table)
    with table.batch():
        table.delete_equal(["id"], [(4005,)])
        late = copy.copy(table.live(EQUALITY)[0])
        late.sequence = 1
        table.point("main", table.current.parent)
        table.commit("delete", [late])
    check(murr, table)


def test_positions_count_again_once_their_vector_is_gone(world):
    table, murr = world
    file = small_file(table)
    table.delete_positions({file: [1, 2]})
    data, [place] = puffin_bytes({table.uri(file.path): [1]})
    path = table.fresh("data", ".puffin")
    path.write_bytes(data)
    vector = File(POSITIONS, path, len(data), 1, file.spec, file.partition, positions={file.path: {1}}, vector=(file.path, *place))
    table.commit("delete", [vector])
    check(murr, table)
    table.rewrite([], [], also=[vector])
    check(murr, table)
