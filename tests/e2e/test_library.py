"""libmurr as others use it: installed, linked by pkg-config, and from Python through Arrow's C data interface."""
import datetime
import decimal
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from conftest import BINARY, ROOT, SANITIZED, Server, local, publish
from libmurr import BUSY, EXISTS, INVALID, NOT_FOUND, READ_ONLY, Murr, MurrError

pytestmark = pytest.mark.skipif(
    SANITIZED, reason="programs that are not sanitized themselves cannot load a sanitized library")

STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"]


def shell(command, **kwargs):
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=300, **kwargs)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    """What `make install` makes of the build under test."""
    path = tmp_path_factory.mktemp("installed")
    variant = pathlib.Path(BINARY).resolve().parent.name
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    shell(f"make -s install VARIANT={variant} PREFIX=/opt/murr DESTDIR={path}", cwd=ROOT, env=env)
    return path / "opt" / "murr"


@pytest.fixture(scope="session")
def library(prefix):
    return prefix / "lib" / "libmurr.so"


def compile_example(name, prefix, out, static=False, flags=()):
    """As murr.pc says; the sysroot stands for a DESTDIR that was moved into place."""
    root = prefix.parents[1]
    pkg_config = f"PKG_CONFIG_SYSROOT_DIR={root} PKG_CONFIG_LIBDIR={prefix}/lib/pkgconfig pkg-config"
    shell(f"cc {' '.join(flags)} {ROOT}/examples/{name}.c "
          f"$({pkg_config} {'--static' if static else ''} --cflags --libs murr) -o {out}")
    return out


def test_the_examples_run_with_the_shared_library(prefix, tmp_path):
    env = {**os.environ, "LD_LIBRARY_PATH": str(prefix / "lib")}
    embedded = compile_example("embedded", prefix, tmp_path / "embedded", flags=["-std=c99", *STRICT])
    want = "carol 0.75\ndave has no score\nalice 0.25\n"
    for _ in range(2):  # the second finds the table of the first
        assert shell(f"{embedded} {tmp_path}/data", env=env) == want
    assert "libmurr.so.0" in shell(f"objdump -p {embedded} | grep NEEDED")
    read = compile_example("read", prefix, tmp_path / "read", flags=["-std=c99", *STRICT])
    assert shell(f"{read} {tmp_path}/data users bob nobody", env=env) == \
        "bob\tscore 0.5\nnobody\tscore null\n"
    failed = subprocess.run([read, tmp_path / "data", "nothing", "bob"], env=env, text=True,
                            capture_output=True)
    assert failed.returncode == 1 and "'nothing'" in failed.stderr


def test_the_example_runs_with_the_static_library(prefix, tmp_path):
    alone = tmp_path / "root" / "opt" / "murr"
    shell(f"mkdir -p {alone.parent} && cp -r {prefix} {alone} && rm {alone}/lib/libmurr.so*")
    embedded = compile_example("embedded", alone, tmp_path / "embedded", static=True)
    assert "libmurr" not in shell(f"objdump -p {embedded} | grep NEEDED")
    assert shell(f"{embedded} {tmp_path}/data").startswith("carol 0.75\n")


def test_the_headers_are_c99_and_cpp(prefix, tmp_path):
    for header in "murr.h", "murr_arrow.h":
        for compiler in "cc -std=c99 -x c", "clang++ -std=c++11 -x c++":
            shell(f"{compiler} {' '.join(STRICT)} -fsyntax-only -I{prefix}/include "
                  f"-include {header} /dev/null")


def test_nothing_but_murr_is_exported(prefix):
    declared = set(re.findall(r"MURR_API [^;(]*?(murr_\w+)\(", (prefix / "include" / "murr.h").read_text()))
    assert len(declared) == 16
    for command in f"nm -D --defined-only {prefix}/lib/libmurr.so", \
                   f"nm -g --defined-only {prefix}/lib/libmurr.a":
        lines = [line.split() for line in shell(command).splitlines()]
        assert {words[2] for words in lines if len(words) == 3} == declared, command
    assert "SONAME               libmurr.so.0" in shell(f"objdump -p {prefix}/lib/libmurr.so")


# ------------------------------------------------------------------------------------------ Python

N = 5000

SCHEMA = pa.schema([
    pa.field("id", pa.string(), nullable=False),
    pa.field("age", pa.int16()),
    pa.field("score", pa.float32()),
    pa.field("balance", pa.float64()),
    pa.field("active", pa.bool_()),
    pa.field("city", pa.string()),
    pa.field("seen", pa.timestamp("us", tz="UTC")),
    pa.field("born", pa.date32()),
    pa.field("price", pa.decimal128(12, 2)),
    pa.field("embedding", pa.list_(pa.float32())),
    pa.field("visits", pa.int64(), nullable=False),
])


