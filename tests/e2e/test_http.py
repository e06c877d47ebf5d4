"""The HTTP surface as clients and attackers use it."""
import http.client
import json
import signal
import socket
import threading
import time

import pyarrow as pa
import pytest
from conftest import Server, local, publish

ARROW = "application/vnd.apache.arrow.stream"


@pytest.fixture(scope="module")
def murr(tmp_path_factory):
    folder = tmp_path_factory.mktemp("http")
    publish(folder / "s", "2026-11-22", [pa.table({"id": ["a", "b", "ü\"\\"], "v": [1.5, None, 3.0]})])
    publish(folder / "i", "2026-11-22", [pa.table({"id": pa.array([1, -2], pa.int32()), "v": [1, 2]})])
    publish(folder / "c", "2026-11-22", [pa.table({"a": ["x", "y"], "b": pa.array([1, 2], pa.uint8()),
                                                   "v": [10, 20]})])
    tables = {"t": local(folder / "s", ["id"]), "ints": local(folder / "i", ["id"]),
              "pairs": local(folder / "c", ["a", "b"]), "never": local(folder / "nowhere", ["id"])}
    server = {"max_keys": 100, "max_columns": 8, "max_body_bytes": "64KiB", "request_timeout": "60s",
              "max_connections": 64}
    with Server(folder, tables, server) as m:
        for t in ("t", "ints", "pairs"):
            m.wait_loaded(t)
        yield m


def error(murr, status, code, table, body, text="", **kwargs):
    got, headers, data = murr.fetch_raw(table, body, **kwargs)
    assert got == status, data
    answer = json.loads(data)
    assert headers["Content-Type"].startswith("application/json")
    assert answer["code"] == code and text in answer["error"], answer


def test_unknown_table(murr):
    error(murr, 404, "TABLE_NOT_FOUND", "x", {"keys": ["a"]}, "Table 'x' not found or not yet loaded")
    error(murr, 404, "TABLE_NOT_FOUND", "never", {"keys": ["a"]}, "not yet loaded")
    error(murr, 404, "TABLE_NOT_FOUND", "x", {"keys": ["a"]}, api=True)


def test_unknown_column_is_suggested(murr):
    error(murr, 400, "INVALID_REQUEST", "t", {"keys": ["a"], "columns": ["w"]}, "unknown column 'w'")
    error(murr, 400, "INVALID_REQUEST", "t", {"keys": ["a"], "columns": ["V"]}, "did you mean 'v'?")
    error(murr, 400, "INVALID_REQUEST", "t", {"keys": ["a"], "columns": ["v", "v"]}, "twice")


@pytest.mark.parametrize("body", [
    "", "null", "[]", "1", '"x"', "{", "{}", '{"columns": ["v"]}', '{"keys": null}', '{"keys": "a"}',
    '{"keys": {"a": 1}}', '{"keys": [1]}', '{"keys": [null]}', '{"keys": [["a"]]}', '{"keys": [true]}',
    '{"keys": ["a"], "keys": ["b"]}', '{"keys": ["a"], "colums": ["v"]}', '{"keys": ["a"], "columns": "v"}',
    '{"keys": ["a"], "columns": [1]}', '{"keys": ["a"]} x', '{"keys": ["a",]}', '{"keys": ["\\x"]}',
    '{"keys": ["\\ud800"]}', '{"keys": ["a\nb"]}', "{'keys': ['a']}", '{"keys": ["a"]}}'])
def test_malformed_bodies(murr, body):
    error(murr, 400, "INVALID_REQUEST", "t", body)
    error(murr, 400, "INVALID_REQUEST", "t", body, api=True, accept=ARROW)


def test_bytes_that_are_not_utf8(murr):
    error(murr, 400, "INVALID_REQUEST", "t", b'{"keys": ["\xff\xfe"]}')


def test_a_body_cut_anywhere(murr):
    body = json.dumps({"keys": ["a", "ü\"\\", "\u0001"], "columns": ["v", "id"]}).encode()
    for cut in range(len(body)):
        status, _, data = murr.fetch_raw("t", body[:cut])
        assert status == 400, (cut, data)
    assert murr.fetch_raw("t", body)[0] == 200


@pytest.mark.parametrize("key", ["1.5", "1e3", '"1"', "2147483648", "-2147483649", "true", "1.0", "01", "--1"])
def test_keys_that_an_int32_cannot_be(murr, key):
    error(murr, 400, "INVALID_REQUEST", "ints", '{"keys": [%s]}' % key)


def test_integer_keys(murr):
    assert murr.fetch_json("ints", [1, -2, 0, 2147483647, -2147483648]) == {"v": [1, 2, None, None, None]}


