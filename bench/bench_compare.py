"""bench-compare: this build beside another one, in turn, in one run.

    make bench-compare OLD=/path/to/other/murr [N=1000000] [PAIRS=20]

Both load the same Parquet files and serve at once. A pair is a measurement of the one, then of the other:

    load     seconds of `murr load` into an empty directory
    restart  milliseconds from the start of the process to the first answer, from a directory that is there
    fetch    p50 in microseconds of requests of 1,000 random keys x 10 float32, Arrow, on one connection

Printed are the medians, and the median of the ratios new / old with the interval that has 95 % of resampled medians.
The answers of both are compared, byte by byte.
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

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NEW, N = sys.argv[1], int(sys.argv[2])
OLD, PAIRS = os.environ.get("OLD"), int(os.environ.get("PAIRS", 20))
KEYS, REQUESTS = 1000, 300
SERVER_CPU, CLIENT_CPU = {1}, {0}


def make_source(folder):
    folder = folder / "2026-01-01"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    per_file = max(1, N // 4)
    for f in range(0, N, per_file):
        n = min(per_file, N - f)
        columns = {"id": [f"user_{i:012}" for i in range(f, f + n)]}
        columns |= {f"c{i}": rng.random(n, np.float32) for i in range(10)}
        pq.write_table(pa.table(columns), folder / f"{f:012}.parquet")
    (folder / "_SUCCESS").touch()


def config(folder, source, storage):
    path = folder / f"{storage}.yml"
    path.write_text(json.dumps({
        "server": {"host": "127.0.0.1", "port": 0, "data_dir": str(folder / "data")},
        "tables": {"t": {"source": {"local": {"path": str(source)}}, "key": ["id"], "storage": storage,
                         "poll_interval": "1h"}}}))
    return path


def load(binary, path):
    start = time.perf_counter()
    subprocess.run([binary, "load", "--config", path], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


class Server:
    def __init__(self, binary, path):
        self.start = time.perf_counter()
        log = path.with_suffix(".log")
        with open(log, "wb") as f:
            self.process = subprocess.Popen([binary, "--config", path], stderr=f,
                                            preexec_fn=lambda: os.sched_setaffinity(0, SERVER_CPU))
        while " serving version=" not in (text := log.read_text()):
            time.sleep(0.0005)
        port = int(text.split(" serving version=")[1].split(" port=")[1].split()[0])
        self.connection = http.client.HTTPConnection("127.0.0.1", port)

    def fetch(self, body):
        self.connection.request("POST", "/v1/t/_fetch", body,
                                {"Accept": "application/vnd.apache.arrow.stream"})
        answer = self.connection.getresponse()
        data = answer.read()
        assert answer.status == 200, data
        return data

    def p50(self, bodies):
        times = []
        for body in bodies:
            start = time.perf_counter()
            self.fetch(body)
            times.append(time.perf_counter() - start)
        return statistics.median(times) * 1e6

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def bodies(n, seed):
    rng = random.Random(seed)
    return [json.dumps({"keys": [f"user_{rng.randrange(N):012}" for _ in range(KEYS)]}) for _ in range(n)]


def report(name, unit, old, new):
    ratios = [b / a for a, b in zip(old, new)]
    rng = random.Random(7)
    medians = sorted(statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(2000))
    print(f"{name:14} old {statistics.median(old):9.2f} {unit}  new {statistics.median(new):9.2f} {unit}  "
          f"new/old {statistics.median(ratios):.3f}  [{medians[50]:.3f}, {medians[1949]:.3f}]  "
          f"{len(ratios)} pairs", flush=True)


def in_turn(measure):
    """Pairs of measurements, the order turned about each time."""
    old, new = [], []
    for i in range(PAIRS):
        for which in ((0, 1) if i % 2 else (1, 0)):
            (new if which else old).append(measure(which))
    return old, new


def compare(folder):
    binaries = [OLD, NEW]
    make_source(folder / "source")
    folders = [folder / "old", folder / "new"]
    for f in folders:
        f.mkdir()
    paths = {s: [config(f, folder / "source", s) for f in folders] for s in ("memory", "mmap", "disk")}

    def one_load(which):
        subprocess.run(["rm", "-rf", folders[which] / "data"], check=True)
        return load(binaries[which], paths["mmap"][which])
    report("load", "s ", *in_turn(one_load))

    first = bodies(1, 3)[0]

    def one_restart(which, storage):
        server = Server(binaries[which], paths[storage][which])
        server.fetch(first)
        took = (time.perf_counter() - server.start) * 1e3
        server.stop()
        return took
    for storage in paths:
        report(f"restart {storage}", "ms", *in_turn(lambda which: one_restart(which, storage)))

    for storage in paths:
        servers = [Server(b, p) for b, p in zip(binaries, paths[storage])]
        for body in bodies(20, 5):
            assert servers[0].fetch(body) == servers[1].fetch(body)
        for s in servers:
            s.p50(bodies(2000, 6))
        time.sleep(1)
        report(f"fetch {storage}", "us", *in_turn(lambda which: servers[which].p50(bodies(REQUESTS, random.random()))))
        for s in servers:
            s.stop()


if not OLD:
    sys.exit("OLD=/path/to/other/murr, please")
os.sched_setaffinity(0, CLIENT_CPU)
with tempfile.TemporaryDirectory(prefix="murr-compare-") as tmp:
    compare(pathlib.Path(tmp))
