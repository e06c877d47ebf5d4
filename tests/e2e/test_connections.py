"""More clients than there is room for: those who ask get an answer, and what Murr needs for itself stays free."""
import http.client
import json
import socket
import time

import pyarrow as pa
import pytest
from conftest import Server, local, publish


def dial(murr, data=b"", source="127.0.0.1"):
    s = socket.create_connection(("127.0.0.1", murr.port), timeout=30, source_address=(source, 0))
    s.sendall(data)
    return s


def answers(s):
    """Whether the connection still answers a request."""
    try:
        s.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        return s.recv(4096).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


@pytest.fixture(scope="module")
def murr(tmp_path_factory):
    folder = tmp_path_factory.mktemp("connections")
    publish(folder / "s", "2026-11-22", [pa.table({"id": ["a"], "v": [1.5]})])
    server = {"max_connections": 40, "request_timeout": "1h", "idle_timeout": "1h"}
    with Server(folder, {"t": local(folder / "s", ["id"])}, server) as m:
        m.wait_loaded("t")
        yield m


UNFINISHED = {
    "silent": b"",
    "half a head": b"GET /livez HTTP/1.1\r\nHost: x\r\n",
    "half a body": b"POST /v1/t/_fetch HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
    "half a chunk": b"POST /v1/t/_fetch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{",
}


@pytest.mark.parametrize("kind", UNFINISHED)
def test_those_who_hold_connections_lock_nobody_out(murr, kind):
    held = [dial(murr, UNFINISHED[kind]) for _ in range(120)]
    for _ in range(20):
        assert murr.request("GET", "/livez", timeout=30)[0] == 200
        assert murr.fetch_json("t", ["a"]) == {"v": [1.5]}
    for s in held:
        s.close()


def test_idle_connections_make_room(murr):
    held = [dial(murr) for _ in range(40)]
    assert all(answers(s) for s in held)
    late = dial(murr)
    assert answers(late)
    assert not answers(held[0]), "the one that was idle longest goes"
    assert all(answers(s) for s in held[2:])
    for s in [*held, late]:
        s.close()


def test_a_peer_with_few_keeps_them(murr):
    proxy = [dial(murr, source="127.0.0.2") for _ in range(10)]
    assert all(answers(s) for s in proxy)
    held = [dial(murr, source="127.0.0.3") for _ in range(200)]
    assert murr.request("GET", "/livez")[0] == 200
    assert all(answers(s) for s in proxy)
    for s in proxy + held:
        s.close()


def test_clients_leave_the_descriptors_that_others_need(tmp_path):
    publish(tmp_path / "s", "2026-11-22", [pa.table({"id": ["a"], "v": [1.0]})])
    server = {"request_timeout": "1h"}
    with Server(tmp_path, {"t": local(tmp_path / "s", ["id"], parts=2)}, server,
                prefix=["prlimit", "--nofile=128:128"]) as murr:
        murr.wait_loaded("t")
        assert "max_connections was lowered" in murr.log_text()
        held = [dial(murr) for _ in range(150)]
        held += [dial(murr, b"PUT /api/v1/table/w/write HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n"
                      + b"x" * 2_000_000) for _ in range(20)]  # each in a file
        publish(tmp_path / "s", "2026-11-23", [pa.table({"id": ["a"], "v": [2.0]})])
        murr.wait_loaded("t", "2026-11-23")
        assert murr.fetch_json("t", ["a"]) == {"v": [2.0]}
        schema = {"key": "id", "columns": {"id": {"dtype": "utf8"}}}
        assert murr.request("PUT", "/api/v1/table/w", json.dumps(schema))[0] == 201
        assert murr.request("PUT", "/api/v1/table/w/write", '{"columns": {"id": ["a"]}}')[0] == 200
        for s in held:
            s.close()


def test_a_connection_is_reused_over_its_idle_time(tmp_path):
    with Server(tmp_path, {}, {"request_timeout": "1s", "idle_timeout": "3s"}) as murr:
        conn = http.client.HTTPConnection("127.0.0.1", murr.port, timeout=30)
        conn.request("GET", "/livez")
        first = conn.getresponse()
        first.read()
        assert first.getheader("Keep-Alive") == "timeout=3"
        sock = conn.sock
        time.sleep(1.5)  # longer than a request may take
        conn.request("GET", "/livez")
        assert conn.getresponse().status == 200 and conn.sock is sock
        conn.close()