def test_composite_keys(murr):
    keys = [["x", 1], ["y", 1], ["y", 2]]
    assert murr.fetch_json("pairs", keys, ["v", "b", "a"]) == {
        "v": [10, None, 20], "b": [1, None, 2], "a": ["x", None, "y"]}
    for bad in (["x"], ["x", 1, 2], ["x", "1"], ["x", 256], ["x", -1], "x", {"a": "x", "b": 1}):
        error(murr, 400, "INVALID_REQUEST", "pairs", {"keys": [bad]})


def test_limits(murr):
    assert len(murr.fetch_json("t", ["a"] * 100)["v"]) == 100
    error(murr, 413, "PAYLOAD_TOO_LARGE", "t", {"keys": ["a"] * 101}, "100")
    error(murr, 413, "PAYLOAD_TOO_LARGE", "t", {"keys": ["a"], "columns": [f"c{i}" for i in range(9)]}, "8")
    error(murr, 413, "PAYLOAD_TOO_LARGE", "t", b" " * 70_000)
    huge = b"POST /v1/t/_fetch HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n"
    assert b" 413 " in raw(murr, huge, 20)
    assert murr.fetch_json("t", ["a"]) == {"v": [1.5]}


def test_methods_and_paths(murr):
    for method, path, status in [("GET", "/v1/t/_fetch", 405), ("PUT", "/v1/t/_fetch", 405),
                                 ("POST", "/health", 405), ("DELETE", "/api/v1/table/t/fetch", 405),
                                 ("GET", "/v1", 404), ("GET", "/v1/t/_fetch/x", 404),
                                 ("GET", "/v2/t/_fetch", 404), ("BREW", "/health", 405)]:
        got, headers, data = murr.request(method, path)
        assert got == status, (method, path, got, data)
        if status == 405:
            assert headers["Allow"]
        assert "code" in json.loads(data)
    assert murr.request("HEAD", "/health")[0] == 200


def test_negotiation(murr):
    body = {"keys": ["a"]}
    for accept, kind in [(None, "application/json"), ("*/*", "application/json"),
                         ("application/json", "application/json"), (ARROW, ARROW),
                         (ARROW + ";q=0.5, application/json;q=0.1", ARROW),
                         ("application/json, " + ARROW + ";q=0.2", "application/json"),
                         ("application/octet-stream", "application/octet-stream"),
                         ("Application/Vnd.Apache.Arrow.Stream", ARROW)]:
        status, headers, _ = murr.fetch_raw("t", body, accept)
        assert status == 200 and headers["Content-Type"] == kind, accept
    assert murr.fetch_raw("t", body, "text/html")[0] == 406


def raw(murr, data, seconds, chunk=None, pause=0):
    """Send bytes as they are; what came back until the server closed or the time ran out."""
    with socket.create_connection(("127.0.0.1", murr.port), timeout=seconds) as s:
        got = b""
        try:
            for at in range(0, len(data), chunk or len(data)):
                s.sendall(data[at:at + (chunk or len(data))])
                time.sleep(pause)
            while True:
                part = s.recv(65536)
                if not part:
                    return got
                got += part
                if b"\r\n\r\n" in got and b"}" in got:
                    return got
        except OSError:  # the time ran out, or the server would not hear more
            return got


def test_a_request_byte_by_byte(murr):
    body = b'{"keys": ["a"]}'
    head = b"POST /v1/t/_fetch HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert b'"values":[1.5]' in raw(murr, head + body, 20, chunk=1, pause=0.001)


def test_chunked_and_expect_continue(murr):
    conn = http.client.HTTPConnection("127.0.0.1", murr.port, timeout=20)
    conn.request("POST", "/v1/t/_fetch", iter([b'{"ke', b'ys": [', b'"a"]}']), encode_chunked=True,
                 headers={"Transfer-Encoding": "chunked"})
    assert b"1.5" in conn.getresponse().read()
    conn.close()
    with socket.create_connection(("127.0.0.1", murr.port), timeout=20) as s:
        s.sendall(b"POST /v1/t/_fetch HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 15\r\n\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 100")
        s.sendall(b'{"keys": ["a"]}')
        assert b"1.5" in s.recv(65536)