def random_rows(rng, ids):
    def maybe(value):
        return None if rng.random() < 0.1 else value
    columns = {
        "id": ids,
        "age": [maybe(rng.randrange(-2**15, 2**15)) for _ in ids],
        "score": [maybe(float(np.float32(rng.random()))) for _ in ids],
        "balance": [maybe(rng.random()) for _ in ids],
        "active": [maybe(rng.random() < 0.5) for _ in ids],
        "city": [maybe(rng.choice(["", "Zürich", "Oslo", "a city whose name is quite long"]))
                 for _ in ids],
        "seen": [maybe(datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) +
                       datetime.timedelta(microseconds=rng.randrange(10**12))) for _ in ids],
        "born": [maybe(datetime.date(1970, 1, 1) + datetime.timedelta(rng.randrange(20000)))
                 for _ in ids],
        "price": [maybe(decimal.Decimal(rng.randrange(10**9)).scaleb(-2)) for _ in ids],
        "embedding": [maybe([float(np.float32(rng.random())) for _ in range(rng.randrange(5))])
                      for _ in ids],
        "visits": [rng.randrange(2**40) for _ in ids],
    }
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)


def assert_same(got, want):
    """A batch without the key, and rows of pandas, which know no order of columns."""
    got, want = got.to_pandas(), want.to_pandas()[got.schema.names].reset_index(drop=True)
    pd.testing.assert_frame_equal(got, want)


def test_rows_of_every_kind_come_back(library, tmp_path, rng):
    ids = [f"user {i}" for i in range(N)]
    rows = random_rows(rng, ids)
    with Murr(library, tmp_path / "data") as db:
        db.create("users", SCHEMA, ["id"])
        schema, key = db.schema("users")
        assert key == ["id"] and schema.equals(SCHEMA)
        db.write("users", rows)
        wanted = [rng.randrange(N) for _ in range(1000)]
        keys = pa.array([ids[i] for i in wanted])
        got = db.read("users", keys)
        assert_same(got, rows.take(wanted))
        assert_same(db.read("users", pa.record_batch([keys], ["id"]), ["visits", "city"]),
                    rows.take(wanted))
        found = db.read_found("users", pa.array(["nobody", ids[7], "", ids[3]]), ["age"])
        assert found["_idx"].to_pylist() == [1, 3]
        assert found["age"].to_pylist() == rows["age"].take([7, 3]).to_pylist()
        db.delete("users", keys)
        db.compact("users")
        assert db.count("users") == N - len(set(wanted))
        assert db.read_found("users", keys).num_rows == 0
    assert_same(got, rows.take(wanted))  # the db is closed


