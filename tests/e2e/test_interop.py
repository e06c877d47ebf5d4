"""Arrow between Murr and others: streams of pyarrow, Polars and JavaScript are written into a table of every type,
and what Murr answers is read by pyarrow, Polars, DuckDB and JavaScript."""
import datetime
import decimal
import io
import json
import subprocess

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pytest
from conftest import BINARY, ROOT, Server, publish
from test_differential import plain_type, same

ARROW = "application/vnd.apache.arrow.stream"
D = decimal.Decimal
DAY = datetime.date(2026, 11, 22)
TEXT = ["", "b", None, "Zürich", "a text longer than twelve bytes", "\U0001f600"]
N = len(TEXT)


def some(*values):
    """N rows with a null among them."""
    return ([*values] * N)[:2] + [None] + ([*values] * N)[3:N]


TEXTS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
BYTES = [pa.binary(), pa.large_binary(), pa.binary_view()]
# dtype, Arrow types that are written into it, values
TYPES = [
    ("utf8", TEXTS, TEXT),
    ("binary", BYTES, some(b"\x00\xff", b"", b"x" * 20)),
    ("bool", [pa.bool_()], some(True, False)),
    *[(f"{sign}int{bits}", [getattr(pa, f"{sign}int{bits}")()], some(0 if sign else -2**(bits - 1), 2**(bits - (0 if sign else 1)) - 1, 7))
      for sign in ("", "u") for bits in (8, 16, 32, 64)],
    ("float16", [pa.float16()], some(np.float16(0.5), np.float16(-2))),
    ("float32", [pa.float32()], some(0.5, -1e30)),
    ("float64", [pa.float64()], some(0.1, -1e300)),
    ("date32", [pa.date32(), pa.date64()], some(DAY, datetime.date(1969, 12, 31))),
    *[(f"timestamp[{u}]", [pa.timestamp(u)], some(-1, 1_700_000_123)) for u in ("s", "ms", "us", "ns")],
    ("timestamp[us, tz=Europe/Berlin]", [pa.timestamp("us", "Europe/Berlin")], some(0, 1_700_000_000_000_001)),
    ("time32[s]", [pa.time32("s")], some(0, 86399)), ("time32[ms]", [pa.time32("ms")], some(1, 2)),
    ("time64[us]", [pa.time64("us")], some(1, 2)), ("time64[ns]", [pa.time64("ns")], some(1, 2)),
    *[(f"duration[{u}]", [pa.duration(u)], some(-5, 5)) for u in ("s", "ms", "us", "ns")],
    ("decimal128(7, 2)", [pa.decimal128(7, 2), pa.decimal32(7, 2), pa.decimal64(7, 2)], some(D("-0.05"), D("12345.67"))),
    ("decimal128(38, 0)", [pa.decimal128(38, 0)], some(D("9" * 38), D(-1))),
    ("decimal256(60, 3)", [pa.decimal256(60, 3)], some(D("-" + "9" * 57), D("0.001"))),
    ("fixed_binary[3]", [pa.binary(3)], some(b"abc", b"\x00\xff\x00")),
    ("list<float32>", [pa.list_(pa.float32()), pa.large_list(pa.float32()), pa.list_view(pa.float32())], some([1.5, None], [], [0.25])),
    ("list<utf8>", [pa.list_(t) for t in TEXTS], some(["a", None, ""], [], ["a text longer than twelve bytes"])),
    ("list<bool>", [pa.list_(pa.bool_())], some([True, None, False], [])),
    ("list<int64>", [pa.list_(pa.int64())], some([-2**63], [1, 2, 3])),
    ("list<date32>", [pa.list_(pa.date32())], some([DAY, None])),
    ("list<decimal128(7, 2)>", [pa.list_(pa.decimal128(7, 2))], some([D("1.25"), None])),
    ("list<float32>[4]", [pa.list_(pa.float32(), 4)], some([1.0, 2.0, 3.0, 4.0])),
    ("list<int8>[3]", [pa.list_(pa.int8(), 3)], some([1, 2, 3])),
]
NAMES = [f"c{i}" for i in range(len(TYPES))]
DTYPE = dict(zip(NAMES, (t[0] for t in TYPES)))


