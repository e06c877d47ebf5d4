"""Tables that Spark wrote (tests/golden/iceberg), read as Spark reads them: printed, and loaded and fetched."""
import json
import subprocess
import tarfile

import pyarrow as pa
import pytest

from conftest import BINARY, NO_GUARD, ROOT, Server
from iceberg_rows import lines_of

GOLDEN = ROOT / "tests" / "golden" / "iceberg"
MADE_IN = "/tmp/murr-iceberg-golden"  # paths in their metadata begin with it
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
KEYS = {"equality_partitions": ["id", "part", "s"]}  # of the others: id


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden")
    with tarfile.open(GOLDEN / "tables.tar.gz") as tar:
        tar.extractall(folder, filter="data")
    return folder


def cat(metadata, tables, *options):
    done = subprocess.run([BINARY, "cat", "-o", "arrow", f"iceberg:{metadata}", "--rewrite", f"{MADE_IN}={tables}", *options],
                          capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return pa.ipc.open_stream(done.stdout).read_all()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_table_and_its_snapshots_are_printed_as_spark_reads_them(tables, name):
    table = EXPECTED[name]
    versions = [([], table)] + [(["--snapshot", number], snapshot) for number, snapshot in table["snapshots"].items()]
    for options, want in versions:
        got = cat(tables / table["metadata"], tables, *options)
        assert got.schema.names == want["columns"], options
        assert lines_of(got) == want["lines"], options


def in_place(tables, table, **which):
    return {"iceberg": {"metadata": str(tables / table["metadata"]), "rewrite": {"from": MADE_IN, "to": str(tables)}, **which}}


def keys_of(table, names):
    at = [table["columns"].index(name) for name in names]
    rows = [json.loads(line) for line in table["lines"]]
    return [row[at[0]] if len(at) == 1 else [row[i] for i in at] for row in rows]


def test_tables_are_loaded_and_fetched_as_spark_reads_them(tables, tmp_path):
    config = {name: {"source": in_place(tables, table), "key": KEYS.get(name, ["id"]), "guard": NO_GUARD}
              for name, table in EXPECTED.items()}
    with Server(tmp_path, config) as murr:
        for name, table in EXPECTED.items():
            murr.wait_loaded(name)
            status = murr.status(name)
            assert status["rows"] == len(table["lines"]), name
            got = murr.fetch_arrow(name, keys_of(table, config[name]["key"]), table["columns"])
            assert lines_of(got) == table["lines"], name


def test_the_tables_hold_what_they_are_for():
    """A fixture that is made again must not lose what it shows."""
    def files(name, content, kind):
        return next(([n, distinct] for c, k, n, distinct in EXPECTED[name]["files"] if (c, k) == (content, kind)), [0, 0])
    vectors, puffins = files("deletion_vectors", 1, "PUFFIN")
    assert vectors > puffins > 0
    assert files("position_deletes", 1, "PARQUET")[0] > 0
    assert files("upgraded", 1, "PARQUET")[0] > 0 and files("upgraded", 1, "PUFFIN")[0] > 0
    for name in ("equality_null", "equality_evolved", "equality_partitions", "equality_and_vectors"):
        assert files(name, 2, "PARQUET")[0] > 0, name
    for name in ("rewritten", "rewritten_v3"):
        assert "replace" in [s["operation"] for s in EXPECTED[name]["snapshots"].values()], name
