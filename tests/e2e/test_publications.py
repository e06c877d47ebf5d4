"""What counts as the newest publication of a source, however it publishes, and what may take the place of what serves."""
import json
import os
import pathlib
import resource
import shutil
import threading
import time
import urllib.parse

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SANITIZED, Server, local, publish, run
from fakes3 import FakeS3
from s3server import parquet_bytes


def rows(pairs, **columns):
    return pa.table({"id": list(pairs), "v": list(pairs.values()), **columns})


def load(tmp_path, *args, source="source", data="data", **fields):
    config = {"server": {"data_dir": str(tmp_path / data)},
              "tables": {"t": local(tmp_path / source, ["id"], **fields)}}
    (tmp_path / "murr.yml").write_text(json.dumps(config))
    return run("load", "--config", tmp_path / "murr.yml", *args)


def in_source(path, **fields):
    """A table whose source publishes otherwise."""
    return {**local(path, ["id"]), "source": {"local": {"path": str(path), **fields}}}


def polls(server, n, table="t"):
    """Wait for n more polls."""
    for _ in range(n):
        before = server.status(table)["polled_at"]
        server.wait_for(lambda: server.status(table)["polled_at"] != before)


# ------------------------------------------------------------------------------------------- the source is part of it

def test_another_source_with_the_same_files_is_loaded(tmp_path):
    for name, value in (("a", 1), ("b", 2)):
        folder = publish(tmp_path / name, "2026-11-22", [rows({"x": value})])
        for f in folder.iterdir():
            os.utime(f, (1_700_000_000, 1_700_000_000))
    for name, value in (("a", 1), ("b", 2), ("b", 2), ("a", 1)):
        with Server(tmp_path, {"t": local(tmp_path / name, ["id"])}) as murr:
            murr.wait_for(lambda: murr.status("t")["ready"] and murr.fetch_json("t", ["x"]) == {"v": [value]})


def test_another_source_whose_newest_date_is_older_is_loaded(tmp_path):
    publish(tmp_path / "a", "2026-11-22", [rows({"x": 1})])
    publish(tmp_path / "b", "2026-11-20", [rows({"x": 2})])
    assert load(tmp_path, source="a").returncode == 0
    done = load(tmp_path, source="b")
    assert done.returncode == 0 and "2026-11-20" in done.stdout, done.stderr


def test_other_content_of_the_same_name_size_and_time_is_noticed(tmp_path):
    folder = publish(tmp_path / "source", "2026-11-22", [rows({"x": 1})], compression="none")
    for f in folder.iterdir():
        os.utime(f, (1_700_000_000, 1_700_000_000))
    with Server(tmp_path, {"t": local(tmp_path / "source", ["id"])}) as murr:
        murr.wait_loaded("t")
        other = tmp_path / "other.parquet"
        pq.write_table(rows({"x": 2}), other, compression="none")
        file = folder / "part-00000.parquet"
        assert other.stat().st_size == file.stat().st_size
        with open(file, "r+b") as f:  # in place: the same inode
            f.write(other.read_bytes())
        os.utime(file, (1_700_000_000, 1_700_000_000))
        murr.wait_for(lambda: murr.fetch_json("t", ["x"]) == {"v": [2]})


# ---------------------------------------------------------------------------------------------- never back in time

