"""Keys that are neither text nor integers: dates, times, timestamps, decimals, UUIDs and other bytes of one length."""
import base64
import datetime
import decimal
import io
import json
import uuid

import pyarrow as pa
import pyarrow.ipc
import pytest
from conftest import Server, local, publish, run

D, DAY, UUID = decimal.Decimal, datetime.date(2026, 11, 22), uuid.UUID("3f2504e0-4f89-11d3-9a0c-0305e82c3301")
TIME = datetime.datetime(2026, 11, 22, 10, 30, 0, 250000)
# Arrow type; two values, and one that no row has; the first as JSON has it; what is no such value
KEYS = [
    (pa.date32(), [DAY, datetime.date(1969, 12, 31), datetime.date(2000, 1, 1)], "2026-11-22", "2026-02-30"),
    (pa.timestamp("us"), [TIME, datetime.datetime(1, 1, 1), datetime.datetime(2000, 1, 1)], "2026-11-22T10:30:00.250", "2026-11-22"),
    (pa.timestamp("ms", "UTC"), [TIME.replace(tzinfo=datetime.timezone.utc), datetime.datetime(1, 1, 1, tzinfo=datetime.timezone.utc),
                                 datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)], "2026-11-22T12:30:00.250+02:00", "2026-11-22T10:30:00"),
    (pa.time64("us"), [datetime.time(10, 30), datetime.time(0), datetime.time(1)], "10:30:00", "noon"),
    (pa.decimal128(9, 2), [D("12.50"), D("-0.01"), D("7.00")], "12.5", "12.505"),
    (pa.decimal256(60, 0), [D(10) ** 50, D(-1), D(7)], "1" + "0" * 50, "x"),
    (pa.binary(4), [b"\x00\xff\x00a", b"abcd", b"zzzz"], base64.b64encode(b"\x00\xff\x00a").decode(), "AAAA"),
    (pa.binary(16), [UUID.bytes, b"x" * 16, b"y" * 16], str(UUID), str(UUID)[:-1]),
]


def stream(table):
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as w:
        w.write_table(table)
    return out.getvalue()


@pytest.mark.parametrize("kind,values,text,bad", KEYS, ids=lambda v: str(v) if isinstance(v, pa.DataType) else "")
@pytest.mark.parametrize("composite", [False, True])
def test_keys_of_every_type(tmp_path, kind, values, text, bad, composite):
    rows = pa.table({"a": pa.array(values[:2], kind), "b": ["x", "y"], "v": [1, 2]})
    publish(tmp_path / "source", "2026-11-22", [rows])
    key = ["a", "b"] if composite else ["a"]
    with Server(tmp_path, {"t": local(tmp_path / "source", key)}) as murr:
        murr.wait_loaded("t")
        json_keys = [[text, "x"], [text, "z"]] if composite else [text]
        assert murr.fetch_json("t", json_keys, ["v"])["v"] == [1, None][:len(json_keys)]
        asked = pa.table({"a": pa.array(values, kind), "b": ["x", "y", "x"]}).select(key)
        status, _, data = murr.request("POST", "/v1/t/_fetch?columns=" + ",".join(["v", *key]), stream(asked),
                                       {"Content-Type": "application/vnd.apache.arrow.stream",
                                        "Accept": "application/vnd.apache.arrow.stream"})
        assert status == 200, data
        got = pa.ipc.open_stream(data).read_all()
        assert got["v"].to_pylist() == [1, 2, None]
        assert got["a"] == pa.chunked_array([pa.array(values[:2] + [None], kind)])
        status, _, data = murr.fetch_raw("t", {"keys": [[bad, "x"] if composite else bad]})
        assert status == 400 and b"key 0: " in data, data
        status, _, data = murr.request("POST", "/api/v1/table/t/delete", json.dumps({"keys": json_keys[:1]}))
        assert status == 200, data
        assert murr.fetch_json("t", json_keys[:1], ["v"])["v"] == [None]
    argument = json.dumps([text, "x"]) if composite else text
    done = run("get", "t", argument, "-c", "v", "-o", "csv", "--data-dir", tmp_path / "data")
    assert done.returncode == 0, done.stderr


def test_created_tables_may_have_such_keys(tmp_path):
    with Server(tmp_path, {}) as murr:
        schema = {"key": ["day", "id"], "columns": {"day": {"dtype": "date32"}, "id": {"dtype": "fixed_binary[16]"}, "v": {"dtype": "int64"}}}
        status, _, data = murr.request("PUT", "/api/v1/table/t", json.dumps(schema))
        assert status == 201, data
        rows = pa.table({"day": pa.array([DAY] * 2, pa.date32()), "id": pa.array([UUID.bytes, b"x" * 16], pa.binary(16)), "v": [1, 2]})
        status, _, data = murr.request("PUT", "/api/v1/table/t/write", stream(rows),
                                       {"Content-Type": "application/vnd.apache.arrow.stream"})
        assert status == 200, data
        assert murr.fetch_json("t", [["2026-11-22", str(UUID)], ["2026-11-23", str(UUID)]]) == {"v": [1, None]}


def test_a_key_that_is_too_long_is_refused(tmp_path):
    publish(tmp_path / "source", "2026-11-22", [pa.table({"a": pa.array([b"x" * 300], pa.binary(300)), "v": [1]})])
    (tmp_path / "murr.yml").write_text(json.dumps({"server": {"data_dir": str(tmp_path / "data")},
                                                   "tables": {"t": local(tmp_path / "source", ["a"])}}))
    done = run("load", "--config", tmp_path / "murr.yml")
    assert done.returncode == 1 and "a key of 1 columns has 300 bytes, at most 254 fit" in done.stderr
