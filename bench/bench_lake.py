"""bench-lake: what an Iceberg table costs besides its rows.

    make bench-lake [N=2000000]

    plan       a snapshot of 10,000 data files in 100 manifests: `murr check --probe`, which plans it
    load       N rows of a key and ten float32 in 20 files, loaded as an Iceberg table and as a dated partition of the
               same files, in turn
    deletes    the same with 1 % of the rows deleted by position

Prints medians, and the median of the ratios of pairs.
"""
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "e2e"))
import iceberg_writer  # noqa: E402

MURR, ROWS = sys.argv[1], int(os.environ.get("N", 2_000_000))
FILES, PAIRS = 20, 7
COLUMNS = {"id": "string"} | {f"f{i}": "float" for i in range(10)}


def rows(first, n, chance):
    ids = pa.array([f"user{i:09d}" for i in range(first, first + n)])
    return pa.table([ids] + [pa.array(chance.random(n, dtype=np.float32)) for _ in range(10)], names=list(COLUMNS))


def config(folder, source):
    path = folder / "murr.yml"
    path.write_text(json.dumps({"server": {"data_dir": str(folder / "data")}, "load": {"memory": "2GiB"},
                                "tables": {"t": {"source": source, "key": ["id"]}}}))
    return path


def plan(folder):
    folder.mkdir()
    table = iceberg_writer.Table(folder / "t", COLUMNS)
    table.append(rows(0, 10, np.random.default_rng(1)))
    first = table.files()[0]
    with table.batch():
        for _ in range(100):
            table.commit("append", [iceberg_writer.File(
                iceberg_writer.DATA, table.fresh("data", ".parquet"), first.size, 10, table.spec.id, first.partition)
                for _ in range(100)])
    checks = []
    path = config(folder, {"iceberg": {"location": str(folder / "t")}})
    for _ in range(PAIRS):
        start = time.perf_counter()
        said = subprocess.run([MURR, "check", "--probe", "--config", path], check=True, capture_output=True, text=True).stderr
        checks.append(time.perf_counter() - start)
        assert " 10001 data files " in said, said
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"plan     10,001 data files in 101 manifests: {statistics.median(checks):.3f} s, at most {peak:.0f} MiB")


def load(path):
    with tempfile.TemporaryDirectory(dir=path.parent) as data:
        start = time.perf_counter()
        said = subprocess.run([MURR, "load", "--config", path, "--set", f"server.data_dir={data}"], check=True,
                              capture_output=True, text=True).stdout
        return time.perf_counter() - start, int(said.splitlines()[1].split()[-4])


def compare(name, lake, dated, n_rows):
    pairs = []
    for i in range(PAIRS + 1):
        (a, a_rows), (b, b_rows) = load(lake), load(dated)
        assert (a_rows, b_rows) == (n_rows, ROWS), (a_rows, b_rows)
        pairs += [(a, b)] if i else []  # the first warms the page cache
    print(f"{name:8} {statistics.median(a for a, _ in pairs):.3f} s, a dated partition of the same files "
          f"{statistics.median(b for _, b in pairs):.3f} s: {statistics.median(a / b for a, b in pairs):.3f}")


def loads(folder):
    lake, dated = folder / "lake", folder / "dated"
    lake.mkdir()
    table, chance = iceberg_writer.Table(lake / "t", COLUMNS), np.random.default_rng(1)
    table.append_files([rows(k * ROWS // FILES, ROWS // FILES, chance) for k in range(FILES)])
    (dated / "p" / "2026-01-01").mkdir(parents=True)
    for i, f in enumerate(table.files()):
        os.link(f.path, dated / "p" / "2026-01-01" / f"{i:03d}.parquet")
    (dated / "p" / "2026-01-01" / "_SUCCESS").touch()
    paths = config(lake, {"iceberg": {"location": str(lake / "t")}}), config(dated, {"local": {"path": str(dated / "p")}})
    compare("load", *paths, ROWS)
    table.delete_positions({f: range(50, ROWS // FILES, 100) for f in table.files()})
    compare("deletes", *paths, ROWS - FILES * len(range(50, ROWS // FILES, 100)))


with tempfile.TemporaryDirectory(dir="build/bench", prefix="lake-") as at:
    plan(pathlib.Path(at).resolve() / "plan")
    loads(pathlib.Path(at).resolve())
