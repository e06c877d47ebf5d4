"""Every type that a column can have, from Parquet through a table to Arrow and JSON."""
import datetime
import decimal
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import random_parquet
from conftest import NO_GUARD, SANITIZED, Server, local, publish, run
from test_differential import plain_type, same

UTC = datetime.timezone.utc
# dtype as configured, Arrow type, (value, its JSON) ...
TYPES = [
    ("binary", pa.binary(), [(b"\x00\xff", "AP8="), (b"", "")]),
    ("fixed_binary[3]", pa.binary(3), [(b"abc", "YWJj")]),
    ("float16", pa.float16(), [(np.float16(0.1), 0.1), (np.float16(65504), 65504.0), (np.float16(-2), -2.0)]),
    ("date32", pa.date32(), [(datetime.date(2026, 11, 22), "2026-11-22"), (datetime.date(1, 1, 1), "0001-01-01"),
                             (datetime.date(1600, 2, 29), "1600-02-29")]),
    ("timestamp[s]", pa.timestamp("s"), [(datetime.datetime(1969, 12, 31, 23, 59, 59), "1969-12-31T23:59:59")]),
    ("timestamp[ms]", pa.timestamp("ms"), [(datetime.datetime(2026, 1, 2, 3, 4, 5, 6000), "2026-01-02T03:04:05.006")]),
    ("timestamp[us, tz=UTC]", pa.timestamp("us", "UTC"),
     [(datetime.datetime(2026, 1, 2, 3, 4, 5, 7, UTC), "2026-01-02T03:04:05.000007Z")]),
    ("timestamp[ns, tz=Europe/Berlin]", pa.timestamp("ns", "Europe/Berlin"),
     [(1_700_000_000_000_000_001, "2023-11-14T22:13:20.000000001Z")]),
    ("time32[ms]", pa.time32("ms"), [(datetime.time(23, 59, 59, 999000), "23:59:59.999")]),
    ("time64[us]", pa.time64("us"), [(datetime.time(0, 0, 0, 1), "00:00:00.000001")]),
    ("duration[us]", pa.duration("us"), [(datetime.timedelta(seconds=-1), -1000000)]),
    ("decimal128(12, 2)", pa.decimal128(12, 2), [(decimal.Decimal("-0.05"), "-0.05"), (decimal.Decimal("12.50"), "12.50")]),
    ("decimal128(38, 0)", pa.decimal128(38, 0), [(decimal.Decimal("9" * 38), "9" * 38), (decimal.Decimal(0), "0")]),
    ("decimal256(76, 76)", pa.decimal256(76, 76), [(decimal.Decimal("-0." + "1" * 76), "-0." + "1" * 76)]),
    ("list<float32>", pa.list_(pa.float32()), [([1.5, None, 2.5], [1.5, None, 2.5]), ([], [])]),
    ("list<float64>", pa.list_(pa.float64()), [([1.5], [1.5])]),
    ("list<int32>", pa.list_(pa.int32()), [([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])]),
    ("list<int64>", pa.list_(pa.int64()), [([-2**63], [-2**63])]),
    ("list<utf8>", pa.list_(pa.string()), [(["a", "", None, "Zürich, a long one"], ["a", "", None, "Zürich, a long one"])]),
    ("list<date32>", pa.list_(pa.date32()), [([datetime.date(2026, 1, 1)], ["2026-01-01"])]),
    ("list<bool>", pa.list_(pa.bool_()), [([True, None, False], [True, None, False])]),
    ("list<float32>[4]", pa.list_(pa.float32(), 4), [([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0])]),
    ("list<int8>[3]", pa.list_(pa.int8(), 3), [([1, 2, 3], [1, 2, 3])]),
]


def table_of_all():
    n = max(len(values) for _, _, values in TYPES) + 1
    columns, wanted = {"id": pa.array(range(n), pa.int64())}, {}
    for i, (_, t, values) in enumerate(TYPES):
        cells = [v for v, _ in values] + [None] * (n - len(values))
        columns[f"c{i}"] = pa.array(cells, t)
        wanted[f"c{i}"] = [j for _, j in values] + [None] * (n - len(values))
    return pa.table(columns), wanted


