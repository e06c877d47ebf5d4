"""Files of one partition as different writers, or one on different days, leave them: unified without loss, or refused with what
would be lost."""
import datetime
import decimal
import json
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Server, local, publish, run

D = decimal.Decimal
NAN = float("nan")


def table(key, value, kind=None, **more):
    return pa.table({"id": [key], "x": pa.array([value], kind), **more})


def load(tmp_path, **fields):
    config = {"server": {"data_dir": str(tmp_path / "data")},
              "tables": {"t": local(tmp_path / "source", ["id"], **fields)}}
    (tmp_path / "murr.yml").write_text(json.dumps(config))
    return run("load", "--config", tmp_path / "murr.yml")


def served(tmp_path, keys, **fields):
    """Types and values of what loaded."""
    with Server(tmp_path, {"t": local(tmp_path / "source", ["id"], **fields)}) as murr:
        murr.wait_loaded("t")
        return murr.fetch_arrow("t", keys), murr.log_text()


def columns(dtype):
    return {"id": {"dtype": "utf8"}, "x": {"dtype": dtype}}


U32, I32, I64, U64, I8, U8, I16, F16, F32, F64 = (pa.uint32(), pa.int32(), pa.int64(), pa.uint64(), pa.int8(),
                                                  pa.uint8(), pa.int16(), pa.float16(), pa.float32(), pa.float64())
UNIFIED = [
    ([(1, I64), (2.5, F64)], F64),
    ([(1, I64), (None, pa.null())], I64),
    ([(None, F64), ("text", pa.string())], pa.string()),  # all NaN in pandas: null, by the statistics
    ([(2**32 - 1, U32), (-1, I32)], I64),
    ([(255, U8), (-128, I8)], I16),
    ([(2**63 - 1, U64), (-1, I64)], I64),
    ([(127, I8), (0.5, F16)], F16),
    ([(2**24, I32), (0.5, F32)], F64),
    ([(1, I8), (2, I16), (0.5, F32)], F32),
    ([(D("1.25"), pa.decimal128(3, 2)), (D("12345.5"), pa.decimal128(6, 1))], pa.decimal128(7, 2)),
    ([(D("0.5"), pa.decimal128(38, 30)), (D(10)**29, pa.decimal128(30, 0))], pa.decimal256(60, 30)),
    ([(7, I32), (D("0.25"), pa.decimal128(3, 2))], pa.decimal128(12, 2)),
    ([([1, 2], pa.list_(F32, 2)), ([1, 2, 3], pa.list_(F32, 3))], pa.list_(F32)),
    ([([1], pa.list_(I32)), ([0.5], pa.list_(F64))], pa.list_(F64)),
    ([(b"abc", pa.binary(3)), (b"abcd", pa.binary(4))], pa.binary()),
]


@pytest.mark.parametrize("files,kind", UNIFIED)
@pytest.mark.parametrize("reverse", [False, True])
def test_types_of_files_unify_whatever_their_order(tmp_path, files, kind, reverse):
    files = files[::-1] if reverse else files
    publish(tmp_path / "source", "2026-11-22", [table(f"k{i}", v, t) for i, (v, t) in enumerate(files)])
    got, _ = served(tmp_path, [f"k{i}" for i in range(len(files))])
    assert got.schema.field("x").type == kind
    assert [None if v is None else v if isinstance(v, list) else v for v in got["x"].to_pylist()] == [v for v, _ in files]


@pytest.mark.parametrize("values,kind", [(["a", None], pa.list_(pa.string())), ([0.5], pa.list_(F32)), ([D("1.5")], pa.list_(pa.decimal128(3, 1)))])
def test_lists_without_a_value_unify_with_lists_of_any_type(tmp_path, values, kind):
    """pandas: a day on which all lists are empty, or hold nothing but None."""
    nothing = pa.table({"id": ["a", "b", "c"], "x": pa.array([[], [None, None], None], pa.list_(pa.null()))})
    publish(tmp_path / "source", "2026-11-22", [nothing, table("d", values, kind)])
    got, _ = served(tmp_path, list("abcd"))
    assert got.schema.field("x").type == kind and got["x"].to_pylist() == [[], [None, None], None, values]


