"""Tables with a source that are written to, against a dict.

A row that was written counts if it is newer than the _SUCCESS of the partition that serves. Random programs publish partitions
(with other columns, other types, other parts), write, delete, compact, restart and kill; MURR_TEST_PROGRAMS=2000 tries
more of them.
"""
import io
import json
import os
import random
import struct
import threading
import time

import pyarrow as pa
import pytest

from conftest import NO_GUARD, SANITIZED, Server, local, publish

PROGRAMS = int(os.environ.get("MURR_TEST_PROGRAMS", 10 if SANITIZED else 60))
FLEET = 10
STREAM = "application/vnd.apache.arrow.stream"


def float32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def text(rng):
    return "".join(rng.choice("abcdefghi Ä語") for _ in range(rng.choice([0, 1, 5, 12, 13, 40])))


TYPES = {
    pa.int64(): lambda r: r.randrange(-2**63, 2**63),
    pa.int32(): lambda r: r.randrange(-2**31, 2**31),
    pa.int8(): lambda r: r.randrange(-128, 128),
    pa.bool_(): lambda r: r.random() < 0.5,
    pa.float32(): lambda r: float32(r.uniform(-9, 9)),
    pa.float64(): lambda r: r.uniform(-9, 9),
    pa.string(): text,
    pa.list_(pa.int16()): lambda r: [r.randrange(99) for _ in range(r.randrange(4))],
    pa.list_(pa.float32(), 2): lambda r: [float32(r.random()), float32(r.random())],
}
KEYS = {
    pa.string(): lambda r, n: "k%d" % r.randrange(n) + "x" * (r.randrange(n) % 5 * 9),
    pa.int32(): lambda r, n: r.randrange(n) - n // 2,
}


def now_ms():
    return time.time_ns() // 1000000


def after_now():
    """A whole millisecond that lies between what was done before and what comes."""
    time.sleep(0.002)
    ms = now_ms()
    time.sleep(0.002)
    return ms


def put_success(folder, ms):
    path = folder / "_SUCCESS"
    tmp = folder / "_SUCCESS.new"
    tmp.touch()
    os.utime(tmp, ns=(ms * 1000000, ms * 1000000))
    tmp.rename(path)


