#!/usr/bin/env python3
"""Read a partition with pyarrow, on all cores, and print the seconds: what bench-load is measured beside.

    bench/read_parquet.py DIR
"""
import pathlib
import sys
import time

import pyarrow.parquet as pq

files = sorted(pathlib.Path(sys.argv[1]).glob("*/*.parquet"))
start = time.perf_counter()
rows = sum(pq.read_table(f).num_rows for f in files)
print(f"{time.perf_counter() - start:.6f} {rows}")
