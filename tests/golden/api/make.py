#!/usr/bin/env python3
"""Write the two small tables of tests/unit/api/http/test_api.c, and keys as the published client sends them:  python3 tests/golden/api/make.py"""
import pathlib

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent

features = pa.table({
    "id": pa.array(["a", "b", "\u00fc/x", ""], pa.string()),
    "text": pa.array(["one \"1\"", None, "\U0001f600", ""], pa.string()),
    "flag": pa.array([True, False, None, True], pa.bool_()),
    "i8": pa.array([-128, 127, None, 0], pa.int8()),
    "i16": pa.array([-32768, 32767, None, 0], pa.int16()),
    "i32": pa.array([-2147483648, 2147483647, None, 0], pa.int32()),
    "i64": pa.array([-2**63, 2**63 - 1, None, 0], pa.int64()),
    "u8": pa.array([0, 255, None, 1], pa.uint8()),
    "u16": pa.array([0, 65535, None, 1], pa.uint16()),
    "u32": pa.array([0, 4294967295, None, 1], pa.uint32()),
    "u64": pa.array([0, 2**64 - 1, None, 1], pa.uint64()),
    "f32": pa.array([0.1, float("nan"), None, -0.0], pa.float32()),
    "f64": pa.array([0.1, float("inf"), None, 1e300], pa.float64()),
})
flights = pa.table({
    "carrier": pa.array(["UA", "UA", "AA"], pa.string()),
    "flight": pa.array([1545, 1714, 1545], pa.int32()),
    "delay": pa.array([2.5, None, -1.0], pa.float64()),
})
pq.write_table(features, HERE / "features.parquet")
pq.write_table(flights, HERE / "flights.parquet")

for name, columns in (("keys.arrows", b'["i32", "text"]'), ("keys_alone.arrows", b"[]")):
    keys = pa.table({"id": ["b", "nobody", "a", "b"]}).replace_schema_metadata({"columns": columns})
    with pa.ipc.new_stream(HERE / name, keys.schema) as writer:
        writer.write_table(keys)
