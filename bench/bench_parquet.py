#!/usr/bin/env python3
"""Decoding one column, beside pyarrow on one core: the same file in memory, the same values (checked).

    bench_parquet.py BUILD N [name...]     names as in "plain.snappy.float32"; none: all

Both decode the whole column, in turns; the ratio is pyarrow's median time by ours, so above 1 ours is faster.
pyarrow makes arrays of the whole column; ours goes through vectors of 512 rows that stay in cache, since
that is how a load reads.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
ROUNDS = 15
FIRST = ["float32", "int64", "utf8"]  # whose goal is 1.0, with PLAIN and dictionary, Snappy and Zstd


def make(kind, n, distinct):
    r = np.random.default_rng(7)
    pick = (lambda a: a[r.integers(0, distinct, n)]) if distinct else (lambda a: a)
    m = distinct or n
    if kind == "utf8":
        words = pa.array([f"user_{i:09d}" for i in r.integers(0, 10**9, m)])
        return words.take(pa.array(r.integers(0, m, n))) if distinct else words
    if kind == "bool":
        return pa.array(r.random(n) < 0.3)
    if kind in ("float32", "float64"):
        return pa.array(pick(r.normal(0, 100, m).astype(kind)))
    if kind == "float16":
        return pa.array(pick(r.normal(0, 100, m).astype(kind)))
    if kind == "int8":
        return pa.array(pick(r.integers(-100, 100, m, dtype=np.int8)))
    if kind == "int32":
        return pa.array(pick(r.integers(0, 10**6, m, dtype=np.int32)))
    if kind == "sorted64":
        return pa.array(np.cumsum(r.integers(0, 100, n, dtype=np.int64)))
    if kind == "timestamp":
        return pa.array(pick(r.integers(16 * 10**17, 17 * 10**17, m, dtype=np.int64) // 1000), pa.timestamp("us", "UTC"))
    if kind == "decimal128":
        return pa.array(pick(r.integers(-10**12, 10**12, m)), pa.int64()).cast(pa.decimal128(19, 0)).cast(pa.decimal128(25, 2))
    if kind == "fixed16":
        return pa.Array.from_buffers(pa.binary(16), n, [None, pa.py_buffer(pick(r.bytes(16 * m)) if not distinct else b"")])
    if kind == "vector":  # an embedding of 64 numbers
        return pa.FixedSizeListArray.from_arrays(pa.array(r.normal(0, 1, n // 64 * 64).astype(np.float32)), 64)
    if kind == "nullable":
        return pa.array(pick(r.normal(0, 100, m).astype(np.float32)), mask=r.random(n) < 0.1)
    return pa.array(pick(r.integers(0, 10**12, m)))  # int64


def cases():
    """(name, kind, options of the writer)"""
    plain, dictionary = dict(use_dictionary=False), dict(use_dictionary=True)
    encoded = lambda e: dict(use_dictionary=False, column_encoding={"c": e})
    for codec in ("snappy", "zstd"):
        for kind in FIRST:
            yield f"plain.{codec}.{kind}", kind, codec, plain
            yield f"dictionary.{codec}.{kind}", kind, codec, dictionary
    for codec in ("none", "gzip", "brotli", "lz4"):
        for kind in FIRST:
            yield f"plain.{codec}.{kind}", kind, codec, plain
    for kind in ("bool", "int8", "int32", "float64", "float16", "timestamp", "decimal128", "fixed16", "vector", "nullable"):
        yield f"plain.snappy.{kind}", kind, "snappy", plain
    for kind in ("int32", "float64", "timestamp", "decimal128", "nullable"):
        yield f"dictionary.snappy.{kind}", kind, "snappy", dictionary
    yield "rle.snappy.bool", "bool", "snappy", encoded("RLE")
    for kind in ("int32", "int64", "sorted64", "timestamp"):
        yield f"delta_binary_packed.snappy.{kind}", kind, "snappy", encoded("DELTA_BINARY_PACKED")
    for encoding in ("DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"):
        yield f"{encoding.lower()}.snappy.utf8", "utf8", "snappy", encoded(encoding)
    for kind in ("float32", "float64", "int64", "decimal128"):
        yield f"byte_stream_split.zstd.{kind}", kind, "zstd", encoded("BYTE_STREAM_SPLIT")


def check_values(murr, path):
    from test_differential import plain_type, same
    out = subprocess.run([murr, "cat", "-o", "arrow", path], stdout=subprocess.PIPE, check=True).stdout
    mine, theirs = pa.ipc.open_stream(out).read_all()["c"], pq.ParquetFile(path).read()["c"]
    if not same(mine, theirs.cast(plain_type(theirs.type))):
        sys.exit(f"bench_parquet: {path}: other values than pyarrow")


class Decoder:
    def __init__(self, build):
        self.process = subprocess.Popen([build / "bench" / "parquet"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ns(self, path):
        self.process.stdin.write(f"{path}\n".encode())
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


def pyarrow_ns(bytes_):
    started = time.perf_counter_ns()
    pq.ParquetFile(pa.BufferReader(bytes_), pre_buffer=False).read(use_threads=False)
    return time.perf_counter_ns() - started


def main():
    build, n, wanted = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    decoder, figures = Decoder(build), {}
    print(f"{'encoding.codec.type':42} {'murr M/s':>9} {'pyarrow':>9} {'ratio':>6}  goal")
    with tempfile.TemporaryDirectory() as folder:
        for name, kind, codec, options in cases():
            if wanted and name not in wanted:
                continue
            path = os.path.join(folder, name + ".parquet")
            distinct = 1000 if options.get("use_dictionary") else 0
            table = pa.table({"c": make(kind, n, distinct)})
            pq.write_table(table, path, compression=codec, **options)
            check_values(build / "murr", path)
            with open(path, "rb") as f:
                bytes_ = f.read()
            mine, theirs = [], []
            for _ in range(ROUNDS):
                mine.append(decoder.ns(path))
                theirs.append(pyarrow_ns(bytes_))
            mine, theirs = statistics.median(mine), statistics.median(theirs)
            ratio = figures[f"parquet.ratio.{name}"] = round(theirs / mine, 3)
            encoding, codec, _ = name.split(".")
            goal = 1.0 if encoding in ("plain", "dictionary") and codec in ("snappy", "zstd") and kind in FIRST else 0.7
            values = n if kind != "vector" else n // 64 * 64
            print(f"{name:42} {values / mine * 1e3:9.1f} {values / theirs * 1e3:9.1f} {ratio:6.2f}  "
                  f"{goal}{'' if ratio >= goal else '  MISSED'}", flush=True)
            os.unlink(path)
    out = ROOT / "build" / "bench" / "parquet.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    old = json.loads(out.read_text())["figures"] if out.exists() else {}
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown")
    out.write_text(json.dumps({"figures": {**old, **figures}, "machine": {"cpu": cpu, "cores": os.cpu_count()}}, indent=1) + "\n")


if __name__ == "__main__":
    main()
