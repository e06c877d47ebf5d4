"""Writes under pressure: a quota, a full queue, a full disk, many clients; and space that comes back."""
import io
import json
import os
import pathlib
import subprocess
import threading
import time

import numpy as np
import pyarrow as pa
import pytest
from conftest import SANITIZED, Server

STREAM = "application/vnd.apache.arrow.stream"
SCHEMA = {"key": "id", "columns": {"id": {"dtype": "int64"}, "v": {"dtype": "float32"}, "t": {"dtype": "utf8"}}}


def server_with(tmp_path, write):
    murr = Server(tmp_path, {})
    config = json.loads(murr.config_path.read_text())
    config["write"] = write
    murr.config_path.write_text(json.dumps(config))
    return murr


def create(murr, name="t"):
    status, _, data = murr.request("PUT", f"/api/v1/table/{name}", json.dumps(SCHEMA))
    assert status == 201, data


def rows(first, n, v=1.0, text="x" * 40):
    table = pa.table({"id": np.arange(first, first + n), "v": np.full(n, v, np.float32),
                      "t": [text] * n})
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as w:
        w.write_table(table)
    return out.getvalue()


def write(murr, body, name="t", content_type=STREAM):
    return murr.request("PUT", f"/api/v1/table/{name}/write", body, {"Content-Type": content_type})


def compact(murr, name="t"):
    status, _, data = murr.request("POST", f"/api/v1/table/{name}/compact")
    assert status == 200, data


def disk_bytes(folder):
    return sum(p.stat().st_size for p in pathlib.Path(folder).rglob("*") if p.is_file())


def write_until_refused(murr, first=0):
    """Writes of 10,000 rows until one is refused: (rows that were accepted, the refusal)."""
    for n in range(first, 10_000_000, 10_000):
        status, headers, data = write(murr, rows(n, 10_000))
        if status != 200:
            return n, (status, headers, json.loads(data))
    raise AssertionError("nothing was refused")