def table_of(layout):
    """The rows in layout 0, 1, ... of the types that have so many."""
    columns = {"id": pa.array(range(N), pa.int64())}
    for name, (_, types, values) in zip(NAMES, TYPES):
        columns[name] = pa.array(values, types[layout % len(types)])
    return pa.table(columns)


PLAIN = table_of(0)


def stream_of(table, chunk=None, **options):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as w:
        w.write_table(table, max_chunksize=chunk)
    return sink.getvalue()


@pytest.fixture(scope="module")
def murr(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("interop"), {}) as server:
        yield server


def create(murr, table, columns):
    schema = {"key": "id", "columns": {"id": {"dtype": "int64"}, **{n: {"dtype": t} for n, t in columns.items()}}}
    status, _, data = murr.request("PUT", f"/api/v1/table/{table}", json.dumps(schema))
    assert status == 201, data


def write(murr, table, body, query=""):
    return murr.request("PUT", f"/api/v1/table/{table}/write{query}", body, {"Content-Type": ARROW})


@pytest.fixture(scope="module")
def answer(murr):
    """Asks for columns: the stream of all rows and of a key that does not exist."""
    create(murr, "all", DTYPE)
    status, _, data = write(murr, "all", stream_of(PLAIN))
    assert status == 200, data

    def fetch(names=NAMES):
        status, _, data = murr.fetch_raw("all", {"keys": [*range(N), 99], "columns": ["id", *names]}, ARROW)
        assert status == 200, data
        return data
    return fetch


def assert_same(mine, want, names=NAMES):
    for name in names:
        column = want[name].cast(PLAIN[name].type) if want[name].type != PLAIN[name].type else want[name]
        assert mine[name].type == PLAIN[name].type, (name, DTYPE[name])
        assert same(mine[name], column), (name, DTYPE[name], mine[name], column)


# ------------------------------------------------------------------------------------- what others write

@pytest.mark.parametrize("layout", range(4))
@pytest.mark.parametrize("options", [{}, {"compression": "lz4"}, {"compression": "zstd"},
                                     {"use_legacy_format": True, "metadata_version": pa.ipc.MetadataVersion.V4}],
                         ids=["plain", "lz4", "zstd", "v4"])
def test_streams_of_pyarrow_are_written(murr, layout, options):
    name = f"w{layout}_{'_'.join(str(v).replace('.', '_') for v in options.values())}"
    create(murr, name, DTYPE)
    status, _, data = write(murr, name, stream_of(table_of(layout), 4, **options))
    assert status == 200, data
    assert_same(murr.fetch_arrow(name, list(range(N)), NAMES), PLAIN)


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_streams_of_polars_are_written(murr, compression):
    columns = {"text": "utf8", "category": "utf8", "enum": "utf8", "int": "int32", "float": "float64", "flag": "bool", "date": "date32",
               "when": "timestamp[ms, tz=UTC]", "long": "duration[us]", "time": "time64[ns]", "money": "decimal128(10, 2)",
               "bytes": "binary", "list": "list<float64>", "words": "list<utf8>", "array": "list<int16>[2]"}
    when = datetime.datetime(2026, 11, 22, tzinfo=datetime.timezone.utc)
    frame = pl.DataFrame({
        "id": [1, 2, 3], "text": ["a", None, "a text longer than twelve bytes"],
        "category": pl.Series(["x", None, "y"], dtype=pl.Categorical), "enum": pl.Series(["x", "y", None], dtype=pl.Enum(["y", "x"])),
        "int": pl.Series([1, None, -3], dtype=pl.Int32), "float": [0.5, None, 1e300], "flag": [True, None, False],
        "date": [DAY, None, DAY], "when": pl.Series([when, None, when], dtype=pl.Datetime("ms", "UTC")),
        "long": pl.Series([datetime.timedelta(seconds=-1), None, datetime.timedelta(1)], dtype=pl.Duration("us")),
        "time": [datetime.time(1, 2, 3), None, datetime.time(0)], "money": pl.Series([D("1.25"), None, D("-7.00")], dtype=pl.Decimal(10, 2)),
        "bytes": [b"\xff", None, b""], "list": [[1.5, None], None, []], "words": [["a", None], None, []],
        "array": pl.Series([[1, 2], None, [3, 4]], dtype=pl.Array(pl.Int16, 2))})
    sink = io.BytesIO()
    frame.write_ipc_stream(sink, compression=compression)
    name = f"polars_{compression}"
    create(murr, name, columns)
    status, _, data = write(murr, name, sink.getvalue())
    assert status == 200, data
    got = murr.fetch_arrow(name, [1, 2, 3], list(columns))
    for column in columns:
        want = frame[column].cast(pl.String).to_list() if column in ("category", "enum") else frame[column].to_list()
        assert got[column].to_pylist() == want, column


