"""Bodies of writes: long, slow, broken off, in chunks, too large, and on a full disk."""
import http.client
import io
import json
import os
import pathlib
import random
import resource
import signal
import socket
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from conftest import SANITIZED, Server

ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
SCHEMA = {"key": "id", "columns": {"id": {"dtype": "int64"}, "v": {"dtype": "float64"}}}


def create(murr, table="t", schema=SCHEMA):
    status, _, data = murr.request("PUT", f"/api/v1/table/{table}", json.dumps(schema))
    assert status == 201, data


def write(murr, body, content_type=None, table="t", **headers):
    if content_type:
        headers["Content-Type"] = content_type
    return murr.request("PUT", f"/api/v1/table/{table}/write", body, headers)


def rows(first, n):
    ids = np.arange(first, first + n, dtype=np.int64)
    return pa.table({"id": ids, "v": ids / 2})


def arrow_of(table):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as w:
        w.write_table(table)
    return sink.getvalue()


def parquet_of(table):
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def json_of(table):
    return json.dumps({"columns": table.to_pydict()}).encode()


def anonymous_kb(murr):
    for line in pathlib.Path(f"/proc/{murr.process.pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise AssertionError("no RssAnon")


def head_of(path, length, **headers):
    lines = [f"PUT {path} HTTP/1.1", "Host: x", f"Content-Length: {length}",
             *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def status_of(sock):
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = sock.recv(65536)
        if not piece:
            return None
        answer += piece
    return int(answer.split()[1])


@pytest.fixture
def murr(tmp_path):
    with Server(tmp_path, {}, {"request_timeout": "60s", "max_write_bytes": "256MiB"}) as server:
        create(server)
        yield server


@pytest.fixture
def impatient(tmp_path):
    with Server(tmp_path, {}, {"request_timeout": "2s"}) as server:
        create(server)
        yield server


@pytest.mark.parametrize("form, content_type", [
    (json_of, "application/json"), (arrow_of, ARROW), (parquet_of, PARQUET), (json_of, None),
    (arrow_of, None), (parquet_of, "application/octet-stream"),
    (json_of, "application/x-www-form-urlencoded")])
def test_every_form_is_written(murr, form, content_type):
    status, _, data = write(murr, form(rows(10, 3)), content_type)
    assert (status, json.loads(data)) == (200, {"num_rows": 3})
    assert murr.fetch_json("t", [11, 9], ["v"]) == {"v": [5.5, None]}


@pytest.mark.skipif(SANITIZED, reason="measures memory")
def test_memory_does_not_grow_with_the_body(murr):
    """100 MB while it comes in: the server has little more than before. What it takes to write is another matter."""
    body = json_of(rows(0, 6_000_000))[:100_000_000]
    assert len(body) == 100_000_000
    before = anonymous_kb(murr)
    with socket.create_connection(("127.0.0.1", murr.port), timeout=60) as s:
        s.sendall(head_of("/api/v1/table/t/write", len(body)))
        s.sendall(body[:-1000])
        time.sleep(0.3)
        assert anonymous_kb(murr) - before < 8_000
        s.sendall(body[-1000:])
        assert status_of(s) == 400  # it is cut off in the middle
    assert murr.request("GET", "/livez")[0] == 200


def test_a_long_body_is_written(murr):
    body = arrow_of(rows(0, 1_000_000))
    assert write(murr, body, ARROW)[0] == 200
    assert murr.fetch_json("t", [0, 999_999, 1_000_000], ["v"]) == {"v": [0.0, 499999.5, None]}


@pytest.mark.skipif(not os.environ.get("MURR_TEST_LARGE"), reason="a minute, and 4 GB of disk: MURR_TEST_LARGE=1")
@pytest.mark.parametrize("form, n_rows, n_columns", [("parquet", 10_000_000, 24), ("json", 2_000_000, 24)])
def test_a_very_long_body(tmp_path, form, n_rows, n_columns):
    """A gigabyte of Parquet, half a one of JSON; read back at random."""
    def value(row, c):
        return (row * 2654435761 + c * 40503) % (1 << 24)

    def column(c, first=0, n=n_rows):
        return value(np.arange(first, first + n, dtype=np.uint64), c).astype(np.float32)

    names = [f"f{c}" for c in range(n_columns)]
    path = tmp_path / "body"
    if form == "parquet":
        schema = pa.schema([("id", pa.int64()), *((c, pa.float32()) for c in names)])
        with pq.ParquetWriter(path, schema, compression="snappy") as w:
            for at in range(0, n_rows, 1_000_000):
                w.write_table(pa.table([pa.array(np.arange(at, at + 1_000_000)),
                                        *(column(c, at, 1_000_000) for c in range(n_columns))], schema=schema))
    else:
        with open(path, "w") as f:
            f.write('{"columns":{"id":%s' % json.dumps(list(range(n_rows))))
            for c in range(n_columns):
                f.write(',"f%d":%s' % (c, json.dumps(column(c).tolist())))
            f.write("}}")
    columns = {"id": {"dtype": "int64"}, **{c: {"dtype": "float32"} for c in names}}
    with Server(tmp_path, {}) as murr, open(path, "rb") as body:
        create(murr, schema={"key": "id", "columns": columns})
        client = http.client.HTTPConnection("127.0.0.1", murr.port, timeout=300)
        start = time.monotonic()
        client.request("PUT", "/api/v1/table/t/write", body,
                       {"Content-Type": PARQUET if form == "parquet" else "application/json",
                        "Content-Length": str(path.stat().st_size)})
        response = client.getresponse()
        assert response.status == 200, response.read()
        response.read()
        print(f"{form}: {path.stat().st_size / 1e6:.0f} MB, {n_rows} rows in {time.monotonic() - start:.1f} s")
        keys = random.Random(1).sample(range(n_rows), 1000)
        got = murr.fetch_json("t", keys, names)
        assert got == {name: [float(value(k, c)) for k in keys] for c, name in enumerate(names)}


def test_a_body_in_chunks(murr):
    body = json_of(rows(0, 200_000))
    pieces = (body[i:i + 50_001] for i in range(0, len(body), 50_001))
    conn = http.client.HTTPConnection("127.0.0.1", murr.port, timeout=60)
    conn.request("PUT", "/api/v1/table/t/write", pieces, {"Transfer-Encoding": "chunked"},
                 encode_chunked=True)
    assert conn.getresponse().status == 200
    assert murr.fetch_json("t", [199_999], ["v"]) == {"v": [99999.5]}


def send_slowly(murr, body):
    """The status, or None; and the longest pause between two pieces of forty, 100 ms where nothing keeps us."""
    step = len(body) // 40 + 1
    sent = [time.monotonic()]
    with socket.create_connection(("127.0.0.1", murr.port), timeout=60) as s:
        status = None
        try:
            s.sendall(head_of("/api/v1/table/t/write", len(body), Content_Type=ARROW))
            for at in range(0, len(body), step):
                s.sendall(body[at:at + step])
                time.sleep(0.1)
                sent.append(time.monotonic())
            status = status_of(s)
        except ConnectionError:
            sent.append(time.monotonic())
    return status, max(b - a for a, b in zip(sent, sent[1:]))


def test_a_slow_body_that_moves(impatient):
    """Four seconds, of two that a request may take: 128 KiB a second."""
    body = arrow_of(rows(0, 32_000))
    status, pause = send_slowly(impatient, body)
    while status != 200 and pause > 0.5:  # it was us
        status, pause = send_slowly(impatient, body)
    assert status == 200


def test_a_body_that_drips_is_broken_off(impatient):
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=60) as s:
        s.sendall(head_of("/api/v1/table/t/write", 5_000_000))
        with pytest.raises(ConnectionError):
            for _ in range(5000):
                s.sendall(b" ")
                time.sleep(0.05)


def test_a_body_that_breaks_off_leaves_nothing(murr):
    body = json_of(rows(0, 200_000))
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", murr.port), timeout=60) as s:
            s.sendall(head_of("/api/v1/table/t/write", len(body)))
            s.sendall(body[:-1])
    murr.wait_for(lambda: not [f for f in os.listdir(f"/proc/{murr.process.pid}/fd")
                               if ".uploads" in link(murr, f)])
    assert murr.fetch_json("t", [1], ["v"]) == {"v": [None]}
    assert os.listdir(murr.folder / "data" / ".uploads") == []


def link(murr, fd):
    try:
        return os.readlink(f"/proc/{murr.process.pid}/fd/{fd}")
    except OSError:
        return ""


def test_what_is_too_large_is_refused_before_it_comes(murr):
    for length, expected in ((2**28 + 1, 413), (2**40, 413), (2**28, 100)):
        with socket.create_connection(("127.0.0.1", murr.port), timeout=60) as s:
            s.sendall(head_of("/api/v1/table/t/write", length, Expect="100-continue"))
            assert status_of(s) == expected
    status, _, data = murr.request("POST", "/v1/t/_fetch", b" " * (17 << 20))
    assert status == 413 and b"server.max_body_bytes" in data


def test_too_many_bytes_at_a_time(tmp_path):
    with Server(tmp_path, {}, {"max_upload_bytes": "2MiB"}) as murr:
        create(murr)
        status, headers, data = write(murr, b" " * 3_000_000)
        assert status == 429 and headers["Retry-After"] == "1"
        assert json.loads(data)["code"] == "TOO_MANY_REQUESTS"
        assert write(murr, arrow_of(rows(0, 100_000)), ARROW)[0] == 200


def test_a_full_disk(tmp_path):
    """A limit on files is what a full disk looks like, and needs no root."""
    with Server(tmp_path, {}) as murr:
        create(murr)
        assert write(murr, arrow_of(rows(0, 1000)), ARROW)[0] == 200
        before = resource.prlimit(murr.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(murr.process.pid, resource.RLIMIT_FSIZE, (3_000_000, before[1]))
        status, _, data = write(murr, arrow_of(rows(0, 1_000_000)), ARROW)
        assert status == 507 and json.loads(data)["code"] == "INSUFFICIENT_STORAGE"
        assert murr.fetch_json("t", [999], ["v"]) == {"v": [499.5]}
        resource.prlimit(murr.process.pid, resource.RLIMIT_FSIZE, before)
        assert write(murr, arrow_of(rows(0, 1_000_000)), ARROW)[0] == 200
        assert murr.fetch_json("t", [999_999], ["v"]) == {"v": [499999.5]}


def test_a_stop_waits_for_a_body_and_its_write(tmp_path):
    body = arrow_of(rows(0, 300_000))
    with Server(tmp_path, {}) as murr:
        create(murr)
        with socket.create_connection(("127.0.0.1", murr.port), timeout=60) as s:
            s.sendall(head_of("/api/v1/table/t/write", len(body), Content_Type=ARROW))
            s.sendall(body[:1_000_000])
            time.sleep(0.2)
            murr.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            s.sendall(body[1_000_000:])
            assert status_of(s) == 200
        assert murr.process.wait(60) == 0
        murr.start()
        assert murr.fetch_json("t", [299_999], ["v"]) == {"v": [149999.5]}


def test_debris_of_uploads_is_removed(tmp_path):
    uploads = tmp_path / "data" / ".uploads"
    uploads.mkdir(parents=True)
    (uploads / "Xy12z3").write_bytes(b"left by a crash")
    with Server(tmp_path, {}):
        assert os.listdir(uploads) == []


def test_deletes(murr):
    assert write(murr, json_of(rows(0, 5)))[0] == 200
    status, _, data = murr.request("POST", "/api/v1/table/t/delete", b'{"keys": [1, 77]}')
    assert (status, json.loads(data)) == (200, {"num_rows": 2})
    status, _, _ = murr.request("POST", "/api/v1/table/t/delete",
                                arrow_of(pa.table({"id": [3]})), {"Content-Type": ARROW})
    assert status == 200
    assert murr.fetch_json("t", [0, 1, 2, 3, 4], ["v"]) == {"v": [0.0, None, 1.0, None, 2.0]}


def test_json_says_what_is_wrong(murr):
    status, _, data = write(murr, b'{"columns": {"id": [1, 2], "v": [0.5, "x"]}}')
    error = json.loads(data)["error"]
    assert status == 400 and "column 'v'" in error and "row 1" in error and "\\x22x\\x22" in error
    assert murr.fetch_json("t", [1], ["v"]) == {"v": [None]}
    status, _, data = write(murr, b"a,b", "text/csv")
    assert status == 415


def test_a_full_queue_is_tried_again(tmp_path):
    """More at once than the queue holds: refused ones say when to come again, and then all are written."""
    with Server(tmp_path, {}, {"threads": 4}, extra=["--set", "write.queue=1MiB"]) as murr:
        create(murr)
        seen = []

        def writer(i):
            body = arrow_of(rows(i * 40_000, 40_000))
            while True:
                status, headers, _ = write(murr, body, ARROW)
                seen.append(status)
                if status != 429:
                    return
                assert headers["Retry-After"] == "1"
                time.sleep(0.05)
        threads = [threading.Thread(target=writer, args=(i,)) for i in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert seen.count(200) == 16 and set(seen) <= {200, 429}
        print(f"{seen.count(429)} refused")
        keys = [i * 40_000 for i in range(16)]
        assert murr.fetch_json("t", keys, ["v"]) == {"v": [k / 2 for k in keys]}


def test_metrics_follow_tables(murr):
    def lines():
        return murr.request("GET", "/metrics")[2].decode().splitlines()
    assert 'murr_writes_total{table="t",result="ok"} 0' in lines()
    body = json_of(rows(0, 3))
    write(murr, body)
    write(murr, b"{}")
    write(murr, body, table="nobody")
    assert 'murr_writes_total{table="t",result="ok"} 1' in lines()
    assert 'murr_writes_total{table="t",result="error"} 1' in lines()
    assert 'murr_written_rows_total{table="t"} 3' in lines()
    assert f'murr_written_bytes_total{{table="t"}} {len(body)}' in lines()
    assert 'murr_http_requests_total{method="PUT",route="/api/v1/table/{}/write",code="200"} 1' in lines()
    assert not [line for line in lines() if "nobody" in line]
    assert murr.request("DELETE", "/api/v1/table/t")[0] == 200
    assert not [line for line in lines() if 'table="t"' in line]
    create(murr)
    assert 'murr_writes_total{table="t",result="ok"} 0' in lines()
