import json, os, shutil, subprocess, pathlib
import conftest
from conftest import Server, local, publish
from test_damage import table_of, read_right
import pytest
OLD, NEW = "/work/base/build/murr", conftest.BINARY
S = {"key": "id", "columns": {"id": {"dtype": "utf8"}, "v": {"dtype": "int64"}}}
def use(b): conftest.BINARY = b
def put(m, t, ids, vs, method="PUT"):
    st, _, d = m.request(method, f"/api/v1/table/{t}/write", json.dumps({"columns": {"id": ids, "v": vs}})); assert st == 200, d
@pytest.mark.parametrize("first", ["old", "new"])
@pytest.mark.parametrize("storage", ["memory", "mmap", "disk"])
def test_updown(tmp_path, first, storage):
    order = [OLD, NEW, OLD, NEW] if first == "old" else [NEW, OLD, NEW, OLD]
    publish(tmp_path / "s", "2026-01-01", [table_of(0)])
    m = Server(tmp_path, {"t": local(tmp_path / "s", ["id"], parts=2, storage=storage)})
    exp = {}
    for i, b in enumerate(order):
        m.process = None
        # config differences
        m.extra = ["--set", f"write.storage={storage}"]
        import conftest as c; c.BINARY = b
        m.start()
        if i == 0:
            m.wait_loaded("t"); st = m.request("PUT", "/api/v1/table/c", json.dumps(S)); assert st[0] in (200, 201), st
        for k, v in exp.items():
            pass
        if exp:
            assert m.fetch_json("c", list(exp), ["v"]) == {"v": list(exp.values())}, (i, b)
        for r in range(3):
            ids = [f"x{i}-{r}-{j}" for j in range(50)] + ["same"]
            put(m, "c", ids, [i * 1000 + r] * 51)
            exp.update({k: i * 1000 + r for k in ids})
        put(m, "t", ["k5"], [15]); 
        if i % 2: assert m.request("POST", "/api/v1/table/c/compact")[0] == 200
        read_right(m, range(0, 20000, 91))
        put(m, "c", ["last"], [i]); exp["last"] = i
        m.kill() if i % 2 else m.stop()
    import conftest as c; c.BINARY = NEW
    m.start(); s = m.status("c"); print(s)
    assert m.fetch_json("c", list(exp), ["v"]) == {"v": list(exp.values())}
    assert s["ready"] and not s["damage"] and m.status("t")["ready"]
    m.stop(); c.BINARY = NEW
