"""The clients that are on PyPI as `murr` work against this server: 0.3.1, and what 0.1.9 can do."""
import asyncio
import json
import os
import pathlib
import subprocess
import sys

import pyarrow as pa
import pytest
from conftest import ROOT, Server, local, publish
from murr.client import (IDX_COLUMN, Client, ColumnSchema, DType, InvalidRequestError,
                         TableAlreadyExistsError, TableNotFoundError, TableSchema)

SCHEMA = TableSchema(columns={
    "id": ColumnSchema(dtype=DType.UTF8, nullable=False, key=True),
    "score": ColumnSchema(dtype=DType.FLOAT32),
    "category": ColumnSchema(dtype=DType.UTF8),
})
ROWS = pa.table({
    "id": ["doc_1", "doc_2", "doc_3"],
    "score": pa.array([0.95, 0.72, None], pa.float32()),
    "category": ["ml", "infra", "ops"],
})


@pytest.fixture(scope="module")
def murr(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("published"), {}) as server:
        yield server


def run(murr, steps):
    """Run the coroutine steps(client) as a program without a loop of its own would."""
    async def main():
        async with Client(f"http://127.0.0.1:{murr.port}") as db:
            return await steps(db)
    return asyncio.run(main())


def by_position(table):
    assert table.schema.field(0).name == IDX_COLUMN and table.schema.field(0).type == pa.uint32()
    rows = table.to_pylist()
    found = {row.pop(IDX_COLUMN): row for row in rows}
    assert len(found) == len(rows)
    return found


def test_a_table_from_creation_to_drop(murr):
    async def steps(db):
        await db.create_table("life", SCHEMA)
        assert await db.get_schema("life") == SCHEMA
        assert (await db.list_tables())["life"] == SCHEMA
        empty = await db.read("life", {"id": ["doc_1"]}, ["score"])
        assert empty.num_rows == 0 and empty.column_names == [IDX_COLUMN, "score"]
        await db.write("life", ROWS)
        read = await db.read("life", {"id": ["doc_3", "nope", "doc_1"]}, ["score", "category"])
        assert read.column_names == [IDX_COLUMN, "score", "category"]
        assert by_position(read) == {0: {"score": None, "category": "ops"},
                                     2: {"score": pytest.approx(0.95), "category": "ml"}}
        more = pa.table({"id": ["doc_1"], "score": pa.array([2.0], pa.float32())})
        with pytest.raises(InvalidRequestError, match="unknown column 'extra'"):  # the Rust Murr takes it
            await db.write("life", more.append_column("extra", [[1]]))
        await db.write("life", more)
        await db.compact("life")
        read = await db.read("life", {"id": ["doc_1", "doc_2"]}, ["category", "score"])
        assert by_position(read) == {0: {"category": None, "score": 2.0},
                                     1: {"category": "infra", "score": pytest.approx(0.72)}}
        await db.drop_table("life")
        assert "life" not in await db.list_tables()
        with pytest.raises(TableNotFoundError):
            await db.read("life", {"id": ["doc_1"]}, ["score"])
        await db.create_table("life", SCHEMA)
        assert (await db.read("life", {"id": ["doc_1"]}, ["score"])).num_rows == 0
        await db.drop_table("life")
    run(murr, steps)


def test_every_type_of_the_client(murr):
    values = {
        DType.BOOL: (pa.bool_(), [True, False, None]),
        DType.INT8: (pa.int8(), [-128, 127, None]),
        DType.INT16: (pa.int16(), [-2**15, 2**15 - 1, None]),
        DType.INT32: (pa.int32(), [-2**31, 2**31 - 1, None]),
        DType.INT64: (pa.int64(), [-2**63, 2**63 - 1, None]),
        DType.UINT8: (pa.uint8(), [0, 255, None]),
        DType.UINT16: (pa.uint16(), [0, 2**16 - 1, None]),
        DType.UINT32: (pa.uint32(), [0, 2**32 - 1, None]),
        DType.UINT64: (pa.uint64(), [0, 2**64 - 1, None]),
        DType.FLOAT32: (pa.float32(), [0.5, float("inf"), None]),
        DType.FLOAT64: (pa.float64(), [0.1, -1e300, None]),
        DType.UTF8: (pa.string(), ["", "ü\0x", None]),
    }
    schema = TableSchema(columns={
        "k": ColumnSchema(dtype=DType.INT64, nullable=False, key=True),
        **{t.value: ColumnSchema(dtype=t) for t in DType}})
    assert set(values) == set(DType)
    rows = pa.table({"k": pa.array([1, 2, 3], pa.int64()),
                     **{t.value: pa.array(v, arrow) for t, (arrow, v) in values.items()}})

    async def steps(db):
        await db.create_table("types", schema)
        await db.write("types", rows.to_batches()[0])
        names = [t.value for t in DType]
        read = (await db.read("types", {"k": [3, 2, 1]}, names)).sort_by([(IDX_COLUMN, "descending")])
        assert read.select(names).equals(rows.select(names))
    run(murr, steps)


