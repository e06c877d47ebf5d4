#!/usr/bin/env python3
"""Write the golden Parquet files and expected.tsv, with pyarrow, Polars and DuckDB.

    python3 make.py            in this folder; needs pyarrow, polars, duckdb

expected.tsv has a line for each column: file, column, dtype, nullable (0/1), rows, nulls, hash. The
hash is the first 16 hex digits of SHA-256 over all rows in order: 0x00 for null, else 0x01 and the
value: bool 1 byte, integers as int64, floats as they are, all little-endian; text with its length as
uint32 in front. It is computed from the values here, not from what a reader says about the file.
"""
import hashlib
import random
import struct

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 150
rng = random.Random(20261122)
expected = []


def ints(lo, hi):
    edge = [lo, hi, 0 if lo <= 0 else lo, 1]
    return edge + [rng.choice((rng.randint(lo, hi), 7, 7)) for _ in range(ROWS - len(edge))]


def floats(code):
    edge = [0.0, -0.0, float("inf"), float("-inf"), 1.5]
    values = edge + [rng.gauss(0, 1000) for _ in range(ROWS - len(edge))]
    return [struct.unpack(code, struct.pack(code, v))[0] for v in values]


def texts():
    words = ["", "a", "user", "Zürich", "東京", "🐈", "x" * 300, "item/prefix/"]
    return [rng.choice(words) + rng.choice(("", str(i), str(i % 5))) for i in range(ROWS)]


