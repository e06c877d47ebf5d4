#!/usr/bin/env python3
"""Arrow streams as pyarrow and Polars write them, in every layout of every type, and what is in them: for each
stream a .txt with a line "# name: type" a column, then a line a row: hex of the value as Murr holds it, "-" for
null, lists in brackets. Columns that Murr does not read have no rows.

    build/venv/bin/python tests/golden/arrow/make.py
"""
import datetime
import decimal
import io
import pathlib
import struct

import polars as pl
import pyarrow as pa

OUT = pathlib.Path(__file__).parent / "streams"
INT = {pa.int8(): "b", pa.int16(): "h", pa.int32(): "i", pa.int64(): "q",
       pa.uint8(): "B", pa.uint16(): "H", pa.uint32(): "I", pa.uint64(): "Q"}
FLOAT = {pa.float16(): "e", pa.float32(): "f", pa.float64(): "d"}
N = 20


# ------------------------------------------------------------------------------------------- what is in them

def is_list(t):
    return (pa.types.is_list(t) or pa.types.is_large_list(t) or pa.types.is_list_view(t)
            or pa.types.is_large_list_view(t) or pa.types.is_fixed_size_list(t))


def plain(t):
    """The type as Murr has it, as an Arrow type."""
    if pa.types.is_dictionary(t) or pa.types.is_run_end_encoded(t):
        return plain(t.value_type)
    if is_list(t):
        of = plain(t.value_type)
        is_fixed = pa.types.is_fixed_size_list(t) and t.list_size and of not in (pa.string(), pa.binary())
        return pa.list_(of, t.list_size) if is_fixed else pa.list_(of)
    if pa.types.is_large_string(t) or pa.types.is_string_view(t):
        return pa.string()
    if pa.types.is_large_binary(t) or pa.types.is_binary_view(t):
        return pa.binary()
    if pa.types.is_decimal32(t) or pa.types.is_decimal64(t):
        return pa.decimal128(t.precision, t.scale)
    return pa.date32() if pa.types.is_date64(t) else t


def name_of(t):
    if is_list(t):
        size = f"[{t.list_size}]" if pa.types.is_fixed_size_list(t) else ""
        return f"list<{name_of(t.value_type)}>{size}"
    if pa.types.is_fixed_size_binary(t):
        return f"fixed_binary[{t.byte_width}]"
    names = {"string": "utf8", "halffloat": "float16", "float": "float32", "double": "float64", "date32[day]": "date32"}
    return names.get(str(t), str(t))


def cells(array):
    t = array.type
    if pa.types.is_dictionary(t):
        values = cells(array.dictionary)
        return [None if i is None else values[i] for i in array.indices.to_pylist()]
    if pa.types.is_run_end_encoded(t):
        values, ends = cells(array.values), array.run_ends.to_pylist()
        return [values[sum(e <= i for e in ends)] for i in range(array.offset, array.offset + len(array))]
    if is_list(t):
        return [None if not v.is_valid else "[" + ",".join("-" if c is None else c for c in cells(v.values)) + "]" for v in array]
    p = plain(t)
    if p in INT or p in FLOAT:
        return [None if v is None else struct.pack("<" + (INT.get(p) or FLOAT[p]), v).hex() for v in array.to_pylist()]
    if pa.types.is_temporal(p):
        whole = array.cast(p).cast(pa.int32() if p.bit_width == 32 else pa.int64())
        return cells(whole)
    if pa.types.is_decimal(p):
        return [None if v is None else int(v.scaleb(t.scale, decimal.Context(prec=100))).to_bytes(p.byte_width, "little", signed=True).hex()
                for v in array.to_pylist()]
    if pa.types.is_boolean(p):
        return [None if v is None else f"{v:02x}" for v in array.to_pylist()]
    if pa.types.is_null(p):
        return [None] * len(array)
    return [None if v is None else (v.encode() if isinstance(v, str) else v).hex() for v in array.to_pylist()]


def describe(table, unsupported):
    lines = []
    for name, column in zip(table.column_names, table.columns):
        if name in unsupported:
            lines.append(f"# {name}: {unsupported[name]}, not read")
            continue
        lines.append(f"# {name}: {name_of(plain(column.type))}")
        for chunk in column.chunks:
            lines += [c if c is not None else "-" for c in cells(chunk)]
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------------------ the streams