def test_compound_keys(murr):
    schema = TableSchema(columns={
        "user": ColumnSchema(dtype=DType.UTF8, nullable=False, key=True),
        "item": ColumnSchema(dtype=DType.INT64, nullable=False, key=True),
        "score": ColumnSchema(dtype=DType.FLOAT64)})

    async def steps(db):
        await db.create_table("ratings", schema)
        assert (await db.get_schema("ratings")).key_columns == ["user", "item"]
        await db.write("ratings", pa.table({"user": ["u1", "u1", "u2"], "item": [1, 7, 7],
                                            "score": [0.1, 0.7, 2.7]}))
        read = await db.read("ratings", {"user": ["u2", "u2", "u1"], "item": [1, 7, 7]}, ["score"])
        assert by_position(read) == {1: {"score": 2.7}, 2: {"score": 0.7}}
        narrow = await db.read("ratings", {"user": ["u1"], "item": pa.array([1], pa.int8())}, ["score"])
        assert by_position(narrow) == {0: {"score": 0.1}}
    run(murr, steps)


def test_errors_have_their_classes(murr):
    async def steps(db):
        await db.create_table("errors", SCHEMA)
        with pytest.raises(TableAlreadyExistsError) as e:
            await db.create_table("errors", SCHEMA)
        assert e.value.status_code == 409 and "errors" in e.value.message
        for call in (db.get_schema("nobody"), db.drop_table("nobody"), db.compact("nobody"),
                     db.write("nobody", ROWS), db.read("nobody", {"id": ["a"]}, ["score"])):
            with pytest.raises(TableNotFoundError) as e:
                await call
            assert "nobody" in e.value.message
        column = ColumnSchema(dtype=DType.UTF8)
        key = ColumnSchema(dtype=DType.UTF8, nullable=False, key=True)
        for columns in ({"a": column},                                          # no key
                        {"a": ColumnSchema(dtype=DType.FLOAT64, nullable=False, key=True)},
                        {"a": ColumnSchema(dtype=DType.UTF8, key=True)},        # nullable
                        {"a": key, IDX_COLUMN: column}):                        # reserved
            with pytest.raises(InvalidRequestError) as e:
                await db.create_table("bad", TableSchema(columns=columns))
            assert e.value.status_code == 400
        for call in (db.write("errors", pa.table({"score": pa.array([1.0], pa.float32())})),
                     db.write("errors", pa.table({"id": ["a"], "score": ["x"]})),
                     db.write("errors", pa.table({"id": ["a"], "score": [0.1]})),  # float64, strict
                     db.write("errors", pa.table({"id": pa.array([None], pa.string())})),
                     db.read("errors", {"id": ["a"]}, ["scores"]),
                     db.read("errors", {"id": [1]}, ["score"]),
                     db.read("errors", {"key": ["a"]}, ["score"])):
            with pytest.raises(InvalidRequestError) as e:
                await call
            assert e.value.status_code == 400
        assert "bad" not in await db.list_tables()
    run(murr, steps)


def test_a_column_that_is_not_strict_rounds(murr):
    schema = TableSchema(columns={
        "id": ColumnSchema(dtype=DType.UTF8, nullable=False, key=True),
        "score": ColumnSchema(dtype=DType.FLOAT32, strict=False)})

    async def steps(db):
        await db.create_table("lossy", schema)
        assert await db.get_schema("lossy") == schema
        await db.write("lossy", pa.table({"id": ["a"], "score": [0.1]}))
        read = await db.read("lossy", {"id": ["a"]}, ["score"])
        assert by_position(read) == {0: {"score": pytest.approx(0.1)}}
        await db.compact("lossy")
        assert await db.get_schema("lossy") == schema
        await db.write("lossy", pa.table({"id": ["b"], "score": [0.2]}))
    run(murr, steps)


