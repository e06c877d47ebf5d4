"""Random tables and random Parquet files of them, by four writers and with all their options."""
import decimal

import duckdb
import fastparquet
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

SIZES = [0, 1, 2, 7, 33, 500, 3_000, 20_000, 100_000]
SIZE_WEIGHTS = [3, 4, 4, 10, 20, 40, 15, 5, 1]
WORDS = ["", "a", "user", "Zürich", "東京", "🐈", "x" * 300, "item/prefix/", "item/prefix/long", "\\\"\n"]
ZONES = [None, "UTC", "Europe/Berlin", "+02:00"]


def integers(r, t, n):
    bits = t.bit_width
    low, high = (-2 ** (bits - 1), 2 ** (bits - 1)) if pa.types.is_signed_integer(t) else (0, 2 ** bits)
    if r.random() < 0.4:  # small: dictionaries and narrow deltas
        low, high = max(low, -5), min(high, 100)
    dtype = np.dtype(str(t))
    return pa.array(r.integers(low, high - 1, n, dtype=dtype, endpoint=True), t)


def floats(r, t, n):
    values = r.normal(0, 1000, n)
    odd = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.5])
    where = r.random(n) < 0.1
    values[where] = odd[r.integers(0, len(odd), where.sum())]
    if r.random() < 0.3:
        values = values.round()
    with np.errstate(over="ignore"):
        return pa.array(values.astype({16: np.float16, 32: np.float32, 64: np.float64}[t.bit_width]), t)


def texts(r, t, n):
    n_words = int(r.choice([1, 3, 50, 5000]))
    pool = [WORDS[r.integers(len(WORDS))] + (str(int(r.integers(10 ** 6))) if r.random() < 0.9 else "")
            for _ in range(n_words)]
    if r.random() < 0.3:
        pool.sort()
    index = r.integers(0, n_words, n)
    if r.random() < 0.2:
        index.sort()
    return pa.array([p.encode() if pa.types.is_binary(t) else p for p in pool], t).take(pa.array(index))


def fixed(r, t, n):
    width = t.byte_width
    data = r.integers(0, 256 if r.random() < 0.7 else 2, n * width, dtype=np.uint8)
    return pa.Array.from_buffers(t, n, [None, pa.py_buffer(data.tobytes())])


def decimals(r, t, n):
    digits = int(r.integers(1, t.precision + 1))
    with decimal.localcontext(prec=80):
        pool = [decimal.Decimal(int(r.integers(-9, 10)) * 10 ** (digits - 1) + (i if digits > 3 else 0)).scaleb(-t.scale)
                for i in range(40)]
    return pa.array(pool, t).take(pa.array(r.integers(0, len(pool), n)))


def counted(r, t, n):
    """Dates and times: numbers of some unit."""
    if pa.types.is_date(t):
        return pa.array(r.integers(-10 ** 5, 10 ** 5, n, dtype=np.int32)).view(t)
    if pa.types.is_time(t):
        per_day = {"s": 1, "ms": 10 ** 3, "us": 10 ** 6, "ns": 10 ** 9}[t.unit] * 86400
        dtype = np.int32 if t.bit_width == 32 else np.int64
        return pa.array(r.integers(0, per_day, n, dtype=dtype)).view(t)
    step = {"s": 10 ** 9, "ms": 10 ** 6, "us": 10 ** 3, "ns": 1}[t.unit]
    values = r.integers(-9 * 10 ** 18 // step, 9 * 10 ** 18 // step, n, dtype=np.int64)
    if r.random() < 0.5:
        values = 1_700_000_000 * (10 ** 9 // step) + np.cumsum(r.integers(0, 1000, n, dtype=np.int64))
    return pa.array(values).view(t)


def lists(r, t, n):
    size = t.list_size if pa.types.is_fixed_size_list(t) else None
    lengths = np.full(n, size) if size else r.integers(0, int(r.choice([1, 4, 30])) + 1, n)
    total = int(lengths.sum())
    elements = column(r, t.value_type, total, 0.0 if size and r.random() < 0.7 else r.choice([0, 0.2]))
    if size:
        mask = pa.array(r.random(n) < 0.1) if r.random() < 0.5 else None
        return pa.FixedSizeListArray.from_arrays(elements, size, mask=mask)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), elements)