def save(name, data, table=None, unsupported=()):
    table = table if table is not None else pa.ipc.open_stream(data).read_all()
    table.validate(full=True)
    (OUT / f"{name}.arrows").write_bytes(data)
    (OUT / f"{name}.txt").write_text(describe(table, dict(unsupported)))


def stream(table, chunk=None, **options):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as w:
        w.write_table(table, max_chunksize=chunk)
    return sink.getvalue()


def some(make):
    """N values, every fourth of them null."""
    return [None if i % 4 == 2 else make(i) for i in range(N)]


D = decimal.Decimal
DAY = datetime.date(1969, 12, 25)
TEXT = ["", "b", "zwölf Byte.", "twelve bytes", "thirteen byte", "ein längerer Text mit Umlauten", "\U0001f600"]
SCALARS = {
    **{str(t): pa.array(some(lambda i, b=t.bit_width, s=str(t)[0]: (i * 37 if s == "u" else i * 7 - 60) % 2**(b - 1) - (0 if s == "u" else 2**(b - 2))), t) for t in INT},
    "float16": pa.array(some(lambda i: i / 8 - 1), pa.float16()),
    "float32": pa.array(some(lambda i: i / 3), pa.float32()),
    "float64": pa.array(some(lambda i: i / 3 if i else float("nan"))),
    "bool": pa.array(some(lambda i: i % 3 == 0)),
    "date32": pa.array(some(lambda i: DAY + datetime.timedelta(i)), pa.date32()),
    "date64": pa.array(some(lambda i: DAY + datetime.timedelta(i)), pa.date64()),
    **{f"timestamp_{u}": pa.array(some(lambda i: i * 1001 - 5000), pa.timestamp(u)) for u in ("s", "ms", "us", "ns")},
    "timestamp_zone": pa.array(some(lambda i: i), pa.timestamp("us", "Europe/Berlin")),
    "time32_s": pa.array(some(lambda i: i), pa.time32("s")), "time32_ms": pa.array(some(lambda i: i), pa.time32("ms")),
    "time64_us": pa.array(some(lambda i: i), pa.time64("us")), "time64_ns": pa.array(some(lambda i: i), pa.time64("ns")),
    **{f"duration_{u}": pa.array(some(lambda i: 7 - i), pa.duration(u)) for u in ("s", "ms", "us", "ns")},
    "decimal32": pa.array(some(lambda i: D(i - 9) / 100), pa.decimal32(9, 2)),
    "decimal64": pa.array(some(lambda i: D(i - 9) * 10**12), pa.decimal64(18, 0)),
    "decimal128": pa.array(some(lambda i: D(i - 9) * 10**30), pa.decimal128(38, 3)),
    "decimal256": pa.array(some(lambda i: D(i - 9) * 10**60), pa.decimal256(76, 4)),
    "fixed_binary": pa.array(some(lambda i: bytes([i, 255, 0])), pa.binary(3)),
    "required": pa.array(range(N), pa.int32()),
    "null": pa.nulls(N),
}
TEXTS = {
    **{str(t): pa.array(some(lambda i: TEXT[i % 7]), t) for t in (pa.string(), pa.large_string(), pa.string_view())},
    **{str(t): pa.array(some(lambda i: b"\xff\x00" * i), t) for t in (pa.binary(), pa.large_binary(), pa.binary_view())},
    "all_null": pa.array([None] * N, pa.string()),
    "required": pa.array(TEXT[:5] * 4),
}


def lists_of(of, make):
    return {f"list {of}": pa.array(some(lambda i: [None if k == 2 else make(k) for k in range(i % 5)]), pa.list_(of))}