class Program:
    """One table, its partition, and what was written since."""

    def __init__(self, rng, name, folder):
        self.rng, self.name, self.source = rng, name, folder / "source" / name
        self.key = {f"k{i}": rng.choice(list(KEYS)) for i in range(rng.choice([1, 1, 2]))}
        self.n_keys = rng.choice([5, 50, 500])
        self.n_columns = self.day = 0
        self.columns = {}  # of the partition that serves
        self.base, self.published_ms = {}, 0
        self.writes = {}  # key -> (ms, row or None for a delete), the latest
        self.spans = []  # from when to when each write was under way: when in there it counts is not known
        self.past = set()
        self.reshape()

    def reshape(self):
        """What of the configuration a restart may change."""
        self.config = local(self.source, list(self.key), guard=NO_GUARD, parts=self.rng.choice([1, 1, 3]),
                            layout=self.rng.choice(["packed", "packed", "columnar"]),
                            storage=self.rng.choice(["memory", "mmap", "disk"]))

    # ---------------------------------------------------------------------------- what must be

    def rows(self):
        rows = dict(self.base)
        for key, (ms, row) in self.writes.items():
            if ms <= self.published_ms:
                continue
            rows.pop(key, None)
            if row is not None:
                rows[key] = {c: row.get(c) for c in [*self.key, *self.columns]}
        return rows

    def random_key(self):
        return tuple(KEYS[t](self.rng, self.n_keys) for t in self.key.values())

    def random_row(self, key, columns):
        row = dict(zip(self.key, key))
        for name, t in columns.items():
            row[name] = None if self.rng.random() < self.nulls else TYPES[t](self.rng)
        return row

    # ------------------------------------------------------------------------------- publishing

    def new_columns(self):
        columns = dict(self.columns)
        while len(columns) > 1 and self.rng.random() < 0.2:
            del columns[self.rng.choice(list(columns))]
        while not columns or self.rng.random() < 0.3:
            columns[f"c{self.n_columns}"] = self.rng.choice(list(TYPES))
            self.n_columns += 1
        names = list(columns)
        self.rng.shuffle(names)
        return {n: columns[n] for n in names}

    def publish(self, server=None):
        """A partition that was published now, or before the latest writes."""
        self.nulls = self.rng.choice([0, 0, 0.3])
        columns = self.new_columns()
        base = {}
        for _ in range(self.rng.choice([1, 10, 300])):
            key = self.random_key()
            base[key] = self.random_row(key, columns)
        names = [*self.key, *columns]
        table = pa.table([pa.array([r[n] for r in base.values()], {**self.key, **columns}[n])
                          for n in names], names=names)
        self.day += 1
        ms = after_now()
        if self.rng.random() < 0.3:
            ms = max(self.published_ms, ms - self.rng.choice([5, 50, 500]))
            if any(first <= ms <= last for first, last in self.spans):
                ms = after_now()
        date = f"2026-{1 + self.day // 28:02}-{1 + self.day % 28:02}"
        folder = publish(self.source, date, [table], success=False)
        put_success(folder, ms)
        if server:
            early = []
            if self.rng.random() < 0.5:  # while it is being loaded: columns that both have
                shared = {c: t for c, t in self.columns.items() if c in columns}
                for _ in range(self.rng.randrange(4)):
                    early.append(self.plan_write(shared))
                    self.send(server, early[-1])
            server.wait_loaded(self.name, date)
        self.columns, self.base, self.published_ms = columns, base, ms
        self.past |= set(base)

    # ---------------------------------------------------------------------------------- writing

    def plan_write(self, columns):
        keys = [self.random_key() for _ in range(self.rng.choice([1, 1, 10, 100]))]
        if self.rng.random() < 0.3:
            wire = [k[0] if len(k) == 1 else list(k) for k in keys]
            return "POST", "/delete", json.dumps({"keys": wire}), None, dict.fromkeys(keys)
        self.nulls = self.rng.choice([0, 0, 0.3])
        sent = {c: t for c, t in columns.items() if self.rng.random() < 0.95}
        rows = [self.random_row(k, sent) for k in keys]
        names = [*self.key, *sent]
        if self.rng.random() < 0.5:
            body = json.dumps({"columns": {n: [r[n] for r in rows] for n in names}})
            return "PUT", "/write", body, "application/json", dict(zip(keys, rows))
        table = pa.table([pa.array([r[n] for r in rows], {**self.key, **sent}[n]) for n in names],
                         names=names)
        out = io.BytesIO()
        with pa.ipc.new_stream(out, table.schema) as w:
            w.write_table(table)
        return "PUT", "/write", out.getvalue(), STREAM, dict(zip(keys, rows))

    def call(self, server, method, path, body, content_type):
        headers = {"Content-Type": content_type} if content_type else {}
        return server.request(method, f"/api/v1/table/{self.name}{path}", body, headers)

    def note(self, rows, first):
        ms = after_now()
        self.spans.append((first, ms))
        self.past |= set(rows)
        self.writes.update({k: (ms, r) for k, r in rows.items()})

    def send(self, server, plan):
        first = after_now()
        status, _, data = self.call(server, *plan[:4])
        assert status == 200, (self.name, data)
        self.note(plan[4], first)

    def write(self, server):
        self.send(server, self.plan_write(self.columns))

    def compact(self, server):
        status, _, data = self.call(server, "POST", "/compact", None, None)
        assert status == 200, (self.name, data)

    # --------------------------------------------------------------------------------- checking

    def differs(self, server, rows, keys, names):
        wire = [k[0] if len(k) == 1 else list(k) for k in keys]
        got = server.fetch_arrow(self.name, wire, names).to_pydict()
        absent = dict.fromkeys(names)
        want = {n: [rows.get(k, absent)[n] for k in keys] for n in names}
        return [(k, n, got[n][i], want[n][i], self.writes.get(k), self.published_ms)
                for i, k in enumerate(keys) for n in names if got[n][i] != want[n][i]][:5]

    def check(self, server):
        rows = self.rows()
        keys = list(self.past) + [self.random_key() for _ in range(20)]
        self.rng.shuffle(keys)
        keys = keys[:self.rng.choice([10, 10000])]
        names = [*self.key, *self.columns]
        self.rng.shuffle(names)
        names = names[:self.rng.randrange(1, len(names) + 1)]
        differ = self.differs(server, rows, keys, names)
        assert not differ, (self.name, differ)
        assert server.status(self.name)["rows"] == len(rows), self.name

    def settle(self, server, plan, first, was_answered):
        """A write was under way when the server was killed: all of it is there or nothing."""
        before, keys, names = self.rows(), list(self.past | set(plan[4])), [*self.key, *self.columns]
        was = dict(self.writes)
        self.note(plan[4], first)
        if self.differs(server, self.rows(), keys, names):
            assert not was_answered, f"{self.name}: an answered write is lost"
            self.writes = was
            assert not self.differs(server, before, keys, names), f"{self.name}: half a write"

    def step(self, server):
        what = self.rng.choices(["write", "check", "compact", "publish"], [60, 20, 10, 10])[0]
        getattr(self, what)(server)


