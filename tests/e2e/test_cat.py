"""murr cat: any Parquet file, in four forms."""
import json

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from conftest import run
from test_differential import murr_cat

TABLE = pa.table({
    "id": pa.array([1, 2, None], pa.int64()),
    "name": ["a", 'with "quotes", and commas', None],
    "pair": [{"x": 1}, None, {"x": 2}],
    "vector": pa.array([[1.5, 2.5], None, [0.0, -1.0]], pa.list_(pa.float32(), 2)),
})
NOTE = "murr: note: column 'pair' is left out: nested columns are not supported: it is a struct\n"


@pytest.fixture
def path(tmp_path):
    pq.write_table(TABLE, tmp_path / "t.parquet", row_group_size=2)
    return tmp_path / "t.parquet"


def test_forms(path):
    done = run("cat", path)
    assert (done.returncode, done.stderr) == (0, NOTE)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["id", "1", "2", "null"]
    done = run("cat", path, "-o", "csv")
    assert done.stdout == ('id,name,vector\n1,a,"[1.5,2.5]"\n2,"with ""quotes"", and commas",\n,,"[0.0,-1.0]"\n')
    done = run("cat", path, "-o", "json")
    assert json.loads(done.stdout) == {"num_rows": 3, "columns": [
        {"name": "id", "values": [1, 2, None]}, {"name": "name", "values": TABLE["name"].to_pylist()},
        {"name": "vector", "values": [[1.5, 2.5], None, [0.0, -1.0]]}]}


def test_columns_and_rows(path):
    assert murr_cat(path, "-c", "vector,id", "-n", "2").equals(TABLE.select(["vector", "id"]).slice(0, 2).combine_chunks())
    assert murr_cat(path, "-c", "id", "-n", "0").num_rows == 0
    assert murr_cat(path, "-c", "id", "-n", "99").num_rows == 3


@pytest.mark.parametrize("args, words", [
    (["-c", "pair"], "column 'pair': nested columns are not supported"),
    (["-c", "nmae"], "nmae"),
])
def test_what_is_asked_for_must_be_there(path, args, words):
    done = run("cat", path, *args)
    assert done.returncode == 1 and done.stdout == ""
    assert words in done.stderr and done.stderr.count("\n") == 1 and "t.parquet" in done.stderr


def test_what_is_no_parquet(tmp_path, path):
    (tmp_path / "no.parquet").write_bytes(b"not Parquet at all")
    (tmp_path / "cut.parquet").write_bytes(path.read_bytes()[:-20] + b"PAR1")
    for name in ("no.parquet", "cut.parquet", "missing.parquet", "."):
        done = run("cat", tmp_path / name)
        assert done.returncode == 1 and done.stderr.startswith("murr: file ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("args", [["-o", "xml"], ["-n", "-1"], ["-n", "x"], ["--memory", "much"], ["--rows"]])
def test_wrong_usage(path, args):
    assert run("cat", path, *args).returncode == 2


def test_a_file_of_nested_columns_alone_has_rows_of_nothing(tmp_path):
    pq.write_table(TABLE.select(["pair"]), tmp_path / "t.parquet")
    done = run("cat", tmp_path / "t.parquet", "-o", "json")
    assert (done.returncode, done.stderr) == (0, NOTE)
    assert json.loads(done.stdout) == {"num_rows": 3, "columns": []}


def test_many_batches(tmp_path):
    n = 200_000
    table = pa.table({"i": range(n), "s": [f"text {i}" for i in range(n)]})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=70_000)
    done = murr_cat(tmp_path / "t.parquet")
    assert done.equals(table) and done["i"].num_chunks > 1