LISTS = {
    **lists_of(pa.int8(), lambda k: k), **lists_of(pa.float64(), lambda k: k / 3), **lists_of(pa.bool_(), lambda k: k == 1),
    **lists_of(pa.string(), lambda k: TEXT[k]), **lists_of(pa.string_view(), lambda k: TEXT[k + 2]),
    **lists_of(pa.large_binary(), lambda k: b"\xff" * k), **lists_of(pa.date32(), lambda k: DAY),
    **lists_of(pa.timestamp("ms", "UTC"), lambda k: k), **lists_of(pa.decimal128(5, 1), lambda k: D(k)),
    **lists_of(pa.binary(2), lambda k: b"ab"), **lists_of(pa.decimal32(5, 1), lambda k: D(-k)),
    "large": pa.array(some(lambda i: list(range(i % 9))), pa.large_list(pa.int32())),
    "view": pa.array(some(lambda i: list(range(i % 9))), pa.list_view(pa.int32())),
    "large_view": pa.array(some(lambda i: [TEXT[1]] * (i % 3)), pa.large_list_view(pa.string())),
    "overlapping": pa.ListViewArray.from_arrays(pa.array([3, 0] * 10, pa.int32()), pa.array([1, 4] * 10, pa.int32()), pa.array(range(4), pa.int16())),
    "fixed": pa.array(some(lambda i: [i, i / 2, 0]), pa.list_(pa.float32(), 3)),
    "fixed_nulls": pa.array(some(lambda i: [i, None]), pa.list_(pa.int64(), 2)),
    "fixed_text": pa.array(some(lambda i: ["a", None]), pa.list_(pa.string(), 2)),
    "required": pa.array([[i] * (i % 3) for i in range(N)], pa.list_(pa.uint8())),
}


def encoded(t):
    return pa.array(some(lambda i: TEXT[i * 5 % 7]), pa.dictionary(t, pa.string()))


DICTIONARIES = {
    **{f"by {t}": encoded(t) for t in INT},
    "numbers": pa.array(some(lambda i: i % 3)).dictionary_encode(),
    "views": pa.DictionaryArray.from_arrays(pa.array(some(lambda i: i % 7), pa.int8()), pa.array(TEXT, pa.string_view())),
    "null_values": pa.DictionaryArray.from_arrays(pa.array(some(lambda i: i % 3), pa.int8()), pa.array(["a", None, "c"])),
    "lists": pa.DictionaryArray.from_arrays(pa.array(some(lambda i: i % 3), pa.int8()), pa.array([[1], None, [None, 3]])),
    "inside": pa.array(some(lambda i: [TEXT[k % 7] for k in range(i % 4)]), pa.list_(pa.dictionary(pa.int16(), pa.string()))),
}
RUNS = {
    **{f"{n} {e}": pa.RunEndEncodedArray.from_arrays(pa.array([3, 4, 11, 20], e), v) for e in (pa.int16(), pa.int32(), pa.int64())
       for n, v in {"text": pa.array(["a", None, "", "a text of some length"]), "int": pa.array([1, 2, None, 4]),
                    "list": pa.array([[1], None, [], [2, None]]), "dictionary": pa.array(["x", "y", None, "x"]).dictionary_encode()}.items()},
}
OTHERS = {
    "a": pa.array(range(N)), "struct": pa.array([{"x": i, "y": ["a"], "z": {"w": None}} for i in range(N)]),
    "b": pa.array(TEXT[:5] * 4), "map": pa.array([[("k", i)] for i in range(N)], pa.map_(pa.string(), pa.int8())),
    "c": pa.array([True] * N), "dense": pa.UnionArray.from_dense(pa.array([0, 1] * 10, pa.int8()), pa.array([i // 2 for i in range(N)], pa.int32()),
                                                                 [pa.array(range(10)), pa.array(["x"] * 10)]),
    "d": pa.array(TEXT[:5] * 4, pa.string_view()), "sparse": pa.UnionArray.from_sparse(pa.array([0, 1] * 10, pa.int8()), [pa.array(range(N)), pa.array(TEXT[:5] * 4, pa.string_view())]),
    "e": pa.array([[i] for i in range(N)]), "interval": pa.array([(1, 2, 3)] * N, pa.month_day_nano_interval()),
    "nested": pa.array([[[1], None]] * N), "views": pa.array([{"v": "x" * i} for i in range(N)], pa.struct([("v", pa.string_view())])),
    "structs": pa.array([[{"x": 1}]] * N),
    "f": pa.array(range(N), pa.int8()), "zone": pa.array(range(N), pa.timestamp("s", "a zone")),
}
NOT_READ = {"struct": "struct", "map": "map", "dense": "union", "sparse": "union", "interval": "interval",
            "nested": "list<list<int64>>", "views": "struct", "structs": "list<struct>", "zone": "timestamp of time zone \"a zone\""}


def replaced_dictionaries():
    """Each batch with a dictionary of its own: the later ones replace."""
    sink = io.BytesIO()
    t = pa.dictionary(pa.int8(), pa.string())
    batches = [pa.record_batch({"d": pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int8()), pa.array(values))})
               for values in (["a", "b"], ["c", "d"], ["e", "f", "g"])]
    with pa.ipc.new_stream(sink, pa.schema([("d", t)])) as w:
        for b in batches:
            w.write_batch(b)
    return sink.getvalue(), pa.Table.from_batches(batches)


