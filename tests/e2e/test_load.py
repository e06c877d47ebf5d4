"""Loads: the memory bound, and every bad input with its message."""
import datetime
import os
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import BINARY, SANITIZED, Server, local, publish, run

GOOD = pa.table({"id": ["a", "b"], "v": pa.array([1.0, 2.0], pa.float32())})


def load_config(tmp_path, **fields):
    import json
    config = {"server": {"data_dir": str(tmp_path / "data")},
              "tables": {"t": local(tmp_path / "source", fields.pop("key", ["id"]), **fields)}}
    path = tmp_path / "murr.yml"
    path.write_text(json.dumps(config))
    return path


def load_fails(tmp_path, *texts, **fields):
    done = run("load", "--config", load_config(tmp_path, **fields))
    assert done.returncode == 1, done.stdout + done.stderr
    last = [line for line in done.stderr.splitlines() if line.startswith("murr: ")]
    assert len(last) == 1, done.stderr
    for text in texts:
        assert text in last[0], last[0]
    assert not list((tmp_path / "data" / "t").glob("0*")), "debris of a failed load"
    return last[0]


def big_part(first, n):
    ids = np.char.add("user:", np.char.zfill(np.arange(first, first + n).astype(str), 12))
    rng = np.random.default_rng(first)
    return pa.table({"user_id": ids, **{f"f{c}": rng.standard_normal(n, np.float32)
                                        for c in range(10)}})


