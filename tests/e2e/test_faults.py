"""A disk that fails at every step of a create, a write, a merge and a drop: each is refused or done as a whole, what was
answered stays, also over a crash, and when the disk is well again everything goes on."""
import ctypes
import datetime
import errno
import json
import mmap
import os
import pathlib
import threading

import pyarrow as pa
import pytest

from conftest import BINARY, SANITIZED, Server, local, publish

pytestmark = pytest.mark.skipif(SANITIZED, reason="a sanitizer wants to be the first library")
SCHEMA = {"key": "id", "columns": {"id": {"dtype": "utf8"}, "v": {"dtype": "int64"}}}
# As in faults.c.
CALLS = {"fsync": 1, "rename": 2, "create": 3, "write": 4, "mkdir": 5, "unlink": 6, "tmpfile": 7}
FOR_EVER = 1 << 30
WAITS = 0  # no error: the call waits until the fault is disarmed


class Faults:
    """The plan that the server's calls look at."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "faults"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(bytes(24))
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 24)
        self.plan = (ctypes.c_int32 * 6).from_buffer(self.map)

    def arm(self, call, first, n=1, error=errno.EIO):
        self.plan[0] = 0
        self.plan[1:5] = [first, n, error, 0]
        self.plan[0] = CALLS[call]

    def move_clock(self, days):
        self.plan[5] = days

    def disarm(self):
        """Whether the fault came to pass."""
        self.plan[0] = 0
        return self.plan[4] >= self.plan[1]

    def env(self):
        library = pathlib.Path(BINARY).resolve().parent / "faults.so"
        return {**os.environ, "LD_PRELOAD": str(library), "MURR_TEST_FAULTS": str(self.path)}


def put(murr, rows, table="t"):
    body = json.dumps({"columns": {"id": list(rows), "v": list(rows.values())}})
    return murr.request("PUT", f"/api/v1/table/{table}/write", body)


def delete(murr, keys, table="t"):
    return murr.request("POST", f"/api/v1/table/{table}/delete", json.dumps({"keys": keys}))


def create(murr, table="t"):
    return murr.request("PUT", f"/api/v1/table/{table}", json.dumps(SCHEMA))


def read(murr, keys, table="t"):
    values = murr.fetch_json(table, keys, ["v"])["v"]
    return {k: v for k, v in zip(keys, values) if v is not None}


def expect_refused(answer, error):
    """Whether it went well; else it must say why."""
    status, _, data = answer
    if status in (200, 201):
        return True
    assert status == (507 if error == errno.ENOSPC else 500), data
    assert json.loads(data)["error"]
    return False


def check(murr, *states):
    """The table is as one of them; which."""
    keys = sorted({k for s in states for k in s} | {"nobody"})
    got = read(murr, keys)
    assert got in states, (got, states)
    assert murr.status("t")["rows"] == len(got)
    return got


def steps(murr, faults, call, error, step, n=1):
    """Do `step` again and again, each time with a later call failing, until it is through without."""
    for first in range(1, 200):
        faults.arm(call, first, n, error)
        step(first)
        if not faults.disarm():
            assert first > 1, "nothing ever failed"
            return
    raise AssertionError("there is no end")


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("n", [1, FOR_EVER])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("call", [c for c in CALLS if c != "tmpfile"])
def test_a_write_is_whole_or_nothing(tmp_path, call, error, n, restart):
    faults = Faults(tmp_path)
    with Server(tmp_path, {}, env=faults.env()) as murr:
        assert create(murr)[0] == 201
        rows = {"a": 0, "b": 0}
        assert put(murr, rows)[0] == 200

        def write(first):
            nonlocal rows
            after = {**rows, "a": first, f"k{first}": first}
            answer = put(murr, after)
            was_armed = faults.disarm()
            if expect_refused(answer, error):
                rows = after
                check(murr, rows)
            else:
                rows = check(murr, rows)  # what is refused is not there
            if restart:
                murr.kill()
                murr.start()
                rows = check(murr, rows, after)
            more = {**rows, "b": -first}
            # A merge may have failed, too: it is tried again.
            murr.wait_for(lambda: put(murr, more)[0] == 200)
            rows = check(murr, more)
            faults.plan[4] = faults.plan[1] if was_armed else 0

        steps(murr, faults, call, error, write, n)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("n", [1, FOR_EVER])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("call", [c for c in CALLS if c != "tmpfile"])
def test_a_merge_loses_nothing(tmp_path, call, error, n, restart):
    faults = Faults(tmp_path)
    with Server(tmp_path, {}, env=faults.env()) as murr:
        assert create(murr)[0] == 201
        rows = {}

        def merge(first):
            nonlocal rows
            faults.disarm()
            for i in range(2):
                more = {f"k{first}.{i}": first, "a": i}
                assert put(murr, more)[0] == 200
                rows = {**rows, **more}
            assert delete(murr, [f"k{first}.0"])[0] == 200
            del rows[f"k{first}.0"]
            faults.arm(call, first, n, error)
            expect_refused(murr.request("POST", "/api/v1/table/t/compact"), error)
            was_armed = faults.disarm()
            check(murr, rows)
            if restart:
                murr.kill()
                murr.start()
                check(murr, rows)
            assert murr.request("POST", "/api/v1/table/t/compact")[0] == 200
            check(murr, rows)
            generations = [f for f in (tmp_path / "data" / "t").iterdir() if f.is_dir()]
            if restart:
                assert len(generations) == 1, generations
            faults.plan[4] = faults.plan[1] if was_armed else 0

        steps(murr, faults, call, error, merge, n)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("n", [1, FOR_EVER])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("call", ["fsync", "rename", "create", "write", "mkdir"])
def test_a_table_is_created_or_not(tmp_path, call, error, n, restart):
    faults = Faults(tmp_path)
    with Server(tmp_path, {}, env=faults.env()) as murr:
        def make(first):
            answer = create(murr)
            was_armed = faults.disarm()
            is_there = expect_refused(answer, error)
            assert murr.request("GET", "/api/v1/table/t/schema")[0] == (200 if is_there else 404)
            if restart:
                murr.kill()
                murr.start()
                now = murr.request("GET", "/api/v1/table/t/schema")[0] == 200
                assert now or not is_there
                is_there = now
            if not is_there:
                status, _, data = create(murr)
                assert status == 201, data
            assert put(murr, {"a": first})[0] == 200
            check(murr, {"a": first})
            assert murr.request("DELETE", "/api/v1/table/t")[0] == 200
            assert not (tmp_path / "data" / "t").exists()
            faults.plan[4] = faults.plan[1] if was_armed else 0

        steps(murr, faults, call, error, make, n)


@pytest.mark.parametrize("n", [1, FOR_EVER])
@pytest.mark.parametrize("call", ["fsync", "rename", "unlink"])
def test_a_table_is_dropped_or_not(tmp_path, call, n):
    faults = Faults(tmp_path)
    with Server(tmp_path, {}, env=faults.env()) as murr:
        def drop(first):
            faults.disarm()
            assert create(murr)[0] == 201
            assert put(murr, {"a": first})[0] == 200
            faults.arm(call, first, n)
            is_gone = expect_refused(murr.request("DELETE", "/api/v1/table/t"), errno.EIO)
            was_armed = faults.disarm()
            murr.kill()
            murr.start()
            if murr.request("GET", "/api/v1/table/t/schema")[0] == 200:
                assert not is_gone
                check(murr, {"a": first})
                assert murr.request("DELETE", "/api/v1/table/t")[0] == 200
            assert [f for f in os.listdir(tmp_path / "data") if f[0] != "."] == []
            faults.plan[4] = faults.plan[1] if was_armed else 0

        steps(murr, faults, call, errno.EIO, drop, n)


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_created_table_outlives_its_manifest(tmp_path, damage):
    with Server(tmp_path, {}) as murr:
        assert create(murr)[0] == 201
        assert put(murr, {"a": 1})[0] == 200
        assert murr.request("POST", "/api/v1/table/t/compact")[0] == 200
        murr.kill()
        manifest = tmp_path / "data" / "t" / "manifest.json"
        manifest.unlink() if damage == "missing" else manifest.write_text("{")
        for _ in range(2):
            murr.start()
            check(murr, {"a": 1})
            murr.stop()
        murr.start()


def test_a_segment_that_cannot_be_read_now_is_not_set_aside(tmp_path):
    folder = tmp_path / "data" / "t"
    with Server(tmp_path, {}) as murr:
        assert create(murr)[0] == 201
        assert put(murr, {"a": 1})[0] == 200
        murr.kill()
        segment, = folder.glob("*.seg")
        bytes_ = segment.read_bytes()
        segment.unlink()
        segment.symlink_to(segment)  # ELOOP; it could be EMFILE, EACCES, ENOMEM
        murr.start()
        assert f"cannot open {segment}" in murr.status("t")["damage"]
        assert murr.request("GET", "/readyz")[0] == 503
        assert put(murr, {"b": 2})[0] == 500
        segment.unlink()
        segment.write_bytes(bytes_)
        murr.wait_for(lambda: murr.status("t")["ready"])  # it is tried again
        check(murr, {"a": 1})


def test_debris_that_cannot_be_removed_is_in_nobodys_way(tmp_path):
    """The table was refused; and what was written when it was tried again got the number 0, and was lost."""
    faults, folder = Faults(tmp_path), tmp_path / "data" / "t"
    with Server(tmp_path, {}, env=faults.env()) as murr:
        assert create(murr)[0] == 201
        assert put(murr, {"a": 1})[0] == 200
        murr.kill()
        (folder / "0000000077.tmp").mkdir()
        (folder / "backup.tmp").write_text("somebody else's")
        faults.arm("unlink", 1, 2, errno.EACCES)
        murr.start()
        assert faults.disarm()
        check(murr, {"a": 1})
        assert murr.status("t")["ready"]
        assert put(murr, {"b": 2})[0] == 200
        for _ in range(2):
            murr.kill()
            murr.start()
            check(murr, {"a": 1, "b": 2})


@pytest.mark.parametrize("writes", [False, True])
def test_an_older_generation_that_can_be_read_again_is_degraded(tmp_path, writes):
    """It was said to be whole."""
    source = tmp_path / "source"
    folder = publish(source, "2026-01-01", [pa.table({"id": ["a"], "v": [1]})], success=False)
    (folder / "_SUCCESS").touch()
    os.utime(folder / "_SUCCESS", (1750000000,) * 2)
    murr = Server(tmp_path, {"t": local(source, ["id"])})
    with murr:
        murr.wait_loaded("t")
        publish(source, "2026-01-02", [pa.table({"id": ["a"], "v": [2]})])
        os.utime(source / "2026-01-02" / "_SUCCESS", (1750000001,) * 2)
        murr.wait_loaded("t", "2026-01-02")
        if writes:
            assert put(murr, {"b": 3})[0] == 200
    source.rename(tmp_path / "hidden")
    parts = sorted((tmp_path / "data" / "t").glob("*/00000000.seg"))
    good = [part.read_bytes() for part in parts]
    for part in parts:
        part.write_bytes(b"MURR")
    with murr:
        murr.wait_for(lambda: murr.status("t")["damage"])
        parts[0].write_bytes(good[0])
        status = murr.wait_for(lambda: (s := murr.status("t"))["ready"] and s)
        assert status["degraded"] and status["damage"], status
        assert read(murr, ["a", "b"]) == {"a": 1, **({"b": 3} if writes else {})}
        (tmp_path / "hidden").rename(source)
        murr.wait_for(lambda: not murr.status("t")["degraded"])
        assert read(murr, ["a", "b"]) == {"a": 2, **({"b": 3} if writes else {})}


def test_a_created_table_that_is_damaged_can_be_dropped_and_made_again(tmp_path):
    with Server(tmp_path, {}) as murr:
        assert create(murr)[0] == 201
        murr.kill()
        (tmp_path / "data" / "t" / "0000000001" / "00000000.seg").write_bytes(b"MURR")
        murr.start()
        status, _, data = put(murr, {"a": 1})
        assert status == 500 and "damaged" in json.loads(data)["error"]
        assert create(murr)[0] == 409
        assert murr.request("DELETE", "/api/v1/table/t")[0] == 200
        assert create(murr)[0] == 201
        assert put(murr, {"a": 1})[0] == 200
        check(murr, {"a": 1})


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_load_under_rows_that_were_written_loses_none(tmp_path, call):
    """A new partition takes the place of the old one below them, in the end."""
    faults, source = Faults(tmp_path), tmp_path / "source"

    def put_partition(first):
        table = pa.table({"id": ["a", "b", f"p{first}"], "v": [first] * 3})
        folder = publish(source, f"2026-01-{first:02}", [table], success=False)
        (folder / "_SUCCESS").touch()
        os.utime(folder / "_SUCCESS", (1750000000 + first,) * 2)  # before all writes

    put_partition(1)
    with Server(tmp_path, {"t": local(source, ["id"])}, env=faults.env()) as murr:
        murr.wait_loaded("t")
        rows = {}
        for first in range(1, 26):
            more = {"a": -first, f"k{first}": first}
            assert put(murr, more)[0] == 200
            rows = {k: v for k, v in {**rows, **more}.items() if k[0] != "p"}
            rows |= {"b": first + 1, f"p{first + 1}": first + 1}
            faults.arm(call, first)
            put_partition(first + 1)
            murr.wait_for(lambda: faults.plan[4] >= first
                          or murr.status("t")["partition"] == f"2026-01-{first + 1:02}")
            was_there = faults.disarm()
            if first % 2:
                murr.kill()
                murr.start()
            assert read(murr, ["a", f"k{first}"]) == more
            murr.wait_loaded("t", f"2026-01-{first + 1:02}")
            check(murr, rows)
            if not was_there:
                break
        assert first > 1, "nothing ever failed"


def test_writes_that_are_lost_are_missed(tmp_path):
    """Nothing serves beside them, nothing takes their place, and nothing of them is removed."""
    folder = tmp_path / "data" / "t"
    with Server(tmp_path, {}) as murr:
        assert create(murr)[0] == 201
        for i in range(3):
            assert put(murr, {"a": i})[0] == 200
        murr.kill()
        files = {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()}
        segment = max(folder.glob("*.seg"))
        for damage in (b"x" * 100, None):
            segment.unlink() if damage is None else segment.write_bytes(damage)
            for _ in range(2):
                murr.start()
                status = murr.status("t")
                assert not status["ready"] and str(segment) in status["damage"]
                status, _, data = murr.fetch_raw("t", {"keys": ["a"]})
                assert status == 500 and str(segment) in json.loads(data)["error"]
                assert put(murr, {"a": 9})[0] == 500
                murr.kill()
        now = {f: f.read_bytes() for f in folder.rglob("*") if f.is_file()}
        assert {**now, segment: files[segment]} == files
        segment.write_bytes(files[segment])
        murr.start()
        check(murr, {"a": 2})


def test_a_file_system_without_unnamed_files_is_as_good(tmp_path):
    """NFS, FUSE, overlayfs of old kernels: loads that spill, and bodies that go to a file."""
    faults, source = Faults(tmp_path), tmp_path / "source"
    table = pa.table({"id": [f"key {i}" for i in range(100_000)], "v": range(100_000)})
    publish(source, "2026-01-01", [table])
    faults.arm("tmpfile", 1, FOR_EVER, errno.EOPNOTSUPP)
    with Server(tmp_path, {"t": local(source, ["id"])}, server={"upload_memory_bytes": "1KiB"},
                load={"memory": "16MiB", "threads": 1}, env=faults.env()) as murr:
        murr.wait_loaded("t")
        assert put(murr, {f"new {i}": i for i in range(10_000)})[0] == 200
        assert read(murr, ["key 7", "new 9"]) == {"key 7": 7, "new 9": 9}
        assert faults.plan[4] >= 1, "nothing went to a file"
        assert not [f for f in (tmp_path / "data").rglob("*unnamed*")]


def test_reads_go_on_while_the_disk_hangs(tmp_path):
    """One HTTP thread, and a create, a write and a drop that wait for the disk."""
    faults = Faults(tmp_path)
    with Server(tmp_path, {}, server={"threads": 1}, env=faults.env()) as murr:
        for table in "tuv":
            assert create(murr, table)[0] == 201
        assert put(murr, {"a": 1})[0] == 200
        for step in (lambda: create(murr, "w"), lambda: put(murr, {"b": 2}, "u"),
                     lambda: murr.request("DELETE", "/api/v1/table/v")):
            answers = []
            faults.arm("fsync", 1, FOR_EVER, WAITS)
            client = threading.Thread(target=lambda: answers.append(step()))
            client.start()
            murr.wait_for(lambda: faults.plan[4] > 0)
            for _ in range(10):
                check(murr, {"a": 1})
            assert not answers
            faults.disarm()
            client.join(60)
            assert answers and answers[0][0] in (200, 201), answers


def test_a_merge_that_hangs_holds_up_no_other_table(tmp_path):
    faults = Faults(tmp_path)
    with Server(tmp_path, {}, env=faults.env()) as murr:
        for table in "tu":
            assert create(murr, table)[0] == 201
        assert put(murr, {"a": 1})[0] == 200
        answers = []
        faults.arm("fsync", 1, 1, WAITS)
        client = threading.Thread(target=lambda: answers.append(murr.request("POST", "/api/v1/table/t/compact")))
        client.start()
        murr.wait_for(lambda: faults.plan[4] > 0)
        for i in range(30):  # eight at most lie on top of each other
            assert put(murr, {"b": i}, "u")[0] == 200
        assert not answers
        faults.disarm()
        client.join(60)
        assert answers and answers[0][0] == 200, answers
        check(murr, {"a": 1})


def test_a_date_ahead_is_taken_when_its_day_comes(tmp_path):
    """Or when a clock that was behind is set right."""
    faults = Faults(tmp_path)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    for days, value in ((0, 1), (5, 2)):
        publish(tmp_path / "s", str(today + datetime.timedelta(days)), [pa.table({"id": ["a"], "v": [value]})])
    with Server(tmp_path, {"t": local(tmp_path / "s", ["id"])}, env=faults.env()) as murr:
        murr.wait_error("t", "5 days ahead")
        assert read(murr, ["a"]) == {"a": 1}
        faults.move_clock(3)
        murr.wait_for(lambda: read(murr, ["a"]) == {"a": 2})
        assert murr.status("t")["refused"] is None
