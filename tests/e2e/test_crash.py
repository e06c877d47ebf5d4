"""kill -9 at any moment: the next start serves the last complete generation and leaves no debris."""
import itertools
import json
import pathlib
import time

import pyarrow as pa
import pyarrow.parquet as pq
from conftest import Server, local, publish, run

KILLS = 100
ROWS = 30_000


def table_of(version):
    return pa.table({"id": pa.array(range(ROWS), pa.int64()),
                     "v": pa.array([version] * ROWS, pa.int32()),
                     "s": [f"version {version}, which is long enough for the heap"] * ROWS})


def date_of(version):
    return f"20{version // 28:02}-01-{version % 28 + 1:02}"


def check_directory(data):
    """Only complete generations, none newer than the manifest's, nothing temporary."""
    names = sorted(p.name for p in data.iterdir())
    assert not [n for n in names if n.endswith(".tmp")], names
    live = json.loads((data / "manifest.json").read_text())["generation"]
    numbers = [int(n) for n in names if n.isdigit()]
    assert max(numbers) == live, (names, live)
    for n in numbers:
        assert not list((data / f"{n:010}").glob("*.tmp"))


def test_a_kill_at_any_moment_loses_nothing(tmp_path, rng):
    source = tmp_path / "source"
    data = tmp_path / "data" / "t"
    publish(source, date_of(0), [table_of(0)])
    murr = Server(tmp_path, {"t": local(source, ["id"], poll_interval="20ms", parts=2)})
    with murr:
        murr.wait_loaded("t")
        start = time.monotonic()
        publish(source, date_of(1), [table_of(1)])
        murr.wait_loaded("t", date_of(1))
        longest = time.monotonic() - start
    served, n_swapped = 1, 0
    for kill in range(2, KILLS + 2):
        publish(source, date_of(kill), [table_of(kill)])
        murr.start()
        time.sleep(rng.uniform(0, longest))
        murr.kill()
        # What a restart serves before any poll: look without a source.
        hidden = tmp_path / "hidden"
        source.rename(hidden)
        murr.start()
        try:
            status = murr.status("t")
            assert status["ready"] and status["rows"] == ROWS
            keys = [rng.randrange(ROWS) for _ in range(50)]
            got = murr.fetch_json("t", keys, ["v", "s"])
            version = got["v"][0]
            assert version in (served, kill), "an older or a foreign generation serves"
            assert got["v"] == [version] * 50
            assert got["s"] == [f"version {version}, which is long enough for the heap"] * 50
            n_swapped += version == kill
            longest *= 0.9 if version == kill else 1.1  # so that about half come before the swap
            served = version
            check_directory(data)
        finally:
            murr.stop()
            hidden.rename(source)
    print(f"{KILLS} kills within {longest * 1e3:.0f} ms of a start; {n_swapped} came after the swap")
    assert KILLS / 4 < n_swapped < KILLS * 3 / 4
    done = run("verify", tmp_path / "data")
    assert done.returncode == 0, done.stderr


def test_a_damaged_live_generation_falls_back_to_the_one_before(tmp_path):
    source = tmp_path / "source"
    publish(source, date_of(0), [table_of(0)])
    murr = Server(tmp_path, {"t": local(source, ["id"], parts=2)})
    with murr:
        murr.wait_loaded("t", date_of(0))
        publish(source, date_of(1), [table_of(1)])
        murr.wait_loaded("t", date_of(1))
    segment = tmp_path / "data" / "t" / "0000000002" / "00000001.seg"
    segment.write_bytes(segment.read_bytes()[:-1])
    hidden = tmp_path / "hidden"
    source.rename(hidden)
    with murr:
        assert "an older generation is served" in murr.log_text()
        assert murr.fetch_json("t", [1], ["v"]) == {"v": [0]}
        hidden.rename(source)  # and the next poll loads the newest anew
        murr.wait_loaded("t", date_of(1))
        assert murr.fetch_json("t", [1], ["v"]) == {"v": [1]}


def test_a_damaged_or_missing_manifest_does_not_hide_the_data(tmp_path):
    source = tmp_path / "source"
    publish(source, date_of(0), [table_of(0)])
    murr = Server(tmp_path, {"t": local(source, ["id"])})
    with murr:
        murr.wait_loaded("t")
    source.rename(tmp_path / "hidden")
    manifest = tmp_path / "data" / "t" / "manifest.json"
    copy = manifest.with_name("manifest.json.copy")
    damages = (None, "", "{", '{"generation": "x"}', '{"generation": 0}', "null")
    for damage, files in itertools.product(damages, ([manifest], [copy], [manifest, copy])):
        for file in files:
            file.unlink()  # both alone: a crash behind the first generation, before its manifest
            if damage is not None:
                file.write_text(damage)
        with murr:
            assert murr.fetch_json("t", [1], ["v"]) == {"v": [0]}
        beside = run("get", "t", "1", "-c", "v", "-o", "csv", "--data-dir", tmp_path / "data")
        assert beside.stdout == "v\n0\n", beside.stderr