def column(r, t, n, null_share):
    if pa.types.is_boolean(t):
        a = pa.array(r.random(n) < r.random())
    elif pa.types.is_integer(t):
        a = integers(r, t, n)
    elif pa.types.is_floating(t):
        a = floats(r, t, n)
    elif pa.types.is_fixed_size_binary(t) and not pa.types.is_decimal(t):
        a = fixed(r, t, n)
    elif pa.types.is_decimal(t):
        a = decimals(r, t, n)
    elif pa.types.is_string(t) or pa.types.is_binary(t):
        a = texts(r, t, n)
    elif pa.types.is_list(t) or pa.types.is_fixed_size_list(t):
        a = lists(r, t, n)
    else:
        a = counted(r, t, n)
    if null_share and not pa.types.is_fixed_size_list(t):
        keep = r.random(n) >= null_share
        a = a.take(pa.array(np.arange(n), mask=~keep))
    return a


def flat_type(r, of):
    kind = r.choice(of)
    unit = str(r.choice(["s", "ms", "us", "ns"]))
    if kind == "timestamp":
        return pa.timestamp(unit, ZONES[r.integers(len(ZONES))])
    if kind == "duration":
        return pa.duration(unit)
    if kind == "time":
        return [pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")][r.integers(4)]
    if kind in ("decimal128", "decimal256"):
        most = 38 if kind == "decimal128" else 76
        precision = int(r.integers(1, most + 1))
        return getattr(pa, kind)(precision, int(r.integers(0, precision + 1)))
    if kind == "fixed":
        return pa.binary(int(r.choice([1, 2, 4, 8, 12, 16, 37])))
    if kind == "date":
        return pa.date32()
    return getattr(pa, kind)()


NUMBERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]
COMMON = NUMBERS + ["bool_", "string", "binary", "date", "timestamp"]
ALL = COMMON + ["float16", "time", "decimal128", "decimal256", "fixed", "duration"]


def any_type(r):
    if r.random() < 0.2:
        t = flat_type(r, NUMBERS + ["string", "timestamp", "bool_", "binary", "date", "float16", "decimal128"])
        fixed_width = not (pa.types.is_string(t) or pa.types.is_binary(t))
        return pa.list_(t, int(r.integers(1, 9))) if fixed_width and r.random() < 0.3 else pa.list_(t)
    return flat_type(r, ALL)


def table(r, make_type, most_rows):
    n = min(int(r.choice(SIZES, p=np.array(SIZE_WEIGHTS) / sum(SIZE_WEIGHTS))), most_rows)
    n_columns = int(r.integers(1, 7 if n < 20_000 else 4))
    fields, arrays = [], []
    for i in range(n_columns):
        t = make_type(r)
        null_share = float(r.choice([0, 0, 0.05, 0.5, 1]))
        a = column(r, t, n, null_share)
        fields.append(pa.field(f"c{i}", t, nullable=a.null_count > 0 or r.random() < 0.6))
        arrays.append(a)
    return pa.table(arrays, schema=pa.schema(fields))


# ------------------------------------------------- writers: what was done, and the table as it was written

def legal_encodings(t):
    """Of the physical type that pyarrow stores."""
    if pa.types.is_boolean(t):
        return ["PLAIN", "RLE"]
    if pa.types.is_string(t) or pa.types.is_binary(t):
        return ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"]
    if pa.types.is_fixed_size_binary(t) or pa.types.is_decimal(t) or t == pa.float16():
        return ["PLAIN", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"]
    if pa.types.is_floating(t):
        return ["PLAIN", "BYTE_STREAM_SPLIT"]
    return ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]


