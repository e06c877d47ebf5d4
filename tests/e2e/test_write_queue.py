"""Queues of writes of many tables, and the threads that work on them."""
import http.client
import json
import threading
import time

from conftest import Server

SCHEMA = {"key": "id", "columns": {"id": {"dtype": "int64"}, "v": {"dtype": "float64"}}}


def create(murr, table):
    status, _, data = murr.request("PUT", f"/api/v1/table/{table}", json.dumps(SCHEMA))
    assert status == 201, data


def test_tables_that_are_written_all_the_time_leave_turns_to_others(tmp_path):
    tables, clients, seconds = "abcdefgh", 4, 3
    done = dict.fromkeys(tables, 0)
    lock = threading.Lock()
    with Server(tmp_path, {}) as murr:
        for t in tables:
            create(murr, t)
        end = time.monotonic() + seconds

        def work(table, i):
            conn = http.client.HTTPConnection("127.0.0.1", murr.port, timeout=60)
            body = json.dumps({"columns": {"id": [i], "v": [1.5]}})
            while time.monotonic() < end:
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
        end = time.monotonic() + 10
        while (tmp_path / "data" / "t" / "0000000001").exists():
            assert time.monotonic() < end, "nothing was merged"
            assert murr.request("PUT", "/api/v1/table/t/write", '{"columns": {}}')[0] == 400
            time.sleep(0.2)