def test_many_writers_at_once(murr):
    async def steps(db):
        await db.create_table("many", SCHEMA)
        await asyncio.gather(*(
            db.write("many", pa.table({"id": [f"k{i}", "shared"],
                                       "score": pa.array([i, i], pa.float32())}))
            for i in range(50)))
        keys = [f"k{i}" for i in range(50)] + ["shared"]
        found = by_position(await db.read("many", {"id": keys}, ["score"]))
        assert [found[i]["score"] for i in range(50)] == list(range(50))
        assert found[50]["score"] in range(50)
    run(murr, steps)


def test_tables_outlive_the_server(tmp_path):
    async def write(db):
        await db.create_table("kept", SCHEMA)
        await db.write("kept", ROWS)

    async def read(db):
        assert await db.get_schema("kept") == SCHEMA
        return by_position(await db.read("kept", {"id": ["doc_2"]}, ["category"]))
    with Server(tmp_path, {}) as murr:
        run(murr, write)
    with Server(tmp_path, {}) as murr:
        assert run(murr, read) == {0: {"category": "infra"}}
        murr.kill()
        murr.start()
        assert run(murr, read) == {0: {"category": "infra"}}


def test_a_table_with_a_source_is_read_but_not_dropped(tmp_path):
    publish(tmp_path / "s", "2026-11-22", [pa.table({"id": ["a"], "v": [1.5]})])
    with Server(tmp_path, {"t": local(tmp_path / "s", ["id"])}) as murr:
        murr.wait_loaded("t")

        async def steps(db):
            assert by_position(await db.read("t", {"id": ["b", "a"]}, ["v"])) == {1: {"v": 1.5}}
            with pytest.raises(InvalidRequestError):
                await db.drop_table("t")
            with pytest.raises(TableAlreadyExistsError):
                await db.create_table("t", SCHEMA)
        run(murr, steps)


# ------------------------------------------------------------------------------------- 0.1.9

OLD = """
import asyncio, sys
import pyarrow as pa
from murr import ColumnSchema, DType, MurrClientAsync, MurrClientSync, TableSchema
endpoint = sys.argv[1]
schema = TableSchema(key="id", columns={"id": ColumnSchema(dtype=DType.UTF8, nullable=False),
                                        "score": ColumnSchema(dtype=DType.FLOAT32)})
rows = pa.table({"id": ["a", "b"], "score": pa.array([0.5, None], pa.float32())})

def check(batch):
    assert batch.to_pydict() == {"score": [None, None, 0.5]}, batch.to_pydict()

def raises(kind, call):
    try:
        call()
    except kind:
        return
    raise AssertionError(kind)

with MurrClientSync(endpoint) as db:
    db.create_table("old_sync", schema)
    raises(ValueError, lambda: db.create_table("old_sync", schema))
    raises(FileNotFoundError, lambda: db.write("nobody", rows))
    db.write("old_sync", rows)
    check(db.read("old_sync", ["b", "nope", "a"], ["score"]))

async def main():
    async with MurrClientAsync(endpoint) as db:
        await db.create_table("old_async", schema)
        await db.write("old_async", rows.to_batches()[0])
        check(await db.read("old_async", ["b", "nope", "a"], ["score"]))
asyncio.run(main())
"""


def test_types_that_the_client_does_not_know_do_not_break_its_list(murr):
    for name, dtype in (("later", "timestamp[us]"), ("lists", "list<int32>"), ("plain", "uint8")):
        body = json.dumps({"key": "id", "columns": {"id": {"dtype": "utf8"}, "v": {"dtype": dtype}}})
        assert murr.request("PUT", f"/api/v1/table/{name}", body)[0] == 201

    async def steps(db):
        tables = await db.list_tables()
        assert "plain" in tables and not {"later", "lists"} & set(tables)
    run(murr, steps)
    tables = json.loads(murr.request("GET", "/v1/tables")[2])
    assert {"plain", "later", "lists"} <= set(tables)
    assert tables["later"]["columns"]["v"]["dtype"] == "timestamp[us]"


@pytest.fixture(scope="module")
def old_client():
    """Where murr 0.1.9 is installed: beside the other, whose name it has."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("murr 0.1.9 is published for Python 3.11 alone")
    target = pathlib.Path(ROOT) / "build" / "murr-0.1.9"
    if not (target / "murr" / "http.py").exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps",
                        "--disable-pip-version-check", "--target", str(target), "murr==0.1.9"],
                       check=True, timeout=300)
    return target


def test_the_client_0_1_9_creates_writes_and_reads(murr, old_client):
    """Not its list_tables and get_schema: they want a member "key" that 0.3 forbids."""
    env = {**os.environ, "PYTHONPATH": str(old_client)}
    done = subprocess.run([sys.executable, "-c", OLD, f"http://127.0.0.1:{murr.port}"], env=env,
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