@pytest.mark.parametrize("files,lost", [
    ([(2**53 + 1, I64), (0.5, F64)], "9007199254740993 as int64 is not exactly a value of float64"),
    ([(2**63, U64), (-1, I64)], "9223372036854775808 as uint64 is not exactly a value of int64"),
    ([("a", pa.string()), (1, I64)], "file part-00001.parquet, column 'x': expected utf8 as in file part-00000.parquet, found int64"),
])
def test_what_would_lose_digits_is_refused_with_it(tmp_path, files, lost):
    publish(tmp_path / "source", "2026-11-22", [table(f"k{i}", v, t) for i, (v, t) in enumerate(files)])
    done = load(tmp_path)
    assert done.returncode == 1 and lost in done.stderr, done.stderr


@pytest.mark.parametrize("value,kind,dtype,want", [
    (7, I64, "int8", 7),
    (-7.0, F64, "int32", -7),
    (2**24, I32, "float32", 2.0**24),
    (5, I8, "float32", 5.0),
    (1, I32, "float64", 1.0),
    (0.1, F32, "float16", float(np.float16(np.float32(0.1)))),
    (1e-7, F64, "float16", float(np.float16(1e-7))),
    (D("1.50"), pa.decimal128(38, 18), "decimal128(4, 1)", D("1.5")),
    (12, I64, "decimal128(4, 2)", D("12.00")),
    ([0.5, 1e-8], pa.list_(F64), "list<float16>[2]", [0.5, float(np.float16(1e-8))]),
    (None, pa.null(), "list<utf8>", None),
    (None, F64, "timestamp[us]", None),
])
def test_numbers_become_what_is_configured(tmp_path, value, kind, dtype, want):
    publish(tmp_path / "source", "2026-11-22", [table("k", value, kind)])
    got, _ = served(tmp_path, ["k"], columns=columns(dtype))
    assert got["x"].to_pylist() == [want]


@pytest.mark.parametrize("value,kind,dtype,lost", [
    (128, I64, "int8", "128 as int64 is not exactly a value of int8"),
    (2**24 + 1, I32, "float32", "16777217 as int32"),
    (0.5, F64, "int32", "0.5 as float64"),
    (NAN, F64, "int64", "nan as float64"),
    (-1, I64, "uint64", "-1 as int64"),
    (1e300, F64, "float32", "1e+300"[:2]),
    (70000.0, F32, "float16", "70000 as float32"),
    (D("1.25"), pa.decimal128(9, 2), "decimal128(9, 1)", "1.25 as decimal128(9, 2) has too many digits"),
    (D("-1234.5"), pa.decimal128(9, 2), "decimal128(4, 1)", "-1234.50 as decimal128(9, 2) has too many digits"),
    (12345, I64, "decimal128(5, 1)", "12345 as int64 has too many digits"),
])
def test_what_is_configured_too_narrow_is_refused_with_the_value(tmp_path, value, kind, dtype, lost):
    table_ = pa.table({"id": ["k"], "x": pa.array([value], kind, from_pandas=False)})
    publish(tmp_path / "source", "2026-11-22", [table_])
    done = load(tmp_path, columns=columns(dtype))
    assert done.returncode == 1 and lost in done.stderr, done.stderr


def test_halves_round_as_numpy_does(tmp_path, rng):
    values = np.concatenate([np.array([rng.uniform(-1, 1) * 10.0 ** rng.randint(-9, 4) for _ in range(2000)]),
                             [0.0, -0.0, 65519.9, 2**-24, 2**-25, 6.1e-5, 2049.0, 2051.0]])
    publish(tmp_path / "source", "2026-11-22",
            [pa.table({"id": [str(i) for i in range(len(values))], "x": values})])
    got, _ = served(tmp_path, [str(i) for i in range(len(values))], columns=columns("float16"))
    with np.errstate(all="ignore"):
        want = values.astype(np.float16)
    assert got["x"].to_numpy().tobytes() == want.tobytes()


