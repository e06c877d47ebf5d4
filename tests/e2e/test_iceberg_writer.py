"""The tests' own writer of Iceberg tables: PyIceberg reads what it writes as it says it is, where PyIceberg can."""
import subprocess

import pyarrow as pa
import pytest
from pyiceberg.table import StaticTable

from conftest import BINARY
from iceberg_writer import Table, puffin_bytes

COLUMNS = {"id": "long", "s": "string", "x": "float", "n": "int"}


def rows(first, last, **more):
    return [{"id": i, "s": f"s{i}", "x": i / 4, "n": i % 3 if i % 5 else None, **more} for i in range(first, last)]


def as_rows(table):
    return sorted(table.to_pylist(), key=repr)


def read_by_pyiceberg(table):
    return as_rows(StaticTable.from_metadata(str(table.metadata_path())).scan().to_arrow())


def read_by_murr(table, *options):
    done = subprocess.run([BINARY, "cat", "-o", "arrow", f"iceberg:{table.folder}", *options], capture_output=True)
    assert done.returncode == 0, done.stderr
    return as_rows(pa.ipc.open_stream(done.stdout).read_all())


def expected(table, ref="main"):
    return sorted(table.rows(ref), key=repr)


def check(table):
    assert read_by_murr(table) == expected(table)
    assert read_by_pyiceberg(table) == expected(table)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("partition_by", [None, "n"])
def test_rows_come_and_go(tmp_path, version, partition_by):
    t = Table(tmp_path / "t", COLUMNS, version, required=["id"], partition_by=partition_by, codec="null" if version == 3 else "deflate")
    t.append(rows(0, 20))
    t.append(rows(20, 40))
    check(t)
    delete = t.delete_vectors if version == 3 else t.delete_positions
    delete({f: range(0, f.n_rows, 2) for f in t.files()})
    check(t)
    delete({t.files()[0]: [1]})
    check(t)
    t.replace(t.files()[:2])
    check(t)
    t.rewrite(t.files()[:1], [rows(100, 110)])
    check(t)
    assert t.rows()


@pytest.mark.parametrize("version", [2, 3])
def test_columns_change(tmp_path, version):
    t = Table(tmp_path / "t", COLUMNS, version)
    t.append(rows(0, 5))
    t.rename_column("s", "renamed")
    t.promote_column("n", "long")
    t.promote_column("x", "double")
    t.add_column("added", "string", "initial" if version == 3 else None)
    t.append([{"id": 7, "renamed": "r", "x": 0.1, "n": 2**40, "added": "own"}])
    check(t)
    t.drop_column("renamed")
    t.add_column("renamed", "int")
    t.partition_by("n")
    t.append([{"id": 8, "n": 5, "renamed": 1}])
    check(t)


def test_history(tmp_path):
    t = Table(tmp_path / "t", COLUMNS)
    t.append(rows(0, 5))
    first = t.current.id
    t.append(rows(5, 10))
    t.append(rows(20, 25), branch="b")
    assert read_by_murr(t, "--ref", "b") == expected(t, "b") != expected(t)
    t.point("main", first)
    check(t)
    t.point("main", t.refs["b"])
    check(t)
    t.expire()
    check(t)


def test_equality_deletes_which_pyiceberg_does_not_read(tmp_path):
    t = Table(tmp_path / "t", COLUMNS)
    t.append(rows(0, 10))
    t.delete_equal(["s"], [("s3",)])
    t.delete_equal(["n", "x"], [(None, 0.0), (1, 1.0), (1, 99.0)], added=rows(0, 1))
    assert read_by_murr(t) == expected(t)
    assert sorted(r["id"] for r in t.rows()) == [0, 1, 2, 5, 6, 7, 8, 9]
    with pytest.raises(Exception, match="equality deletes"):
        read_by_pyiceberg(t)


def test_vectors_of_large_positions_have_several_bitmaps():
    data, [(offset, length)] = puffin_bytes({"f": [1, 2**33 + 5]})
    blob = data[offset:offset + length]
    assert blob[4:8] == b"\xd1\xd3\x39\x64" and blob[8:16] == (2).to_bytes(8, "little")