def leaf_path(f, compliant=True):
    """Name and type of what is stored."""
    if pa.types.is_list(f.type) or pa.types.is_fixed_size_list(f.type):
        return f"{f.name}.list.{'element' if compliant else 'item'}", f.type.value_type
    return f.name, f.type


def one(r, *choices):
    return choices[int(r.integers(len(choices)))]


def write_pyarrow(r, path, most_rows):
    t = table(r, any_type, most_rows)
    # pyarrow reads INT96 without the zone that it wrote, arrow-rs and Murr with it
    has_zones = any(pa.types.is_timestamp(leaf) and leaf.tz for _, leaf in map(leaf_path, t.schema))
    compliant = one(r, True, True, False)
    options = dict(
        compression=one(r, "none", "snappy", "gzip", "brotli", "lz4", "zstd"),
        data_page_version=one(r, "1.0", "2.0"), version=one(r, "1.0", "2.4", "2.6"),
        row_group_size=max(1, int(r.choice([max(t.num_rows // 4, 50), 100, 10 ** 6]))),
        data_page_size=int(r.choice([64, 1000, 2 ** 20])) if t.num_rows < 5000 else 2 ** 16,
        dictionary_pagesize_limit=int(r.choice([100, 2 ** 20])),
        allow_truncated_timestamps=True, write_statistics=one(r, True, False), write_page_index=one(r, True, False),
        write_page_checksum=one(r, True, False), store_schema=one(r, True, True, False),
        use_deprecated_int96_timestamps=one(r, False, False, False, True) and not has_zones,
        write_batch_size=int(r.choice([10, 1024])) if t.num_rows < 5000 else 1024,
        use_compliant_nested_type=compliant, store_decimal_as_integer=one(r, False, True),
        write_time_adjusted_to_utc=one(r, False, True), max_rows_per_page=one(r, None, 7 if t.num_rows < 1000 else 5000, 20_000),
        use_content_defined_chunking=one(r, False, False, True), flavor=None if has_zones else one(r, None, None, "spark"),
    )
    if r.random() < 0.3:
        codecs = {leaf_path(f, compliant)[0]: one(r, "none", "snappy", "gzip", "brotli", "lz4", "zstd") for f in t.schema}
        options["compression"] = codecs
    elif options["compression"] in ("gzip", "brotli", "zstd"):
        options["compression_level"] = one(r, None, 1, 9)
    if t.num_rows and not pa.types.is_nested(t.schema[0].type) and t.schema[0].type != pa.bool_():
        options["bloom_filter_options"] = one(r, None, None, {"c0": {"ndv": 1000}})
    if not options["use_deprecated_int96_timestamps"]:
        options["coerce_timestamps"] = one(r, "ms", "us", *[None] * (2 if options["version"] == "2.6" else 0))
    kind = r.integers(3)
    if kind == 0:
        options["use_dictionary"] = one(r, True, [leaf_path(t.schema[0], compliant)[0]])
        options["use_byte_stream_split"] = False
    elif kind == 2 and r.random() < 0.3 and all(pa.types.is_floating(f.type) for f in t.schema):
        options["use_dictionary"], options["use_byte_stream_split"] = False, True
    else:
        options["use_dictionary"] = False
        if kind == 1:
            options["column_encoding"], options["store_decimal_as_integer"] = {}, False
            for f in t.schema:
                name, leaf = leaf_path(f, compliant)
                if options["use_deprecated_int96_timestamps"] and pa.types.is_timestamp(leaf):
                    continue
                options["column_encoding"][name] = one(r, *legal_encodings(leaf))
    pq.write_table(t, path, **options)
    return f"pyarrow {options} {t.schema}", t


def write_duckdb(r, path, most_rows):
    def make_type(r):
        while True:
            t = flat_type(r, COMMON + ["decimal128", "time"])
            if not (pa.types.is_timestamp(t) and t.tz not in (None, "UTC")) and t not in (pa.time32("s"), pa.time64("ns")):
                return t
    t = table(r, make_type, most_rows)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.register("t", t)
    options = [f"COMPRESSION {one(r, 'uncompressed', 'snappy', 'gzip', 'zstd', 'brotli', 'lz4_raw')}",
               f"PARQUET_VERSION {one(r, 'V1', 'V2')}", f"WRITE_BLOOM_FILTER {one(r, 'true', 'false')}"]
    if r.random() < 0.2:
        options.append("FIELD_IDS 'auto'")
    if r.random() < 0.3:
        options.append(f"DICTIONARY_SIZE_LIMIT {int(r.choice([1, 10, 10**6]))}")
    if r.random() < 0.5:
        options.append(f"ROW_GROUP_SIZE {int(r.choice([2048, 10 ** 5]))}")
    if r.random() < 0.3:
        options.append(f"STRING_DICTIONARY_PAGE_SIZE_LIMIT {int(r.choice([100, 10 ** 6]))}")
    con.execute(f"COPY t TO '{path}' (FORMAT parquet, {', '.join(options)})")
    con.close()
    return f"duckdb {options} {t.schema}", t


def write_polars(r, path, most_rows):
    t = table(r, lambda r: flat_type(r, COMMON) if r.random() < 0.8 else pa.list_(flat_type(r, NUMBERS)),
              most_rows)
    t = t.cast(pa.schema([f.with_type(pa.timestamp("us", f.type.tz)) if pa.types.is_timestamp(f.type)
                          and f.type.unit == "s" else f for f in t.schema]), safe=False)
    options = dict(compression=one(r, "uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4"),
                   statistics=one(r, True, False), row_group_size=int(r.choice([100, 10 ** 5])),
                   data_page_size=int(r.choice([1000, 2 ** 20])) if t.num_rows < 5000 else 2 ** 20)
    if options["compression"] in ("gzip", "zstd", "brotli"):
        options["compression_level"] = one(r, None, 1, 6)
    df = pl.from_arrow(t)
    if r.random() < 0.3:
        df = df.with_columns(pl.col(pl.String).cast(pl.Categorical))
    df.write_parquet(path, **options)
    return f"polars {options} {t.schema}", t


def write_fastparquet(r, path, most_rows):
    t = table(r, lambda r: flat_type(r, NUMBERS + ["bool_", "string", "binary", "timestamp"]), max(most_rows, 1))
    t = t.cast(pa.schema([f.with_type(pa.timestamp("ns")) if pa.types.is_timestamp(f.type) else f
                          for f in t.schema]), safe=False)
    df = t.to_pandas()
    for f in t.schema:
        if pa.types.is_string(f.type) or pa.types.is_binary(f.type):
            df[f.name] = pd.Series(t[f.name].to_pylist(), dtype=object)
    encodings = {f.name: {"string": "utf8", "binary": "bytes"}.get(str(f.type), "bool") for f in t.schema
                 if df[f.name].dtype == object}
    options = dict(compression=one(r, None, "SNAPPY", "GZIP", "ZSTD", "BROTLI", "LZ4"), times=one(r, "int64", "int96"),
                   row_group_offsets=int(r.choice([100, 10 ** 6])), has_nulls=True, stats=one(r, True, False))
    for f in t.schema:
        if pa.types.is_string(f.type) and t[f.name].null_count < t.num_rows and r.random() < 0.5:
            df[f.name] = df[f.name].astype("category")  # a dictionary
            encodings.pop(f.name)
    fastparquet.writer.DATAPAGE_VERSION = int(r.integers(1, 3))
    fastparquet.writer.MAX_PAGE_SIZE = int(r.choice([5000, 500 * 2**20])) if t.num_rows < 5000 else 500 * 2**20
    fastparquet.write(str(path), df, object_encoding=encodings or "infer", write_index=False, **options)
    return f"fastparquet {options} {t.schema}", t


WRITERS = [write_pyarrow, write_pyarrow, write_pyarrow, write_duckdb, write_polars, write_fastparquet]
