#!/usr/bin/env python3
"""Write the benchmark table as a partition: utf8 key and 10 float32 columns, Snappy.

    bench/make_parquet.py OUT_DIR ROWS plain|dictionary|checked

plain: random floats. dictionary: few different ones, in dictionaries. checked: what bench_value of
bench/lib/bench_table.c says, so that readers can check every value.
"""
import pathlib
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FILE_ROWS = 1_000_000


def checked(rows, column):
    """splitmix64 of the row and column, its upper 24 bits as a fraction."""
    z = rows.astype(np.uint64) * np.uint64(1000003) + np.uint64(column) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    z = z ^ z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float32) / np.float32(16777216)


def values_of(kind, rows, column, rng):
    if kind == "checked":
        return checked(rows, column)
    values = rng.standard_normal(len(rows), np.float32)
    return np.round(values * 1000) / np.float32(1000) if kind == "dictionary" else values


def main():
    out, n_rows, kind = pathlib.Path(sys.argv[1]) / "2026-01-01", int(sys.argv[2]), sys.argv[3]
    out.mkdir(parents=True, exist_ok=True)
    for first in range(0, n_rows, FILE_ROWS):
        rows = np.arange(first, min(first + FILE_ROWS, n_rows))
        rng = np.random.default_rng(first)
        columns = {"user_id": np.char.add("user:", np.char.zfill(rows.astype(str), 12))}
        for c in range(10):
            columns[f"f{c}"] = values_of(kind, rows, c, rng)
        pq.write_table(pa.table(columns), out / f"part-{first // FILE_ROWS:05}.parquet",
                       compression="snappy", use_dictionary=kind == "dictionary")
    (out / "_SUCCESS").touch()


if __name__ == "__main__":
    main()
