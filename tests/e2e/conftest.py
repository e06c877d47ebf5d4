"""A real murr process on loopback, and folders that look like a nightly job's."""
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import time

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("MURR_TEST_BINARY", str(ROOT / "build" / "murr"))
SANITIZED = "asan" in BINARY or "tsan" in BINARY
START_S = 60

# What ThreadSanitizer is spared: files of tests in which no two threads meet that do not meet in other files as well.
WITHOUT_TSAN = {
    "one request at a time, parsed by the thread of its connection":
        ["test_arrow_keys.py", "test_bad_bodies.py", "test_keys.py", "test_metrics.py", "test_origins.py", "test_smuggling.py"],
    "what files hold; that many threads load them is tested by test_load.py and test_reload.py":
        ["test_bombs.py", "test_cat.py", "test_differential.py", "test_iceberg_corpus.py", "test_iceberg_fixtures.py", "test_types.py", "test_unify.py", "test_values.py"],
    "commands that one thread runs":
        ["test_cli.py", "test_samples.py"],
    "what other programs make of our answers, and we of theirs":
        ["test_interop.py", "test_proxies.py", "test_published_client.py"],
}


def pytest_collection_modifyitems(items):
    if "tsan" in BINARY and not os.environ.get("MURR_TEST_ALL"):
        why = {name: reason for reason, names in WITHOUT_TSAN.items() for name in names}
        for item in items:
            if item.path.name in why:
                item.add_marker(pytest.mark.skip(reason=f"not under ThreadSanitizer: {why[item.path.name]}"))


class Server:
    """`murr serve` with a configuration; use as a context manager."""

    def __init__(self, folder, tables, server=None, load=None, extra=(), env=None,
                 prefix=(), catalogs=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        config = {
            "server": {"host": "127.0.0.1", "port": 0, "data_dir": str(self.folder / "data"),
                       **(server or {})},
            "tables": tables,
        }
        if load:
            config["load"] = load
        if catalogs:
            config["catalogs"] = catalogs
        self.config_path = self.folder / "murr.yml"
        self.config_path.write_text(json.dumps(config, indent=1))  # JSON is YAML
        self.extra = list(extra)
        self.env = env
        self.prefix = list(prefix)  # as in: prlimit --nofile=128:128
        self.log_path = self.folder / "murr.log"
        self.process = None
        self.port = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc):
        self.stop()

    def start(self, wait=True):
        self.log = open(self.log_path, "ab")
        self.log_start = self.log.tell()
        self.process = subprocess.Popen([*self.prefix, BINARY, "serve", "--config", str(self.config_path),
                                         *self.extra], stderr=self.log, stdout=self.log,
                                        env=self.env)
        if wait:
            self.wait_listening()

    def log_text(self):
        with open(self.log_path, "rb") as f:
            f.seek(self.log_start)
            return f.read().decode(errors="replace")

    def wait_listening(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            for line in self.log_text().splitlines():
                if " serving version=" in line:
                    self.port = int(line.split(" port=")[1].split()[0])
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.005)
        raise AssertionError(f"murr did not start:\n{self.log_text()}")

    def stop(self, expect=0):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"murr did not stop:\n{self.log_text()}")
        self.log.close()
        if expect is not None:
            assert self.process.returncode == expect, self.log_text()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def request(self, method, path, body=None, headers=None, timeout=60):
        """(status, headers, body) of one request on its own connection."""
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            conn.request(method, path, body, headers or {})
            res = conn.getresponse()
            return res.status, dict(res.getheaders()), res.read()
        finally:
            conn.close()

    def fetch_raw(self, table, body, accept=None, api=False):
        path = f"/api/v1/table/{table}/fetch" if api else f"/v1/{table}/_fetch"
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        return self.request("POST", path, body, {"Accept": accept} if accept else {})

    def fetch_arrow(self, table, keys, columns=None):
        body = {"keys": keys} if columns is None else {"keys": keys, "columns": columns}
        status, headers, data = self.fetch_raw(table, body, "application/vnd.apache.arrow.stream")
        assert status == 200, data
        assert headers["Content-Type"] == "application/vnd.apache.arrow.stream"
        table = pa.ipc.open_stream(data).read_all()
        table.validate(full=True)
        return table

    def fetch_json(self, table, keys, columns=None, api=False):
        body = {"keys": keys} if columns is None else {"keys": keys, "columns": columns}
        status, _, data = self.fetch_raw(table, body, api=api)
        assert status == 200, data
        answer = json.loads(data)
        if api:
            return answer["columns"]
        assert answer["num_rows"] == len(keys)
        return {c["name"]: c["values"] for c in answer["columns"]}

    def status(self, table):
        _, _, data = self.request("GET", "/readyz?verbose")
        return json.loads(data)["tables"][table]

    def wait_for(self, what, timeout=60):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            value = what()
            if value:
                return value
            assert self.process.poll() is None, self.log_text()
            time.sleep(0.01)
        raise AssertionError(f"waited {timeout} s in vain:\n{self.log_text()}")

    def wait_loaded(self, table, partition=None):
        def loaded():
            s = self.status(table)
            return s["ready"] and (partition is None or s["partition"] == partition)
        return self.wait_for(loaded)

    def wait_error(self, table, text):
        self.wait_for(lambda: text in (self.status(table)["last_error"] or ""))


def publish(root, date, tables, success=True, **options):
    """Write a partition as a job does: files, then _SUCCESS."""
    folder = pathlib.Path(root) / date
    folder.mkdir(parents=True, exist_ok=True)
    for i, table in enumerate(tables):
        pq.write_table(table, folder / f"part-{i:05d}.parquet", **options)
    if success:
        (folder / "_SUCCESS").touch()
    return folder


def local(path, key, **fields):
    return {"source": {"local": {"path": str(path)}}, "key": key, "poll_interval": "100ms", **fields}


# For tests of what is no bad batch, though it looks like one.
NO_GUARD = {"min_rows": 0, "max_shrink": "100%", "max_duplicates": "100%", "schema": "any"}


def run(*args, **kwargs):
    return subprocess.run([BINARY, *map(str, args)], capture_output=True, text=True, timeout=300,
                          **kwargs)


@pytest.fixture
def rng(request):
    """Random numbers of which a failure prints the seed; MURR_TEST_SEED repeats it."""
    seed = int(os.environ.get("MURR_TEST_SEED", time.time_ns() % 2**32))
    print(f"MURR_TEST_SEED={seed}")
    return random.Random(seed)


@pytest.fixture(scope="session")
def s3(tmp_path_factory):
    """A real S3 server for the whole session."""
    from s3server import S3Server
    server = S3Server(tmp_path_factory.mktemp("s3"))
    try:
        server.start()
        yield server
    finally:
        server.stop()