def kill_under_writes(server, programs, rng, restart):
    flights, first = [], after_now()
    for p in programs:
        if rng.random() < 0.5:
            plan, answer = p.plan_write(p.columns), []

            def send(p=p, plan=plan, answer=answer):
                try:
                    answer.append(p.call(server, *plan[:4])[0])
                except OSError:
                    pass  # it was killed

            flights.append((p, plan, answer, threading.Thread(target=send)))
            flights[-1][3].start()
    time.sleep(rng.choice([0, 0.002, 0.01, 0.03]))
    server.kill()
    for *_, thread in flights:
        thread.join()
    restart()
    for p, plan, answer, _ in flights:
        p.settle(server, plan, first, 200 in answer)


def run_fleet(folder, seed):
    rng = random.Random(seed)
    programs = [Program(random.Random(rng.random()), f"t{i}", folder) for i in range(FLEET)]
    for p in programs:
        p.publish()
    server = Server(folder, {p.name: p.config for p in programs},
                    env={**os.environ, "MALLOC_PERTURB_": "165"})

    def restart():
        for p in programs:
            if rng.random() < 0.3:
                p.reshape()
        config = json.loads(server.config_path.read_text())
        config["tables"] = {p.name: p.config for p in programs}
        server.config_path.write_text(json.dumps(config))
        server.start()

    with server:
        for p in programs:
            server.wait_loaded(p.name)
        for _ in range(rng.randrange(8, 20)):
            for p in programs:
                p.step(server)
            event = rng.random()
            if event < 0.15:
                kill_under_writes(server, programs, rng, restart)
            elif event < 0.3:
                server.stop()
                restart()
        for p in programs:
            p.check(server)


def test_random_programs_over_a_source_do_what_a_dict_does(tmp_path, rng):
    for i in range(0, PROGRAMS, FLEET):
        seed = rng.random()
        print(f"fleet {i // FLEET}: seed {seed}")
        run_fleet(tmp_path / str(i), seed)


# ------------------------------------------------------------------------------------- one at a time

def publish_v(folder, date, ms, rows, t=pa.int64()):
    table = pa.table({"id": list(rows), "v": pa.array(rows.values(), t)})
    put_success(publish(folder, date, [table], success=False), ms)


def put(murr, rows):
    body = json.dumps({"columns": {"id": list(rows), "v": list(rows.values())}})
    status, _, data = murr.request("PUT", "/api/v1/table/t/write", body)
    assert status == 200, data


def read(murr, keys):
    return murr.fetch_json("t", keys, ["v"])["v"]


def test_what_is_written_over_a_partition_of_the_future_is_read(tmp_path):
    """The store's clock is ahead: what is answered must be there all the same."""
    publish_v(tmp_path / "s", "2026-01-01", now_ms() + 3600000, {"a": 1, "b": 2})
    with Server(tmp_path, {"t": local(tmp_path / "s", ["id"])}) as murr:
        murr.wait_loaded("t")
        for i in range(12):
            put(murr, {"a": i, "c": i})
            assert read(murr, ["a", "b", "c"]) == [i, 2, i]
        murr.kill()
        murr.start()
        assert read(murr, ["a", "b", "c"]) == [11, 2, 11]
        assert murr.status("t")["rows"] == 3


def test_a_partition_that_does_not_fit_newer_rows_is_refused(tmp_path):
    source = tmp_path / "s"
    publish_v(source, "2026-01-01", now_ms(), {"a": 1})
    with Server(tmp_path, {"t": local(source, ["id"], guard=NO_GUARD)}) as murr:
        murr.wait_loaded("t")
        before = after_now()
        put(murr, {"a": 5})
        publish_v(source, "2026-01-02", before, {"a": "x"}, pa.string())
        murr.wait_error("t", "column 'v' was int64 in rows written earlier, and is now utf8")
        put(murr, {"b": 6})
        for _ in range(2):
            assert read(murr, ["a", "b"]) == [5, 6]
            murr.stop()
            murr.start()
        publish_v(source, "2026-01-03", after_now(), {"a": "y"}, pa.string())
        murr.wait_loaded("t", "2026-01-03")
        assert read(murr, ["a", "b"]) == ["y", None]