def runs(values):
    """Long stretches of one value: dictionary indexes as runs."""
    return [values[i // 40] for i in range(ROWS)]


VALUES = {
    "utf8": texts(), "bool": [rng.random() < 0.5 for _ in range(ROWS)],
    "int8": ints(-2**7, 2**7 - 1), "int16": ints(-2**15, 2**15 - 1),
    "int32": ints(-2**31, 2**31 - 1), "int64": ints(-2**63, 2**63 - 1),
    "uint8": ints(0, 2**8 - 1), "uint16": ints(0, 2**16 - 1),
    "uint32": ints(0, 2**32 - 1), "uint64": ints(0, 2**64 - 1),
    "float32": floats("<f"), "float64": floats("<d"),
}
VALUES_RUNS = {"utf8_runs": ("utf8", runs(VALUES["utf8"])), "int32_runs": ("int32", runs(VALUES["int32"]))}
TYPES = {"utf8": pa.string(), "bool": pa.bool_(), "float32": pa.float32(), "float64": pa.float64()}
TYPES |= {n: getattr(pa, n)() for n in VALUES if "int" in n}


def with_nulls(values, share):
    return [None if rng.random() < share else v for v in values]


def base_columns(nulls):
    """name -> (dtype, nullable, values)"""
    share = {"none": 0.0, "some": 0.2, "most": 0.95, "all": 1.0}[nulls]
    cols = {n: (n, True, with_nulls(v, share)) for n, v in VALUES.items()}
    cols |= {n: (t, True, with_nulls(v, share)) for n, (t, v) in VALUES_RUNS.items()}
    return cols


def required_columns():
    return {n: (n, False, v) for n, v in VALUES.items()}


def bytes_of(dtype, v):
    if v is None:
        return b"\0"
    if dtype == "utf8":
        raw = v.encode()
        return b"\1" + struct.pack("<I", len(raw)) + raw
    if dtype == "bool":
        return b"\1" + bytes([v])
    if dtype.startswith("float"):
        return b"\1" + struct.pack("<f" if dtype == "float32" else "<d", v)
    return b"\1" + (v & 2**64 - 1).to_bytes(8, "little")


def expect(file, cols):
    for name, (dtype, nullable, values) in cols.items():
        digest = hashlib.sha256(b"".join(bytes_of(dtype, v) for v in values)).hexdigest()[:16]
        nulls = sum(v is None for v in values)
        expected.append((file, name, dtype, int(nullable), len(values), nulls, digest))


def table(cols):
    schema = pa.schema([pa.field(n, TYPES[t], nullable) for n, (t, nullable, _) in cols.items()])
    return pa.Table.from_pydict({n: v for n, (_, _, v) in cols.items()}, schema)


def with_pyarrow(name, cols, **options):
    options = {"row_group_size": 64, "data_page_size": 256, "write_batch_size": 16} | options
    file = f"pyarrow_{name}.parquet"
    pq.write_table(table(cols), file, **options)
    expect(file, cols)


def encodings(ints_as, text_as, floats_as, bools_as="PLAIN"):
    def pick(t):
        if t == "utf8":
            return text_as
        if t == "bool":
            return bools_as
        return floats_as if t.startswith("float") else ints_as
    names = list(VALUES) + list(VALUES_RUNS)
    types = list(VALUES) + [t for t, _ in VALUES_RUNS.values()]
    return {n: pick(t) for n, t in zip(names, types)}


def pyarrow_files():
    some = base_columns("some")
    for codec in ("none", "snappy", "gzip", "zstd", "lz4", "brotli"):
        with_pyarrow(f"v1_{codec}", some, compression=codec)
        with_pyarrow(f"v2_{codec}", some, compression=codec, data_page_version="2.0")
    for version in ("1.0", "2.0"):
        v = "v" + version[0]
        with_pyarrow(f"{v}_plain_checksum", some, data_page_version=version, use_dictionary=False,
                     write_page_checksum=True)
        with_pyarrow(f"{v}_fallback", some, data_page_version=version,
                     dictionary_pagesize_limit=128)
        with_pyarrow(f"{v}_required", required_columns(), data_page_version=version)
        for nulls in ("none", "most", "all"):
            with_pyarrow(f"{v}_nulls_{nulls}", base_columns(nulls), data_page_version=version)
        delta = encodings("DELTA_BINARY_PACKED", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT", "RLE")
        with_pyarrow(f"{v}_delta", some, data_page_version=version, use_dictionary=False,
                     column_encoding=delta)
        split = encodings("BYTE_STREAM_SPLIT", "DELTA_LENGTH_BYTE_ARRAY", "PLAIN")
        with_pyarrow(f"{v}_split", some, data_page_version=version, use_dictionary=False,
                     column_encoding=split)
    with_pyarrow("old_format", {n: c for n, c in some.items() if n != "uint32"}, version="1.0")
    with_pyarrow("no_rows", {n: (t, True, []) for n, t in zip(VALUES, VALUES)})
    odd = {"": ("int32", True, [1]), "a.b": ("int32", True, [2]), "naïve \"x\"\n": ("utf8", True, [""])}
    with_pyarrow("odd_names", odd)


def sorted_texts():
    """Every string shares its beginning with the one before."""
    texts = [f"user/{i // 7:04d}/é{i}" for i in range(ROWS)]
    cols = {"path": ("utf8", True, texts), "some": ("utf8", True, with_nulls(texts, 0.3))}
    with_pyarrow("delta_sorted", cols, data_page_size=1 << 20, row_group_size=1000,
                 use_dictionary=False, column_encoding={n: "DELTA_BYTE_ARRAY" for n in cols})


def empty_groups():
    cols = {"k": ("utf8", True, ["a", None, "b"]), "v": ("float32", True, [1.0, 2.0, None])}
    file = "pyarrow_empty_groups.parquet"
    t = table(cols)
    with pq.ParquetWriter(file, t.schema) as w:
        for piece in (t.slice(0, 0), t.slice(0, 2), t.slice(0, 0), t.slice(2), t.slice(0, 0)):
            w.write_table(piece)
    expect(file, cols)


def other_columns():
    t = pa.table({"id": pa.array([1, 2], pa.int32()), "day": pa.array([1, 2], pa.date32()),
                  "raw": pa.array([b"a", b"b"]), "list": pa.array([[1], [2, 3]]),
                  "pair": pa.array([{"x": 1, "y": 2}] * 2), "name": ["a", "b"]})
    pq.write_table(t, "pyarrow_other_types.parquet")
    expect("pyarrow_other_types.parquet", {"id": ("int32", True, [1, 2]), "name": ("utf8", True, ["a", "b"])})
    twice = pa.table([pa.array([1], pa.int32()), pa.array([2], pa.int32())], names=["a", "a"])
    pq.write_table(twice, "pyarrow_same_name.parquet")


def polars_files():
    cols = base_columns("some")
    frame = polars.from_arrow(table(cols))
    for name, options in {"default": {}, "snappy": {"compression": "snappy"},
                          "pages": {"data_page_size": 256, "row_group_size": 64}}.items():
        frame.write_parquet(f"polars_{name}.parquet", **options)
        expect(f"polars_{name}.parquet", cols)


def duckdb_files():
    cols = base_columns("some")
    rows = table(cols)  # found by DuckDB under this name
    assert rows is not None
    for name, options in {"default": "", "v2": ", parquet_version V2", "zstd": ", codec zstd",
                          "v2_gzip": ", parquet_version V2, codec gzip"}.items():
        file = f"duckdb_{name}.parquet"
        duckdb.sql(f"COPY rows TO '{file}' (FORMAT parquet {options})")
        expect(file, cols)


if __name__ == "__main__":
    pyarrow_files()
    empty_groups()
    other_columns()
    polars_files()
    duckdb_files()
    sorted_texts()
    with open("expected.tsv", "w", encoding="utf-8") as out:
        for row in expected:
            cells = [str(c).replace("\\", "\\\\").replace("\n", "\\n") for c in row]
            out.write("\t".join(cells) + "\n")
