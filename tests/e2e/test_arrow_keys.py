"""Keys that come as an Arrow IPC stream find what the same keys find as JSON."""
import io
import json
import urllib.parse

import pyarrow as pa
import pyarrow.ipc
import pytest
from conftest import Server, local, publish

STREAM = "application/vnd.apache.arrow.stream"


def stream_of(table, chunk=None, **options):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as w:
        w.write_table(table, max_chunksize=chunk)
    return sink.getvalue()


def fetch(murr, body, columns=None, table="t", content_type=STREAM):
    query = "" if columns is None else "?" + urllib.parse.urlencode({"columns": ",".join(columns)})
    return murr.request("POST", f"/v1/{table}/_fetch{query}", body,
                        {"Accept": STREAM, "Content-Type": content_type})


def not_utf8():
    return pa.Array.from_buffers(pa.string(), 2, pa.array([b"a", b"\xff"]).buffers())


def rows_of(answer):
    status, _, body = answer
    assert status == 200, body
    return pa.ipc.open_stream(body).read_all().to_pydict()


@pytest.fixture(scope="module")
def murr(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arrow_keys")
    n = 500
    publish(folder / "t", "2026-11-22", [pa.table({
        "id": [f"user-{i}" for i in range(n)], "v": list(range(n)), "ü, w": [i / 4 for i in range(n)]})])
    publish(folder / "i", "2026-11-22", [pa.table({
        "id": pa.array(range(-100, 100), pa.int32()), "v": list(range(200))})])
    publish(folder / "c", "2026-11-22", [pa.table({
        "a": [f"k{i % 7}" for i in range(n)], "b": pa.array(range(n), pa.int16()), "v": list(range(n))})])
    with Server(folder, {"t": local(folder / "t", ["id"]), "i": local(folder / "i", ["id"]),
                         "c": local(folder / "c", ["a", "b"])}) as server:
        for t in "tic":
            server.wait_loaded(t)
        yield server


@pytest.mark.parametrize("arrow", [pa.string(), pa.large_string(), pa.string_view(),
                                   pa.dictionary(pa.int8(), pa.string())], ids=str)
@pytest.mark.parametrize("chunk", [None, 7])
def test_text_keys(murr, rng, arrow, chunk):
    keys = [f"user-{rng.randrange(100)}" for _ in range(300)] + ["", "nobody", "x" * 300]
    table = pa.table({"id": pa.array(keys, arrow)})
    body = stream_of(table, chunk)
    want = murr.fetch_arrow("t", keys, ["v"]).to_pydict()
    assert rows_of(fetch(murr, body, ["v"])) == want
    for compression in ["lz4", "zstd"]:
        assert rows_of(fetch(murr, stream_of(table, chunk, compression=compression), ["v"])) == want
    assert list(rows_of(fetch(murr, body))) == ["v", "ü, w"]


@pytest.mark.parametrize("arrow", [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint64()])
def test_integer_keys_of_any_width(murr, arrow):
    keys = [k for k in range(-120, 120) if k >= 0 or "u" not in str(arrow)]
    body = stream_of(pa.table({"id": pa.array(keys, arrow)}))
    assert rows_of(fetch(murr, body, ["v"], "i")) == murr.fetch_arrow("i", keys, ["v"]).to_pydict()


def test_keys_of_several_columns_in_any_order(murr, rng):
    pairs = [(f"k{rng.randrange(8)}", rng.randrange(600)) for _ in range(200)]
    body = stream_of(pa.table({"b": pa.array([b for _, b in pairs], pa.int64()), "a": [a for a, _ in pairs]}), 50)
    want = murr.fetch_arrow("c", [list(p) for p in pairs], ["v", "a"]).to_pydict()
    assert rows_of(fetch(murr, body, ["v", "a"], "c")) == want


def test_no_keys(murr):
    empty = pa.table({"id": pa.array([], pa.string())})
    assert rows_of(fetch(murr, stream_of(empty), ["v"])) == {"v": []}


def test_json_comes_back_where_it_is_asked_for(murr):
    body = stream_of(pa.table({"id": ["user-3"]}))
    status, _, answer = murr.request("POST", "/v1/t/_fetch?columns=v", body, {"Content-Type": STREAM + "; x=y"})
    assert status == 200 and json.loads(answer)["columns"] == [{"name": "v", "values": [3]}]


def test_what_cannot_be_keys_is_said(murr):
    text = pa.array(["user-1"])
    for table, body, message in [
            ("t", stream_of(pa.table({"id": pa.array(["a", None])})), "key 1: column id is null"),
            ("t", stream_of(pa.table({"key": text})), "'key' of the Arrow stream is not a key column"),
            ("t", stream_of(pa.table({"id": [1]})), "is int64, the key is utf8"),
            ("t", stream_of(pa.table({"id": pa.array([b"x"])})), "is binary, the key is utf8"),
            ("t", stream_of(pa.table({"id": pa.array([None])})), "key 0: column id is null"),
            ("t", stream_of(pa.table({"id": pa.array([{"a": 1}])})), "is struct, the key is utf8"),
            ("t", stream_of(pa.table({"id": not_utf8()})), "column 'id', row 1: text is not UTF-8"),
            ("i", stream_of(pa.table({"id": [2**31]})), "2147483648 is out of range"),
            ("i", stream_of(pa.table({"id": [-2**31 - 1]})), "-2147483649 is out of range"),
            ("i", stream_of(pa.table({"id": pa.array([2**64 - 1], pa.uint64())})),
             "18446744073709551615 is out of range"),
            ("c", stream_of(pa.table({"a": text})), "lacks the key column b"),
            ("t", b"", "does not begin with a schema"),
            ("t", b"{\"keys\": []}", "not an Arrow IPC stream")]:
        status, _, answer = fetch(murr, body, table=table)
        assert status == 400 and message in json.loads(answer)["error"], (message, answer)
    status, _, answer = murr.request("POST", "/v1/t/_fetch?columns=v", b'{"keys": []}')
    assert status == 400 and "JSON body" in json.loads(answer)["error"]
    status, _, answer = fetch(murr, stream_of(pa.table({"id": text})), ["nope"])
    assert status == 400 and "unknown column 'nope'" in json.loads(answer)["error"]


def test_a_stream_cut_anywhere_is_refused_or_complete(murr):
    whole = stream_of(pa.table({"id": ["user-1", "user-2"]}))
    for cut in range(len(whole)):
        status, _, answer = fetch(murr, whole[:cut], ["v"])
        # Without its end mark a stream is still whole; without its batch it has no rows.
        assert status == 400 or rows_of((status, None, answer)) in ({"v": [1, 2]}, {"v": []}), cut


def test_timing_says_where_the_time_went(murr):
    _, headers, _ = fetch(murr, stream_of(pa.table({"id": ["user-1"]})))
    steps = dict(part.split(";dur=") for part in headers["Server-Timing"].split(", "))
    assert list(steps) == ["parse", "lookup", "gather", "encode"]
    assert all(float(ms) >= 0 for ms in steps.values())
