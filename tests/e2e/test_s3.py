"""Loads from a real S3 server: discovery, odd names, paging, and what workers do when a bucket changes."""
import concurrent.futures
import json
import random
import re
import ssl
import subprocess
import threading
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SANITIZED, Server, run
from fakes3 import FakeS3
from faultproxy import SLOW_DOWN, FaultProxy
from s3server import Bucket, clean_env, keys_env, parquet_bytes


@pytest.fixture
def proxy(s3):
    p = FaultProxy(s3.port)
    yield p
    p.close()


@pytest.fixture
def fake():
    f = FakeS3()
    yield f
    f.close()


def fake_table(fake, **fields):
    """A table whose source is the bucket "b" of the fake."""
    return {"source": {"s3": {"bucket": "b", "endpoint": fake.endpoint, **fields}}, "key": ["id"],
            "poll_interval": "200ms", "parts": 2}


def memory_kb(pid, name):
    with open(f"/proc/{pid}/status") as f:
        return int(next(line for line in f if line.startswith(name + ":")).split()[1])


def rows(n, version=0, start=0):
    return pa.table({"id": [f"key-{i}" for i in range(start, start + n)],
                     "v": pa.array([version] * n, pa.int64()),
                     "s": [f"row {i} of version {version}" for i in range(start, start + n)]})