def test_ten_million_rows_load_within_the_memory_bound(tmp_path):
    n_files, per_file = (2, 100_000) if SANITIZED else (10, 1_000_000)
    bound_mib = 192
    for i in range(n_files):
        publish(tmp_path / "source", "2026-11-22", [], success=False)
        pq.write_table(big_part(i * per_file, per_file),
                       tmp_path / "source" / "2026-11-22" / f"part-{i:02}.parquet",
                       use_dictionary=False)
    (tmp_path / "source" / "2026-11-22" / "_SUCCESS").touch()
    path = load_config(tmp_path, key=["user_id"])
    args = [BINARY, "load", "--config", path, "--set", f"load.memory={bound_mib}MiB"]
    process = subprocess.Popen(args, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    peak_kb = 0
    while process.poll() is None:
        try:
            for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("RssAnon"):
                    peak_kb = max(peak_kb, int(line.split()[1]))
        except (FileNotFoundError, ProcessLookupError):
            break
        time.sleep(0.005)
    out, err = process.communicate()
    assert process.returncode == 0, err
    print(f"{n_files * per_file} rows, bound {bound_mib} MiB, peak {peak_kb / 1024:.0f} MiB anonymous")
    if not SANITIZED:
        assert 0 < peak_kb < bound_mib * 1024, out
    assert run("verify", tmp_path / "data").returncode == 0
    with Server(tmp_path, {"t": local(tmp_path / "source", ["user_id"])}) as murr:
        assert murr.status("t")["rows"] == n_files * per_file
        for i in range(0, n_files, 3):
            part = big_part(i * per_file, per_file)
            rows = np.random.default_rng(i).integers(0, per_file, 1000)
            want = part.take(rows)
            got = murr.fetch_arrow("t", want["user_id"].to_pylist(), part.schema.names)
            assert got.equals(want.cast(got.schema))


def test_one_huge_row_group_stays_within_the_bound(tmp_path):
    n = 50_000 if SANITIZED else 2_000_000
    publish(tmp_path / "source", "2026-11-22", [big_part(0, n)], row_group_size=n)
    done = run("load", "--config", load_config(tmp_path, key=["user_id"]),
               "--set", "load.memory=64MiB")
    assert done.returncode == 0, done.stderr
    assert f" {n} " in done.stdout


def test_few_keys_with_very_many_rows(tmp_path):
    n = 20_000 if SANITIZED else 1_000_000
    ids = np.arange(n) % 3
    publish(tmp_path / "source", "2026-11-22", [pa.table({"id": ids, "v": np.arange(n)})])
    path = load_config(tmp_path)
    done = run("load", "--config", path, "--set", "load.memory=16MiB",
               "--set", "tables.t.guard.max_duplicates=100%")
    assert done.returncode == 0, done.stderr
    done = run("get", "t", "0", "1", "2", "-c", "v", "-o", "csv", "--config", path)
    assert done.stdout.split() == ["v"] + [str(int(np.flatnonzero(ids == k)[-1])) for k in range(3)]


# ---------------------------------------------------------------------------- where the data is

def test_no_folder(tmp_path):
    load_fails(tmp_path, "source folder", "does not exist")


def test_empty_folder(tmp_path):
    (tmp_path / "source").mkdir()
    load_fails(tmp_path, "source folder", "is empty")


def test_no_date_folder(tmp_path):
    publish(tmp_path / "source", "latest", [GOOD])
    publish(tmp_path / "source", "2026-02-30", [GOOD])
    load_fails(tmp_path, "has no YYYY-MM-DD folder")


def test_no_success(tmp_path):
    publish(tmp_path / "source", "2026-11-22", [GOOD], success=False)
    load_fails(tmp_path, "2026-11-22 has no _SUCCESS")


def test_no_parquet(tmp_path):
    folder = publish(tmp_path / "source", "2026-11-22", [])
    pq.write_table(GOOD, folder / "_hidden.parquet")
    pq.write_table(GOOD, folder / ".hidden.parquet")
    load_fails(tmp_path, "2026-11-22 has no *.parquet file")


def test_delta_table(tmp_path):
    folder = publish(tmp_path / "source", "2026-11-22", [GOOD])
    (folder / "_delta_log").mkdir()
    load_fails(tmp_path, "is a Delta table")


def test_an_incomplete_newer_partition_is_skipped(tmp_path):
    publish(tmp_path / "source", "2026-11-20", [GOOD])
    publish(tmp_path / "source", "2026-11-21", [GOOD], success=False)
    publish(tmp_path / "source", "2026-11-22", [])
    done = run("load", "--config", load_config(tmp_path))
    assert done.returncode == 1 and "2026-11-20" in done.stdout
    assert "2026-11-22 has no *.parquet file beside its _SUCCESS" in done.stderr


def test_unreadable_folder():
    nobody = 65534
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        publish(folder / "source", "2026-11-22", [GOOD]).chmod(0)
        path = load_config(folder)
        (folder / "data").mkdir()
        user = {}
        if os.getuid() == 0:  # root reads everything: be somebody else
            os.chown(folder / "data", nobody, nobody)
            user = {"user": nobody, "group": nobody, "extra_groups": []}
        done = run("load", "--config", path, **user)
        (folder / "source" / "2026-11-22").chmod(0o755)
        assert done.returncode == 1
        assert "2026-11-22" in done.stderr and "Permission denied" in done.stderr, done.stderr


def test_source_is_a_file(tmp_path):
    (tmp_path / "source").write_text("")
    load_fails(tmp_path, "source")


# ----------------------------------------------------------------------------- what the data is

def test_missing_column(tmp_path):
    publish(tmp_path / "source", "2026-11-22", [GOOD, GOOD.drop_columns(["v"])])
    load_fails(tmp_path, "part-00001.parquet", "no column 'v', which may not be null",
               columns={"id": {"dtype": "utf8"}, "v": {"dtype": "float32", "nullable": False}})


def test_missing_configured_column(tmp_path):
    publish(tmp_path / "source", "2026-11-22", [GOOD])
    load_fails(tmp_path, "part-00000.parquet", "no column 'w'",
               columns={"id": {"dtype": "utf8"}, "w": {"dtype": "float32"}})


def test_missing_key_column(tmp_path):
    publish(tmp_path / "source", "2026-11-22", [GOOD])
    load_fails(tmp_path, "part-00000.parquet", "no column 'user'", key=["user"])


def test_key_of_a_wrong_type(tmp_path):
    publish(tmp_path / "source", "2026-11-22", [GOOD])
    load_fails(tmp_path, "key column 'v' has dtype float32", key=["v"])


@pytest.mark.parametrize("found, expected", [
    (pa.string(), "int64"), (pa.bool_(), "int8"), (pa.int8(), "utf8"), (pa.float32(), "decimal128(9, 2)"),
    (pa.int32(), "timestamp[us]"), (pa.date32(), "int32")])
def test_wrong_type(tmp_path, found, expected):
    values = {"string": ["x"], "bool": [True], "date32[day]": [None]}.get(str(found), [1])
    values = [datetime.date(2026, 11, 22)] if found == pa.date32() else values
    publish(tmp_path / "source", "2026-11-22", [pa.table({"id": ["a"], "v": pa.array(values, found)})])
    load_fails(tmp_path, "part-00000.parquet", "column 'v'", f"expected {expected}", "found",
               columns={"id": {"dtype": "utf8"}, "v": {"dtype": expected}})


def test_files_of_different_types(tmp_path):
    other = pa.table({"id": ["a"], "v": ["text"]})
    publish(tmp_path / "source", "2026-11-22", [GOOD, other])
    load_fails(tmp_path, "part-00001.parquet", "column 'v'", "expected float32", "found utf8", "part-00000.parquet")


def test_nested_column_that_is_asked_for(tmp_path):
    nested = pa.table({"id": ["a"], "v": [{"x": 1}]})
    publish(tmp_path / "source", "2026-11-22", [nested])
    load_fails(tmp_path, "part-00000.parquet", "column 'v'", "nested",
               columns={"id": {"dtype": "utf8"}, "v": {"dtype": "int64"}})


def test_null_key(tmp_path):
    rows = pa.table({"id": ["a"] * 700 + [None, "b"], "v": [1.0] * 702})
    publish(tmp_path / "source", "2026-11-22", [GOOD, rows], row_group_size=600)
    load_fails(tmp_path, "2026-11-22", "part-00001.parquet", "row group 1", "key column 'id' is null",
               "row 100")


def test_null_in_a_non_nullable_column(tmp_path):
    publish(tmp_path / "source", "2026-11-22",
            [pa.table({"id": ["a", "b"], "v": pa.array([1.0, None], pa.float32())})])
    load_fails(tmp_path, "part-00000.parquet", "row group 0", "non-nullable column 'v' is null", "row 1",
               columns={"id": {"dtype": "utf8"}, "v": {"dtype": "float32", "nullable": False}})


def test_not_a_parquet_file(tmp_path):
    folder = publish(tmp_path / "source", "2026-11-22", [GOOD])
    (folder / "x.parquet").write_text("id,v\na,1.0\n")
    load_fails(tmp_path, "x.parquet", "Parquet")


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 12, 100, -1, -8, -9])
def test_truncated_parquet_file(tmp_path, keep):
    folder = publish(tmp_path / "source", "2026-11-22", [GOOD])
    whole = (folder / "part-00000.parquet").read_bytes()
    (folder / "part-00000.parquet").write_bytes(whole[:keep])
    load_fails(tmp_path, "part-00000.parquet")