@pytest.mark.parametrize("reverse", [False, True])
def test_a_column_of_some_files_is_null_in_the_others(tmp_path, reverse):
    files = [table("a", 1), table("b", 2, y=["new"])]
    publish(tmp_path / "source", "2026-11-22", files[::-1] if reverse else files)
    got, _ = served(tmp_path, ["a", "b"])
    assert {c: got[c].to_pylist() for c in got.column_names} == {"x": [1, 2], "y": [None, "new"]}
    done = load(tmp_path, columns={**columns("int64"), "y": {"dtype": "utf8", "nullable": False}})
    assert done.returncode == 1 and "has no column 'y', which may not be null" in done.stderr
    done = load(tmp_path, columns={**columns("int64"), "z": {"dtype": "utf8"}})
    assert done.returncode == 1 and "has no column 'z', and neither has any other file" in done.stderr


def test_a_column_that_is_null_everywhere_keeps_its_type(tmp_path):
    publish(tmp_path / "source", "2026-11-21", [table("a", 0.5)])
    assert load(tmp_path).returncode == 0
    publish(tmp_path / "source", "2026-11-22", [table("a", None, pa.null())])
    got, _ = served(tmp_path, ["a"])
    assert got.schema.field("x").type == pa.float64() or got["x"].to_pylist() == [0.5]
    with Server(tmp_path, {"t": local(tmp_path / "source", ["id"])}) as murr:
        murr.wait_loaded("t", "2026-11-22")
        assert murr.fetch_arrow("t", ["a"])["x"] == pa.chunked_array([pa.array([None], pa.float64())])


def test_columns_left_out_are_named_with_the_reason(tmp_path):
    whole = pa.table({"id": ["k"], "x": [1], "s": [{"a": 1}], "m": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
                      "l": [[{"a": 1}]], "": [1], "_idx": [1], "_murr_stamp": [1]})
    publish(tmp_path / "source", "2026-11-22", [whole])
    got, log = served(tmp_path, ["k"])
    assert got.column_names == ["x"]
    for text in ("columns_skipped=6", "s: nested columns are not supported: it is a struct", "it is a map",
                 "it is a list of groups", "it has no name", "_idx: its name is reserved", "_murr_stamp: its name"):
        assert text in log, log


def test_a_column_that_is_nested_in_one_file_alone_is_not_dropped(tmp_path):
    publish(tmp_path / "source", "2026-11-22", [table("a", 1), table("b", {"y": 1})])
    done = load(tmp_path)
    assert done.returncode == 1
    assert "file part-00001.parquet, column 'x': nested columns are not supported: it is a struct" in done.stderr


def test_pandas_with_a_missing_value_on_one_day(tmp_path):
    source = tmp_path / "source" / "2026-11-22"
    source.mkdir(parents=True)
    pd.DataFrame({"id": ["a"], "x": [1], "d": [D("1.25")], "s": [None]}).to_parquet(source / "a.parquet")
    pd.DataFrame({"id": ["b"], "x": [np.nan], "d": [D("12345.5")], "s": ["t"]}).to_parquet(source / "b.parquet")
    (source / "_SUCCESS").touch()
    got, _ = served(tmp_path, ["a", "b"])
    assert got.to_pydict() == {"x": [1.0, None], "d": [D("1.25"), D("12345.50")], "s": [None, "t"]}


def test_data_files_of_iceberg_are_refused(tmp_path):
    def with_ids(t, ids, **meta):
        fields = [f.with_metadata({"PARQUET:field_id": str(i)}) for f, i in zip(t.schema, ids)]
        return t.cast(pa.schema(fields, metadata=meta))
    plain = table("a", 1)
    publish(tmp_path / "source", "2026-11-22", [with_ids(plain, [1, 2])])  # ids alone say nothing
    assert load(tmp_path).returncode == 0
    publish(tmp_path / "source", "2026-11-23", [with_ids(plain, [1, 2], **{"iceberg.schema": "{}"})])
    done = load(tmp_path)
    assert done.returncode == 1 and "a data file of an Iceberg table" in done.stderr
    publish(tmp_path / "source", "2026-11-24", [with_ids(plain, [2147483546, 2147483545])])
    done = load(tmp_path)
    assert done.returncode == 1 and "an Iceberg table's delete file" in done.stderr
