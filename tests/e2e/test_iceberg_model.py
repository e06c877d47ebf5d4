"""Random programs on Iceberg tables, each step compared with what is served: by refreshes of what changed, and by full loads.
Both must give the same rows, and the same bytes for the same request.

MURR_TEST_ICEBERG_PROGRAMS=300 tries more programs; MURR_TEST_SEED repeats a run.
"""
import json
import os
import random
import re
import subprocess
import time

import pyarrow as pa
import pytest

from conftest import NO_GUARD, ROOT, SANITIZED, Server
from iceberg_programs import OwnProgram, PyIcebergProgram

PROGRAMS = int(os.environ.get("MURR_TEST_ICEBERG_PROGRAMS", 6 if SANITIZED else 12))
FLEET = 12
STEPS = 6 if SANITIZED else 12
STREAM = "application/vnd.apache.arrow.stream"


class Differs(AssertionError):
    pass


class Served:
    """A program's table under two names: refreshed by what changed, and loaded in full. What is written to it goes to both."""

    def __init__(self, program, rng):
        self.program, self.rng = program, rng
        self.names = [f"{program.name}_refreshed", f"{program.name}_full"]
        self.writes = {}  # key -> (ms, row or None for a delete)
        self.label = self.polled = None
        common = {"source": {"iceberg": {"location": program.location}}, "key": program.key, "guard": NO_GUARD,
                  "poll_interval": "100ms", "storage": rng.choice(["memory", "mmap", "disk"]),
                  "layout": rng.choice(["packed", "packed", "columnar"]), "parts": rng.choice([1, 1, 3])}
        self.config = {self.names[0]: common, self.names[1]: {**common, "refresh": "full"}}

    def step(self):
        time.sleep(0.003)  # a commit is later than what was written before
        self.program.step()
        self.polled = {name: set() for name in self.names} if self.program.is_reshaped else None
        self.program.is_reshaped = False

    def is_served(self, status):
        """Whether both tables have the state of the latest step. A new schema may have no new snapshot: then of three times at
        which polls ended, the last poll began after it."""
        for name in self.names:
            s = status[name]
            if self.polled:
                self.polled[name].add(s["polled_at"])
            if not s["ready"] or s["partition"] != self.program.label() or (self.polled and len(self.polled[name]) < 3):
                return False
        return True

    # ---------------------------------------------------------------------------------------------------- writing

    def call(self, server, method, path, body=None):
        for name in self.names:
            status, _, data = server.request(method, f"/api/v1/table/{name}{path}", body)
            assert status == 200, (name, data)

    def write(self, server):
        p = self.program
        if p.may_go_back or self.rng.random() < 0.4:
            return
        p.done.append("write")
        p.nulls = self.rng.choice([0, 0.3])
        keys = [p.random_key() for _ in range(self.rng.choice([1, 10, 50]))]
        rows = {p.key_of(r): r for r in map(p.random_row, keys)}
        if self.rng.random() < 0.3:
            rows = dict.fromkeys(rows)
            self.call(server, "POST", "/delete", json.dumps({"keys": list(map(wire, rows))}))
        else:
            columns = {c: [r[c] for r in rows.values()] for c in p.columns}
            self.call(server, "PUT", "/write", json.dumps({"columns": columns}, default=str))
        p.past |= set(rows)
        now_ms = time.time_ns() // 1_000_000
        self.writes.update({k: (now_ms, r) for k, r in rows.items()})

    def compact(self, server):
        if self.rng.random() < 0.1:
            self.program.done.append("merge")
            self.call(server, "POST", "/compact")

    # --------------------------------------------------------------------------------------------------- checking

    def rows(self):
        """Those of the table, and above them what was written since the commit. A commit may be on a branch for a while
        before it is the table's."""
        rows = self.program.by_key()
        for key, (ms, row) in self.writes.items():
            if ms <= self.program.published_ms():
                continue
            rows.pop(key, None)
            if row is not None:
                rows[key] = row
        return rows

    def check(self, server):
        """Both tables have the rows that the program says they have, and answer with the same bytes."""
        p, rows = self.program, self.rows()
        keys = list(p.past | {p.key_of(dict(zip(("id", "g"), p.random_key()))) for _ in range(5)})
        self.rng.shuffle(keys)
        keys = keys[:self.rng.choice([10, 10000])]
        names = self.rng.sample(list(p.columns), self.rng.randint(1, len(p.columns)))
        answers = [self.fetch(server, name, keys, names) for name in self.names]
        want = {n: [rows[k][n] if k in rows else None for k in keys] for n in names}
        for name, answer in zip(self.names, answers):
            got = pa.ipc.open_stream(answer).read_all().to_pydict()
            differ = [(k, n, got[n][i], want[n][i]) for i, k in enumerate(keys) for n in names if got[n][i] != want[n][i]]
            self.must_be(not differ, f"{name}: (key, column, served, expected): {differ[:5]}")
            n_rows = server.status(name)["rows"]
            self.must_be(n_rows == len(rows), f"{name}: {n_rows} rows instead of {len(rows)}")
        self.must_be(answers[0] == answers[1], f"{self.names}: other bytes")

    def fetch(self, server, name, keys, columns):
        status, _, data = server.fetch_raw(name, {"keys": list(map(wire, keys)), "columns": columns}, STREAM)
        assert status == 200, (name, data)
        return data

    def must_be(self, is_right, what):
        if not is_right:
            raise Differs(f"{what}\nafter {' '.join(self.program.done)}\nwith {json.dumps(self.config)}")


