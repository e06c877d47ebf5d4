#!/usr/bin/env python3
"""Write the benchmark table as a partition: utf8 key and 10 float32 columns, as pyarrow writes by default.

    bench/make_parquet.py OUT_DIR ROWS [--dictionary]
"""
import pathlib
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FILE_ROWS = 1_000_000


def main():
    out, n_rows = pathlib.Path(sys.argv[1]) / "2026-01-01", int(sys.argv[2])
    dictionary = "--dictionary" in sys.argv
    out.mkdir(parents=True, exist_ok=True)
    for first in range(0, n_rows, FILE_ROWS):
        n = min(FILE_ROWS, n_rows - first)
        rng = np.random.default_rng(first)
        ids = np.char.add("user:", np.char.zfill(np.arange(first, first + n).astype(str), 12))
        columns = {"user_id": ids}
        for c in range(10):
            values = rng.standard_normal(n, np.float32)
            if dictionary:  # few different values, so that the dictionary holds
                values = np.round(values * 1000) / np.float32(1000)
            columns[f"f{c}"] = values
        pq.write_table(pa.table(columns), out / f"part-{first // FILE_ROWS:05}.parquet",
                       compression="snappy", use_dictionary=dictionary)
    (out / "_SUCCESS").touch()


if __name__ == "__main__":
    main()
