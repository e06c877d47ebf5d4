"""Bytes that change, files that end early and files that go, between restarts and under a running server.

A model as in test_model.py: whatever happens to the files of a table, a read gives what was written or an error, a table
that does not serve all it should says so, and what can be had again is. MURR_TEST_DAMAGES=2000 tries more;
MURR_TEST_SEED repeats a run.
"""
import json
import os
import random
import shutil
import time

import pyarrow as pa
import pytest

from conftest import SANITIZED, Server, local, publish, run
from test_model import Program

DAMAGES = int(os.environ.get("MURR_TEST_DAMAGES", 40 if SANITIZED else 300))
FLEET = 10  # tables of a server: half created, half with a source
SOURCE_ROWS = 3000


def files_of(folder):
    return sorted(f for f in folder.rglob("*") if f.is_file())


def damage(rng, folder):
    """Do something to one file; what."""
    file = rng.choice(files_of(folder))
    data = bytearray(file.read_bytes())
    what = rng.choice(["flip", "flip", "flip", "cut", "remove", "zero", "grow"])
    if what == "flip" and data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif what == "zero" and data:
        at = rng.randrange(len(data))
        data[at:at + 4096] = bytes(len(data[at:at + 4096]))
    elif what == "cut":
        del data[rng.randrange(len(data) + 1):]
    elif what == "grow":
        data += rng.randbytes(100)
    if what == "remove":
        file.unlink()
    else:
        file.write_bytes(data)
    return f"{what} {file}"


def wait_told(server, name):
    """What the table has is whole, or it says what is not."""
    def told():
        s = server.status(name)
        return s if s["ready"] or s["damage"] else None
    return server.wait_for(told)


class Created(Program):
    """Writes through the API: what is lost of these cannot be had again."""

    def __init__(self, rng, name):
        super().__init__(rng, name)
        self.whole = True

    def begin(self, server):
        self.whole = True
        self.create(server)
        for _ in range(self.rng.randrange(1, 7)):
            self.write(server)
        if self.rng.random() < 0.4:
            self.compact(server)

    def look(self, server, story):
        """Each answer is what was written, or an error of a table that says that it is damaged."""
        keys = list(self.past)
        names = [*self.key, *self.columns]
        n_failed = 0
        for at in range(0, len(keys), 7):
            some = keys[at:at + 7]
            wire = [k[0] if len(k) == 1 else list(k) for k in some]
            status, _, data = server.fetch_raw(self.name, {"keys": wire, "columns": names},
                                               "application/vnd.apache.arrow.stream")
            if status == 200:
                got = pa.ipc.open_stream(data).read_all().to_pydict()
                assert got == self.expect(self.rows, some, names), (self.name, story)
            else:
                assert status == 500 and "damaged" in json.loads(data)["error"], (data, story)
                n_failed += 1
        status = wait_told(server, self.name)
        if n_failed:
            assert not status["ready"] and status["damage"], (status, story)
        self.whole = status["ready"]

    def go_on(self, server, story):
        self.look(server, story)
        assert self.whole or story.endswith(".seg"), story  # the small files are there twice
        if self.whole:
            self.write(server)
            self.look(server, story)
        else:
            self.drop(server)
            self.begin(server)


class Sourced:
    """A source that is always there: whatever is damaged comes back from it."""

    def __init__(self, rng, name, folder):
        self.rng, self.name, self.source = rng, name, folder / f"source-{name}"
        self.day, self.shift = 0, 0
        self.publish()

    def publish(self):
        self.day += 1
        self.shift = self.rng.randrange(10**9)
        table = pa.table({"id": [f"key {i}" for i in range(SOURCE_ROWS)],
                          "v": pa.array([i + self.shift for i in range(SOURCE_ROWS)], pa.int64()),
                          "s": [f"{i} and {self.shift}, longer than a cell" for i in
                                range(SOURCE_ROWS)]})
        publish(self.source, f"2026-01-{self.day:02}", [table])

    def config(self):
        return local(self.source, ["id"], parts=self.rng.choice([1, 3]),
                     storage=self.rng.choice(["memory", "mmap", "disk"]),
                     layout=self.rng.choice(["packed", "columnar"]))

    def look(self, server, story):
        at = self.rng.sample(range(SOURCE_ROWS), 200)
        status, _, data = server.fetch_raw(self.name, {"keys": [f"key {i}" for i in at],
                                                       "columns": ["v", "s"]})
        if status != 200:
            assert status in (404, 500), (data, story)
            return
        values = {c["name"]: c["values"] for c in json.loads(data)["columns"]}
        assert values["v"] == [i + self.shift for i in at], (self.name, story)
        assert values["s"] == [f"{i} and {self.shift}, longer than a cell" for i in at], story

    def go_on(self, server, story):
        self.look(server, story)
        server.wait_for(lambda: (s := server.status(self.name))["ready"] and not s["degraded"])
        self.look(server, story)
        assert server.fetch_json(self.name, ["key 7"], ["v"]) == {"v": [7 + self.shift]}, story