def test_garbage_is_no_harm(murr, rng):
    for _ in range(50):
        raw(murr, rng.randbytes(rng.randrange(1, 2000)) + b"\r\n\r\n", 0.2)
    raw(murr, b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n", 2)
    raw(murr, b"GET /health HTTP/1.1\r\n" + b"X: y\r\n" * 50_000 + b"\r\n", 2)
    assert murr.fetch_json("t", ["a"]) == {"v": [1.5]}


def test_slow_clients_are_cut_off_and_do_not_block_others(tmp_path):
    publish(tmp_path / "s", "2026-11-22", [pa.table({"id": ["a"], "v": [1.5]})])
    with Server(tmp_path, {"t": local(tmp_path / "s", ["id"])}, {"request_timeout": "1s"}) as murr:
        murr.wait_loaded("t")
        drip_until_cut_off(murr)


def drip_until_cut_off(murr):
    slow = [socket.create_connection(("127.0.0.1", murr.port), timeout=30) for _ in range(20)]
    for s in slow:
        s.sendall(b"POST /v1/t/_fetch HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    open_sockets = set(slow)
    n_drips = 0
    while open_sockets and n_drips < 900:
        n_drips += 1
        for s in list(open_sockets):
            try:
                s.sendall(b" ")  # always a little: an idle timeout alone would not end it
            except OSError:
                open_sockets.discard(s)
        assert murr.fetch_json("t", ["a"]) == {"v": [1.5]}
        time.sleep(0.1)
    for s in slow:
        s.close()
    assert not open_sockets, "a client that drips bytes holds its connection"


def test_more_connections_than_allowed(murr):
    held = []
    try:
        for _ in range(100):
            held.append(socket.create_connection(("127.0.0.1", murr.port), timeout=5))
    finally:
        for s in held:
            s.close()
    murr.wait_for(lambda: alive(murr))  # at once: not when they may be taken for slow


def alive(murr):
    try:
        return murr.request("GET", "/livez", timeout=2)[0] == 200
    except OSError:
        return False


def test_many_clients_at_once(murr):
    errors = []

    def work(seed):
        try:
            conn = http.client.HTTPConnection("127.0.0.1", murr.port, timeout=60)
            for i in range(100):
                keys = ["a", "b", str(i), "ü\"\\"][seed % 3:]
                conn.request("POST", "/v1/t/_fetch", json.dumps({"keys": keys}))
                got = json.loads(conn.getresponse().read())["columns"][0]["values"]
                assert got == [1.5, None, None, 3.0][seed % 3:]
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors, errors[0]


def test_probes_and_lists(murr):
    status, _, data = murr.request("GET", "/health")
    assert status == 200 and json.loads(data) == {"status": "healthy", "tables_loaded": 3}
    assert murr.request("GET", "/livez")[0] == 200
    status, _, data = murr.request("GET", "/readyz")
    assert status == 503  # one table was never loaded
    verbose = json.loads(murr.request("GET", "/readyz?verbose")[2])["tables"]
    assert verbose["never"]["ready"] is False and "does not exist" in verbose["never"]["last_error"]
    assert verbose["t"]["rows"] == 3 and verbose["t"]["partition"] == "2026-11-22"
    schemas = json.loads(murr.request("GET", "/api/v1/table")[2])
    assert schemas["t"] == {"columns": {
        "id": {"dtype": "utf8", "nullable": False, "key": True, "strict": True},
        "v": {"dtype": "float64", "nullable": True, "key": False, "strict": True}}}
    pairs = json.loads(murr.request("GET", "/api/v1/table/pairs/schema")[2])
    assert [name for name, c in pairs["columns"].items() if c["key"]] == ["a", "b"]
    assert murr.request("GET", "/api/v1/table/x/schema")[0] == 404


def test_metrics(murr):
    text = murr.request("GET", "/metrics")[2].decode()
    for name in ("murr_build_info", "murr_http_requests_total", "murr_fetch_duration_seconds_bucket",
                 "murr_table_rows", "murr_loads_total", "murr_source_polls_total"):
        assert f"\n{name}{{" in "\n" + text, name
    assert 'murr_table_rows{table="t"} 3' in text
    for line in text.splitlines():
        assert line.startswith("#") or len(line.rsplit(" ", 1)) == 2


def test_openapi_names_every_route(murr):
    status, headers, data = murr.request("GET", "/openapi.json")
    spec = json.loads(data)
    assert status == 200 and spec["openapi"].startswith("3.1")
    assert {"/v1/{table}/_fetch", "/health", "/livez", "/readyz", "/metrics", "/api/v1/table"} <= set(spec["paths"])


def probed(probe):
    probe.request("GET", "/readyz")
    answer = probe.getresponse()
    answer.read()
    return answer.status


def test_stop_answers_what_is_running(tmp_path):
    publish(tmp_path / "s", "2026-11-22", [pa.table({"id": ["a"], "v": [1.5]})])
    with Server(tmp_path, {"t": local(tmp_path / "s", ["id"])}, {"drain_delay": "1s"}) as murr:
        murr.wait_loaded("t")
        with socket.create_connection(("127.0.0.1", murr.port), timeout=20) as s:
            s.sendall(b"POST /v1/t/_fetch HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\n")
            probe = http.client.HTTPConnection("127.0.0.1", murr.port, timeout=60)
            assert probed(probe) == 200
            murr.process.send_signal(signal.SIGTERM)
            murr.wait_for(lambda: probed(probe) == 503)
            probe.close()
            s.sendall(b'{"keys": ["a"]}')
            assert b"1.5" in s.recv(65536)
        assert murr.process.wait(30) == 0