def grown_dictionaries():
    sink = io.BytesIO()
    batches = [pa.record_batch({"d": pa.DictionaryArray.from_arrays(pa.array([len(values) - 1, 0, None], pa.int8()), pa.array(values))})
               for values in (["a"], ["a", "b", "c"], ["a", "b", "c", "d"])]
    with pa.ipc.new_stream(sink, batches[0].schema, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)) as w:
        for b in batches:
            w.write_batch(b)
    return sink.getvalue(), pa.Table.from_batches(batches)


def polars_frame():
    return pl.DataFrame({
        "text": [TEXT[i % 7] if i % 4 else None for i in range(N)], "int": [i if i % 3 else None for i in range(N)],
        "bool": [i % 2 == 0 for i in range(N)], "list": [[float(i)] * (i % 3) if i % 5 else None for i in range(N)],
        "words": [["a", None] if i % 2 else [] for i in range(N)], "bytes": [b"\xff" * i for i in range(N)],
    }).with_columns(
        pl.col("text").cast(pl.Categorical).alias("category"), pl.col("int").cast(pl.Date).alias("date"),
        pl.col("text").cast(pl.Enum(TEXT)).alias("enum"), pl.col("int").cast(pl.Time).alias("time"),
        pl.col("int").cast(pl.Datetime("ms", "UTC")).alias("when"), pl.col("int").cast(pl.Duration("us")).alias("long"),
        pl.col("int").cast(pl.Decimal(10, 2)).alias("money"), pl.col("int").cast(pl.Int8).alias("small"),
        pl.concat_list(pl.col("int"), pl.col("int")).cast(pl.Array(pl.Int64, 2)).alias("array"), pl.lit(None).alias("null"))


def main():
    for old in OUT.glob("*"):
        old.unlink()
    OUT.mkdir(exist_ok=True)
    for name, columns in {"scalars": SCALARS, "texts": TEXTS, "lists": LISTS, "dictionaries": DICTIONARIES, "runs": RUNS}.items():
        table = pa.table(columns)
        save(name, stream(table), table)
        save(f"{name}_sliced", stream(table.slice(3, 13)), table.slice(3, 13))
        save(f"{name}_zstd", stream(table, 7, compression="zstd"), table)
        if name != "runs":
            save(f"{name}_lz4", stream(table, compression="lz4"), table)
        save(f"{name}_no_rows", stream(table.slice(0, 0), 1), table.slice(0, 0))
    others = pa.table(OTHERS).replace_schema_metadata({"before": "", "columns": "a,b", "behind": "x"})
    for name, options in {"others": {}, "others_lz4": {"compression": "lz4"},
                          "others_v4": {"metadata_version": pa.ipc.MetadataVersion.V4}}.items():
        table = others.drop_columns(["dense", "sparse"]) if name == "others_v4" else others  # pyarrow has no unions there
        save(name, stream(table, 11, **options), table, NOT_READ)
    table = pa.table({**SCALARS, **TEXTS})
    save("old_v4", stream(table, metadata_version=pa.ipc.MetadataVersion.V4, use_legacy_format=True), table)
    save("dictionaries_replaced", *replaced_dictionaries())
    save("dictionaries_grown", *grown_dictionaries())
    save("no_columns", stream(pa.table({})))
    for compression in ("uncompressed", "lz4", "zstd"):
        sink = io.BytesIO()
        polars_frame().write_ipc_stream(sink, compression=compression)
        save(f"polars_{compression}", sink.getvalue())
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, pa.table(SCALARS).schema) as w:
        w.write_table(pa.table(SCALARS), max_chunksize=9)
    save("file", sink.getvalue(), pa.table(SCALARS))


if __name__ == "__main__":
    main()