@pytest.mark.parametrize("layout", ["packed", "columnar"])
@pytest.mark.parametrize("configured", [True, False], ids=["configured", "as-it-comes"])
def test_every_type_arrives_as_arrow_and_json(tmp_path, layout, configured):
    table, wanted = table_of_all()
    publish(tmp_path / "source", "2026-11-22", [table])
    fields = {"layout": layout}
    if configured:
        fields["columns"] = {"id": {"dtype": "int64"}, **{f"c{i}": {"dtype": t[0]} for i, t in enumerate(TYPES)}}
    with Server(tmp_path, {"t": local(tmp_path / "source", ["id"], **fields)}) as server:
        server.wait_loaded("t")
        keys = [2, 0, 1, 99, 3, 0]
        rows = pa.array([k if k < table.num_rows else None for k in keys], pa.int64())
        arrow = server.fetch_arrow("t", keys)
        for i, (text, t, _) in enumerate(TYPES):
            if text == "timestamp[s]" and not configured:
                t = pa.timestamp("ms")  # Parquet has no seconds
            assert arrow[f"c{i}"].type == t, text
            assert same(arrow[f"c{i}"], table[f"c{i}"].cast(t).take(rows)), text
        answer = server.fetch_json("t", keys)
        for i, (text, _, _) in enumerate(TYPES):
            if text != "timestamp[s]" or configured:
                assert answer[f"c{i}"] == [wanted[f"c{i}"][k] if k < 99 else None for k in keys], text
        schema = json.loads(server.request("GET", "/api/v1/table/t/schema")[2])["columns"]
        for i, (text, _, _) in enumerate(TYPES):
            if configured:
                assert schema[f"c{i}"]["dtype"] == text
    got = run("get", "t", "0", "-c", "c0,c3,c11,c14", "-o", "csv", "--data-dir", tmp_path / "data")
    assert got.stdout == 'c0,c3,c11,c14\nAP8=,2026-11-22,-0.05,"[1.5,null,2.5]"\n'
    with Server(tmp_path, {"t": local(tmp_path / "source", ["id"], **fields)}) as server:  # from disk
        assert server.fetch_json("t", [0], ["c3"]) == {"c3": ["2026-11-22"]}


def test_random_tables_of_random_types(rng, tmp_path):
    r = np.random.default_rng(rng.getrandbits(64))
    for i in range(2 if SANITIZED else 12):
        while True:
            table = random_parquet.table(r, random_parquet.any_type, 3000)
            null_elements = any(pa.types.is_fixed_size_list(c.type) and c.combine_chunks().flatten().null_count
                                for c in table.columns)
            if not null_elements:  # of lists of one length, which a table does not take
                break
        table = table.append_column("id", pa.array([f"key {k}" for k in range(table.num_rows)], pa.string()))
        folder = tmp_path / str(i)
        publish(folder / "source", "2026-11-22", [table], compression="zstd")
        with Server(folder, {"t": local(folder / "source", ["id"], layout=["packed", "columnar"][i % 2], guard=NO_GUARD)}) as server:
            server.wait_loaded("t")
            keys = [int(k) for k in r.integers(0, max(table.num_rows, 1), 200)]
            arrow = server.fetch_arrow("t", [f"key {k}" for k in keys])
            want = pq.read_table(folder / "source" / "2026-11-22" / "part-00000.parquet")
            rows = pa.array([k if k < table.num_rows else None for k in keys], pa.int64())
            for name in arrow.column_names:
                column = want[name].cast(plain_type(want[name].type))
                assert arrow[name].type == column.type
                assert same(arrow[name], column.take(rows)), f"{name}: {column.type}"


