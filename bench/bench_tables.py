"""bench-tables: whether a table costs more because there are many.

    make bench-tables [N=5000]

Makes N tables of one row through the API, then fetches one key from the first and from the last table that was made,
in turn, one request each: what a fetch costs besides its rows. Prints p50 of both, and the median of the ratios of
runs with the interval that has 95 % of resampled medians. Every value that is read is checked.
"""
import http.client
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

MURR, TABLES = sys.argv[1], int(os.environ.get("N", 5000))
RUNS, REQUESTS = 40, 500
SERVER_CPU, CLIENT_CPU = {1}, {0}
SCHEMA = json.dumps({"columns": {"id": {"dtype": "int64", "key": True}, "v": {"dtype": "float32"}}})


class Server:
    def __init__(self, folder):
        config, log = folder / "murr.yml", folder / "log"
        config.write_text(json.dumps({
            "server": {"host": "127.0.0.1", "port": 0, "data_dir": str(folder / "data")},
            "write": {"max_tables": TABLES, "storage": "mmap"}, "tables": {}}))
        with open(log, "wb") as f:
            self.process = subprocess.Popen([MURR, "--config", config], stderr=f,
                                            preexec_fn=lambda: os.sched_setaffinity(0, SERVER_CPU))
        while " serving version=" not in (text := log.read_text()):
            time.sleep(0.001)
        port = int(text.split(" serving version=")[1].split(" port=")[1].split()[0])
        self.connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(self, method, path, body):
        self.connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        data = answer.read()
        assert answer.status in (200, 201), data
        return data

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def make_tables(server):
    for i in range(TABLES):
        server.ask("PUT", f"/api/v1/table/t{i}", SCHEMA)
        server.ask("PUT", f"/api/v1/table/t{i}/write", json.dumps({"columns": {"id": [1], "v": [float(i)]}}))
        if i % 500 == 499:
            print(f"{i + 1} of {TABLES} tables", file=sys.stderr)


def one_run(server, tables):
    """p50 in microseconds of each, requests in turn."""
    times = {t: [] for t in tables}
    for _ in range(REQUESTS):
        for t in tables:
            start = time.perf_counter()
            data = server.ask("POST", f"/v1/t{t}/_fetch", '{"keys":[1]}')
            times[t].append(time.perf_counter() - start)
            assert json.loads(data)["columns"][0]["values"] == [t], data
    return [statistics.median(times[t]) * 1e6 for t in tables]


def main(folder):
    server = Server(folder)
    make_tables(server)
    first, last = 0, TABLES - 1
    one_run(server, [first, last])
    runs = [one_run(server, [first, last]) if i % 2 else one_run(server, [last, first])[::-1] for i in range(RUNS)]
    server.stop()
    ratios = [b / a for a, b in runs]
    rng = random.Random(7)
    medians = sorted(statistics.median(rng.choices(ratios, k=RUNS)) for _ in range(2000))
    print(f"{TABLES} tables, p50 of a fetch of one key: first {statistics.median(a for a, _ in runs):.2f} us, "
          f"last {statistics.median(b for _, b in runs):.2f} us, last/first {statistics.median(ratios):.3f} "
          f"[{medians[50]:.3f}, {medians[1949]:.3f}]")


os.sched_setaffinity(0, CLIENT_CPU)
with tempfile.TemporaryDirectory(prefix="murr-tables-") as tmp:
    main(pathlib.Path(tmp))
