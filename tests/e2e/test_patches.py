"""Writes of some columns, and writes of columns that there are not."""
import io
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Server, local, publish

STREAM = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
SCHEMA = {"key": "id", "columns": {"id": {"dtype": "utf8"}, "score": {"dtype": "float32"},
                                   "note": {"dtype": "utf8"}, "n": {"dtype": "int64", "nullable": False}}}


def send(murr, method, path, body, content_type="application/json"):
    path = "/api/v1/table/t" + (f"/{path}" if path else "")
    status, _, data = murr.request(method, path, body, {"Content-Type": content_type})
    return status, json.loads(data)


def forms(columns):
    """The same columns in each form: (content type, body)."""
    table = pa.table({k: pa.array(v, pa.float32() if k[:4] == "scor" else None) for k, v in columns.items()})
    stream, parquet = io.BytesIO(), io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema) as w:
        w.write_table(table)
    pq.write_table(table, parquet)
    return [("application/json", json.dumps({"columns": columns}).encode()),
            (STREAM, stream.getvalue()), (PARQUET, parquet.getvalue())]


def test_a_misspelt_column_is_refused(tmp_path):
    """It was passed over, and the real one became null."""
    with Server(tmp_path, {}) as murr:
        assert send(murr, "PUT", "", json.dumps(SCHEMA))[0] == 201
        for content_type, body in forms({"id": ["a"], "n": [1], "scor": [0.5]}):
            for method in ("PUT", "PATCH"):
                status, answer = send(murr, method, "write", body, content_type)
                assert status == 400, content_type
                assert answer["error"] == "unknown column 'scor'; did you mean 'score'?"
            assert murr.fetch_json("t", ["a"], ["n"]) == {"n": [None]}
        for content_type, body in forms({"id": ["a"], "n": [1], "scor": [0.5]}):
            assert send(murr, "PUT", "write?unknown_columns=ignore", body, content_type)[0] == 200
            assert murr.fetch_json("t", ["a"], ["n", "score"]) == {"n": [1], "score": [None]}
        for query in ("unknown_columns=pass", "mode=replace", "mode="):
            assert send(murr, "PUT", f"write?{query}", body, content_type)[0] == 400


def test_a_patch_changes_what_it_names(tmp_path):
    with Server(tmp_path, {}) as murr:
        assert send(murr, "PUT", "", json.dumps(SCHEMA))[0] == 201
        long = "a text that is longer than its cell"
        for content_type, body in forms({"id": ["a", "b"], "score": [0.5, 1.5], "note": [long, None],
                                         "n": [1, 2]}):
            assert send(murr, "PUT", "write", body, content_type)[0] == 200
        for content_type, body in forms({"id": ["a", "b"], "score": [2.5, None]}):
            assert send(murr, "PATCH", "write", body, content_type)[0] == 200
            assert murr.fetch_json("t", ["b", "a"], ["id", "score", "note", "n"]) == {
                "id": ["b", "a"], "score": [None, 2.5], "note": [None, long], "n": [2, 1]}
        assert send(murr, "PATCH", "write", json.dumps({"columns": {"id": ["a"], "note": ["x"]}}))[0] == 200
        assert murr.request("POST", "/api/v1/table/t/delete", json.dumps({"keys": ["b"]}))[0] == 200
        expected = {"score": [2.5, None], "note": ["x", None], "n": [1, None]}
        for _ in range(2):
            assert murr.fetch_json("t", ["a", "b"], ["score", "note", "n"]) == expected
            assert murr.request("POST", "/api/v1/table/t/compact")[0] == 200


def test_a_patch_of_an_absent_key_needs_what_may_not_be_null(tmp_path):
    with Server(tmp_path, {}) as murr:
        assert send(murr, "PUT", "", json.dumps(SCHEMA))[0] == 201
        status, answer = send(murr, "PATCH", "write", json.dumps({"columns": {"id": ["new"], "score": [1]}}))
        assert status == 400 and "'n'" in answer["error"] and "new" in answer["error"], answer
        status, answer = send(murr, "PATCH", "write", json.dumps({"columns": {"id": ["new"], "n": [None]}}))
        assert status == 400, answer
        status, answer = send(murr, "PATCH", "write", json.dumps({"columns": {"score": [1]}}))
        assert status == 400 and "'id'" in answer["error"], answer
        assert send(murr, "PATCH", "write", json.dumps({"columns": {"id": ["new"], "n": [7]}}))[0] == 200
        assert murr.fetch_json("t", ["new"]) == {"score": [None], "note": [None], "n": [7]}


@pytest.mark.parametrize("layout", ["packed", "columnar"])
@pytest.mark.parametrize("storage", ["memory", "disk"])
def test_a_later_publication_shows_through_a_patch(tmp_path, layout, storage):
    """Columns that were not named are those of what serves when they are read, not when they were written."""
    source = tmp_path / "source"

    def put_partition(day, version, **columns):
        table = pa.table({"id": [f"k{i}" for i in range(100)], "v": [version] * 100,
                          "s": [f"version {version}, longer than a cell"] * 100, **columns})
        folder = publish(source, day, [table], success=False)
        (folder / "_SUCCESS").touch()
        os.utime(folder / "_SUCCESS", (1_750_000_000, 1_750_000_000))  # before the patch

    put_partition("2026-01-01", 1)
    with Server(tmp_path, {"t": local(source, ["id"], layout=layout, storage=storage)}) as murr:
        murr.wait_loaded("t")
        for v in (10, 11):
            patch = json.dumps({"columns": {"id": ["k7", "k8", "new"], "v": [v, v, v]}})
            assert send(murr, "PATCH", "write", patch)[0] == 200
        keys = ["k6", "k7", "new"]
        s = "version {}, longer than a cell".format
        assert murr.fetch_json("t", keys, ["v", "s"]) == {"v": [1, 11, 11], "s": [s(1), s(1), None]}
        put_partition("2026-01-02", 2)
        murr.wait_loaded("t", "2026-01-02")
        assert murr.fetch_json("t", keys, ["v", "s"]) == {"v": [2, 11, 11], "s": [s(2), s(2), None]}
        assert murr.request("POST", "/api/v1/table/t/compact")[0] == 200
        assert murr.fetch_json("t", keys, ["s", "v"]) == {"v": [2, 11, 11], "s": [s(2), s(2), None]}
        put_partition("2026-01-03", 3, more=["m"] * 100)  # a column that there was not
        murr.wait_loaded("t", "2026-01-03")
        assert murr.fetch_json("t", keys, ["v", "s", "more"]) == {
            "v": [3, 11, 11], "s": [s(3), s(3), None], "more": ["m", "m", None]}
        murr.stop()
        murr.start()
        assert murr.fetch_json("t", keys, ["v", "s"]) == {"v": [3, 11, 11], "s": [s(3), s(3), None]}
