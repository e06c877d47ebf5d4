"""What is fetched is what pandas computes from the same Parquet files."""
import math
import string

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Server, local, publish

DTYPES = {
    "utf8": pa.string(), "bool": pa.bool_(),
    "int8": pa.int8(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(),
    "uint8": pa.uint8(), "uint16": pa.uint16(), "uint32": pa.uint32(), "uint64": pa.uint64(),
    "float32": pa.float32(), "float64": pa.float64(),
}
ALPHABET = string.ascii_letters + "0123456789 _-äßñ漢字🙂\"\\\n\t"


def random_text(rng, longest=30):
    return "".join(rng.choices(ALPHABET, k=rng.randrange(longest)))


def random_value(rng, dtype):
    if dtype == "utf8":
        return random_text(rng)
    if dtype == "bool":
        return rng.random() < 0.5
    if dtype.startswith("float"):
        value = rng.choice([rng.gauss(0, 1e3), 0.0, -0.0, math.nan, math.inf, -math.inf, 1e-30, 0.1])
        return float(np.float32(value)) if dtype == "float32" else value
    bits = int(dtype.lstrip("uint"))
    low, high = (0, 2**bits - 1) if dtype[0] == "u" else (-2**(bits - 1), 2**(bits - 1) - 1)
    return rng.choice([low, high, 0, 1, rng.randint(low, high)])


def random_table(rng, n_rows, key_dtypes):
    """Key columns k0.., a column of every dtype with and without nulls. Some keys repeat."""
    pools = [[random_value(rng, t) for _ in range(n_rows)] for t in key_dtypes]
    columns, fields = [], []
    for i, (t, pool) in enumerate(zip(key_dtypes, pools)):
        columns.append(pa.array(rng.choices(pool, k=n_rows), DTYPES[t]))
        fields.append(pa.field(f"k{i}", DTYPES[t], nullable=False))
    for name, arrow in DTYPES.items():
        values = [random_value(rng, name) for _ in range(n_rows)]
        columns.append(pa.array(values, arrow))
        fields.append(pa.field(f"c_{name}", arrow, nullable=False))
        columns.append(pa.array([None if rng.random() < 0.3 else v for v in values], arrow))
        fields.append(pa.field(f"n_{name}", arrow))
    columns.append(pa.nulls(n_rows, pa.float32()))
    fields.append(pa.field("all_null", pa.float32()))
    return pa.table(columns, pa.schema(fields))


def write_pyarrow(rng, table, path):
    encodings = {}
    if rng.random() < 0.3:
        encodings = {"use_dictionary": False, "column_encoding": {
            "c_int64": "DELTA_BINARY_PACKED", "c_utf8": "DELTA_BYTE_ARRAY",
            "n_utf8": "DELTA_LENGTH_BYTE_ARRAY", "c_float32": "BYTE_STREAM_SPLIT"}}
    pq.write_table(table, path, compression=rng.choice(["snappy", "zstd", "gzip", "none"]),
                   data_page_version=rng.choice(["1.0", "2.0"]),
                   row_group_size=rng.choice([7, 100, 1 << 20]),
                   data_page_size=rng.choice([64, 1000, 1 << 20]),
                   write_page_checksum=rng.random() < 0.5, **encodings)


def write_polars(rng, table, path):
    pl.from_arrow(table).write_parquet(path, compression=rng.choice(["snappy", "zstd", "gzip",
                                                                     "uncompressed"]),
                                       row_group_size=rng.choice([10, 1000, None]))


def write_duckdb(rng, table, path):
    codec = rng.choice(["snappy", "zstd", "gzip", "uncompressed"])
    version = rng.choice(["V1", "V2"])
    con = duckdb.connect()
    con.register("t", table)
    con.execute(f"COPY t TO '{path}' (FORMAT parquet, COMPRESSION {codec}, "
                f"PARQUET_VERSION {version}, ROW_GROUP_SIZE 2048)")
    con.close()


WRITERS = {"pyarrow": write_pyarrow, "polars": write_polars, "duckdb": write_duckdb}


def read_back(path, writer):
    if writer != "duckdb":
        return pq.read_table(path)
    # pyarrow refuses some V2 files of DuckDB ("InitBlock EOF"): let DuckDB read its own.
    with duckdb.connect() as con:
        return con.sql(f"SELECT * FROM read_parquet('{path}')").to_arrow_table()


class Expected:
    """The last row of every key, found through pandas."""

    def __init__(self, folder, n_key, writer):
        files = sorted(folder.glob("*.parquet"))
        table = pa.concat_tables([read_back(f, writer) for f in files], promote_options="permissive")
        # Polars writes text as large_string; we answer with 32-bit offsets.
        self.types = {f.name: pa.string() if f.type == pa.large_string() else f.type
                      for f in table.schema}
        keys = pd.DataFrame({f"k{i}": table[f"k{i}"].to_pylist() for i in range(n_key)})
        keys = keys.drop_duplicates(keep="last")
        self.row_of = {tuple(k): i for i, k in zip(keys.index, keys.itertuples(index=False))}
        self.columns = {name: table[name].to_pylist() for name in table.schema.names}

    def values(self, name, keys):
        rows = [self.row_of.get(k) for k in keys]
        return [None if r is None else self.columns[name][r] for r in rows]


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def as_json(value):
    return None if isinstance(value, float) and not math.isfinite(value) else value


def random_keys(rng, expected, key_dtypes):
    present = list(expected.row_of)
    keys = [rng.choice(present) for _ in range(rng.randrange(60))]
    keys += [tuple(random_value(rng, t) for t in key_dtypes) for _ in range(rng.randrange(10))]
    keys += keys[:5]
    rng.shuffle(keys)
    return keys


@pytest.mark.parametrize("parts", [1, 8])
@pytest.mark.parametrize("layout", ["packed", "columnar"])
@pytest.mark.parametrize("writer", list(WRITERS))
def test_fetched_is_what_pandas_says(tmp_path, rng, writer, layout, parts):
    key_dtypes = rng.choice([["utf8"], ["int64"], ["int32"], ["uint64"], ["int8"], ["uint16"],
                             ["utf8", "int32", "utf8"], ["int64", "int16"], ["utf8", "uint8"]])
    source = tmp_path / "source"
    folder = source / "2026-11-22"
    folder.mkdir(parents=True)
    for i in range(3):
        WRITERS[writer](rng, random_table(rng, rng.choice([1, 50, 700]), key_dtypes),
                        folder / f"{i}.parquet")
    (folder / "_SUCCESS").touch()
    expected = Expected(folder, len(key_dtypes), writer)
    key = [f"k{i}" for i in range(len(key_dtypes))]
    names = [n for n in expected.columns if n not in key]
    storage = rng.choice(["memory", "mmap", "disk"])
    with Server(tmp_path, {"t": local(source, key, layout=layout, parts=parts, storage=storage)}) as murr:
        murr.wait_loaded("t")
        assert murr.status("t")["rows"] == len(expected.row_of)
        for _ in range(12):
            keys = random_keys(rng, expected, key_dtypes)
            body_keys = [k[0] if len(k) == 1 else list(k) for k in keys]
            chosen = rng.sample(names + key, rng.randint(1, len(names)))
            got = murr.fetch_arrow("t", body_keys, chosen)
            assert got.schema.names == chosen and got.num_rows == len(keys)
            as_list = murr.fetch_json("t", body_keys, chosen)
            as_map = murr.fetch_json("t", body_keys, chosen, api=True)
            for name in chosen:
                want = expected.values(name, keys)
                assert got.schema.field(name).type == expected.types[name], name
                have = got[name].to_pylist()
                assert all(map(same, have, want)), (name, list(zip(keys, have, want)))
                plain = [as_json(v) for v in want]
                if str(expected.types[name]) == "float":
                    for json_values in (as_list[name], as_map[name]):
                        json_values[:] = [None if v is None else float(np.float32(v)) for v in json_values]
                assert as_list[name] == plain and as_map[name] == plain, name
        everything = murr.fetch_arrow("t", [body_keys[0]] if body_keys else [])
        assert everything.schema.names == names


def test_no_keys_give_no_rows(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-22", [pa.table({"id": ["a"], "v": [1.5], "s": ["x"]})])
    with Server(tmp_path, {"t": local(source, ["id"])}) as murr:
        murr.wait_loaded("t")
        got = murr.fetch_arrow("t", [])
        assert got.num_rows == 0 and got.schema.names == ["v", "s"]
        assert murr.fetch_json("t", []) == {"v": [], "s": []}


def test_numpy_sees_the_values_without_a_copy(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-22", [pa.table({"id": ["a", "b"], "v": pa.array([1.5, 2.5], pa.float32())})])
    with Server(tmp_path, {"t": local(source, ["id"])}) as murr:
        murr.wait_loaded("t")
        column = murr.fetch_arrow("t", ["b", "a"])["v"].chunk(0)
        assert column.to_numpy(zero_copy_only=True).tolist() == [2.5, 1.5]


def test_later_files_and_rows_win(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-22", [pa.table({"id": [1, 2, 1], "v": [10, 20, 30]}),
                                   pa.table({"id": [2, 3, 3], "v": [40, 50, 60]})])
    with Server(tmp_path, {"t": local(source, ["id"])}) as murr:
        murr.wait_loaded("t")
        assert murr.fetch_json("t", [1, 2, 3, 4]) == {"v": [30, 40, 60, None]}
        assert murr.status("t")["rows"] == 3


def test_configured_types_widen_and_round(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-22", [pa.table({
        "id": pa.array([7], pa.int32()), "i": pa.array([-5], pa.int16()),
        "u": pa.array([200], pa.uint8()), "f": pa.array([0.5], pa.float32()),
        "d": pa.array([0.1], pa.float64())})])
    columns = {"id": {"dtype": "int64", "nullable": False}, "i": {"dtype": "int64"},
               "u": {"dtype": "int32"}, "f": {"dtype": "float64"}, "d": {"dtype": "float32"}}
    with Server(tmp_path, {"t": local(source, ["id"], columns=columns)}) as murr:
        murr.wait_loaded("t")
        got = murr.fetch_arrow("t", [7], ["id", "i", "u", "f", "d"])
        assert [str(t) for t in got.schema.types] == ["int64", "int64", "int32", "double", "float"]
        assert got.to_pylist() == [{"id": 7, "i": -5, "u": 200, "f": 0.5, "d": float(np.float32(0.1))}]


