"""/metrics as those read it who read it every day: Prometheus' own parsers and promtool."""
import json
import shutil
import subprocess

import pyarrow as pa
import pytest
from conftest import Server, local, publish
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture(scope="module")
def murr(tmp_path_factory):
    """A server that has been asked for everything once: every route, good and bad, tables of each kind."""
    folder = tmp_path_factory.mktemp("metrics")
    publish(folder / "s", "2026-11-22", [pa.table({"id": ["a", "b"], "v": [1.5, None]})])
    tables = {"t": local(folder / "s", ["id"]), "never": local(folder / "nowhere", ["id"])}
    with Server(folder, tables) as m:
        m.wait_loaded("t")
        m.fetch_json("t", ["a", "x"])
        m.fetch_arrow("t", ["a"])
        schema = {"key": "id", "columns": {"id": {"dtype": "utf8"}}}
        for name in ("w", "dropped"):
            m.request("PUT", f"/api/v1/table/{name}", json.dumps(schema))
            m.request("PUT", f"/api/v1/table/{name}/write", '{"columns": {"id": ["a"]}}')
        m.request("POST", "/api/v1/table/w/delete", '{"keys": ["a"]}')
        m.request("DELETE", "/api/v1/table/dropped")
        for method, path in [("GET", "/"), ("GET", "/nowhere"), ("POST", "/health"), ("DELETE", "/api/v1/table/none"),
                             ("GET", "/api/v1/table"), ("HEAD", "/readyz")]:
            m.request(method, path)
        yield m


def page(murr, accept):
    status, headers, data = murr.request("GET", "/metrics", headers={"Accept": accept})
    assert status == 200
    return data.decode()


@pytest.mark.parametrize("accept", ["text/plain", OPENMETRICS])
def test_every_series_is_there_once(murr, accept):
    series = [line.rsplit(" ", 1)[0] for line in page(murr, accept).splitlines() if line[0] != "#"]
    assert len(series) == len(set(series))
    heads = [line for line in page(murr, accept).splitlines() if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads))


def test_methods_of_a_route_are_told_apart(murr):
    text = page(murr, "text/plain")
    assert 'murr_http_requests_total{method="PUT",route="/api/v1/table/{}",code="201"} 2' in text
    assert 'murr_http_requests_total{method="DELETE",route="/api/v1/table/{}",code="200"} 1' in text


def test_strict_parsers_take_all_of_it(murr):
    families = list(parse_openmetrics(page(murr, OPENMETRICS)))
    assert {"murr_http_requests", "murr_fetch_duration_seconds", "murr_table_rows"} <= {f.name for f in families}
    assert sum(len(f.samples) for f in parse_text(page(murr, "text/plain"))) == sum(len(f.samples) for f in families)


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not here (tools/setup-proxies)")
def test_promtool_has_nothing_to_say(murr):
    done = subprocess.run(["promtool", "check", "metrics"], input=page(murr, "text/plain"), text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 0 and not done.stderr and not done.stdout, done.stderr + done.stdout