def run_fleet(folder, seed, n):
    rng = random.Random(seed)
    sourced = [Sourced(random.Random(rng.random()), f"s{i}", folder) for i in range(FLEET // 2)]
    created = [Created(random.Random(rng.random()), f"c{i}") for i in range(FLEET - len(sourced))]
    storage = f"write.storage={rng.choice(['memory', 'mmap', 'disk'])}"
    tables = {s.name: s.config() for s in sourced}
    with Server(folder, tables, extra=["--set", storage]) as server:
        for c in created:
            c.begin(server)
        for s in sourced:
            server.wait_loaded(s.name)
        for _ in range(0, n, FLEET):
            server.kill() if rng.random() < 0.5 else server.stop()
            stories = [damage(rng, folder / "data" / t.name) for t in created + sourced]
            server.start()
            for t, story in zip(created + sourced, stories):
                print(story)
                t.go_on(server, story)


def test_no_damage_is_served(tmp_path, rng):
    for i in range(0, DAMAGES, 50):
        seed = rng.random()
        print(f"fleet {i // 50}: seed {seed}")
        run_fleet(tmp_path / str(i), seed, min(50, DAMAGES - i))


# ------------------------------------------------------------------------------------ one by one


def table_of(version, n=20_000):
    return pa.table({"id": [f"k{i}" for i in range(n)],
                     "v": pa.array([i * 3 + version for i in range(n)], pa.int64())})


def flip(file, needle):
    data = bytearray(file.read_bytes())
    at = data.find(needle)
    assert at > 0
    data[at] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("storage", ["memory", "mmap", "disk"])
def test_one_flipped_bit_is_no_value(tmp_path, storage):
    """Before the table is loaded again, its reads fail; afterwards it is right."""
    source = tmp_path / "source"
    publish(source, "2026-01-01", [table_of(0)])
    murr = Server(tmp_path, {"t": local(source, ["id"], parts=1, storage=storage)})
    with murr:
        murr.wait_loaded("t")
    flip(tmp_path / "data" / "t" / "0000000001" / "00000000.seg",
         (777 * 3).to_bytes(8, "little"))
    hidden = tmp_path / "hidden"
    source.rename(hidden)
    with murr:
        status, _, data = murr.fetch_raw("t", {"keys": ["k777"], "columns": ["v"]})
        assert status == 500 and "damaged" in json.loads(data)["error"], data
        murr.wait_for(lambda: murr.status("t")["damage"])
        assert murr.request("GET", "/readyz")[0] == 503
        assert murr.fetch_raw("t", {"keys": ["k777"], "columns": ["v"]})[0] == 500
        hidden.rename(source)
        murr.wait_for(lambda: murr.status("t")["ready"])
        assert murr.fetch_json("t", ["k777", "k1"], ["v"]) == {"v": [777 * 3, 3]}


def test_the_generation_before_serves_while_the_source_is_gone(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-01-01", [table_of(0)])
    murr = Server(tmp_path, {"t": local(source, ["id"], parts=1)})
    with murr:
        murr.wait_loaded("t")
        publish(source, "2026-01-02", [table_of(1)])
        murr.wait_loaded("t", "2026-01-02")
    flip(tmp_path / "data" / "t" / "0000000002" / "00000000.seg",
         (777 * 3 + 1).to_bytes(8, "little"))
    source.rename(tmp_path / "hidden")
    with murr:
        status = murr.wait_for(lambda: (s := murr.status("t"))["degraded"] and s)
        assert status["ready"] and "generation 2" in status["damage"].replace("0000000002", "2")
        assert status["partition"] == "2026-01-01"
        assert murr.fetch_json("t", ["k777"], ["v"]) == {"v": [777 * 3]}
        (tmp_path / "hidden").rename(source)
        murr.wait_loaded("t", "2026-01-02")
        assert murr.fetch_json("t", ["k777"], ["v"]) == {"v": [777 * 3 + 1]}


def test_a_merge_makes_no_damage_true(tmp_path):
    schema = {"key": "id", "columns": {"id": {"dtype": "utf8"}, "v": {"dtype": "int64"}}}
    rows = table_of(0).to_pydict()
    with Server(tmp_path, {}) as murr:
        assert murr.request("PUT", "/api/v1/table/t", json.dumps(schema))[0] == 201
        body = json.dumps({"columns": rows})
        assert murr.request("PUT", "/api/v1/table/t/write", body)[0] == 200
        murr.kill()
        segment, = (tmp_path / "data" / "t").glob("*.seg")
        assert "from writes, 20" in run("inspect", segment).stdout
        flip(segment, (777 * 3).to_bytes(8, "little"))
        murr.start()
        status, _, data = murr.request("POST", "/api/v1/table/t/compact")
        assert status == 500 and "damaged" in json.loads(data)["error"], data
        assert murr.fetch_raw("t", {"keys": ["k777"]})[0] == 500
        status = murr.status("t")
        assert not status["ready"] and str(segment) in status["damage"]
        # The rest is there still.
        n_right = 0
        for i in range(0, 20_000, 50):
            status, _, data = murr.fetch_raw("t", {"keys": [f"k{i}"]})
            if status == 200:
                assert json.loads(data)["columns"][0]["values"] == [i * 3]
                n_right += 1
        assert n_right > 300
    done = run("verify", tmp_path / "data")
    assert done.returncode != 0 and "mismatch" in done.stderr, done.stderr


def test_the_scrub_finds_what_nobody_reads_and_mends_what_it_can(tmp_path):
    """In memory the copy serves, and the file is written again from it."""
    source = tmp_path / "source"
    publish(source, "2026-01-01", [table_of(0)])
    murr = Server(tmp_path, {"t": local(source, ["id"], parts=1, storage="memory", scrub="200ms")})
    with murr:
        murr.wait_for(lambda: murr.status("t")["ready"] and murr.status("t")["scrubbed_at"])
        segment = tmp_path / "data" / "t" / "0000000001" / "00000000.seg"
        good = segment.read_bytes()
        flip(segment, (777 * 3).to_bytes(8, "little"))
        murr.wait_for(lambda: segment.read_bytes() == good)
        table_json = segment.with_name("table.json")
        for file in (table_json, table_json.with_name("table.json.copy"),
                     tmp_path / "data" / "t" / "manifest.json"):
            file.write_text("{")
            murr.wait_for(lambda: len(file.read_bytes()) > 1)
        assert murr.status("t")["ready"]
        assert murr.fetch_json("t", ["k777"], ["v"]) == {"v": [777 * 3]}


@pytest.mark.parametrize("storage", ["mmap", "disk"])
def test_a_segment_cut_short_under_a_server_fails_its_table_alone(tmp_path, storage):
    for name in ("t", "other"):
        publish(tmp_path / name, "2026-01-01", [table_of(0)])
    murr = Server(tmp_path, {name: local(tmp_path / name, ["id"], parts=1, storage=storage)
                             for name in ("t", "other")})
    with murr:
        murr.wait_loaded("t")
        murr.wait_loaded("other")
        shutil.rmtree(tmp_path / "t")
        os.truncate(tmp_path / "data" / "t" / "0000000001" / "00000000.seg", 8192)
        keys = {"keys": [f"k{i}" for i in range(0, 20_000, 100)]}
        for _ in range(3):
            assert murr.fetch_raw("t", keys)[0] == 500
        murr.wait_for(lambda: murr.status("t")["damage"])
        assert murr.fetch_raw("other", keys)[0] == 200
        publish(tmp_path / "t", "2026-01-01", [table_of(0)])
        murr.wait_for(lambda: murr.status("t")["ready"])
        assert murr.fetch_raw("t", keys)[0] == 200


def read_right(murr, numbers):
    """Ask `t` for rows of table_of(0): each is right or refused; the status."""
    status, _, data = murr.fetch_raw("t", {"keys": [f"k{i}" for i in numbers], "columns": ["v"]})
    if status == 200:
        assert json.loads(data)["columns"][0]["values"] == [i * 3 for i in numbers]
    return status


def test_a_segment_cut_behind_its_rows_loses_no_keys(tmp_path):
    """Its index became zeros, and keys that are there were answered with null."""
    publish(tmp_path / "t", "2026-01-01", [table_of(0)])
    with Server(tmp_path, {"t": local(tmp_path / "t", ["id"], parts=1, storage="mmap")}) as murr:
        murr.wait_loaded("t")
        shutil.rmtree(tmp_path / "t")
        segment = tmp_path / "data" / "t" / "0000000001" / "00000000.seg"
        os.truncate(segment, segment.stat().st_size - 4000)
        for _ in range(3):
            read_right(murr, range(0, 20_000, 37))


def test_a_segment_that_was_put_back_makes_no_damage_true(tmp_path):
    """The scrub read the new file and took the old one, which is mapped, for whole."""
    publish(tmp_path / "t", "2026-01-01", [table_of(0)])
    settings = {"parts": 1, "storage": "mmap", "scrub": "200ms"}
    with Server(tmp_path, {"t": local(tmp_path / "t", ["id"], **settings)}) as murr:
        murr.wait_loaded("t")
        shutil.rmtree(tmp_path / "t")
        segment = tmp_path / "data" / "t" / "0000000001" / "00000000.seg"
        good = segment.read_bytes()
        with open(segment, "r+b") as mapped:
            at = good.find((777 * 3).to_bytes(8, "little"))
            os.pwrite(mapped.fileno(), bytes([good[at] ^ 1]), at)
        murr.wait_for(lambda: read_right(murr, [777]) == 500)
        new = segment.with_suffix(".new")
        new.write_bytes(good)
        new.rename(segment)
        for _ in range(10):  # some scrubs long
            assert read_right(murr, [777]) == 500
            time.sleep(0.1)
        assert not murr.status("t")["ready"]


def test_the_scrub_brings_nothing_back_that_was_merged(tmp_path):
    """A file that a merge had removed was taken for damaged, and written again from memory."""
    publish(tmp_path / "t", "2026-01-01", [table_of(0, 100)])
    settings = {"parts": 1, "storage": "memory", "scrub": "1ms"}
    rows = list(range(3000 if SANITIZED else 12_000))
    with Server(tmp_path, {"t": local(tmp_path / "t", ["id"], **settings)}) as murr:
        murr.wait_loaded("t")
        for _ in range(20):
            for k in range(3):
                body = json.dumps({"columns": {"id": [f"n{i}-{k}" for i in rows], "v": rows}})
                assert murr.request("PUT", "/api/v1/table/t/write", body)[0] == 200
            assert murr.request("POST", "/api/v1/table/t/compact")[0] == 200
        folder = tmp_path / "data" / "t"
        named = [w["segment"] for w in json.loads((folder / "manifest.json").read_text())["writes"]]
        murr.wait_for(lambda: [int(f.stem) for f in folder.glob("*.seg")] == named, timeout=5)
        assert "written again" not in murr.log_text()
        assert murr.status("t")["ready"] and not murr.status("t")["damage"]


@pytest.mark.parametrize("storage", ["memory", "mmap"])
def test_a_generation_whose_files_are_gone_is_loaded_again(tmp_path, storage):
    """It served, not ready, until the source had something newer."""
    publish(tmp_path / "t", "2026-01-01", [table_of(0)])
    settings = {"parts": 1, "storage": storage, "scrub": "200ms"}
    with Server(tmp_path, {"t": local(tmp_path / "t", ["id"], **settings)}) as murr:
        murr.wait_loaded("t")
        shutil.rmtree(tmp_path / "data" / "t" / "0000000001")
        murr.wait_for(lambda: (s := murr.status("t"))["generation"] > 1 and s["ready"])
        assert not murr.status("t")["damage"]
        assert read_right(murr, [1, 777]) == 200


def test_a_scrub_that_finds_all_whole_again_says_so(tmp_path):
    """The table stayed damaged, and was not merged, until the next start."""
    publish(tmp_path / "t", "2026-01-01", [table_of(0)])
    settings = {"parts": 1, "storage": "memory", "scrub": "200ms"}
    with Server(tmp_path, {"t": local(tmp_path / "t", ["id"], **settings)}) as murr:
        murr.wait_loaded("t")
        shutil.rmtree(tmp_path / "t")
        segment = tmp_path / "data" / "t" / "0000000001" / "00000000.seg"
        segment.unlink()
        segment.mkdir()  # it cannot be written again
        murr.wait_for(lambda: murr.status("t")["damage"])
        assert read_right(murr, [1, 777]) == 200
        segment.rmdir()
        murr.wait_for(lambda: (s := murr.status("t"))["ready"] and not s["damage"])
        assert segment.is_file()
        assert murr.request("POST", "/api/v1/table/t/compact")[0] == 200


@pytest.mark.parametrize("storage", ["mmap", "disk"])
def test_damage_that_the_scrub_finds_is_not_served_any_more(tmp_path, storage):
    """Pages that were read before, and are not what they were: the table was said to be damaged, and served them."""
    publish(tmp_path / "t", "2026-01-01", [table_of(0)])
    settings = {"parts": 1, "storage": storage, "scrub": "200ms"}
    with Server(tmp_path, {"t": local(tmp_path / "t", ["id"], **settings)}) as murr:
        murr.wait_loaded("t")
        shutil.rmtree(tmp_path / "t")
        assert read_right(murr, [777, 15_555]) == 200
        segment = tmp_path / "data" / "t" / "0000000001" / "00000000.seg"
        good = segment.read_bytes()
        with open(segment, "r+b") as mapped:
            for number in (777, 15_555):
                at = good.find((number * 3).to_bytes(8, "little"))
                os.pwrite(mapped.fileno(), bytes([good[at] ^ 1]), at)
        murr.wait_for(lambda: murr.status("t")["damage"])
        for number in (777, 15_555):
            assert read_right(murr, [number]) == 500