def load(tmp_path, tables, **fields):
    publish(tmp_path / "source", "2026-11-22", tables)
    config = {"server": {"data_dir": str(tmp_path / "data")},
              "tables": {"t": local(tmp_path / "source", ["id"], **fields)}}
    (tmp_path / "murr.yml").write_text(json.dumps(config))
    return run("load", "--config", tmp_path / "murr.yml")


def fetch(tmp_path, *keys):
    done = run("get", "t", *keys, "-o", "json", "--data-dir", tmp_path / "data")
    assert done.returncode == 0, done.stderr
    columns = {c["name"]: c["values"] for c in json.loads(done.stdout)["columns"]}
    del columns["id"]  # the key
    return columns


IDS = pa.array([1, 2], pa.int64())
CONVERSIONS = [
    (pa.array([b"a", b"b"]), "utf8", ["a", "b"]),
    (pa.array(["a", "b"]), "binary", ["YQ==", "Yg=="]),
    (pa.array([b"ab", b"cd"], pa.binary(2)), "binary", ["YWI=", "Y2Q="]),
    (pa.array([1000, None], pa.timestamp("ms")), "timestamp[ns]", ["1970-01-01T00:00:01.000000000", None]),
    (pa.array([1000, None], pa.timestamp("ms")), "timestamp[s]", ["1970-01-01T00:00:01", None]),
    (pa.array([1, None], pa.int64()), "timestamp[s, tz=UTC]", ["1970-01-01T00:00:01Z", None]),
    (pa.array([1, 2], pa.timestamp("us", "UTC")), "timestamp[us, tz=Asia/Tokyo]",
     ["1970-01-01T00:00:00.000001Z", "1970-01-01T00:00:00.000002Z"]),
    (pa.array([decimal.Decimal("1.5"), decimal.Decimal("-2.5")]), "decimal128(20, 3)", ["1.500", "-2.500"]),
    (pa.array([decimal.Decimal("1.5"), None]), "decimal256(40, 1)", ["1.5", None]),
    (pa.array([np.float16(1.5), None], pa.float16()), "float64", [1.5, None]),
    (pa.array([[1.5, None], []]), "list<float32>", [[1.5, None], []]),
    (pa.array([[1.5, 2.5], [3.0, 4.0]]), "list<float32>[2]", [[1.5, 2.5], [3.0, 4.0]]),
    (pa.array([[1, 2], None], pa.list_(pa.int32(), 2)), "list<int64>", [[1, 2], None]),
]


@pytest.mark.parametrize("array, dtype, wanted", CONVERSIONS, ids=[f"{a.type}-{d}" for a, d, _ in CONVERSIONS])
def test_a_column_is_read_as_configured(tmp_path, array, dtype, wanted):
    done = load(tmp_path, [pa.table({"id": IDS, "v": array})],
                columns={"id": {"dtype": "int64"}, "v": {"dtype": dtype}})
    assert done.returncode == 0, done.stderr
    assert fetch(tmp_path, "1", "2")["v"] == wanted


REFUSED = [
    (pa.array([b"a", b"\xff"]), "utf8", "text is not UTF-8"),
    (pa.array([1001, None], pa.timestamp("ms")), "timestamp[s]", "1001 as timestamp[ms] is not a whole timestamp[s]"),
    (pa.array([2**62, None], pa.timestamp("ms")), "timestamp[ns]", "is not a whole timestamp[ns]"),
    (pa.array([1, 2], pa.timestamp("us")), "timestamp[us, tz=UTC]", "expected timestamp[us, tz=UTC], found timestamp[us]"),
    (pa.array([decimal.Decimal("1.55"), None]), "decimal128(20, 1)", "1.55 as decimal128(3, 2) has too many digits for decimal128(20, 1)"),
    (pa.array([[1.0], None]), "list<float32>[2]", "a list of 1 elements is no list<float32>[2]"),
    (pa.array([[1.0, None], None]), "list<float32>[2]", "an element is null"),
    (pa.array([[[1]], None]), "list<int64>", "nested"),
    (pa.array([datetime.date(2026, 1, 1), None]), "timestamp[us]", "expected timestamp[us], found date32"),
]


