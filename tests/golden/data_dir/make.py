#!/usr/bin/env python3
"""Make data_dir.tar.gz and rows.json: a data directory as a release before left it, its sources, and its rows.

    MURR_TEST_BINARY=/path/to/that/murr build/venv/bin/python tests/golden/data_dir/make.py

What is here is of commit 821db84. tests/e2e/test_old_data_dir.py opens it with the release of today.
"""
import json
import pathlib
import shutil
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "e2e"))

import pyarrow as pa  # noqa: E402
from conftest import Server, local, publish  # noqa: E402
from fakes3 import FakeS3  # noqa: E402
from s3server import keys_env  # noqa: E402
from test_types import table_of_all  # noqa: E402

DAY = "2026-11-22"
ROOM = pathlib.Path("/tmp/murr-golden-data-dir")  # part of what a source is known by; away again when this ends
ENDPOINT = "http://127.0.0.1:1"  # another such part; nobody listens there: all of it comes through a proxy
PLAIN = {"bool": pa.bool_(), "int8": pa.int8(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(),
         "uint8": pa.uint8(), "uint16": pa.uint16(), "uint32": pa.uint32(), "uint64": pa.uint64(),
         "float32": pa.float32(), "float64": pa.float64(), "utf8": pa.string()}
CREATED = {"key": "id", "columns": {"id": {"dtype": "utf8"}, "score": {"dtype": "float32"},
                                    "note": {"dtype": "utf8"}, "n": {"dtype": "int64", "nullable": False}}}


def fake_bucket(folder):
    """A bucket with the files of `folder`, behind a proxy of which the endpoint is not known."""
    fake = FakeS3()
    fake.before = lambda h: h.path.startswith("http://") and setattr(h, "path", "/" + h.path.split("/", 3)[3])
    for path in sorted((folder / DAY).iterdir()):
        fake.put(f"{DAY}/{path.name}", path.read_bytes())
    return fake


def tables(sources, proxy):
    """Those with a source; the created ones are in the data directory."""
    bucket = {"s3": {"bucket": "b", "endpoint": ENDPOINT, "proxy": proxy}}
    return {"types": local(sources / "types", ["id"], storage="mmap", parts=2),
            "columnar": local(sources / "columnar", ["name", "part"], storage="mmap", layout="columnar", parts=3),
            "bucket": {"source": bucket, "key": ["id"], "poll_interval": "100ms", "parts": 2}}


def publish_all(sources):
    types, _ = table_of_all()
    n = types.num_rows
    for i, (name, t) in enumerate(PLAIN.items()):
        cells = [f"text {k}" * k if name == "utf8" else (k + i) % 2 == 0 if name == "bool" else k + i for k in range(n - 1)]
        types = types.append_column(name, pa.array(cells + [None], t))
    publish(sources / "types", DAY, [types])
    publish(sources / "columnar", DAY, [pa.table({
        "name": [f"name {k // 3}" for k in range(600)], "part": pa.array([k % 3 for k in range(600)], pa.int32()),
        "x": pa.array([None if k % 7 == 0 else k / 4 for k in range(600)], pa.float32()),
        "text": [f"{k} " * (k % 20) for k in range(600)]})])
    publish(sources / "bucket", DAY, [pa.table({
        "id": [f"key-{k}" for k in range(400)], "v": pa.array(range(400), pa.int64()),
        "s": [f"row {k}" for k in range(400)]})])


def send(murr, method, table, what, body):
    path = f"/api/v1/table/{table}" + (f"/{what}" if what else "")
    status, _, data = murr.request(method, path, json.dumps(body) if body else None)
    assert status < 300, data


def write_some(murr, table, first, n, round):
    send(murr, "PUT", table, "write", {"columns": {
        "id": [f"id {k}" for k in range(first, first + n)], "score": [k / 2 + round for k in range(n)],
        "note": [None if k % 5 == 0 else f"round {round}, row {k}" for k in range(n)], "n": [round] * n}})


def write_all(murr):
    """Writes, deletes and patches: merged into one base, in layers over such a base, and over sources."""
    for table in ("layers", "merged"):
        send(murr, "PUT", table, "", CREATED)
        write_some(murr, table, 0, 300, 1)
        write_some(murr, table, 200, 200, 2)
        send(murr, "POST", table, "delete", {"keys": [f"id {k}" for k in range(0, 400, 10)]})
        send(murr, "PATCH", table, "write", {"columns": {"id": ["id 1", "id 201"], "note": ["patched", None]}})
        send(murr, "POST", table, "compact", None)
    write_some(murr, "layers", 390, 20, 3)
    send(murr, "POST", "layers", "delete", {"keys": ["id 2", "id 391"]})
    send(murr, "PATCH", "layers", "write", {"columns": {"id": ["id 3", "id 392"], "score": [None, 0.5]}})
    send(murr, "PUT", "bucket", "write", {"columns": {"id": ["key-1", "new"], "v": [-1, -2], "s": ["written", None]}})
    send(murr, "POST", "bucket", "delete", {"keys": ["key-2"]})
    send(murr, "PATCH", "types", "write", {"columns": {"id": [1, 2], "utf8": ["patched", None]}})


def keys_of():
    """Of every table: all its keys, those that were deleted, and some that it never had."""
    created = [f"id {k}" for k in range(420)]
    return {"types": list(range(-1, 6)), "layers": created, "merged": created,
            "columnar": [[f"name {k // 3}", k % 3] for k in range(606)],
            "bucket": [f"key-{k}" for k in range(402)] + ["new"]}


def read_all(murr):
    """{table: {column: values}}"""
    return {table: murr.fetch_json(table, keys) for table, keys in keys_of().items()}


def main():
    shutil.rmtree(ROOM, ignore_errors=True)
    publish_all(ROOM / "sources")
    fake = fake_bucket(ROOM / "sources" / "bucket")
    with Server(ROOM, tables(ROOM / "sources", fake.endpoint), env=keys_env("AK", "secret")) as murr:
        for table in ("types", "columnar", "bucket"):
            murr.wait_loaded(table, DAY)
        write_all(murr)
        rows = read_all(murr)
    fake.close()
    with open(HERE / "rows.json", "w") as f:
        json.dump(rows, f, indent=0)
    with tarfile.open(HERE / "data_dir.tar.gz", "w:gz", compresslevel=9) as tar:
        for name in ("data", "sources"):
            tar.add(ROOM / name, name, filter=lambda info: info.replace(uid=0, gid=0, uname="", gname="", deep=False))
    shutil.rmtree(ROOM)


if __name__ == "__main__":
    main()
