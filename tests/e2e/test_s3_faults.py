"""Between Murr and the bucket everything goes wrong: what is served is right all the same."""
import json
import os
import random
import re
import threading
import time

import pyarrow as pa
import pytest
from conftest import SANITIZED, Server
from faultproxy import FAULTS, FaultProxy
from s3server import parquet_bytes

SCHEDULES = int(os.environ.get("MURR_TEST_SCHEDULES", 25 if SANITIZED else 150))
ROWS = 6000
EXPECTED = r"no complete partition|has no|is empty|after \d+ tries|changed|XML|ListBucketResult"
FAST = {"part_size": "64KiB", "retry_delay": "5ms", "stall_timeout": "1s", "connect_timeout": "2s"}


@pytest.fixture
def proxy(s3):
    p = FaultProxy(s3.port)
    yield p
    p.close()


def rows(version, start, n=ROWS):
    return pa.table({"id": [f"key-{i}" for i in range(start, start + n)],
                     "v": pa.array([version] * n, pa.int64()),
                     "f": pa.array([version + i / n for i in range(n)], pa.float64()),
                     "s": [f"version {version} of row {i}" for i in range(start, start + n)]})


def put_version(bucket, version):
    """Rewrite the one partition, as a job does: marker away, files, marker."""
    bucket.delete("2026-01-01/_SUCCESS")
    for part in range(2):
        body = parquet_bytes(rows(version, part * ROWS), row_group_size=2500, compression="none",
                             use_dictionary=False)
        bucket.put(f"2026-01-01/part-{part}.parquet", body)
    bucket.put("2026-01-01/_SUCCESS")


class Reader(threading.Thread):
    """Reads without pause and checks that every answer is of one version, whole."""

    def __init__(self, server):
        super().__init__()
        self.server, self.stop_now, self.error, self.n = server, False, None, 0
        self.latest = None

    def run(self):
        wanted = [0, 1, 2499, 2500, ROWS - 1, ROWS, 2 * ROWS - 1]
        keys = [f"key-{i}" for i in wanted] + ["no such key"]
        while not self.stop_now and not self.error:
            try:
                got = self.server.fetch_json("t", keys, ["v", "f", "s"])
                version = got["v"][0]
                assert got["v"] == [version] * len(wanted) + [None]
                assert got["f"] == [version + i % ROWS / ROWS for i in wanted] + [None]
                assert got["s"] == [f"version {version} of row {i}" for i in wanted] + [None]
                assert self.latest is None or version >= self.latest
                self.latest = version
                self.n += 1
            except Exception as e:  # reported by the test
                self.error = e
            time.sleep(0.005)


def test_random_schedules(tmp_path, s3, proxy, rng):
    bucket = s3.bucket()
    put_version(bucket, 0)
    config = {"t": bucket.table(endpoint=proxy.endpoint, table={"poll_interval": "30ms"}, **FAST)}
    with Server(tmp_path, config, load={"memory": "16MiB"}, env=s3.env()) as server:
        server.wait_loaded("t")
        reader = Reader(server)
        reader.start()
        try:
            for version in range(1, SCHEDULES + 1):
                kinds = proxy.schedule(rng, rng.randint(1, 8), 40)
                put_version(bucket, version)
                try:
                    server.wait_for(lambda: reader.latest == version or reader.error, timeout=60)
                except AssertionError:
                    raise AssertionError(f"version {version} is not served after {kinds}: "
                                         f"{server.status('t')}")
                assert not reader.error, (version, kinds, reader.error)
        finally:
            reader.stop_now = True
            reader.join()
        proxy.schedule(rng, 0, 1)
        server.wait_for(lambda: not server.status("t")["last_error"])
        failures = [line for line in server.log_text().splitlines() if "poll failed" in line]
    print(f"{SCHEDULES} schedules, {reader.n} reads, {len(failures)} polls failed, faults "
          f"{dict(proxy.counts)}")
    # What fails, fails for what went wrong on the way: bytes that got through are never the wrong ones.
    strange = [line for line in failures if not re.search(EXPECTED, line)]
    assert not strange, strange[0]
    seen = set(proxy.counts) | {"burst"}
    assert SCHEDULES < 300 or seen >= set(FAULTS), set(FAULTS) - seen


def test_a_broken_range_is_resumed_where_it_broke(tmp_path, s3, proxy):
    """One body cut in the middle: what came is not asked for again."""
    bucket = s3.bucket()
    body = parquet_bytes(rows(1, 0, 40_000), row_group_size=40_000, compression="none",
                         use_dictionary=False)
    bucket.put("2026-01-01/part-0.parquet", body)
    bucket.put("2026-01-01/_SUCCESS")
    table = bucket.table(endpoint=proxy.endpoint, requests_in_flight=1, **FAST)
    n_ranges = [0]

    def cut_the_third(method, path, request):
        if request.get("Range"):
            n_ranges[0] += 1
            if n_ranges[0] == 3:
                proxy.plan.append("truncated")
    proxy.on_request = cut_the_third
    proxy.rng = random.Random(5)  # a cut that is neither at the beginning nor the end
    with Server(tmp_path, {"t": table}, env=s3.env()) as server:
        server.wait_loaded("t")
        assert server.status("t")["rows"] == 40_000
    cut = proxy.ranges[2]
    again = [r for r in proxy.ranges[3:] if r[1] == cut[1]]
    assert len(again) == 1 and cut[0] < again[0][0] <= cut[1], (cut, again)
    assert len(proxy.ranges) == len({last for _, last in proxy.ranges}) + 1  # and nothing else
