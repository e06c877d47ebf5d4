"""Queues of writes of many tables, and the threads that work on them."""
import http.client
import io
import json
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from conftest import Server

SCHEMA = {"key": "id", "columns": {"id": {"dtype": "int64"}, "v": {"dtype": "float64"}}}


def create(murr, table):
    status, _, data = murr.request("PUT", f"/api/v1/table/{table}", json.dumps(SCHEMA))
    assert status == 201, data


def test_tables_that_are_written_all_the_time_leave_turns_to_others(tmp_path):
    tables, clients, enough = "abcdefgh", 4, 200
    done = dict.fromkeys(tables, 0)
    lock = threading.Lock()
    with Server(tmp_path, {}) as murr:
        for t in tables:
            create(murr, t)
        def work(table, i):
            conn = http.client.HTTPConnection("127.0.0.1", murr.port, timeout=60)
            body = json.dumps({"columns": {"id": [i], "v": [1.5]}})
            while max(done.values()) < enough:
                conn.request("PUT", f"/api/v1/table/{table}/write", body)
                res = conn.getresponse()
                assert res.status == 200, res.read()
                res.read()
                with lock:
                    done[table] += 1

        threads = [threading.Thread(target=work, args=(t, i)) for t in tables
                   for i in range(clients)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    assert min(done.values()) > max(done.values()) / 2, done


def test_refused_writes_do_not_keep_a_table_from_being_merged(tmp_path):
    """They may be waiting for the room that the merge will make."""
    with Server(tmp_path, {}) as murr:
        create(murr, "t")
        body = json.dumps({"columns": {"id": [1], "v": [1.5]}})
        assert murr.request("PUT", "/api/v1/table/t/write", body)[0] == 200
        end = time.monotonic() + 60
        while (tmp_path / "data" / "t" / "0000000001").exists():
            assert time.monotonic() < end, "nothing was merged"
            assert murr.request("PUT", "/api/v1/table/t/write", '{"columns": {}}')[0] == 400
            time.sleep(0.2)


def create_texts(murr):
    schema = {"key": "id", "columns": {"id": {"dtype": "int64"}, "v": {"dtype": "utf8"}}}
    assert murr.request("PUT", "/api/v1/table/t", json.dumps(schema))[0] == 201


def with_memory(folder, memory):
    murr = Server(folder, {})
    config = json.loads(murr.config_path.read_text())
    murr.config_path.write_text(json.dumps({**config, "write": {"memory": memory}}))
    return murr


def test_a_short_file_of_very_many_rows_is_written(tmp_path):
    """How many blocks it takes is not seen from its length."""
    n = 300000
    words = pa.DictionaryArray.from_arrays(pa.array(np.arange(n) % 7, pa.int32()),
                                           [c * 100 for c in "abcdefg"])
    body = io.BytesIO()
    pq.write_table(pa.table({"id": np.arange(n), "v": words}), body, compression="zstd",
                   use_dictionary=["v"], column_encoding={"id": "DELTA_BINARY_PACKED"})
    assert len(body.getvalue()) < 20000
    with with_memory(tmp_path, "16MiB") as murr:
        create_texts(murr)
        status, _, data = murr.request("PUT", "/api/v1/table/t/write", body.getvalue())
        assert (status, data) == (200, b'{"num_rows":300000}')
        assert murr.fetch_json("t", [0, 1, n - 1, n])["v"] == ["a" * 100, "b" * 100,
                                                              "abcdefg"[(n - 1) % 7] * 100, None]


def test_a_row_that_is_too_long_fails_alone(tmp_path):
    short, long, answers = 40, 4, {}
    with with_memory(tmp_path, "16MiB") as murr:
        create_texts(murr)

        def write(i):
            text = "x" if i >= long else "x" * 4500000
            body = json.dumps({"columns": {"id": [i], "v": [text]}})
            while (answer := murr.request("PUT", "/api/v1/table/t/write", body))[0] == 429:
                time.sleep(0.01)
            answers[i] = answer

        threads = [threading.Thread(target=write, args=(i,)) for i in range(long + short)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for i, (status, _, data) in answers.items():
            assert status == (413 if i < long else 200), (i, data)
            assert status == 200 or b"write.memory" in data
        assert murr.status("t")["rows"] == short


def test_long_rows_that_meet_in_a_block_are_written_and_merged(tmp_path):
    """Each of them fits, two or three do not."""
    with with_memory(tmp_path, "16MiB") as murr:
        create_texts(murr)
        for i in range(24):
            body = json.dumps({"columns": {"id": [i, i + 100], "v": ["x" * 1000000] * 2}})
            status, _, data = murr.request("PUT", "/api/v1/table/t/write", body)
            assert status == 200, data
        assert murr.request("POST", "/api/v1/table/t/compact")[0] == 200
        assert murr.status("t")["rows"] == 48


def columns_of(dtypes):
    return {"key": "id", "columns": {"id": {"dtype": "utf8"},
                                     **{f"c{i}": {"dtype": t} for i, t in enumerate(dtypes)}}}


def test_a_table_is_not_made_whose_rows_could_not_be_written_or_deleted(tmp_path):
    """An empty table needs neither stamps nor null bits; its rows will."""
    longest = ["list<float32>[16384]"] * 15 + ["list<float32>[16380]"]
    with Server(tmp_path, {}) as murr:
        for schema, why in [
                (columns_of(["int8"] * 65535), b"65536 columns, at most 65534 fit"),
                (columns_of(["int8"] * 100000), b"100001 columns, at most 65536 fit"),
                (columns_of(longest), b"a row of 17 columns can be longer than 1048576 bytes"),
                ({**columns_of(["int64"] * 40000), "key": [f"c{i}" for i in range(40000)]},
                 b"a key of 40000 columns, at most 64 fit"),
                ({**columns_of(["int64"] * 32), "key": [f"c{i}" for i in range(32)]},
                 b"a key of 32 columns has 256 bytes, at most 254 fit")]:
            status, _, data = murr.request("PUT", "/api/v1/table/t", json.dumps(schema))
            assert status == 400 and why in data, data
        status, _, data = murr.request("PUT", "/api/v1/table/t", json.dumps(columns_of(longest[:15])))
        assert status == 201, data
        body = json.dumps({"columns": {"id": ["x" * 300, "y"]}})
        assert murr.request("PUT", "/api/v1/table/t/write", body)[0] == 200
        assert murr.request("POST", "/api/v1/table/t/delete", '{"keys": ["y"]}')[0] == 200
        assert murr.status("t")["rows"] == 1


def test_a_name_that_is_made_and_dropped_all_the_time_answers_what_it_is(tmp_path, rng):
    """Made or there already, there or not: nothing in between."""
    t = "/api/v1/table/t"
    rows = json.dumps({"columns": {"id": [1, 2], "v": [0.5, None]}})
    calls = [("PUT", t, json.dumps(SCHEMA)), ("DELETE", t, None), ("PUT", f"{t}/write", rows),
             ("POST", f"{t}/delete", '{"keys": [1]}'), ("POST", f"{t}/compact", None),
             ("POST", f"{t}/fetch", '{"keys": [1, 2]}'), ("GET", f"{t}/schema", None),
             ("GET", "/metrics", None), ("GET", "/readyz?verbose", None), ("GET", "/api/v1/table", None)]
    strange = set()
    with Server(tmp_path, {}) as murr:
        end = time.monotonic() + 4

        def work(seed):
            random = type(rng)(seed)
            conn = http.client.HTTPConnection("127.0.0.1", murr.port, timeout=60)
            while time.monotonic() < end:
                method, path, body = random.choice(calls)
                conn.request(method, path, body)
                res = conn.getresponse()
                data = res.read()
                allowed = (201, 409) if (method, path) == ("PUT", t) else (200, 404)
                if res.status not in allowed:
                    strange.add((method, path, res.status, data))

        threads = [threading.Thread(target=work, args=(rng.random(),)) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not strange
        assert "ERROR" not in murr.log_text()


def test_there_are_no_more_tables_than_the_configuration_allows(tmp_path):
    """Tens of thousands would take all mappings that a process may have, and end it."""
    with Server(tmp_path, {}, extra=["--set", "write.max_tables=2"]) as murr:
        create(murr, "a")
        create(murr, "b")
        for table, expected in [("c", 507), ("a", 409)]:
            status, _, data = murr.request("PUT", f"/api/v1/table/{table}", json.dumps(SCHEMA))
            assert status == expected, data
        assert murr.request("DELETE", "/api/v1/table/a")[0] == 200
        create(murr, "c")
