"""Real proxies in front of Murr: connections that they keep and use again at any idle age never end in a 502.

Times are scaled down: Murr keeps idle connections for 3 s instead of 75, the proxies for 2 instead of 60.
MURR_TEST_PROXY_REQUESTS=10000 is the whole count; by default it is a sample.
"""
import concurrent.futures
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import time

import pyarrow as pa
import pytest
from conftest import Server, local, publish

N_REQUESTS = int(os.environ.get("MURR_TEST_PROXY_REQUESTS", 150))
N_CLIENTS = 50
IDLE_S, PROXY_IDLE_S = 3, 2
BODY = json.dumps({"keys": ["a", "nobody"]})

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; {user}
events {{ worker_connections 1000; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream murr {{ server 127.0.0.1:{murr}; keepalive 64; keepalive_timeout {idle}s; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://murr; proxy_http_version 1.1; proxy_set_header Connection "";
                      proxy_next_upstream off; }}
    }}
}}
"""

HAPROXY = """
global
    maxconn 1000
defaults
    mode http
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    timeout http-keep-alive 60s
    retries 0
frontend in
    bind 127.0.0.1:{port}
    default_backend murr
backend murr
    http-reuse always
    server m 127.0.0.1:{murr} pool-purge-delay {idle}s pool-max-conn 64
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Proxy:
    def __init__(self, program, template, options, folder, murr):
        self.port = free_port()
        config = folder / f"{program}.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(template.format(folder=folder, murr=murr.port, port=self.port, idle=PROXY_IDLE_S,
                                          user=user))
        self.log = open(folder / f"{program}.log", "wb")
        self.process = subprocess.Popen([program, *options, str(config)], stdout=self.log, stderr=self.log)
        murr.wait_for(self.listens)

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


PROXIES = {"nginx": (NGINX, ["-p", "/", "-c"]), "haproxy": (HAPROXY, ["-db", "-f"])}


@pytest.fixture(scope="module")
def murr(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proxied")
    publish(folder / "s", "2026-11-22", [pa.table({"id": ["a"], "v": [1.5]})])
    with Server(folder, {"t": local(folder / "s", ["id"])}, {"idle_timeout": f"{IDLE_S}s"}) as m:
        m.wait_loaded("t")
        yield m


@pytest.fixture(scope="module", params=PROXIES)
def port(request, tmp_path_factory, murr):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not here (tools/setup-proxies)")
    proxy = Proxy(request.param, *PROXIES[request.param], tmp_path_factory.mktemp(request.param), murr)
    yield proxy.port
    proxy.stop()


def ask(conn):
    conn.request("POST", "/v1/t/_fetch", BODY)
    answer = conn.getresponse()
    body = answer.read()
    assert answer.status == 200, (answer.status, body)
    assert json.loads(body)["columns"][0]["values"] == [1.5, None]
    return answer


def test_no_idle_age_is_a_bad_gateway(port, rng):
    seeds = [rng.random() for _ in range(N_CLIENTS)]

    def client(seed):
        own = random.Random(seed)
        conn = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for _ in range(N_REQUESTS // N_CLIENTS):
            ask(conn)
            time.sleep(own.choice([own.uniform(0, 0.2), own.uniform(0, IDLE_S), own.uniform(IDLE_S - 0.3, IDLE_S + 0.3)]))
        conn.close()

    with concurrent.futures.ThreadPoolExecutor(N_CLIENTS) as pool:
        for done in [pool.submit(client, seed) for seed in seeds]:
            done.result()


def test_a_client_may_use_all_of_the_time_that_answers_name(murr):
    conn = http.client.HTTPConnection("127.0.0.1", murr.port, timeout=60)
    assert ask(conn).getheader("Keep-Alive") == f"timeout={IDLE_S}"
    sock = conn.sock
    time.sleep(IDLE_S)
    ask(conn)
    assert conn.sock is sock
    conn.close()


def test_writes_go_through_a_proxy(port, murr):
    """Long, short, in chunks, and refused ones whose body the proxy has still to send."""
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    rows = json.dumps({"columns": {"id": ["a"] * 50000, "v": [1.5] * 50000}}).encode()
    for body, headers in [(rows, {}), (iter([rows[:1000], rows[1000:]]), {"Transfer-Encoding": "chunked"})]:
        conn.request("PUT", "/api/v1/table/t/write", body, headers, encode_chunked="Transfer-Encoding" in headers)
        answer = conn.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
    conn.request("PUT", "/api/v1/table/t/write", b"x" * 100000)
    answer = conn.getresponse()
    assert answer.status == 400 and b"INVALID_REQUEST" in answer.read()
    ask(conn)
    conn.close()