def test_files_of_different_width_are_unified(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-22", [
        pa.table({"id": pa.array([1], pa.int32()), "v": pa.array([1.5], pa.float32())}),
        pa.table({"v": pa.array([2.25], pa.float64()), "id": pa.array([2**40], pa.int64())})])
    with Server(tmp_path, {"t": local(source, ["id"])}) as murr:
        murr.wait_loaded("t")
        assert murr.fetch_json("t", [1, 2**40]) == {"v": [1.5, 2.25]}


def test_keys_of_any_length(tmp_path, rng):
    source = tmp_path / "source"
    keys = sorted({"x" * n for n in list(range(0, 40)) + [254, 255, 256, 5000]} |
                  {random_text(rng, 300) for _ in range(300)})
    publish(source, "2026-11-22", [pa.table({"id": keys, "n": list(range(len(keys)))})])
    with Server(tmp_path, {"t": local(source, ["id"], parts=3)}) as murr:
        murr.wait_loaded("t")
        got = murr.fetch_json("t", keys + ["absent" * 100], ["n", "id"])
        assert got == {"n": list(range(len(keys))) + [None], "id": keys + [None]}


def test_many_columns(tmp_path):
    source = tmp_path / "source"
    n = 1000
    publish(source, "2026-11-22", [pa.table({"id": ["a", "b"], **{
        f"c{i}": pa.array([i, None if i % 3 else -i], pa.float32()) for i in range(n)}})])
    for layout in ("packed", "columnar"):
        with Server(tmp_path / layout, {"t": local(source, ["id"], layout=layout)}) as murr:
            murr.wait_loaded("t")
            got = murr.fetch_json("t", ["b", "zzz", "a"])
            assert list(got) == [f"c{i}" for i in range(n)]
            for i in range(n):
                assert got[f"c{i}"] == [None if i % 3 else -i, None, i]


def test_a_table_without_rows(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-22", [pa.table({"id": pa.array([], pa.string()), "v": pa.array([], pa.int8())})])
    with Server(tmp_path, {"t": local(source, ["id"], guard={"min_rows": 0})}) as murr:
        murr.wait_loaded("t")
        assert murr.fetch_json("t", ["a"]) == {"v": [None]}
        assert murr.status("t")["rows"] == 0