def test_columns_that_no_table_has_are_passed_over_whatever_they_are(murr):
    create(murr, "few", {"v": "int64"})
    table = pa.table({"s": pa.array([{"x": [1]}]), "id": [7], "m": pa.array([[("k", "v")]], pa.map_(pa.string(), pa.string())),
                      "v": [3], "i": pa.array([(1, 2, 3)], pa.month_day_nano_interval())})
    for options in ({}, {"compression": "zstd"}):
        assert write(murr, "few", stream_of(table, **options))[0] == 400
        status, _, data = write(murr, "few", stream_of(table, **options), "?unknown_columns=ignore")
        assert status == 200, data
    assert murr.fetch_json("few", [7]) == {"v": [3]}
    status, _, data = write(murr, "few", stream_of(pa.table({"id": [1], "v": pa.array([{"x": 1}])})))
    assert status == 400 and b"column 'v' has type struct, which cannot be read" in data, data


def test_arrow_files_are_taken_where_streams_are(murr):
    create(murr, "files", {"v": "int64"})
    sink = io.BytesIO()
    table = pa.table({"id": pa.array([1, 2], pa.int32()), "v": [3, 4]})
    with pa.ipc.new_file(sink, table.schema) as w:
        w.write_table(table, max_chunksize=1)
    for content_type in (ARROW, "application/vnd.apache.arrow.file", "application/octet-stream"):
        assert murr.request("PUT", "/api/v1/table/files/write", sink.getvalue(),
                            {"Content-Type": content_type})[0] == 200
    keys = io.BytesIO()
    with pa.ipc.new_file(keys, table.schema.remove(1)) as w:
        w.write_table(table.select(["id"]))
    status, _, data = murr.request("POST", "/v1/files/_fetch", keys.getvalue(),
                                   {"Content-Type": "application/vnd.apache.arrow.file"})
    assert status == 200 and json.loads(data)["columns"] == [{"name": "v", "values": [3, 4]}], data


def test_a_stream_cut_anywhere_writes_nothing(murr):
    create(murr, "cut", {"c0": "utf8"})
    whole = stream_of(PLAIN.select(["id", "c0"]))
    schema_bytes = len(stream_of(PLAIN.select(["id", "c0"]).slice(0, 0)))
    for cut in range(0, len(whole) - 8, 5):
        status, _, data = write(murr, "cut", whole[:cut])
        assert status == 400 or (status == 200 and cut < schema_bytes), (cut, status, data)
    assert murr.fetch_json("cut", [0, 3])["c0"] == [None, None]


# -------------------------------------------------------------------------------------- what others read

def test_pyarrow_reads_every_type(answer):
    table = pa.ipc.open_stream(answer()).read_all()
    table.validate(full=True)
    rows = pa.array([*range(N), None])
    for name in NAMES:
        assert table[name].type == PLAIN[name].type
        assert same(table[name], PLAIN[name].take(rows)), DTYPE[name]


# What they have in the place of a type, where they have another.
POLARS = {"timestamp[s]": pa.timestamp("ms"), "duration[s]": pa.duration("ms"), "time32[s]": pa.time64("ns"),
          "time32[ms]": pa.time64("ns"), "time64[us]": pa.time64("ns"), "fixed_binary[3]": pa.binary()}
NOT_OF_POLARS = ("decimal256",)
NOT_OF_DUCKDB = ("decimal256", "float16", "duration[ns]")


def assert_read(others, theirs):
    for name in theirs:
        t = others.get(DTYPE[name], PLAIN[name].type)
        want = PLAIN[name].cast(t).to_pylist() + [None]
        assert theirs[name].cast(t).to_pylist() == want, DTYPE[name]


def test_polars_reads_every_type(answer):
    names = [n for n in NAMES if not DTYPE[n].startswith(NOT_OF_POLARS)]
    frame = pl.read_ipc_stream(answer(names))
    assert_read(POLARS, {n: frame[n].to_arrow() for n in names})