def test_a_quota_refuses_writes_until_rows_were_deleted(tmp_path):
    with server_with(tmp_path, {"quota": "4MiB"}) as murr:
        create(murr)
        n, (status, _, error) = write_until_refused(murr)
        assert status == 507 and error["code"] == "INSUFFICIENT_STORAGE" and "write.quota" in error["error"]
        assert 0 < n < 200_000
        assert murr.fetch_json("t", [n - 1, n], ["v"]) == {"v": [1.0, None]}
        status, _, data = murr.request("POST", "/api/v1/table/t/delete",
                                       json.dumps({"keys": list(range(n // 2))}))
        assert status == 200, data
        compact(murr)
        assert write(murr, rows(n, 10_000))[0] == 200
        assert murr.status("t")["rows"] == n - n // 2 + 10_000


def test_a_small_body_of_many_bytes_is_held_to_the_quota(tmp_path):
    """A dictionary says a long text once; the rows say it each."""
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), pa.array(["x" * 2000]))
    table = pa.table({"id": np.arange(100_000), "v": np.ones(100_000, np.float32), "t": text})
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as w:
        w.write_table(table)
    assert len(out.getvalue()) < 2 << 20
    with server_with(tmp_path, {"quota": "4MiB"}) as murr:
        create(murr)
        status, _, data = write(murr, out.getvalue())
        assert status == 507 and "write.quota" in json.loads(data)["error"]
        assert murr.status("t")["rows"] == 0
        assert write(murr, rows(0, 10))[0] == 200


def test_rows_that_were_taken_are_merged_whatever_memory_says_later(tmp_path):
    with server_with(tmp_path, {"memory": "64MiB"}) as murr:
        create(murr)
        for i in range(3):
            assert write(murr, rows(i, 1, text=str(i) * 5_000_000))[0] == 200
    with server_with(tmp_path, {"memory": "16MiB"}) as murr:
        status, _, data = write(murr, rows(9, 1, text="x" * 5_000_000))
        assert status == 413 and "write.memory" in json.loads(data)["error"]
        compact(murr)
        assert murr.status("t")["segments_of_writes"] == 0
        for i in range(3):
            assert murr.fetch_json("t", [i], ["t"]) == {"t": [str(i) * 5_000_000]}


def test_a_full_queue_says_try_again(tmp_path):
    """Each client tries again until it is told that its rows are there; then they are."""
    with server_with(tmp_path, {"queue": "1MiB", "memory": "16MiB"}) as murr:
        create(murr)
        seen, lock = [], threading.Lock()

        def client(k):
            body = rows(k * 8000, 8000, v=k)
            while True:
                status, headers, data = write(murr, body)
                with lock:
                    seen.append(status)
                if status == 200:
                    return
                assert status == 429 and json.loads(data)["code"] == "TOO_MANY_REQUESTS", data
                assert headers["Retry-After"] == "1"
                time.sleep(0.02)

        threads = [threading.Thread(target=client, args=(k,)) for k in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert seen.count(200) == 16 and 429 in seen
        assert murr.status("t")["rows"] == 16 * 8000
        assert murr.fetch_json("t", [k * 8000 for k in range(16)], ["v"])["v"] == list(range(16))


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_refuses_writes_and_leaves_the_table(small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(16 << 20))
    with Server(small_disk, {}) as murr:
        create(murr)
        n, (status, _, error) = write_until_refused(murr)
        assert status == 507 and error["code"] == "INSUFFICIENT_STORAGE", error
        for _ in range(3):
            assert write(murr, rows(n, 10_000))[0] == 507
        assert murr.fetch_json("t", [0, n - 1, n], ["v"]) == {"v": [1.0, 1.0, None]}
        murr.kill()
        murr.start()
        assert murr.fetch_json("t", [0, n - 1, n], ["v"]) == {"v": [1.0, 1.0, None]}
        ballast.unlink()
        murr.wait_for(lambda: write(murr, rows(n, 10_000))[0] == 200)
        assert murr.fetch_json("t", [n - 1, n, n + 9999], ["v"]) == {"v": [1.0] * 3}
        assert murr.status("t")["rows"] == n + 10_000


def test_space_comes_back(tmp_path):
    with Server(tmp_path, {}) as murr:
        create(murr)
        assert write(murr, rows(0, 50_000))[0] == 200
        compact(murr)
        once = disk_bytes(tmp_path / "data" / "t")
        for v in range(10):
            assert write(murr, rows(0, 50_000, v=v))[0] == 200
        compact(murr)
        assert disk_bytes(tmp_path / "data" / "t") < 1.1 * once
        status, _, _ = murr.request("POST", "/api/v1/table/t/delete",
                                    json.dumps({"keys": list(range(49_000))}))
        assert status == 200
        compact(murr)
        assert disk_bytes(tmp_path / "data" / "t") < 0.1 * once
        assert murr.request("DELETE", "/api/v1/table/t")[0] == 200
        assert not (tmp_path / "data" / "t").exists() and disk_bytes(tmp_path / "data") < 1000


def test_small_writes_of_many_clients_share_commits(tmp_path):
    n_clients, n_each = (8, 10) if SANITIZED else (32, 50)
    with Server(tmp_path, {}, extra=["--set", "log.level=debug"]) as murr:
        create(murr)

        def client(k):
            for i in range(n_each):
                body = json.dumps({"columns": {"id": [k * n_each + i], "v": [k], "t": [str(i)]}})
                status, _, data = write(murr, body, content_type="application/json")
                assert status == 200, data

        threads = [threading.Thread(target=client, args=(k,)) for k in range(n_clients)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        keys = list(range(n_clients * n_each))
        got = murr.fetch_json("t", keys, ["v", "t"])
        assert got == {"v": [k // n_each for k in keys], "t": [str(k % n_each) for k in keys]}
        assert murr.status("t")["rows"] == len(keys)
        # Numbers of generations and segments count commits and merges: far fewer than writes.
        compact(murr)
        assert murr.status("t")["generation"] < len(keys)


def test_a_bad_write_among_good_ones_fails_alone(tmp_path):
    with Server(tmp_path, {}) as murr:
        create(murr)
        answers = {}

        def client(k):
            id_ = "not a number" if k % 4 == 0 else k
            body = json.dumps({"columns": {"id": [id_], "v": [k], "t": [None]}})
            answers[k] = write(murr, body, content_type="application/json")

        threads = [threading.Thread(target=client, args=(k,)) for k in range(40)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for k, (status, _, data) in answers.items():
            assert status == (400 if k % 4 == 0 else 200), data
        assert murr.fetch_json("t", list(range(40)), ["v"])["v"] == [None if k % 4 == 0 else k
                                                                    for k in range(40)]


def arrow(table, **options):
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as w:
        w.write_table(table)
    return out.getvalue()


def delete(murr, body, form="application/json"):
    return murr.request("POST", "/api/v1/table/t/delete", body, {"Content-Type": form})


def peak_mib(murr):
    for line in open(f"/proc/{murr.process.pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) >> 10


@pytest.mark.skipif(SANITIZED, reason="measures memory")
@pytest.mark.parametrize("form", ["runs", "json"])
def test_a_delete_of_very_many_keys_keeps_to_its_memory(tmp_path, form):
    """Some hundred bytes can name as many keys as one likes."""
    n = 4_000_000
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([n], pa.int64()), pa.array([7], pa.int64()))
    with server_with(tmp_path, {"memory": "16MiB"}) as murr:
        create(murr)
        assert write(murr, rows(0, 10))[0] == 200
        if form == "runs":
            status, _, data = delete(murr, arrow(pa.table({"id": runs})), STREAM)
        else:
            status, _, data = delete(murr, '{"keys":[7' + ",7" * (n - 1) + "]}")
        assert (status, json.loads(data)) == (200, {"num_rows": n})
        assert peak_mib(murr) < 100
        assert murr.fetch_json("t", [6, 7, 8], ["v"])["v"] == [1.0, None, 1.0]


@pytest.mark.parametrize("form", ["json", "escapes", "arrow", "zstd"])
def test_deletes_of_many_keys_are_of_those_keys(tmp_path, form):
    """They are read some at a time."""
    n, gone = 3000, 1700
    keys = [(f"key {i} \u00e9", i % 7) for i in range(n)]
    schema = {"key": ["a", "b"], "columns": {"a": {"dtype": "utf8"}, "b": {"dtype": "int16"},
                                             "v": {"dtype": "int64"}}}

    def body(some):
        if form in ("json", "escapes"):
            return json.dumps({"keys": some}, ensure_ascii=form == "escapes").encode()
        table = pa.table({"b": [k[1] for k in some], "a": pa.array([k[0] for k in some])})
        return arrow(table, compression="zstd" if form == "zstd" else None)

    with server_with(tmp_path, {}) as murr:
        assert murr.request("PUT", "/api/v1/table/t", json.dumps(schema))[0] == 201
        assert murr.request("PUT", "/api/v1/table/t/write", json.dumps(
            {"columns": {"a": [k[0] for k in keys], "b": [k[1] for k in keys],
                         "v": list(range(n))}}))[0] == 200
        kind = "application/json" if form in ("json", "escapes") else STREAM
        status, _, data = delete(murr, body(keys[:gone] + [("key", 40000)]), kind)
        assert status == 400, data
        assert form in ("json", "escapes") or f"key {gone}: 40000 is out of range" in json.loads(data)["error"]
        assert murr.status("t")["rows"] == n
        assert delete(murr, body(keys[:gone]), kind)[0] == 200
        assert murr.fetch_json("t", keys)["v"] == [None] * gone + list(range(gone, n))
        assert murr.status("t")["rows"] == n - gone


@pytest.mark.skipif(SANITIZED, reason="measures memory")
def test_a_row_that_is_too_long_among_very_many_keeps_to_its_memory(tmp_path):
    """It is tried in more blocks, but not in so many that each of them needs memory."""
    n = 2_000_000
    table = pa.table({"id": np.arange(n + 1), "v": np.ones(n + 1, np.float32),
                      "t": pa.chunked_array([pa.nulls(n, pa.string()), ["x" * 3_000_000]])})
    with server_with(tmp_path, {"memory": "16MiB"}) as murr:
        create(murr)
        status, _, data = write(murr, arrow(table))
        assert status == 413 and b"write.memory" in data
        assert peak_mib(murr) < 150
        assert murr.status("t")["rows"] == 0