def check(server, table, n, version=0):
    got = server.fetch_json(table, [f"key-{i}" for i in (0, n // 2, n - 1, n)], ["v", "s"])
    assert got["v"] == [version, version, version, None]
    assert got["s"] == [f"row {i} of version {version}" for i in (0, n // 2, n - 1)] + [None]


def load(tmp_path, s3, tables, *args, env=None):
    """`murr load`: the completed process."""
    config = {"server": {"data_dir": str(tmp_path / "data")}, "tables": tables}
    path = tmp_path / "load.yml"
    path.write_text(json.dumps(config))
    return run("load", "--config", path, *args, env=env or s3.env())


def test_load_with_keys_of_the_environment(tmp_path, s3):
    bucket = s3.bucket()
    bucket.publish("2026-11-21", [rows(10, 1)], prefix="features/")
    bucket.publish("2026-11-22", [rows(600, 2), rows(400, 2, 600)], prefix="features/")
    with Server(tmp_path, {"t": bucket.table(prefix="features/")}, env=s3.env()) as server:
        server.wait_loaded("t", "2026-11-22")
        check(server, "t", 1000, 2)
        assert server.status("t")["source"] == "s3"


def test_a_wrong_secret_is_an_error_with_the_servers_message(tmp_path, s3):
    bucket = s3.bucket()
    bucket.publish("2026-11-22", [rows(10)])
    got = load(tmp_path, s3, {"t": bucket.table()}, env=keys_env(s3.access, "wrong"))
    assert got.returncode != 0
    assert "403 SignatureDoesNotMatch" in got.stderr and "wrong" not in got.stderr


def test_a_missing_bucket_says_so(tmp_path, s3):
    bucket = Bucket(s3, "there-is-no-such-bucket")
    got = load(tmp_path, s3, {"t": bucket.table()})
    assert got.returncode != 0
    assert "404 NoSuchBucket" in got.stderr and "s3://there-is-no-such-bucket/" in got.stderr


@pytest.mark.parametrize("prefix", ["", "features", "features/", "a/b c/ü+%41=&d/"])
def test_prefixes(tmp_path, s3, prefix):
    bucket = s3.bucket()
    below = prefix if prefix.endswith("/") or not prefix else prefix + "/"
    bucket.publish("2026-11-22", [rows(50)], prefix=below)
    bucket.put("features-of-others/2026-11-23/_SUCCESS")
    with Server(tmp_path, {"t": bucket.table(prefix=prefix)}, env=s3.env()) as server:
        server.wait_loaded("t", "2026-11-22")
        check(server, "t", 50)


def test_odd_keys(tmp_path, s3):
    names = ["with space", "ünïcode-日本", "plus+plus", "percent%25%", "a=b&c=d", "~tilde'(quote)!*",
             "semi;colon,comma@at$dollar"]
    bucket = s3.bucket()
    for i, name in enumerate(names):
        bucket.put(f"p/2026-11-22/{name}.parquet", parquet_bytes(rows(10, 0, 10 * i)))
    for hidden in ("_temporary.parquet", ".hidden.parquet", "notes.txt", "sub/other.parquet"):
        bucket.put(f"p/2026-11-22/{hidden}", b"not Parquet")
    bucket.put("p/2026-11-22/_SUCCESS")
    for other in ("2026-11-23", "2026-11-24/", "2026-13-45/_SUCCESS", "_delta/_SUCCESS"):
        bucket.put(f"p/{other}", b"x" if not other.endswith("/") else b"")
    with Server(tmp_path, {"t": bucket.table(prefix="p")}, env=s3.env()) as server:
        server.wait_loaded("t", "2026-11-22")
        check(server, "t", 10 * len(names))


def test_double_slashes_in_keys(tmp_path, fake):
    """MinIO refuses such keys; S3 has them."""
    fake.allow("AK", "secret")
    fake.put("a//b/2026-11-22/part-0.parquet", parquet_bytes(rows(30)))
    fake.put("a//b/2026-11-22//part-1.parquet", b"of another folder")
    fake.put("a//b/2026-11-22/_SUCCESS")
    fake.put("a/b/2026-11-23/_SUCCESS")
    with Server(tmp_path, {"t": fake_table(fake, prefix="a//b")},
                env=keys_env("AK", "secret")) as server:
        server.wait_loaded("t", "2026-11-22")
        check(server, "t", 30)
    assert any(path.startswith("/b/a//b/2026-11-22/part-0") for _, _, path, _ in fake.requests)


def test_5000_objects_in_a_partition(tmp_path, s3):
    n = 1200 if SANITIZED else 5000
    bucket = s3.bucket()
    bodies = [(f"2026-11-22/part-{i:05d}.parquet", parquet_bytes(rows(2, 0, 2 * i)))
              for i in range(n)]
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda kb: bucket.put(*kb), bodies))
    bucket.put("2026-11-22/_SUCCESS")
    with Server(tmp_path, {"t": bucket.table()}, env=s3.env()) as server:
        server.wait_for(lambda: server.status("t")["ready"], timeout=180)
        assert server.status("t")["rows"] == 2 * n
        check(server, "t", 2 * n)


def test_a_source_without_partitions_says_what_is_missing(tmp_path, s3):
    bucket = s3.bucket()
    bucket.put("other.txt", b"x")
    with Server(tmp_path, {"t": bucket.table(prefix="nothing/")}, env=s3.env()) as server:
        server.wait_error("t", f"source folder s3://{bucket.name}/nothing/ is empty")
        bucket.put("nothing/readme")
        server.wait_error("t", "has no YYYY-MM-DD folder")
        bucket.put("nothing/2026-11-22/part-0.parquet", parquet_bytes(rows(10)))
        server.wait_error("t", "2026-11-22 has no _SUCCESS")
        bucket.put("nothing/2026-11-23/_SUCCESS")
        server.wait_error("t", "2026-11-23 has no *.parquet file")
        bucket.put("nothing/2026-11-22/_SUCCESS")
        server.wait_loaded("t", "2026-11-22")


def test_two_workers_swap(tmp_path, s3):
    bucket = s3.bucket()
    bucket.publish("2026-11-21", [rows(100, 1)])
    interval_s = 3.0
    config = {"t": bucket.table(table={"poll_interval": f"{interval_s:.0f}s"})}
    with Server(tmp_path / "a", config, env=s3.env()) as a, \
            Server(tmp_path / "b", config, env=s3.env()) as b:
        for server in (a, b):
            server.wait_loaded("t", "2026-11-21")
        bucket.publish("2026-11-22", [rows(100, 2)], success=False)
        time.sleep(1)
        assert a.status("t")["partition"] == b.status("t")["partition"] == "2026-11-21"
        bucket.put("2026-11-22/_SUCCESS")
        published = time.monotonic()
        for server in (a, b):
            server.wait_loaded("t", "2026-11-22")
            check(server, "t", 100, 2)
        took = time.monotonic() - published
        print(f"both swapped {took:.2f} s after _SUCCESS, interval {interval_s} s")


def test_success_before_the_files(tmp_path, s3):
    bucket = s3.bucket()
    bucket.publish("2026-11-21", [rows(100, 1)])
    with Server(tmp_path, {"t": bucket.table()}, env=s3.env()) as server:
        server.wait_loaded("t", "2026-11-21")
        bucket.put("2026-11-22/_SUCCESS")
        time.sleep(1)
        assert server.status("t")["partition"] == "2026-11-21"
        bucket.put("2026-11-22/part-00000.parquet", parquet_bytes(rows(60, 2)))
        server.wait_loaded("t", "2026-11-22")
        bucket.put("2026-11-22/part-00001.parquet", parquet_bytes(rows(40, 2, 60)))
        server.wait_for(lambda: server.status("t")["rows"] == 100)
        check(server, "t", 100, 2)


def test_deleted_and_rewritten_partitions(tmp_path, s3):
    bucket = s3.bucket()
    bucket.publish("2026-11-21", [rows(100, 1)])
    bucket.publish("2026-11-22", [rows(100, 2)])
    with Server(tmp_path, {"t": bucket.table()}, env=s3.env()) as server:
        server.wait_loaded("t", "2026-11-22")
        bucket.put("2026-11-22/part-00000.parquet", parquet_bytes(rows(100, 3)))
        server.wait_for(lambda: server.fetch_json("t", ["key-1"], ["v"])["v"] == [3])
        check(server, "t", 100, 3)
        bucket.delete(*bucket.keys("2026-11-22/"))
        server.wait_loaded("t", "2026-11-21")
        check(server, "t", 100, 1)
        bucket.delete(*bucket.keys())
        server.wait_error("t", "is empty")
        check(server, "t", 100, 1)  # what was loaded serves on


def test_a_dead_bucket_leaves_the_data_serving(tmp_path, s3, proxy):
    bucket = s3.bucket()
    bucket.publish("2026-11-21", [rows(100, 1)])
    table = bucket.table(endpoint=proxy.endpoint, retry_delay="5ms", max_attempts=2)
    with Server(tmp_path, {"t": table}, env=s3.env()) as server:
        server.wait_loaded("t")
        proxy.on_request = lambda *request: ("503 Slow Down", SLOW_DOWN)
        server.wait_error("t", "503 SlowDown: Please reduce your request rate.")
        status = server.status("t")
        assert status["ready"] and status["last_error_age_seconds"] >= 0
        check(server, "t", 100, 1)
        _, _, metrics = server.request("GET", "/metrics")
        assert b'murr_source_polls_total{table="t",result="error"}' in metrics
        proxy.on_request = None
        bucket.publish("2026-11-22", [rows(100, 2)])
        server.wait_loaded("t", "2026-11-22")
        assert server.status("t")["last_error"] is None


def test_polling_is_cheap(tmp_path, s3, proxy):
    """Two listings a poll while nothing changes, and no GET, whatever the history."""
    bucket = s3.bucket()
    for month in range(1, 11):
        for day in range(1, 29):
            bucket.put(f"2025-{month:02}-{day:02}/_SUCCESS")
    bucket.publish("2026-11-21", [rows(100, 1)])
    config = {"t": bucket.table(endpoint=proxy.endpoint)}
    with Server(tmp_path, config, env=s3.env()) as server:
        server.wait_loaded("t")
        polls = lambda: int(re.search(rb'polls_total{table="t",result="ok"} (\d+)',
                                      server.request("GET", "/metrics")[2])[1])
        before = polls()
        proxy.reset_counts()
        bucket.put("2026-11-21/_SUCCESS")  # the same once more is no news
        server.wait_for(lambda: polls() >= before + 20)
        requests = list(proxy.requests)
        n = polls() - before
    assert all("list-type=2" in path for _, path in requests)
    assert len(requests) <= 2 * n + 2
    roots = [path for _, path in requests if "prefix=" not in path]
    assert len(roots) * 2 >= len(requests) - 1
    assert all("start-after=2026-11-21" in path for path in roots)


def wanted_bytes(bodies, columns):
    total = 0
    for body in bodies:
        meta = pq.ParquetFile(pa.BufferReader(body)).metadata
        footer = int.from_bytes(body[-8:-4], "little") + 8
        for g in range(meta.num_row_groups):
            for c in range(meta.num_columns):
                column = meta.row_group(g).column(c)
                if column.path_in_schema in columns:
                    total += column.total_compressed_size
        total += footer
    return total


def test_bytes_fetched_are_those_wanted(tmp_path, s3, proxy):
    """Two of five columns of two files with some row groups each; the rest is not read."""
    n = 300_000
    rng = random.Random(1)
    table = rows(n).append_column("a", pa.array([rng.random() for _ in range(n)]))
    table = table.append_column("b", pa.array([rng.getrandbits(60) for _ in range(n)]))
    bodies = [parquet_bytes(table, row_group_size=100_000),
              parquet_bytes(table.slice(0, n // 2), row_group_size=50_000)]
    bucket = s3.bucket()
    for i, body in enumerate(bodies):
        bucket.put(f"2026-11-22/part-{i}.parquet", body)
    bucket.put("2026-11-22/_SUCCESS")
    columns = {"id": {"dtype": "utf8"}, "b": {"dtype": "int64"}}
    config = {"t": bucket.table(endpoint=proxy.endpoint, table={"columns": columns})}
    with Server(tmp_path, config, env=s3.env()) as server:
        server.wait_loaded("t")
        _, _, metrics = server.request("GET", "/metrics")
    wanted = wanted_bytes(bodies, {"id", "b"})
    counted = int(float(re.search(rb'murr_source_read_bytes_total{table="t"} (\S+)', metrics)[1]))
    print(f"wanted {wanted} bytes, fetched {proxy.object_bytes} of {sum(map(len, bodies))}, "
          f"ratio {proxy.object_bytes / wanted:.4f}, metric {counted}")
    assert proxy.object_bytes <= 1.05 * wanted
    assert counted == proxy.object_bytes


def test_ranges_are_pinned_and_a_changed_object_restarts_the_load(tmp_path, s3, proxy):
    bucket = s3.bucket()
    old, new = (parquet_bytes(rows(20_000, v), row_group_size=5_000, compression="none")
                for v in (1, 2))
    bucket.put("2026-11-22/part-0.parquet", old)
    bucket.put("2026-11-22/_SUCCESS")
    seen = []

    def replace_midway(method, path, request):
        if request.get("Range"):
            seen.append(request.get("If-Match"))
            if len(seen) == 3:
                bucket.put("2026-11-22/part-0.parquet", new)

    proxy.on_request = replace_midway
    config = {"t": bucket.table(endpoint=proxy.endpoint, part_size="64KiB", requests_in_flight=1)}
    with Server(tmp_path, config, env=s3.env()) as server:
        server.wait_loaded("t")
        check(server, "t", 20_000, 2)
        assert "reading it again" in server.log_text() and "412" in server.log_text()
    assert len(seen) > 4 and all(seen)


def test_memory_bound_is_kept(tmp_path, s3):
    """Row groups far larger than load.memory come through it; and nothing is held that need not be."""
    n = 200_000 if SANITIZED else 1_500_000
    table = pa.table({"id": pa.array(range(n), pa.int64()),
                      **{f"f{i}": pa.array([float(i)] * n, pa.float64()) for i in range(8)}})
    bucket = s3.bucket()
    bucket.put("2026-11-22/part-0.parquet",
               parquet_bytes(table, row_group_size=n, compression="none", use_dictionary=False))
    bucket.put("2026-11-22/_SUCCESS")
    config = {"t": bucket.table(table={"storage": "mmap"})}
    with Server(tmp_path, config, load={"memory": "32MiB"}, env=s3.env()) as server:
        base = memory_kb(server.process.pid, "RssAnon")
        peak = [0]

        def loaded():
            peak[0] = max(peak[0], memory_kb(server.process.pid, "RssAnon"))
            return server.status("t")["ready"]
        server.wait_for(loaded, timeout=180)
        print(f"{n * 72 >> 20} MiB in one row group, load.memory 32 MiB: {peak[0] - base >> 10} MiB")
        assert SANITIZED or peak[0] - base < 64 << 10


def test_region_redirect_clock_skew_and_requester_pays(tmp_path, fake):
    fake.allow("AK", "secret")
    fake.region = "eu-central-1"
    fake.skew_s = 7200
    fake.put("2026-11-22/part-0.parquet", parquet_bytes(rows(30)))
    fake.put("2026-11-22/_SUCCESS")
    with Server(tmp_path, {"t": fake_table(fake, requester_pays=True)},
                env=keys_env("AK", "secret")) as server:
        server.wait_loaded("t")
        check(server, "t", 30)
    assert fake.refusals.count("AuthorizationHeaderMalformed") == 1
    assert fake.refusals.count("RequestTimeTooSkewed") == 1
    assert all(h.get("x-amz-request-payer") == "requester" for _, _, _, h in fake.requests)


def test_virtual_hosts(tmp_path, fake):
    """bucket.s3.localhost is this machine; S3's own names are like that."""
    fake.allow("AK", "secret")
    fake.put("2026-11-22/part-0.parquet", parquet_bytes(rows(30)))
    fake.put("2026-11-22/_SUCCESS")
    table = fake_table(fake, addressing="virtual")
    table["source"]["s3"]["endpoint"] = f"http://s3.localhost:{fake.port}"
    with Server(tmp_path, {"t": table}, env=keys_env("AK", "secret")) as server:
        server.wait_loaded("t")
        check(server, "t", 30)
    assert {host for _, host, _, _ in fake.requests} == {f"b.s3.localhost:{fake.port}"}


def test_a_proxy_of_the_environment_and_of_the_configuration(tmp_path, fake):
    fake.put("2026-11-22/part-0.parquet", parquet_bytes(rows(30)))
    fake.put("2026-11-22/_SUCCESS")
    fake.before = lambda h: h.path.startswith("http://") and setattr(
        h, "path", "/" + h.path.split("/", 3)[3])
    table = fake_table(fake)
    table["source"]["s3"]["endpoint"] = "http://127.0.0.1:1"  # nobody; the proxy knows better
    for i, (extra, env) in enumerate([({}, {"http_proxy": fake.endpoint}),
                                      ({"proxy": fake.endpoint}, {})]):
        table["source"]["s3"].update(extra)
        with Server(tmp_path / str(i), {"t": table}, env=keys_env("AK", "secret", **env)) as server:
            server.wait_loaded("t")
            check(server, "t", 30)


def test_tls_with_a_ca_file(tmp_path, fake):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    fake.put("2026-11-22/part-0.parquet", parquet_bytes(rows(30)))
    fake.put("2026-11-22/_SUCCESS")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    fake.server.socket = context.wrap_socket(fake.server.socket, server_side=True)
    table = fake_table(fake, max_attempts=1)
    table["source"]["s3"]["endpoint"] = f"https://localhost:{fake.port}"
    got = load(tmp_path, None, {"t": table}, env=keys_env("AK", "secret"))
    assert got.returncode != 0 and "certificate" in got.stderr.lower()
    got = load(tmp_path, None, {"t": table}, env=keys_env("AK", "secret", AWS_CA_BUNDLE=str(cert)))
    assert got.returncode == 0, got.stderr
    table["source"]["s3"]["ca_file"] = str(cert)
    with Server(tmp_path, {"t": table}, env=keys_env("AK", "secret")) as server:
        server.wait_loaded("t")
        check(server, "t", 30)


def test_check_masks_secrets(tmp_path):
    secret = {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "verysecret",
              "session_token": "alsosecret", "proxy": "http://u:pw@p:1"}
    path = tmp_path / "murr.yml"
    path.write_text(json.dumps({"tables": {"t": {"source": {"s3": {"bucket": "b", **secret}},
                                                 "key": ["id"]}}}))
    got = run("check", "--config", path)
    assert got.returncode == 0, got.stderr
    assert "AKIAEXAMPLE" in got.stdout and got.stdout.count('"********"') == 3
    assert not any(word in got.stdout for word in ("verysecret", "alsosecret", "pw@"))
    path.write_text(json.dumps({"tables": {"t": {"source": {"s3": {
        "bucket": "b", "secret_access_key": 12345678}}, "key": ["id"]}}}))
    got = run("check", "--config", path)
    assert got.returncode != 0 and "12345678" not in got.stderr + got.stdout


def plan_numbers(text):
    value = lambda pattern: int(re.search(pattern, text)[1])
    return {"rows": value(r"rows +(\d+) in"), "sampled": value(r"sample +(\d+) rows"),
            "disk": value(r"disk .*?\((\d+)\) a generation"),
            "fetch": value(r"bytes to fetch .*?\((\d+)\)"),
            "seconds": float(re.search(r"load time +([0-9.]+) s", text)[1])}


def test_plan_predicts_from_a_sample(tmp_path, s3, proxy):
    n = 50_000 if SANITIZED else 400_000
    bucket = s3.bucket()
    bodies = [parquet_bytes(rows(n, 1, n * i), row_group_size=n // 10) for i in range(3)]
    for i, body in enumerate(bodies):
        bucket.put(f"2026-11-22/part-{i}.parquet", body)
    bucket.put("2026-11-22/_SUCCESS")
    tables = {"t": bucket.table(endpoint=proxy.endpoint)}
    path = tmp_path / "plan.yml"
    path.write_text(json.dumps({"server": {"data_dir": str(tmp_path / "data")}, "tables": tables}))
    got = run("plan", "--config", path, "--sample", f"{sum(map(len, bodies)) // 6}", env=s3.env())
    assert got.returncode == 0, got.stderr
    assert not (tmp_path / "data").exists()
    planned = plan_numbers(got.stdout)
    read = proxy.object_bytes
    assert planned["rows"] == 3 * n and planned["sampled"] < n
    assert read < planned["fetch"] / 2
    loaded = load(tmp_path, s3, tables)
    assert loaded.returncode == 0, loaded.stderr
    disk = int(loaded.stdout.splitlines()[1].split()[4])
    seconds = float(loaded.stdout.splitlines()[1].split()[6])
    print(f"planned {planned}, read {read} bytes for it; loaded: disk {disk}, {seconds} s")
    assert 0.9 * disk <= planned["disk"] <= 1.15 * disk


def test_load_progress_shows_bytes_rows_and_eta(tmp_path, s3, proxy):
    bucket = s3.bucket()
    bucket.put("2026-11-22/part-0.parquet", parquet_bytes(rows(60_000), row_group_size=3_000))
    bucket.put("2026-11-22/_SUCCESS")
    proxy.on_request = lambda method, path, request: time.sleep(0.15) if "part-0" in path else None
    tables = {"t": bucket.table(endpoint=proxy.endpoint, requests_in_flight=1)}
    got = load(tmp_path, s3, tables, "--progress")
    assert got.returncode == 0, got.stderr
    lines = [line for line in got.stderr.splitlines() if line.startswith("t reading")]
    assert len(lines) >= 2
    assert re.fullmatch(r"t reading \d+%: 0\.\d\dM of 0\.06M rows, \d+\.\d of \d+\.\d MB read, "
                        r"\d+\.\d\dM rows/s, \d+ s left", lines[-1]), lines[-1]


def test_a_stop_does_not_wait_for_the_bucket(tmp_path, s3, proxy):
    bucket = s3.bucket()
    bucket.publish("2026-11-22", [rows(100)])
    asked, stopped = threading.Event(), threading.Event()

    def hang(method, path, request):
        if request.get("Range"):
            asked.set()
            stopped.wait()
    proxy.on_request = hang
    server = Server(tmp_path, {"t": bucket.table(endpoint=proxy.endpoint)}, env=s3.env())
    server.start()
    try:
        assert asked.wait(60)
    finally:
        try:
            server.stop()
        finally:
            stopped.set()


def test_many_ranges_are_in_flight(tmp_path, s3, proxy):
    """With a far bucket (every range takes 100 ms) a load takes a few of them, not their sum."""
    bucket = s3.bucket()
    for i in range(4):
        bucket.put(f"2026-11-22/part-{i}.parquet",
                   parquet_bytes(rows(20_000, 0, 20_000 * i), row_group_size=4_000))
    bucket.put("2026-11-22/_SUCCESS")
    proxy.delay_s = 0.1
    tables = {"t": bucket.table(endpoint=proxy.endpoint, requests_in_flight=12)}
    got = load(tmp_path, s3, tables)
    assert got.returncode == 0, got.stderr
    seconds, n = float(got.stdout.splitlines()[1].split()[6]), len(proxy.ranges)
    print(f"{n} ranges of 100 ms, {proxy.most_in_flight} in flight, {seconds} s")
    assert n >= 24 and 8 <= proxy.most_in_flight <= 12


def test_without_credentials_a_refusal_says_so(tmp_path, s3):
    bucket = s3.bucket()
    got = load(tmp_path, s3, {"t": bucket.table()}, env=clean_env())
    assert got.returncode != 0
    assert "403 AccessDenied" in got.stderr and "no credentials were found" in got.stderr


def test_a_dead_source_does_not_hold_up_others(tmp_path, s3):
    """One poller for all: a bucket that nobody answers for is given up in time."""
    bucket = s3.bucket()
    dead = bucket.table(endpoint="http://127.0.0.1:1", retry_delay="20s", max_attempts=100)
    with Server(tmp_path, {"a": dead, "t": bucket.table()}, env=s3.env()) as server:
        bucket.publish("2026-11-22", [rows(100)])
        server.wait_loaded("t")
        server.wait_error("a", "there was no answer in time")