def test_while_the_newest_day_is_replaced_it_stays(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-21", [rows({"x": 21})])
    folder = publish(source, "2026-11-22", [rows({"x": 22})])
    with Server(tmp_path, {"t": local(source, ["id"])}) as murr:
        murr.wait_loaded("t", "2026-11-22")
        (folder / "_SUCCESS").unlink()
        polls(murr, 5)
        (folder / "part-00000.parquet").unlink()
        (folder / "_temporary" / "0").mkdir(parents=True)
        polls(murr, 5)
        assert murr.status("t")["partition"] == "2026-11-22"
        assert murr.fetch_json("t", ["x"]) == {"v": [22]}
        publish(source, "2026-11-22", [rows({"x": 23})])
        murr.wait_for(lambda: murr.fetch_json("t", ["x"]) == {"v": [23]})


def test_back_only_when_the_newest_has_been_gone_for_some_polls(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-21", [rows({"x": 21})])
    publish(source, "2026-11-22", [rows({"x": 22})])
    with Server(tmp_path, {"t": local(source, ["id"], rollback_after=4, poll_interval="50ms")}) as murr:
        murr.wait_loaded("t", "2026-11-22")
        shutil.rmtree(source / "2026-11-22")
        murr.wait_error("t", "gone")
        murr.wait_loaded("t", "2026-11-21")
        log = murr.log_text()
        assert "loading an older one" in log and "polls=4" in log
        assert murr.fetch_json("t", ["x"]) == {"v": [21]}


def test_a_date_that_is_replaced_by_removing_the_folder_is_not_left(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-21", [rows({"x": 21})])
    publish(source, "2026-11-22", [rows({"x": 22})])
    with Server(tmp_path, {"t": local(source, ["id"], rollback_after=1000)}) as murr:
        murr.wait_loaded("t", "2026-11-22")
        shutil.rmtree(source / "2026-11-22")
        polls(murr, 4)
        assert murr.status("t")["partition"] == "2026-11-22"
        publish(source, "2026-11-22", [rows({"x": 23})])
        murr.wait_for(lambda: murr.fetch_json("t", ["x"]) == {"v": [23]})
        assert "2026-11-21" not in murr.log_text()


# --------------------------------------------------------------------------------------------------------- guards

GOOD = {f"k{i}": i for i in range(100)}
BAD = {
    "min_rows": (rows({"x": 1}).slice(0, 0), "0 rows, less than guard.min_rows: 1"),
    "max_shrink": (rows({f"k{i}": i for i in range(40)}), "40 rows where 2026-11-21 has 100"),
    "max_duplicates": (pa.table({"id": ["a", "b"] * 500, "v": [1] * 1000}), "1000 rows have only 2 keys"),
    "renamed": (rows(GOOD).rename_columns(["id", "w"]), "it no longer has column 'v'"),
    "retyped": (pa.table({"id": list(GOOD), "v": ["x"] * 100}), "column 'v' was int64 and is now utf8"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_batch_does_not_replace_a_good_one(tmp_path, what):
    bad, text = BAD[what]
    source = tmp_path / "source"
    publish(source, "2026-11-21", [rows(GOOD)])
    with Server(tmp_path, {"t": local(source, ["id"])}) as murr:
        murr.wait_loaded("t")
        publish(source, "2026-11-22", [bad])
        murr.wait_error("t", text)
        assert murr.status("t")["partition"] == "2026-11-21"
        assert murr.fetch_json("t", ["k7"]) == {"v": [7]}
        assert 'murr_loads_total{table="t",result="refused"} 1' in murr.request("GET", "/metrics")[2].decode()
        publish(source, "2026-11-23", [rows(GOOD | {"k7": 8})])  # the next good one is not held up
        murr.wait_loaded("t", "2026-11-23")
        murr.wait_for(lambda: murr.status("t")["last_error"] is None)


def test_a_refused_batch_is_skipped_and_the_next_newer_is_taken(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-21", [rows(GOOD)])
    assert load(tmp_path).returncode == 0
    publish(source, "2026-11-22", [rows(GOOD | {"k7": 70})])
    publish(source, "2026-11-23", [rows({})])
    (source / "2026-11-23" / "part-00000.parquet").unlink()
    pq.write_table(pa.table({"id": pa.array([], pa.string()), "v": pa.array([], pa.int64())}),
                   source / "2026-11-23" / "part-00000.parquet")
    done = load(tmp_path)
    assert done.returncode == 1 and "guard.min_rows" in done.stderr
    assert "2026-11-22" in done.stdout
    done = load(tmp_path, "--force")
    assert done.returncode == 2 and "name the tables" in done.stderr
    done = load(tmp_path, "--force", "t")
    assert done.returncode == 0 and "2026-11-23" in done.stdout


def test_a_broken_batch_is_skipped_and_the_next_newer_is_taken(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-22", [rows(GOOD)])
    folder = publish(source, "2026-11-23", [rows(GOOD)])
    (folder / "part-00000.parquet").write_bytes(b"PAR1 and not much more PAR1")
    done = load(tmp_path)
    assert done.returncode == 1 and "partition 2026-11-23: file part-00000.parquet" in done.stderr
    assert "2026-11-22" in done.stdout


def test_a_date_far_ahead_does_not_block_those_that_come(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-21", [rows(GOOD)])
    publish(source, "2099-01-01", [rows(GOOD | {"k7": 99})])
    with Server(tmp_path, {"t": local(source, ["id"])}) as murr:
        murr.wait_loaded("t", "2026-11-21")
        murr.wait_error("t", "guard.max_days_ahead: 2")
        publish(source, "2026-11-22", [rows(GOOD | {"k7": 22})])
        murr.wait_loaded("t", "2026-11-22")
        refused = murr.status("t")["refused"]
        assert refused["partition"] == "2099-01-01" and "days ahead" in refused["why"]
        path = "/api/v1/table/t/accept"
        assert murr.request("POST", path, '{"fingerprint":"0123456789abcdef"}')[0] == 404
        for body in ("yes", "", '{"fingerprint":"0123"}', '{"fingerprint":"0123456789abcdef"}x', "x" * 5000):
            assert murr.request("POST", path, body)[0] == 400
        assert murr.request("POST", path + "?fingerprint=0123456789abcdef")[0] == 404
        assert murr.request("POST", path + "?fingerprint=x")[0] == 400
        assert f'partition refused table=t partition=2099-01-01 fingerprint={refused["fingerprint"]}' in murr.log_text()
        assert murr.request("POST", "/api/v1/table/u/accept", json.dumps({"fingerprint": refused["fingerprint"]}))[0] == 404
        status, _, body = murr.request("POST", path, json.dumps({"fingerprint": refused["fingerprint"]}))
        assert status == 200, body
        murr.wait_loaded("t", "2099-01-01")
        murr.wait_for(lambda: murr.status("t")["refused"] is None)


def test_nulls_that_grow_are_refused_where_configured(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-21", [rows(GOOD)])
    fields = {"guard": {"max_null_growth": "10%"}}
    assert load(tmp_path, **fields).returncode == 0
    nulls = pa.array([None] * 20 + list(range(80)), pa.int64())
    publish(source, "2026-11-22", [pa.table({"id": list(GOOD), "v": nulls})])
    done = load(tmp_path, **fields)
    assert done.returncode == 1 and "column 'v' is null in 20.0% of its rows where it was in 0.0%" in done.stderr
    assert load(tmp_path).returncode == 0


@pytest.mark.parametrize("fresh", [
    rows(GOOD, more=["x"] * 100),
    rows({k: GOOD[k] for k in list(GOOD)[:50]}),
    pa.table({"id": list(GOOD) * 3, "v": list(range(300))}),
])
def test_what_is_no_bad_batch_is_loaded(tmp_path, fresh):
    publish(tmp_path / "source", "2026-11-21", [rows(GOOD)])
    assert load(tmp_path).returncode == 0
    publish(tmp_path / "source", "2026-11-22", [fresh])
    done = load(tmp_path)
    assert done.returncode == 0 and "2026-11-22" in done.stdout, done.stderr


def test_who_changes_the_configuration_expects_other_data(tmp_path):
    publish(tmp_path / "source", "2026-11-22", [rows(GOOD)])
    assert load(tmp_path).returncode == 0
    columns = {"id": {"dtype": "utf8"}}
    assert load(tmp_path, columns=columns).returncode == 0


# ---------------------------------------------------------------------------------------------- ways of publishing

def test_hive_folders(tmp_path):
    source = tmp_path / "source"
    publish(source, "dt=2026-11-21", [rows({"x": 21})])
    publish(source, "dt=2026-11-22", [rows({"x": 22})])
    publish(source, "dt=__HIVE_DEFAULT_PARTITION__", [rows({"x": 0})])
    with Server(tmp_path, {"t": in_source(source, partitions="hive")}) as murr:
        murr.wait_loaded("t", "dt=2026-11-22")
        publish(source, "dt=2026-11-23", [rows({"x": 23})], success=False)
        polls(murr, 2)
        assert murr.fetch_json("t", ["x"]) == {"v": [22]}
        (source / "_SUCCESS").touch()  # as Spark's partitionBy leaves it
        murr.wait_loaded("t", "dt=2026-11-23")


def test_hourly_folders(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-21/23", [rows({"x": 2123})])
    publish(source, "2026-11-22/00", [rows({"x": 2200})])
    publish(source, "2026-11-22/01", [rows({"x": 2201})], success=False)
    with Server(tmp_path, {"t": in_source(source, partitions="hourly")}) as murr:
        murr.wait_loaded("t", "2026-11-22/00")
        (source / "2026-11-22/01/_SUCCESS").touch()
        murr.wait_loaded("t", "2026-11-22/01")
        (source / "2026-11-22/01/_SUCCESS").unlink()
        polls(murr, 5)
        assert murr.fetch_json("t", ["x"]) == {"v": [2201]}


def test_a_flat_folder_that_is_replaced_in_place(tmp_path):
    source = tmp_path / "source"
    publish(source, ".", [rows({"x": 1})])
    with Server(tmp_path, {"t": in_source(source, partitions="none", marker="done")}) as murr:
        murr.wait_error("t", "has no done")
        (source / "done").touch()
        murr.wait_loaded("t")
        time.sleep(0.02)
        publish(source, ".", [rows({"x": 2}), rows({"y": 3})], success=False)
        polls(murr, 3)
        assert murr.fetch_json("t", ["x", "y"]) == {"v": [1, None]}
        (source / "done").touch()
        murr.wait_for(lambda: murr.fetch_json("t", ["x", "y"]) == {"v": [2, 3]})


def test_a_pointer_names_the_folder_that_counts(tmp_path):
    source = tmp_path / "source"
    for name, value in (("run-a", 1), ("run-b", 2)):
        publish(source, name, [rows({"x": value})], success=False)
    with Server(tmp_path, {"t": in_source(source, partitions="pointer", pointer="CURRENT")}) as murr:
        murr.wait_error("t", "has no file CURRENT that names the folder to read")
        for text, value in (("run-a\n", 1), ("\ufeff./run-b/ \n", 2), (f"{source}/run-a", 1)):
            if text.startswith("\ufeff"):
                text = text.replace("./", "")
            (source / "CURRENT").write_text(text)
            murr.wait_for(lambda: murr.status("t")["ready"] and murr.fetch_json("t", ["x"]) == {"v": [value]})
        for text in ("../elsewhere", "", "a/../../b"):
            (source / "CURRENT").write_text(text)
            murr.wait_error("t", "CURRENT of")
        assert murr.fetch_json("t", ["x"]) == {"v": [1]}


def test_a_label_of_any_length(tmp_path):
    """Longer than any message about it has room for: it is told whole where it is a value, and cut in sentences, whose
    reason stays."""
    good, bad = ("/".join([name * 60] * 12) for name in "éü")
    source = tmp_path / "source"
    publish(source, good, [rows({"x": 1})], success=False)
    (source / "_latest").write_text(good)
    with Server(tmp_path, {"t": {**in_source(source, partitions="pointer"), "poll_interval": "100ms"}}) as murr:
        murr.wait_loaded("t", good)
        publish(source, bad, [rows({})], success=False)
        (source / "next").write_text(bad)
        (source / "next").rename(source / "_latest")
        murr.wait_error("t", "...: it has 0 rows")
        refused = murr.status("t")["refused"]
        assert refused["partition"] == bad
        assert f'partition="{good}"'.encode() in murr.request("GET", "/metrics")[2]
        murr.request("POST", f"/api/v1/table/t/accept?fingerprint={refused['fingerprint']}")
        murr.wait_loaded("t", bad)
        assert murr.log_path.read_bytes().decode("utf-8")
        murr.stop()
        murr.start()
        murr.wait_loaded("t", bad)
        assert "table loaded" not in murr.log_text()


@pytest.mark.parametrize("kind,folder,fits", [
    ("dated", "dt=2026-11-22", "it holds dt=2026-11-22/: partitions: hive would fit"),
    ("dated", "2026-11-22/05", "partitions: hourly would fit"),
    ("dated", ".", "it holds part-00000.parquet: partitions: none would fit"),
    ("hive", "2026-11-22", "it holds 2026-11-22/: partitions: dated would fit"),
    ("hourly", "2026-11-22", "it holds 2026-11-22/: partitions: dated would fit"),
    ("none", "2026-11-22", "partitions: dated would fit"),
    ("pointer", "2026-11-22", "partitions: dated would fit"),
    ("dated", "run-17", "it holds run-17/"),
])
def test_a_folder_that_fits_none_says_which_would(tmp_path, kind, folder, fits):
    publish(tmp_path / "source", folder, [rows({"x": 1})])
    config = {"server": {"data_dir": str(tmp_path / "data")},
              "tables": {"t": in_source(tmp_path / "source", partitions=kind)}}
    (tmp_path / "murr.yml").write_text(json.dumps(config))
    done = run("load", "--config", tmp_path / "murr.yml")
    assert done.returncode == 1 and fits in done.stderr, done.stderr


def test_what_is_no_partition_is_named(tmp_path):
    source = tmp_path / "source"
    publish(source, "2026-11-22", [rows({"x": 1})])
    publish(source / "2026-11-22", "hour=05", [rows({"y": 1})])
    done = load(tmp_path)
    assert done.returncode == 1 and "2026-11-22 has files in hour=05/" in done.stderr
    file = tmp_path / "file.parquet"
    pq.write_table(rows({"x": 1}), file)
    done = load(tmp_path, source="file.parquet")
    assert done.returncode == 1 and "file.parquet is a file; give the folder that it is in" in done.stderr


def test_a_delta_table_is_not_read_as_hive_folders(tmp_path):
    publish(tmp_path / "source", "dt=2026-11-22", [rows({"x": 1})])
    (tmp_path / "source" / "_delta_log").mkdir()
    table = in_source(tmp_path / "source", partitions="hive")
    (tmp_path / "murr.yml").write_text(json.dumps({"server": {"data_dir": str(tmp_path / "data")}, "tables": {"t": table}}))
    done = run("load", "--config", tmp_path / "murr.yml")
    assert done.returncode == 1 and "is a Delta table" in done.stderr


@pytest.mark.parametrize("folders,kind", [(["_delta_log"], "Delta"), (["data", "metadata"], "Iceberg")])
def test_tables_of_other_kinds_are_refused_by_name(tmp_path, folders, kind):
    folder = publish(tmp_path / "source", "2026-11-22", [rows({"x": 1})])
    for name in folders:
        (folder / name).mkdir()
    done = load(tmp_path)
    assert done.returncode == 1 and f"{kind} table" in done.stderr


# ------------------------------------------------------------------------------------------------------ side by side

def test_a_broken_link_beside_what_is_needed_blocks_nothing(tmp_path):
    folder = publish(tmp_path / "source", "2026-11-22", [rows({"x": 1})])
    (folder / "loop").symlink_to("loop")
    (tmp_path / "source" / "2026-11-23").symlink_to("2026-11-23")
    assert load(tmp_path).returncode == 0
    (folder / "part-1.parquet").symlink_to("part-1.parquet")
    done = load(tmp_path, data="other")
    assert done.returncode == 1 and "part-1.parquet" in done.stderr


@pytest.mark.skipif(SANITIZED, reason="sanitizers need descriptors and memory of their own")
def test_more_files_than_descriptors(tmp_path):
    folder = publish(tmp_path / "source", "2026-11-22", [])
    for i in range(600):
        pq.write_table(rows({f"k{i}": i}), folder / f"part-{i:05d}.parquet")
    (tmp_path / "murr.yml").write_text(json.dumps({
        "server": {"data_dir": str(tmp_path / "data")}, "tables": {"t": local(tmp_path / "source", ["id"])}}))
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    done = run("load", "--config", tmp_path / "murr.yml", preexec_fn=limit)
    assert done.returncode == 0 and " 600 " in done.stdout, done.stderr


# --------------------------------------------------------------------------------------------- slow and silent sources

@pytest.fixture
def fake():
    server = FakeS3()
    yield server
    server.close()


def put(fake, prefix, date, table):
    fake.objects[f"{prefix}/{date}/a.parquet"] = (parquet_bytes(table), 1_700_000_000)
    fake.objects[f"{prefix}/{date}/_SUCCESS"] = (b"", 1_700_000_000)


def in_bucket(fake, prefix, **fields):
    return {**local("/", ["id"]), "source": {"s3": {"bucket": "b", "prefix": prefix, "endpoint": fake.endpoint,
                                                    "anonymous": True, "retry_delay": "10ms"}}, **fields}


def test_slow_and_silent_sources_cost_themselves(tmp_path, fake):
    """Buckets that do not answer a listing, and some that send the first bytes of a file and no more, beside good ones."""
    released = threading.Event()

    def before(handler):
        path = urllib.parse.unquote(handler.path)
        if "silent" in path:
            released.wait(60)
            return True
        if "drip" not in path or ".parquet" not in path:
            return False
        first, last = map(int, handler.headers["Range"].split("=")[1].split("-")) if "=-" not in handler.headers["Range"] else (0, 0)
        if last - first < 100_000:  # the footer comes, so that the load begins
            return False
        body = fake.objects[path.split("?")[0].split("/b/", 1)[1]][0]
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {first}-{last}/{len(body)}")
        handler.send_header("Content-Length", str(last - first + 1))
        handler.end_headers()
        handler.wfile.write(body[first:first + 1000])
        handler.wfile.flush()
        released.wait(60)
        return True

    fake.before = before
    big = pa.table({"id": [str(i) for i in range(40_000)], "v": list(range(40_000))})
    tables = {}
    for i in range(3):
        tables[f"silent{i}"] = in_bucket(fake, f"silent{i}")
        put(fake, f"drip{i}", "2026-11-22", big)
        tables[f"drip{i}"] = in_bucket(fake, f"drip{i}")
    put(fake, "good", "2026-11-22", rows({"x": 1}))
    publish(tmp_path / "source", "2026-11-22", [rows({"x": 2})])
    tables["good"] = in_bucket(fake, "good")
    tables["near"] = local(tmp_path / "source", ["id"])
    try:
        with Server(tmp_path, tables, load={"threads": 1}) as murr:
            for name in ("good", "near"):
                murr.wait_loaded(name, "2026-11-22")
            for name, value in (("good", 3), ("near", 4)):
                if name == "good":
                    put(fake, "good", "2026-11-23", rows({"x": value}))
                else:
                    publish(tmp_path / "source", "2026-11-23", [rows({"x": value})])
                murr.wait_loaded(name, "2026-11-23")
            assert not any(murr.status(n)["ready"] for n in tables if n not in ("good", "near"))
    finally:
        released.set()


def test_a_bucket_is_not_left_for_an_older_day_at_once(tmp_path, fake):
    put(fake, "p", "2026-11-21", rows({"x": 21}))
    put(fake, "p", "2026-11-22", rows({"x": 22}))
    with Server(tmp_path, {"t": in_bucket(fake, "p", rollback_after=4)}) as murr:
        murr.wait_loaded("t", "2026-11-22")
        marker = fake.objects.pop("p/2026-11-22/_SUCCESS")
        polls(murr, 5)
        assert murr.status("t")["partition"] == "2026-11-22"
        del fake.objects["p/2026-11-22/a.parquet"]
        murr.wait_error("t", "gone")
        murr.wait_loaded("t", "2026-11-21")
        assert "loading an older one" in murr.log_text() and marker


@pytest.mark.parametrize("kind,keys,label", [
    ("hive", ["dt=2026-11-21/", "dt=2026-11-22/"], "dt=2026-11-22"),
    ("hourly", ["2026-11-21/23/", "2026-11-22/00/"], "2026-11-22/00"),
    ("none", [""], "2023-11-14T22:13:20.000Z"),
    ("pointer", ["old/", "new/"], "new"),
])
def test_ways_of_publishing_in_a_bucket(tmp_path, fake, kind, keys, label):
    for i, key in enumerate(keys):
        fake.objects[f"p/{key}a.parquet"] = (parquet_bytes(rows({"x": i})), 1_700_000_000)
    marker = "_latest" if kind == "pointer" else "_SUCCESS" if kind in ("hive", "none") else "2026-11-22/00/_SUCCESS"
    fake.objects[f"p/{marker}"] = (b"new\n", 1_700_000_000)
    table = in_bucket(fake, "p")
    table["source"]["s3"]["partitions"] = kind
    with Server(tmp_path, {"t": table}) as murr:
        murr.wait_loaded("t", label)
        assert murr.fetch_json("t", ["x"]) == {"v": [len(keys) - 1]}
        if kind in ("hive", "none"):  # what is written after the marker waits for the next
            fake.objects[f"p/{keys[-1]}b.parquet"] = (parquet_bytes(rows({"y": 7})), 1_700_000_009)
            polls(murr, 3)
            assert murr.fetch_json("t", ["y"]) == {"v": [None]}
            fake.objects["p/_SUCCESS"] = (b"", 1_700_000_009)
            murr.wait_for(lambda: murr.fetch_json("t", ["y"]) == {"v": [7]})


def test_a_newest_day_that_cannot_be_read_does_not_block_the_others(tmp_path):
    publish(tmp_path / "source", "2026-11-21", [rows({"x": 21})])
    folder = publish(tmp_path / "source", "2026-11-22", [rows({"x": 22})])
    (folder / "part-00000.parquet").unlink()
    (folder / "part-00000.parquet").symlink_to("part-00000.parquet")
    done = load(tmp_path)
    assert done.returncode == 1 and "part-00000.parquet" in done.stderr and "2026-11-21" in done.stdout


@pytest.mark.skipif(SANITIZED, reason="takes memory")
def test_what_does_not_fit_a_share_is_loaded_with_all_of_the_memory(tmp_path):
    """Whether data loads does not depend on what else does: two tables get half of the memory each, at first."""
    publish(tmp_path / "source", "2026-11-22", [pa.table({"id": ["a"], "v": ["x" * 20_000_000]})],
            compression="none", use_dictionary=False)
    config = {"server": {"data_dir": str(tmp_path / "data")}, "load": {"memory": "256MiB", "threads": 1},
              "tables": {name: local(tmp_path / "source", ["id"], parts=1) for name in ("t", "u")}}
    (tmp_path / "murr.yml").write_text(json.dumps(config))
    done = run("load", "--config", tmp_path / "murr.yml")
    assert done.returncode == 0, done.stderr
    done = run("load", "--config", tmp_path / "murr.yml", "--set", "load.memory=128MiB", "--set", f"server.data_dir={tmp_path}/other")
    assert done.returncode == 1, done.stderr