def test_flipped_byte_in_a_page(tmp_path):
    folder = publish(tmp_path / "source", "2026-11-22", [GOOD], write_page_checksum=True)
    path = folder / "part-00000.parquet"
    data = bytearray(path.read_bytes())
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(1)
    data[chunk.dictionary_page_offset + chunk.total_compressed_size - 1] ^= 1
    path.write_bytes(data)
    load_fails(tmp_path, "part-00000.parquet", "row group 0", "column v", "checksum mismatch")


def test_encrypted_files_are_named_so(tmp_path):
    folder = publish(tmp_path / "source", "2026-11-22", [GOOD])
    path = folder / "part-00000.parquet"
    path.write_bytes(path.read_bytes()[:-4] + b"PARE")
    load_fails(tmp_path, "part-00000.parquet", "encrypted")


def test_a_full_disk_fails_the_load_and_leaves_the_data(tmp_path):
    publish(tmp_path / "source", "2026-11-22", [big_part(0, 200_000)])
    path = load_config(tmp_path, key=["user_id"])
    # A limit on file sizes stands in for a full disk: writes fail midway with an error, not a signal.
    script = f"trap '' XFSZ; ulimit -f 500; exec {BINARY} load --config {path}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "File too large" in done.stderr, done.stderr
    assert not list((tmp_path / "data" / "t").glob("0*"))