LAYOUTS = {
    "large_string": lambda texts: pa.array(texts, pa.large_string()),
    "string_view": lambda texts: pa.array(texts, pa.string_view()),
    "dictionary": lambda texts: pa.array(texts, pa.string()).dictionary_encode(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_other_libraries_are_taken(library, tmp_path, layout):
    """As values and as keys, and a slice of each."""
    schema = pa.schema([("id", pa.int64()), ("text", pa.string()), ("n", pa.int64())])
    array = LAYOUTS[layout]
    texts = ["a", None, "a text that is longer than twelve bytes", "", "b"]
    names = ["text", "n", "id"]
    with Murr(library, tmp_path / "data") as db:
        db.create("by_id", schema, ["id"])
        db.create("by_text", schema, ["text"])
        ids = pa.array(range(7), pa.int32())
        rest = [pa.array([None] * 7), ids]
        with pytest.raises(MurrError, match="unknown column 'of no interest'"):
            db.write("by_id", pa.record_batch([array(texts), pa.array(range(5)), pa.array([{}] * 5)],
                                              ["text", "id", "of no interest"]))
        db.write("by_id", pa.record_batch([array(["x", *texts, "y"]), *rest], names).slice(1, 5))
        got = db.read("by_id", ids)
        assert got["text"].to_pylist() == [None, *texts, None]
        assert got["n"].null_count == 7
        keys = array(["x", "a", "a text that is longer than twelve bytes", "", "b", "y", "z"])
        db.write("by_text", pa.record_batch([keys, *rest], names).slice(1, 5))
        assert db.count("by_text") == 5
        for given in keys.slice(2), pa.record_batch([keys.slice(2)], ["text"]):
            assert db.read("by_text", given, ["id"])["id"].to_pylist() == [2, 3, 4, 5, None]
        db.delete("by_text", keys.slice(3, 2))
        assert db.count("by_text") == 3
        with pytest.raises(MurrError, match="the key is int64") as e:
            db.read("by_id", keys)
        assert e.value.code == INVALID


def test_a_stream_of_batches_is_one_write(library, tmp_path, rng):
    table = pa.Table.from_batches([random_rows(rng, [f"{b} {i}" for i in range(100)])
                                   for b in range(20)])
    with Murr(library, tmp_path / "data") as db:
        db.create("users", SCHEMA, ["id"])
        db.write_stream("users", table.to_reader())
        assert db.count("users") == 2000
        assert_same(db.read("users", table["id"].combine_chunks()), table.combine_chunks())
        wrong = table.slice(0, 300).set_column(10, "visits", pa.array([1] * 299 + [None]))
        with pytest.raises(MurrError, match="visits") as e:
            db.write_stream("users", wrong.to_reader(max_chunksize=100))
        assert e.value.code == INVALID
        assert_same(db.read("users", table["id"].combine_chunks()), table.combine_chunks())


def test_what_goes_wrong_is_said(library, tmp_path):
    with Murr(library, tmp_path / "data") as db:
        db.create("users", SCHEMA, ["id"])
        for code, what, call in [
                (EXISTS, "users", lambda: db.create("users", SCHEMA, ["id"])),
                (INVALID, "embedding", lambda: db.create("u", SCHEMA, ["embedding"])),
                (NOT_FOUND, "nobody", lambda: db.read("nobody", pa.array(["a"]))),
                (INVALID, "citi", lambda: db.read("users", pa.array(["a"]), ["citi"])),
                (INVALID, "is null", lambda: db.read("users", pa.array(["a", None]))),
                (BUSY, "data", lambda: Murr(library, tmp_path / "data")),
                (NOT_FOUND, "missing", lambda: Murr(library, tmp_path / "missing", flags=READ_ONLY)),
        ]:
            with pytest.raises(MurrError, match=what) as e:
                call()
            assert e.value.code == code


def test_library_and_server_share_directories(library, tmp_path, rng):
    """Written here, served there; what a server loads or is sent is read here, beside it."""
    rows = random_rows(rng, [f"user {i}" for i in range(100)])
    keys = rows["id"]
    publish(tmp_path / "source", "2026-11-22", [pa.table({"k": ["a", "b"], "v": [1, 2]})])
    with Murr(library, tmp_path / "data") as db:
        db.create("users", SCHEMA, ["id"])
        db.write("users", rows)
    with Server(tmp_path, {"loaded": local(tmp_path / "source", ["k"])}) as murr:
        murr.wait_loaded("loaded")
        assert_same(murr.fetch_arrow("users", keys.to_pylist()), rows)
        with pytest.raises(MurrError) as e:
            Murr(library, tmp_path / "data")
        assert e.value.code == BUSY
        with Murr(library, tmp_path / "data", flags=READ_ONLY) as db:
            assert db.read("loaded", pa.array(["b", "c"]))["v"].to_pylist() == [2, None]
            assert_same(db.read("users", keys), rows)
            newer = random_rows(rng, keys.to_pylist())
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, SCHEMA) as stream:
                stream.write_batch(newer)
            status, _, body = murr.request(
                "PUT", "/api/v1/table/users/write", sink.getvalue().to_pybytes(),
                {"Content-Type": "application/vnd.apache.arrow.stream"})
            assert status == 200, body
            assert_same(db.read("users", keys), rows)
            db.refresh()
            assert_same(db.read("users", keys), newer)
    with Murr(library, tmp_path / "data") as db:
        assert_same(db.read("users", keys), newer)
        with pytest.raises(MurrError):
            db.read("loaded", pa.array(["b"]))  # as murr.h says


# ------------------------------------------------------------------------------------------- kills

CHILD = """
import sys, threading
import pyarrow as pa
from libmurr import Murr
library, data, first = sys.argv[1], sys.argv[2], int(sys.argv[3])
db = Murr(library, data)
def write(worker):
    for i in range(first, first + 100000):
        ids = [f"{worker} {i} {k}" for k in range(10)]
        db.write("t", pa.record_batch([ids, pa.array([i] * 10)], ["id", "n"]))
        sys.stdout.write(f"{worker} {i}\\n")
        sys.stdout.flush()
threads = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""

KILLS = 8


def test_a_kill_loses_no_acknowledged_write(library, tmp_path, rng):
    data, acknowledged = tmp_path / "data", []
    with Murr(library, data) as db:
        db.create("t", pa.schema([("id", pa.string()), ("n", pa.int64())]), ["id"])
    for kill in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(library), str(data), str(kill * 100000)],
            stdout=subprocess.PIPE, text=True, cwd=ROOT / "tests" / "e2e")
        lines = [child.stdout.readline()]
        threading.Timer(rng.random() * 0.3, child.send_signal, [signal.SIGKILL]).start()
        lines += child.stdout.readlines()
        assert child.wait() == -signal.SIGKILL
        acknowledged += [line.split() for line in lines if line.endswith("\n")]
        with Murr(library, data) as db:
            ids = [f"{worker} {i} {k}" for worker, i in acknowledged for k in range(10)]
            found = db.read("t", pa.array(ids))["n"].to_pylist()
            assert found == [int(i) for _, i in acknowledged for _ in range(10)]
            assert db.count("t") % 10 == 0  # no write is there by half
    assert len(acknowledged) >= KILLS
