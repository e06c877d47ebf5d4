"""Loads from a real S3 server: discovery, odd names, paging, and what workers do when a bucket changes."""
import json

import pyarrow as pa
import pytest
from conftest import SANITIZED, Server, run


def rows(n, version=0, start=0):
    return pa.table({"id": [f"key-{i}" for i in range(start, start + n)],
                     "v": pa.array([version] * n, pa.int64()),
                     "s": [f"row {i} of version {version}" for i in range(start, start + n)]})


def check(server, table, n, version=0):
    got = server.fetch_json(table, [f"key-{i}" for i in (0, n // 2, n - 1, n)], ["v", "s"])
    assert got["v"] == [version, version, version, None]
    assert got["s"] == [f"row {i} of version {version}" for i in (0, n // 2, n - 1)] + [None]


def load(tmp_path, s3, tables, *args, env=None):
    """`murr load`: the completed process."""
    config = {"server": {"data_dir": str(tmp_path / "data")}, "tables": tables}
    path = tmp_path / "load.yml"
    path.write_text(json.dumps(config))
    return run("load", "--config", path, *args, env=env or s3.env())


def test_load_with_keys_of_the_environment(tmp_path, s3):
    bucket = s3.bucket()
    bucket.publish("2026-11-21", [rows(10, 1)], prefix="features/")
    bucket.publish("2026-11-22", [rows(600, 2), rows(400, 2, 600)], prefix="features/")
    with Server(tmp_path, {"t": bucket.table(prefix="features/")}, env=s3.env()) as server:
        server.wait_loaded("t", "2026-11-22")
        check(server, "t", 1000, 2)
        assert server.status("t")["source"] == "s3"
