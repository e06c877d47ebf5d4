"""Random programs of create, write, delete, read, compact, restart and kill -9 against a dict.

Programs run a score at a time against one server, each with a table of its own, so that one kill hits them all. A write
that was under way when the server was killed must be there whole or not at all, and one that was answered must be there.
MURR_TEST_PROGRAMS=20000 tries more of them; MURR_TEST_SEED repeats a run.
"""
import io
import json
import os
import random
import struct
import subprocess
import threading
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import ROOT, SANITIZED, Server

PROGRAMS = int(os.environ.get("MURR_TEST_PROGRAMS", 60 if SANITIZED else 500))
FLEET = 20
STREAM = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"


def float32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def text(rng, longest=40):
    return "".join(rng.choice("abcdefghi jklmnopÄ語") for _ in range(rng.randrange(longest)))


# dtype -> (Arrow type, random value)
VALUES = {
    "float32": (pa.float32(), lambda r: float32(r.uniform(-1e6, 1e6))),
    "float64": (pa.float64(), lambda r: r.uniform(-1e300, 1e300)),
    "int64": (pa.int64(), lambda r: r.randrange(-2**63, 2**63)),
    "uint8": (pa.uint8(), lambda r: r.randrange(256)),
    "bool": (pa.bool_(), lambda r: r.random() < 0.5),
    "utf8": (pa.string(), text),
    "list<int32>": (pa.list_(pa.int32()), lambda r: [r.randrange(-99, 99)
                                                     for _ in range(r.randrange(5))]),
    "list<float32>[3]": (pa.list_(pa.float32(), 3), lambda r: [float32(r.random())
                                                               for _ in range(3)]),
}
KEYS = {
    "utf8": (pa.string(), lambda r, n: f"key-{r.randrange(n)}" + "x" * (r.randrange(n) % 7 * 10)),
    "int32": (pa.int32(), lambda r, n: r.randrange(n) - n // 2),
    "uint64": (pa.uint64(), lambda r, n: r.randrange(n) * 2**40),
}


class Program:
    """One table, and what it must hold: {key tuple: {column: value}}."""

    def __init__(self, rng, name):
        self.rng, self.name = rng, name
        self.key = [f"k{i}" for i in range(rng.choice([1, 1, 1, 2]))]
        self.dtypes = {k: rng.choice(list(KEYS)) for k in self.key}
        self.columns = {}
        for i in range(rng.randrange(1, 6)):
            self.columns[f"c{i}"] = (rng.choice(list(VALUES)), rng.random() < 0.7)
        self.n_keys = rng.choice([5, 50, 500])
        self.rows = {}
        self.past = set()  # keys that were written once
        self.is_there = False

    # ---------------------------------------------------------------------- requests

    def call(self, server, method, path, body=None, content_type=None, expect=200):
        headers = {"Content-Type": content_type} if content_type else {}
        status, _, data = server.request(method, f"/api/v1/table/{self.name}{path}", body, headers)
        assert status == expect, (self.name, method, path, status, data)
        return data

    def create(self, server):
        columns = {k: {"dtype": t, "nullable": False} for k, t in self.dtypes.items()}
        for name, (dtype, nullable) in self.columns.items():
            columns[name] = {"dtype": dtype, "nullable": nullable}
        key = self.key[0] if len(self.key) == 1 else self.key
        self.call(server, "PUT", "", json.dumps({"key": key, "columns": columns}), expect=201)
        self.rows, self.is_there = {}, True

    def drop(self, server):
        self.call(server, "DELETE", "")
        self.rows, self.is_there = {}, False

    def random_key(self):
        return tuple(KEYS[self.dtypes[k]][1](self.rng, self.n_keys) for k in self.key)

    def random_rows(self):
        n = self.rng.choice([1, 2, 10, 100])
        left_out = {c for c, (_, nullable) in self.columns.items()
                    if nullable and self.rng.random() < 0.1}
        rows = []
        for _ in range(n):
            row = dict(zip(self.key, self.random_key()))
            for name, (dtype, nullable) in self.columns.items():
                is_null = name in left_out or (nullable and self.rng.random() < 0.2)
                row[name] = None if is_null else VALUES[dtype][1](self.rng)
            rows.append(row)
        return rows, left_out

    def arrow_type(self, name):
        return KEYS[self.dtypes[name]][0] if name in self.dtypes else VALUES[self.columns[name][0]][0]

    def arrow(self, rows, left_out):
        names = [n for n in [*self.key, *self.columns] if n not in left_out]
        self.rng.shuffle(names)
        arrays = []
        for n in names:
            a = pa.array([r[n] for r in rows], self.arrow_type(n))
            if a.type == pa.string():
                a = self.rng.choice([lambda: a, lambda: a.cast(pa.large_string()),
                                     a.dictionary_encode])()
            arrays.append(a)
        return pa.table(arrays, names=names)

    def encode(self, rows, left_out):
        form = self.rng.choice(["json", "arrow", "parquet"])
        if form == "json":
            names = [n for n in [*self.key, *self.columns] if n not in left_out]
            return json.dumps({"columns": {n: [r[n] for r in rows] for n in names}}), \
                "application/json"
        table, out = self.arrow(rows, left_out), io.BytesIO()
        if form == "parquet":
            pq.write_table(table, out, compression=self.rng.choice(["none", "snappy", "zstd"]))
            return out.getvalue(), PARQUET
        options = pa.ipc.IpcWriteOptions(compression=self.rng.choice([None, "lz4", "zstd"]))
        with pa.ipc.new_stream(out, table.schema, options=options) as w:
            w.write_table(table, max_chunksize=self.rng.choice([7, 1000]))
        return out.getvalue(), STREAM

    def plan_write(self):
        """(path, body, content type, what the rows are afterwards)."""
        after = dict(self.rows)
        if self.rng.random() < 0.3:
            keys = [self.random_key() for _ in range(self.rng.choice([1, 5, 50]))]
            for k in keys:
                after.pop(k, None)
            wire = [k[0] if len(k) == 1 else list(k) for k in keys]
            return "POST", "/delete", json.dumps({"keys": wire}), None, after
        if self.rows and self.rng.random() < 0.3:
            return self.plan_patch(after)
        rows, left_out = self.random_rows()
        for row in rows:
            after[tuple(row[k] for k in self.key)] = row
        self.past |= set(after)
        return "PUT", "/write", *self.encode(rows, left_out), after

    def plan_patch(self, after):
        """Some columns of some rows; keys that are not there only where the rest may be null."""
        rows, _ = self.random_rows()
        left_out = {c for c in self.columns if self.rng.random() < 0.5}
        may_insert = all(self.columns[c][1] for c in left_out)
        changed = []
        for row in rows:
            key = tuple(row[k] for k in self.key)
            if key not in after and not may_insert:
                key = self.rng.choice(list(self.rows))
                row.update(zip(self.key, key))
            before = after.get(key, dict.fromkeys(self.columns))
            changed.append(row)
            after[key] = {**row, **{c: before[c] for c in left_out}}
        self.past |= set(after)
        body = self.encode(changed, left_out)
        if self.rng.random() < 0.5:
            return "PATCH", "/write", *body, after
        return "PUT", "/write?mode=merge", *body, after

    def write(self, server):
        method, path, body, content_type, after = self.plan_write()
        self.call(server, method, path, body, content_type)
        self.rows = after

    def compact(self, server):
        self.call(server, "POST", "/compact")

    # ------------------------------------------------------------------------ checks

    def read(self, server, keys):
        names = [*self.key, *self.columns]
        self.rng.shuffle(names)
        names = names[:self.rng.randrange(1, len(names) + 1)]
        wire = [k[0] if len(k) == 1 else list(k) for k in keys]
        return names, server.fetch_arrow(self.name, wire, names).to_pydict()

    def expect(self, rows, keys, names):
        absent = dict.fromkeys([*self.key, *self.columns])
        return {n: [rows.get(k, absent)[n] for k in keys] for n in names}

    def check(self, server):
        keys = list(self.past) + [self.random_key() for _ in range(20)]
        self.rng.shuffle(keys)
        keys = keys[:self.rng.choice([10, 10000])]
        names, got = self.read(server, keys)
        assert got == self.expect(self.rows, keys, names), self.name
        assert server.status(self.name)["rows"] == len(self.rows), self.name

    def settle(self, server, after, was_answered):
        """A write was under way when the server was killed: all of it is there or nothing."""
        keys, names = list(self.past), [*self.key, *self.columns]
        wire = [k[0] if len(k) == 1 else list(k) for k in keys]
        got = server.fetch_arrow(self.name, wire, names).to_pydict()
        if got == self.expect(after, keys, names):
            self.rows = after
            return
        assert not was_answered, f"{self.name}: an answered write is lost"
        assert got == self.expect(self.rows, keys, names), f"{self.name}: a write is there by half"

    def step(self, server):
        if not self.is_there:
            self.create(server)
            return
        what = self.rng.choices(["write", "check", "compact", "drop"], [70, 20, 8, 2])[0]
        getattr(self, what)(server)


class InFlight(threading.Thread):
    """A write whose server may be killed meanwhile."""

    def __init__(self, server, program):
        super().__init__()
        self.server, self.program, self.status = server, program, None
        self.method, self.path, self.body, self.content_type, self.after = program.plan_write()

    def run(self):
        headers = {"Content-Type": self.content_type} if self.content_type else {}
        try:
            self.status, _, self.data = self.server.request(
                self.method, f"/api/v1/table/{self.program.name}{self.path}", self.body, headers)
        except OSError:
            pass  # it was killed


def kill_under_writes(server, programs, rng):
    writes = [InFlight(server, p) for p in programs if p.is_there and rng.random() < 0.5]
    for w in writes:
        w.start()
    time.sleep(rng.choice([0, 0.002, 0.01, 0.03]))
    server.kill()
    for w in writes:
        w.join()
        assert w.status in (None, 200), w.data
    server.start()
    for w in writes:
        w.program.settle(server, w.after, w.status == 200)


def run_fleet(folder, seed):
    rng = random.Random(seed)
    programs = [Program(random.Random(rng.random()), f"t{i}") for i in range(FLEET)]
    storage = f"write.storage={rng.choice(['memory', 'mmap', 'disk'])}"
    with Server(folder, {}, extra=["--set", storage],
                env={**os.environ, "MALLOC_PERTURB_": "165"}) as server:
        for _ in range(rng.randrange(6, 14)):
            for p in programs:
                p.step(server)
            event = rng.random()
            if event < 0.25:
                kill_under_writes(server, programs, rng)
            elif event < 0.35:
                server.stop()
                server.start()
        for p in programs:
            if p.is_there:
                p.check(server)


def test_random_programs_do_what_a_dict_does(tmp_path, rng):
    for i in range(0, PROGRAMS, FLEET):
        seed = rng.random()
        print(f"fleet {i // FLEET}: seed {seed}")
        run_fleet(tmp_path / str(i), seed)


@pytest.mark.skipif(SANITIZED, reason="the broken build is checked once, with the release build")
def test_the_model_catches_a_build_in_which_old_rows_win(tmp_path, rng, monkeypatch):
    """The check itself is checked: this build merges the wrong way round."""
    subprocess.run(["make", "-j2", "VARIANT=broken", "build/broken/murr"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    monkeypatch.setattr("conftest.BINARY", str(ROOT / "build" / "broken" / "murr"))
    monkeypatch.setenv("MURR_TEST_BREAK", "old rows win")
    with pytest.raises(AssertionError):
        for i in range(10):
            run_fleet(tmp_path / str(i), rng.random())
