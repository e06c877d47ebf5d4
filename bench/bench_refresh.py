"""bench-refresh: whether following an Iceberg table costs what changed, or what there is.

    make bench-refresh [N=10000000]

Writes a table of N rows of a key and ten float32 in 100 files with PyIceberg, serves it, and commits:

    append     1 % of new rows in one file
    upsert     1 % in place: one file is replaced
    delete     1 % from two files, which are replaced
    vectors    1 % of all rows, by a deletion vector for every file

For each it prints the time from the commit until it is served beside that of `murr load` of the same snapshot, and the
bytes read beside those of the changed files. A client fetches 1,000 random keys at a time; its p99 from the commits on is
compared with that of a quiet table. Every value that is read is checked.
"""
import http.client
import json
import multiprocessing
import os
import pathlib
import random
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import uuid
import zlib

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.ipc
from pyiceberg.catalog.sql import SqlCatalog

MURR, ROWS = sys.argv[1], int(os.environ.get("N", 10_000_000))
FILES, COLUMNS, KEYS, ROUNDS = 100, 10, 1000, 5
A_FILE = ROWS // FILES
NAMES = [f"f{i}" for i in range(COLUMNS)]
SCHEMA = pa.schema([pa.field("id", pa.string(), nullable=False)] + [(n, pa.float32()) for n in NAMES])


def key(i):
    return f"user{i:09d}"


def value(i, round_):
    """What row i has in column 0 since some round; the other columns count on from it."""
    return np.float32((i * 7 + round_ * 13) % 100_003)


def rows(ids, round_):
    first = (np.asarray(ids, dtype=np.int64) * 7 + round_ * 13) % 100_003
    return pa.table([pa.array([key(i) for i in ids])] +
                    [pa.array((first + c).astype(np.float32)) for c in range(COLUMNS)], schema=SCHEMA)


# ------------------------------------------------------------------------------------------- the servers

