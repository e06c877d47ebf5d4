"""Bodies of writes that are not what they say: the writer's mistake (4xx), not ours (500 and a line in the log)."""
import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Server

ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
ROWS = pa.table({"id": [f"k{i}" for i in range(50)], "v": [i / 3 for i in range(50)],
                 "l": [[i, i + 1] for i in range(50)]})


@pytest.fixture(scope="module")
def murr(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("bad"), {}) as m:
        schema = {"key": "id", "columns": {"id": {"dtype": "utf8"}, "v": {"dtype": "float64"},
                                           "l": {"dtype": "list<int64>"}}}
        assert m.request("PUT", "/api/v1/table/t", json.dumps(schema))[0] == 201
        yield m


def bodies():
    out = {}
    for codec in ("none", "snappy", "zstd", "gzip"):
        sink = io.BytesIO()
        pq.write_table(ROWS, sink, compression=codec)
        out["parquet " + codec] = (PARQUET, sink.getvalue())
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, ROWS.schema) as writer:
        writer.write_table(ROWS)
    out["arrow"] = (ARROW, sink.getvalue())
    return out


def damage(rng, good, n):
    out = [good[:rng.randrange(len(good))] for _ in range(n // 3)]
    while len(out) < n:
        b = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            b[rng.randrange(len(b))] = rng.randrange(256)
        out.append(bytes(b))
    return out


BODIES = bodies()


def put(murr, kind, body, **headers):
    return murr.request("PUT", "/api/v1/table/t/write", body, {"Content-Type": kind, **headers})


@pytest.mark.parametrize("name", BODIES)
def test_a_damaged_body_is_the_writers_mistake(murr, rng, name):
    kind, good = BODIES[name]
    assert put(murr, kind, good)[0] == 200
    damaged = damage(rng, good, 60)
    damaged += [b"PAR1", b"PAR1PAR1", b"\xff\xff\xff\xff", b"\xff" * 100, b"PAR1" + bytes(100) + b"PAR1"]
    for body in damaged:
        status, _, data = put(murr, kind, body)
        assert status in (200, 400, 413), (status, data, body.hex())
        assert status == 200 or json.loads(data)["error"]
    assert "ERROR" not in murr.log_text()


@pytest.mark.parametrize("path", ["/api/v1/table/t/delete", "/v1/t/_fetch", "/api/v1/table/t/fetch"])
def test_damaged_keys_are_the_clients_mistake(murr, rng, path):
    sink = io.BytesIO()
    keys = ROWS.select(["id"]).replace_schema_metadata({"columns": '["v"]'})
    with pa.ipc.new_stream(sink, keys.schema) as writer:
        writer.write_table(keys)
    for body in damage(rng, sink.getvalue(), 60):
        status, _, data = murr.request("POST", path, body, {"Content-Type": ARROW})
        assert status in (200, 400, 413), (status, data, body.hex())
    assert "ERROR" not in murr.log_text()


@pytest.mark.parametrize("coding", ["gzip", "zstd", "br", "x-unknown", "gzip, identity"])
def test_a_coding_is_refused_by_name(murr, coding):
    body = gzip.compress(b'{"columns": {"id": ["a"], "v": [1.0]}}')
    for method, path in (("PUT", "/api/v1/table/t/write"), ("POST", "/v1/t/_fetch")):
        status, headers, data = murr.request(method, path, body, {"Content-Encoding": coding})
        assert status == 415 and headers["Accept-Encoding"] == "identity", data
        assert coding in json.loads(data)["error"]


def test_no_coding_may_be_said(murr):
    body = b'{"columns": {"id": ["a"], "v": [1.0]}}'
    assert put(murr, "application/json", body, **{"Content-Encoding": "identity"})[0] == 200