def wire(key):
    return key[0] if len(key) == 1 else list(key)


def wait_served(server, fleet):
    def all_are():
        status = json.loads(server.request("GET", "/readyz?verbose")[2])["tables"]
        return all([f.is_served(status) for f in fleet])
    server.wait_for(all_are)


def run_fleet(folder, fleet, rng):
    """How often a commit was served by a refresh, and how often by a full load with which reasons."""
    with Server(folder, {k: v for f in fleet for k, v in f.config.items()}) as server:
        wait_served(server, fleet)
        for _ in range(STEPS):
            for f in fleet:
                f.step()
            wait_served(server, fleet)
            for f in fleet:
                f.check(server)
                f.write(server)
                f.compact(server)
            event = rng.random()
            if event < 0.15:
                server.kill()
                server.start()
            elif event < 0.25:
                server.stop()
                server.start()
            if event < 0.25:
                wait_served(server, fleet)
            for f in fleet:
                f.check(server)
    return read_log(server.log_path.read_text(errors="replace"))


def read_log(text):
    n_refreshed = len(re.findall(r"table refreshed table=\w+_refreshed", text))
    reasons = re.findall(r'all of it was loaded, not only what changed table=\w+_refreshed .* why="(.*)"', text)
    n_loaded = len(re.findall(r"table loaded table=\w+_refreshed", text))
    n_first = len(set(re.findall(r"table loaded table=(\w+_refreshed)", text)))
    assert n_loaded == n_first + len(reasons), "a full load says why"
    return n_refreshed, reasons


def check_share(n_refreshed, reasons):
    print(f"{n_refreshed} refreshes, {len(reasons)} full loads:", *sorted({re.sub(r'\d+', 'N', r) for r in reasons}), sep="\n  ")
    assert n_refreshed > len(reasons), reasons


def own_fleet(folder, rng, n):
    programs = [OwnProgram(random.Random(rng.random()), f"p{i}", folder / "tables") for i in range(n)]
    return [Served(p, random.Random(rng.random())) for p in programs]


def pyiceberg_fleet(folder, rng, n):
    from pyiceberg.catalog.sql import SqlCatalog
    (folder / "tables").mkdir(parents=True)
    catalog = SqlCatalog("c", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}/tables")
    catalog.create_namespace("db")
    programs = [PyIcebergProgram(random.Random(rng.random()), f"p{i}", catalog) for i in range(n)]
    return [Served(p, random.Random(rng.random())) for p in programs]


def run_programs(folder, rng, new_fleet):
    n_refreshed, reasons = 0, []
    for first in range(0, PROGRAMS, FLEET):
        seed = rng.random()
        print(f"fleet {first // FLEET}: seed {seed}")
        own = random.Random(seed)
        here = folder / str(first)
        n, why = run_fleet(here / "server", new_fleet(here, own, min(FLEET, PROGRAMS - first)), own)
        n_refreshed += n
        reasons += why
    check_share(n_refreshed, reasons)


def test_programs_of_our_own_writer(tmp_path, rng):
    run_programs(tmp_path, rng, own_fleet)


def test_programs_through_pyiceberg(tmp_path, rng):
    run_programs(tmp_path, rng, pyiceberg_fleet)


@pytest.mark.skipif(SANITIZED, reason="the broken build is checked once, with the release build")
@pytest.mark.parametrize("new_fleet", [own_fleet, pyiceberg_fleet])
def test_the_model_catches_a_build_in_which_removed_rows_stay(tmp_path, rng, monkeypatch, new_fleet):
    """The check itself is checked: in this build refreshes do not delete the keys of files that are gone."""
    subprocess.run(["make", "-j2", "VARIANT=broken", "build/broken/murr"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    monkeypatch.setattr("conftest.BINARY", str(ROOT / "build" / "broken" / "murr"))
    monkeypatch.setenv("MURR_TEST_BREAK", "removed rows stay")
    with pytest.raises(Differs):
        for i in range(5):
            run_fleet(tmp_path / str(i) / "server", new_fleet(tmp_path / str(i), rng, 4), rng)