@pytest.mark.parametrize("array, dtype, words", REFUSED, ids=[f"{a.type}-{d}" for a, d, _ in REFUSED])
def test_what_would_lose_something_is_refused(tmp_path, array, dtype, words):
    done = load(tmp_path, [pa.table({"id": IDS, "v": array})],
                columns={"id": {"dtype": "int64"}, "v": {"dtype": dtype}})
    assert done.returncode == 1
    assert words in done.stderr and "part-00000.parquet" in done.stderr and "'v'" in done.stderr, done.stderr


def test_files_are_unified_by_name(tmp_path):
    def file(number, **columns):
        names = list(columns)[::-1 if number % 2 else 1]
        return pa.table({"id": pa.array([number], pa.int64()), **{n: pa.array([columns[n][0]], columns[n][1]) for n in names}})
    done = load(tmp_path, [
        file(1, i=(1, pa.int32()), f=(0.5, pa.float32()), d=(decimal.Decimal("1.5"), pa.decimal128(4, 1)),
             t=(1, pa.timestamp("ms")), b=("x", pa.string()), l=([1.5], pa.list_(pa.float32(), 1))),
        file(2, i=(2**40, pa.int64()), f=(0.1, pa.float64()), d=(decimal.Decimal("12345.25"), pa.decimal128(9, 2)),
             t=(1, pa.timestamp("us")), b=(b"y", pa.binary()), l=([1.5, 2.5], pa.list_(pa.float32()))),
    ])
    assert done.returncode == 0, done.stderr
    assert fetch(tmp_path, "1", "2") == {
        "i": [1, 2**40], "f": [0.5, 0.1], "d": ["1.50", "12345.25"], "b": ["eA==", "eQ=="],
        "t": ["1970-01-01T00:00:00.001000", "1970-01-01T00:00:00.000001"], "l": [[1.5], [1.5, 2.5]]}


def test_int96_beyond_nanoseconds_wants_another_unit(tmp_path):
    far = pa.table({"id": IDS, "v": pa.array([datetime.datetime(9999, 12, 31), None], pa.timestamp("us"))})
    options = dict(use_deprecated_int96_timestamps=True)
    folder = publish(tmp_path / "source", "2026-11-22", [far], **options)
    config = {"server": {"data_dir": str(tmp_path / "data")}, "tables": {"t": local(tmp_path / "source", ["id"])}}
    (tmp_path / "murr.yml").write_text(json.dumps(config))
    done = run("load", "--config", tmp_path / "murr.yml")
    assert done.returncode == 1 and "read the column as timestamp[us]" in done.stderr, done.stderr
    config["tables"]["t"]["columns"] = {"id": {"dtype": "int64"}, "v": {"dtype": "timestamp[us, tz=UTC]"}}
    (tmp_path / "murr.yml").write_text(json.dumps(config))
    done = run("load", "--config", tmp_path / "murr.yml")
    assert done.returncode == 0, done.stderr
    assert fetch(tmp_path, "1", "2")["v"] == ["9999-12-31T00:00:00.000000Z", None]
    done = run("cat", folder / "part-00000.parquet", "-o", "json")
    assert json.loads(done.stdout)["columns"][1]["values"] == ["9999-12-31T00:00:00.000000", None]


def test_json_of_values_of_a_bit_has_a_limit(tmp_path):
    """As Arrow a megabyte of booleans is 4 million values, which as JSON would be twenty times as much."""
    publish(tmp_path / "source", "2026-11-22", [pa.table({
        "id": ["a"], "flags": pa.array([[True] * 100_000], pa.list_(pa.bool_()))})])
    with Server(tmp_path, {"t": local(tmp_path / "source", ["id"])}) as murr:
        murr.wait_loaded("t")
        assert murr.fetch_json("t", ["a"])["flags"] == [[True] * 100_000]
        status, _, data = murr.fetch_raw("t", {"keys": ["a"] * 700})
        assert status == 413 and b"70000700 values" in data, data[:200]