def test_duckdb_reads_every_type(answer):
    names = [n for n in NAMES if not DTYPE[n].startswith(NOT_OF_DUCKDB)]
    rows = pa.ipc.open_stream(answer(names)).read_all()
    db = duckdb.connect()
    db.register("rows", rows)
    assert db.execute("SELECT count(*), count(c0), max(id) FROM rows").fetchall() == [(N + 1, N - 1, N - 1)]
    for n in names:
        # DuckDB has intervals in the place of durations: their microseconds are compared.
        is_duration = pa.types.is_duration(PLAIN[n].type)
        what = f"epoch_us({n})" if is_duration else n
        got = db.execute(f"SELECT {what} AS {n} FROM rows").to_arrow_table()[n].combine_chunks()
        assert_read({}, {n: got.cast(pa.duration("us")) if is_duration else got})


# --------------------------------------------------------------------------------------------- JavaScript

@pytest.fixture(scope="module")
def js():
    done = subprocess.run([ROOT / "tools" / "setup-js"], capture_output=True, text=True, timeout=330)
    if done.returncode:
        pytest.skip(f"no apache-arrow for JavaScript: {done.stderr.strip()}")

    def call(*args, **kwargs):
        done = subprocess.run(["node", ROOT / "tests" / "e2e" / "arrow_text.mjs", *args], capture_output=True, timeout=60, **kwargs)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout
    return call


def js_value(t, value):
    """A value as arrow_text.mjs shows it."""
    if value is None:
        return None
    if pa.types.is_list(t) or pa.types.is_fixed_size_list(t):
        return [js_value(t.value_type, v) for v in value]
    if pa.types.is_decimal(t):
        return str(int(value.scaleb(t.scale, decimal.Context(prec=100))))
    if pa.types.is_temporal(t):
        return str(pa.scalar(value, t).cast(pa.int32() if t.bit_width == 32 else pa.int64()).as_py())
    if pa.types.is_integer(t) and t.bit_width == 64:
        return str(value)
    return value.hex() if isinstance(value, bytes) else value


def test_javascript_reads_every_type(answer, js):
    said = json.loads(js(input=answer()))
    assert said["rows"] == N + 1
    got = {name: values for name, _, values in said["columns"]}
    for name in NAMES:
        t = PLAIN[name].type
        if pa.types.is_temporal(t):
            whole = PLAIN[name].cast(pa.int32() if t.bit_width == 32 else pa.int64()).to_pylist()
            want = [None if v is None else str(v) for v in whole]
        else:
            want = [js_value(t, v) for v in PLAIN[name].to_pylist()]
        assert got[name] == want + [None], DTYPE[name]


def test_streams_of_javascript_are_written(murr, js):
    create(murr, "js", {"text": "utf8", "float": "float64", "long": "int64", "flag": "bool", "list": "list<float32>"})
    status, _, data = write(murr, "js", js("write"))
    assert status == 200, data
    assert murr.fetch_arrow("js", [1, 2, 3]).to_pydict() == {
        "text": ["a", None, "Zürich"], "float": [0.5, -1, 1e300], "long": [1, -2**63, 2**63 - 1], "flag": [True, False, None],
        "list": [[1.5, 2.0], [], None]}


# ---------------------------------------------------------------------------------- the other ways out

def test_get_writes_what_the_server_answers(murr, answer):
    keys = [str(k) for k in [*range(N), 99]]
    done = subprocess.run([BINARY, "get", "all", *keys, "-c", ",".join(["id", *NAMES]), "-o", "arrow", "--data-dir", murr.folder / "data"],
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == answer()


def test_cat_writes_every_type(tmp_path):
    publish(tmp_path / "source", "2026-11-22", [PLAIN])
    done = subprocess.run([BINARY, "cat", tmp_path / "source" / "2026-11-22" / "part-00000.parquet", "-o", "arrow"],
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    table = pa.ipc.open_stream(done.stdout).read_all()
    table.validate(full=True)
    for name in NAMES:
        if DTYPE[name] not in ("timestamp[s]", "time32[s]", "duration[s]"):  # Parquet has no seconds
            assert same(table[name], PLAIN[name].cast(plain_type(PLAIN[name].type))), DTYPE[name]
