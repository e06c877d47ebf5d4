"""Where a table is served from: memory, the mapped files, the disk."""
import re

import pyarrow as pa
import pytest
from conftest import Server, local, publish

N = 20_000


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("storage")
    publish(folder, "2026-11-22", [pa.table({
        "id": list(range(N)), "v": [i / 8 for i in range(N)], "s": ["text of row %d" % i for i in range(N)]})])
    return folder


def table_bytes(murr, kind):
    _, _, page = murr.request("GET", "/metrics")
    return float(re.search(rf'^murr_table_bytes{{table="t",kind="{kind}"}} (\S+)', page.decode(), re.M)[1])


def check(murr, rng):
    keys = [rng.randrange(N + 50) for _ in range(3000)]
    assert murr.fetch_json("t", keys) == {
        "v": [k / 8 if k < N else None for k in keys], "s": [f"text of row {k}" if k < N else None for k in keys]}


@pytest.mark.parametrize("layout", ["packed", "columnar"])
@pytest.mark.parametrize("storage", ["memory", "mmap", "disk"])
def test_every_storage_serves_the_same_also_after_a_restart(tmp_path, source, rng, storage, layout):
    with Server(tmp_path, {"t": local(source, ["id"], storage=storage, layout=layout)}) as murr:
        murr.wait_loaded("t")
        check(murr, rng)
        murr.stop()
        murr.start()
        check(murr, rng)  # from the mapped files, or already as configured
        if storage != "mmap":
            murr.wait_for(lambda: "storage settled" in murr.log_text())
        assert (table_bytes(murr, "memory") >= table_bytes(murr, "disk")) == (storage == "memory")
        check(murr, rng)