class Server:
    def __init__(self, folder, location):
        folder.mkdir()
        config, self.log = folder / "murr.yml", folder / "log"
        config.write_text(json.dumps({
            "server": {"host": "127.0.0.1", "port": 0, "data_dir": str(folder / "data")},
            "load": {"memory": "2GiB"},
            "tables": {"t": {"source": {"iceberg": {"location": str(location)}}, "key": ["id"],
                             "poll_interval": "50ms"}}}))
        with open(self.log, "wb") as f:
            self.process = subprocess.Popen([MURR, "--config", config], stderr=f)
        while " serving version=" not in (text := self.log.read_text()):
            time.sleep(0.01)
        self.port = int(text.split(" serving version=")[1].split(" port=")[1].split()[0])

    def ask(self, method, path, body=None, connection=None):
        c = connection or http.client.HTTPConnection("127.0.0.1", self.port)
        c.request(method, path, body, {"Accept": "application/vnd.apache.arrow.stream"} if body else {})
        answer = c.getresponse()
        data = answer.read()
        assert answer.status in (200, 503), data
        return data

    def status(self):
        return json.loads(self.ask("GET", "/readyz?verbose"))["tables"]["t"]

    def wait_for(self, snapshot):
        while (status := self.status())["partition"] != f"snapshot {snapshot}":
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.005)
        return status

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class Reader(multiprocessing.Process):
    """Fetches random keys and checks every row: it is of a round that was committed, whole, or the key is gone."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.going, self.is_paused = multiprocessing.Value("b", True), multiprocessing.Value("b", False)
        self.last_round, self.times = multiprocessing.Value("i", 0), multiprocessing.Queue()

    def run(self):
        connection, chance, times = http.client.HTTPConnection("127.0.0.1", self.server.port), random.Random(1), []
        while self.going.value:
            while self.is_paused.value:
                time.sleep(0.01)
            start = time.monotonic()
            data, ids = self.fetch(connection, [chance.randrange(ROWS) for _ in range(KEYS)])
            times.append((start, time.monotonic() - start))
            self.check(data, ids)
        self.times.put(times)

    def fetch(self, connection, ids):
        body = json.dumps({"keys": [key(i) for i in ids], "columns": NAMES})
        return self.server.ask("POST", "/v1/t/_fetch", body, connection), ids

    def check(self, data, ids):
        batch = pa.ipc.open_stream(data).read_all().combine_chunks()
        first = batch["f0"].to_numpy(zero_copy_only=False)
        there = ~np.isnan(first)
        base = np.asarray(ids)[there] * 7
        wanted = np.stack([(base + r * 13) % 100_003 for r in range(self.last_round.value + 2)])
        assert (wanted == first[there]).any(axis=0).all(), "a value that was never committed"
        for c in range(1, COLUMNS):
            of = batch[f"f{c}"].to_numpy(zero_copy_only=False)
            assert (of[there] == first[there] + c).all() and np.isnan(of[~there]).all(), "a row of two versions"


# --------------------------------------------------------------------------------- deletion vectors, by hand

ENTRY = {"type": "record", "name": "manifest_entry", "fields": [
    {"name": "status", "type": "int", "field-id": 0},
    {"name": "snapshot_id", "type": ["null", "long"], "field-id": 1},
    {"name": "sequence_number", "type": ["null", "long"], "field-id": 3},
    {"name": "file_sequence_number", "type": ["null", "long"], "field-id": 4},
    {"name": "data_file", "field-id": 2, "type": {"type": "record", "name": "r2", "fields": [
        {"name": "content", "type": "int", "field-id": 134},
        {"name": "file_path", "type": "string", "field-id": 100},
        {"name": "file_format", "type": "string", "field-id": 101},
        {"name": "partition", "field-id": 102, "type": {"type": "record", "name": "r102", "fields": []}},
        {"name": "record_count", "type": "long", "field-id": 103},
        {"name": "file_size_in_bytes", "type": "long", "field-id": 104},
        {"name": "referenced_data_file", "type": ["null", "string"], "field-id": 143},
        {"name": "content_offset", "type": ["null", "long"], "field-id": 144},
        {"name": "content_size_in_bytes", "type": ["null", "long"], "field-id": 145}]}}]}


def vector(positions):
    """The blob of a deletion vector: array containers alone, for fewer than 4,097 positions in 65,536 rows."""
    high = sorted({p >> 16 for p in positions})
    parts = [[p & 0xFFFF for p in positions if p >> 16 == h] for h in high]
    at, heads, offsets, data = 8 + 8 * len(high), b"", b"", b""
    for h, part in zip(high, parts):
        heads += struct.pack("<HH", h, len(part) - 1)
        offsets += struct.pack("<I", at + len(data))
        data += struct.pack(f"<{len(part)}H", *part)
    bitmap = struct.pack("<II", 12346, len(high)) + heads + offsets + data
    body = struct.pack(">I", 0xD1D33964) + struct.pack("<QI", 1, 0) + bitmap
    return struct.pack(">I", len(body)) + body + struct.pack(">I", zlib.crc32(body))


def commit_vectors(location, table, chance):
    """A snapshot that deletes 1 % of the rows of every file. Returns its id, and the bytes of all files."""
    folder = location / "metadata"
    newest = max(folder.glob("*.metadata.json"))
    metadata = json.loads(newest.read_text())
    last = next(s for s in metadata["snapshots"] if s["snapshot-id"] == metadata["current-snapshot-id"])
    id_, sequence = chance.randrange(1, 1 << 62), last["sequence-number"] + 1
    blobs, entries = b"PFA1", []
    for task in table.scan().plan_files():
        n = task.file.record_count
        blob = vector(sorted(chance.sample(range(n), n // 100)))
        entries.append({"status": 1, "snapshot_id": id_, "sequence_number": sequence, "file_sequence_number": sequence,
                        "data_file": {"content": 1, "file_path": f"file://{location}/data/{id_}.puffin", "partition": {},
                                      "file_format": "PUFFIN", "record_count": n // 100, "file_size_in_bytes": 0,
                                      "referenced_data_file": task.file.file_path, "content_offset": len(blobs),
                                      "content_size_in_bytes": len(blob)}})
        blobs += blob
    (location / "data" / f"{id_}.puffin").write_bytes(blobs)
    for e in entries:
        e["data_file"]["file_size_in_bytes"] = len(blobs)
    manifest, list_ = folder / f"{uuid.uuid4()}-m0.avro", folder / f"snap-{id_}.avro"
    with open(manifest, "wb") as f:
        fastavro.writer(f, ENTRY, entries, metadata={
            "schema": json.dumps(metadata["schemas"][-1]), "partition-spec": "[]", "partition-spec-id": "0",
            "format-version": "3", "content": "deletes"})
    with open(last["manifest-list"].removeprefix("file://"), "rb") as f:
        old = fastavro.reader(f)
        schema, manifests = old.writer_schema, list(old)
    manifests.append({**manifests[0], "manifest_path": f"file://{manifest}", "content": 1, "sequence_number": sequence,
                      "manifest_length": manifest.stat().st_size, "min_sequence_number": sequence,
                      "added_snapshot_id": id_})
    with open(list_, "wb") as f:
        fastavro.writer(f, schema, manifests)
    metadata.update({"format-version": 3, "next-row-id": 0, "current-snapshot-id": id_, "last-sequence-number": sequence})
    metadata["snapshots"].append({
        "snapshot-id": id_, "parent-snapshot-id": last["snapshot-id"], "sequence-number": sequence, "first-row-id": 0,
        "timestamp-ms": int(time.time() * 1000), "summary": {"operation": "delete"}, "manifest-list": f"file://{list_}",
        "schema-id": last["schema-id"], "added-rows": 0})
    metadata["refs"]["main"]["snapshot-id"] = id_
    version = int(newest.name.split("-")[0]) + 1
    part = folder / "being-written"
    part.write_text(json.dumps(metadata))
    part.rename(folder / f"{version:05d}-{uuid.uuid4()}.metadata.json")
    return id_


# --------------------------------------------------------------------------------------------- the measurement

def make_table(folder):
    catalog = SqlCatalog("c", uri=f"sqlite:///{folder}/c.db", warehouse=f"file://{folder}/wh")
    catalog.create_namespace("db")
    table = catalog.create_table("db.t", schema=SCHEMA)
    for k in range(FILES):
        table.append(rows(range(k * A_FILE, (k + 1) * A_FILE), 0))
        print(f"\r{k + 1} of {FILES} files", end="", file=sys.stderr)
    print(file=sys.stderr)
    return table


def where(a, n):
    return f"id >= '{key(a)}' and id < '{key(a + n)}'"


def added_bytes(table):
    """The sizes of the live data files."""
    return {t.file.file_path: t.file.file_size_in_bytes for t in table.scan().plan_files()}


def p99(times):
    return statistics.quantiles(times, n=100)[98] if len(times) > 100 else max(times)


def load_in_full(folder, location):
    """Seconds that `murr load` of the newest snapshot takes."""
    with tempfile.TemporaryDirectory(dir=folder) as data:
        config = pathlib.Path(data) / "murr.yml"
        config.write_text(json.dumps({"server": {"data_dir": data}, "load": {"memory": "2GiB"}, "tables": {
            "t": {"source": {"iceberg": {"location": str(location)}}, "key": ["id"]}}}))
        start = time.perf_counter()
        subprocess.run([MURR, "load", "--config", config], check=True, capture_output=True)
        return time.perf_counter() - start


def measure(name, commit, changed, server, reader, full_seconds):
    """Commit, wait until it is served, and print what it took; then load the same in full. Returns from when to when the
    commit could be felt."""
    snapshot = commit()
    start = time.monotonic()
    status = server.wait_for(snapshot)
    seconds = time.monotonic() - start
    time.sleep(0.2)
    window = (start, time.monotonic())
    latest = status["latest_load"]
    assert latest["kind"] == "refresh", latest
    read, size, reader.is_paused.value = latest["bytes_read"], changed(), True
    full = full_seconds()
    reader.is_paused.value = False
    print(f"{name:8} served after {seconds:6.3f} s, loaded in full in {full:6.3f} s: {seconds / full:.3f}; "
          f"read {read:,} bytes, changed files have {size:,}: {read / size:.2f}")
    return window


def main():
    with tempfile.TemporaryDirectory(dir="build/bench", prefix="refresh-") as folder:
        folder = pathlib.Path(folder).resolve()
        table = make_table(folder)
        location = folder / "wh" / "db" / "t"
        server = Server(folder / "server", location)
        server.wait_for(table.current_snapshot().snapshot_id)
        reader = Reader(server)
        reader.start()
        quiet_until = time.monotonic() + 10
        time.sleep(10)
        windows, files = [], added_bytes(table)

        def changed():
            nonlocal files
            table.refresh()
            before, files = files, added_bytes(table)
            return sum(n for f, n in files.items() if f not in before)

        def step(name, act, size=changed):
            def commit():
                snapshot = act()
                table.refresh()
                return snapshot or table.current_snapshot().snapshot_id
            windows.append(measure(name, commit, size, server, reader, lambda: load_in_full(folder, location)))

        for r in range(1, ROUNDS + 1):
            reader.last_round.value = r
            a, end = r * 10 * A_FILE, ROWS + r * A_FILE
            step("append", lambda: table.append(rows(range(end, end + A_FILE), r)))
            step("upsert", lambda: table.overwrite(rows(range(a, a + A_FILE), r), where(a, A_FILE)))
            step("delete", lambda: table.delete(where(a + 3 * A_FILE // 2, A_FILE)))
        step("vectors", lambda: commit_vectors(location, table, random.Random(2)), lambda: sum(files.values()))
        reader.going.value = False
        times = reader.times.get(timeout=60)
        quiet = [t for at, t in times if at < quiet_until]
        busy = [t for at, t in times if any(a <= at <= b for a, b in windows)]
        print(f"fetches of {KEYS} keys: p99 {p99(quiet) * 1e3:.2f} ms quiet ({len(quiet)}), {p99(busy) * 1e3:.2f} ms from "
              f"commits on ({len(busy)}): {p99(busy) / p99(quiet):.2f}")
        server.stop()


main()
