#!/usr/bin/env python3
"""Check that pyarrow and Polars read the streams in this folder, and read the right values.

The streams are what tests/unit/format/arrow/test_ipc_writer.c compares with. To write them anew:

    MURR_TEST_WRITE_GOLDEN=1 build/release/tests/format/test_ipc_writer
    python3 tests/golden/arrow/check.py        (needs pyarrow and polars)
"""
import pathlib
import sys

import polars as pl
import pyarrow as pa

HERE = pathlib.Path(__file__).parent
WORDS = ["", "b", "-", "\u00fc\U0001f600", "longer than sixteen bytes"]
TYPES = [
    pa.string(), pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(),
    pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.float32(), pa.float64(),
]
NAMES = ["utf8", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
         "float32", "float64"]


def cell(dtype, row):
    whole = row * 3 - 4
    if row == 2:
        return None
    if pa.types.is_string(dtype):
        return WORDS[row % 5]
    if pa.types.is_boolean(dtype):
        return row % 3 == 1
    if pa.types.is_float32(dtype):
        return whole / 8
    if pa.types.is_float64(dtype):
        return whole / 3
    bits = dtype.bit_width
    low = whole % (1 << bits)
    signed = pa.types.is_signed_integer(dtype)
    return low - (1 << bits) if signed and low >= 1 << (bits - 1) else low


def all_types(n_rows):
    arrays = [pa.array([cell(t, row) for row in range(n_rows)], t) for t in TYPES]
    return pa.table(arrays, names=NAMES)


def expected():
    yield from ((f"all_{n}", all_types(n)) for n in (0, 1, 5, 100))
    column = pa.array([cell(pa.int8(), row) for row in range(3)], pa.int8())
    yield "names", pa.table([column] * 4, names=["", '\u00fc "x"', "seven77", "eight888"])


def read(name):
    data = (HERE / f"{name}.arrows").read_bytes()
    with pa.ipc.open_stream(data) as reader:
        batches = list(reader)
    assert len(batches) == 1, name
    batches[0].validate(full=True)
    assert all(field.nullable for field in batches[0].schema), name
    return data, pa.Table.from_batches(batches)


def main():
    for name, want in expected():
        data, got = read(name)
        assert got.schema == want.schema, f"{name}: {got.schema}"
        assert got.equals(want), f"{name}: {got.to_pydict()} instead of {want.to_pydict()}"
        for g in got.columns:
            assert g.null_count == (1 if len(g) > 2 else 0), name
        assert pl.read_ipc_stream(data).to_dict(as_series=False) == want.to_pydict(), name
        print(f"{name}: {len(data)} bytes, {got.num_rows} rows, {got.num_columns} columns")
    data, got = read("no_columns")
    assert got.num_columns == 0 and got.num_rows == 7, got
    print(f"no_columns: {len(data)} bytes, {got.num_rows} rows")


if __name__ == "__main__":
    sys.exit(main())
