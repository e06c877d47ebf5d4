"""The HTTP API as a client sees it: its own description, limits, probes, a graceful end."""
import http.client
import json
import signal
import socket
import threading
import time

import jsonschema
import openapi_spec_validator
import pyarrow as pa
import pytest

from conftest import Server, local, publish


@pytest.fixture
def server(tmp_path):
    table = pa.table({"id": ["a", "b"], "x": pa.array([1.5, None], pa.float32()),
                      "name": ["one", "\u00fc"]})
    publish(tmp_path / "t", "2026-11-22", [table])
    tables = {"t": local(tmp_path / "t", ["id"]), "late": local(tmp_path / "late", ["id"])}
    with Server(tmp_path / "murr", tables, {"max_body_bytes": "1MiB", "max_connections": 64,
                                            "request_timeout": "2s"}) as s:
        s.wait_loaded("t")
        yield s


def openapi(server):
    status, headers, body = server.request("GET", "/openapi.json")
    assert status == 200 and headers["Content-Type"] == "application/json"
    return json.loads(body)


def test_openapi_is_a_valid_description(server):
    openapi_spec_validator.validate(openapi(server))


def test_answers_are_as_openapi_says(server):
    document = openapi(server)
    fetch = json.dumps({"keys": ["a", "nobody"], "columns": ["x", "name"]})
    asked = [
        ("post", "/v1/{table}/_fetch", "/v1/t/_fetch", fetch, 200),
        ("post", "/v1/{table}/_fetch", "/v1/t/_fetch", "{", 400),
        ("post", "/v1/{table}/_fetch", "/v1/nobody/_fetch", fetch, 404),
        ("post", "/v1/{table}/_fetch", "/v1/t/_fetch", " " * (2 << 20), 413),
        ("post", "/api/v1/table/{name}/fetch", "/api/v1/table/t/fetch", fetch, 200),
        ("get", "/api/v1/table", "/api/v1/table", None, 200),
        ("get", "/api/v1/table/{name}/schema", "/api/v1/table/t/schema", None, 200),
        ("get", "/api/v1/table/{name}/schema", "/api/v1/table/late/schema", None, 404),
        ("get", "/health", "/health", None, 200),
        ("get", "/livez", "/livez", None, 200),
        ("get", "/readyz", "/readyz?verbose", None, 503),
    ]
    for method, route, path, body, want in asked:
        status, headers, answer = server.request(method.upper(), path, body)
        assert status == want, (path, answer)
        content = document["paths"][route][method]["responses"][str(status)]["content"]
        schema = {**content[headers["Content-Type"]]["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(json.loads(answer))


def test_a_body_above_the_limit_is_answered_however_it_is_sent(server):
    def chunks():
        for _ in range(8):
            yield b" " * (1 << 19)

    for body in (b" " * ((1 << 20) + 1), b" " * (16 << 20), chunks()):
        status, _, answer = server.request("POST", "/v1/t/_fetch", body)
        assert status == 413 and json.loads(answer)["code"] == "PAYLOAD_TOO_LARGE"
    body = b'{"keys":["a"]}'
    assert server.request("POST", "/v1/t/_fetch", body + b" " * ((1 << 20) - len(body)))[0] == 200


def test_clients_that_send_nothing_do_not_keep_others_out(server):
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    deadline = time.monotonic() + 20
    while True:
        try:
            assert server.request("GET", "/health", timeout=5)[0] == 200
            break
        except (OSError, http.client.HTTPException):
            assert time.monotonic() < deadline
    for s in idle:
        s.close()


def test_a_term_signal_cuts_nobody_off(server):
    failures, answered, stopping = [], [0], threading.Event()

    def client():
        while not stopping.is_set() or server.process.poll() is None:
            try:
                status, _, _ = server.fetch_raw("t", {"keys": ["a"]})
                answered[0] += 1
                if status != 200:
                    failures.append(status)
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                failures.append("reset")

    clients = [threading.Thread(target=client) for _ in range(4)]
    for c in clients:
        c.start()
    while answered[0] < 50:
        time.sleep(0.01)
    server.process.send_signal(signal.SIGTERM)
    stopping.set()
    assert server.process.wait(30) == 0
    for c in clients:
        c.join()
    # A connection that the kernel makes while the socket is closed cannot be saved; no answer is wrong.
    assert [f for f in failures if f != "reset"] == [] and len(failures) <= len(clients)


def test_readiness_fails_during_the_drain_delay(tmp_path):
    tables = {}
    with Server(tmp_path / "murr", tables, {"drain_delay": "2s"}) as s:
        assert s.request("GET", "/readyz")[0] == 200
        s.process.send_signal(signal.SIGTERM)
        s.wait_for(lambda: s.request("GET", "/readyz")[0] == 503)
        assert s.request("GET", "/health")[0] == 200
        assert s.process.wait(30) == 0
