"""Browsers: pages of other origins, names that are rebound, and what a server beyond loopback says and refuses."""
import json
import shutil
import subprocess

import pyarrow as pa
import pytest
from conftest import Server, local, publish, run

SCHEMA = json.dumps({"key": "id", "columns": {"id": {"dtype": "utf8"}}})
ROWS = '{"columns": {"id": ["a"]}}'
JSON = {"Content-Type": "application/json"}
EVIL = "https://evil.example"
UI = "https://ui.example"

# what changes tables: method, path, body
CHANGES = [("PUT", "/api/v1/table/new", SCHEMA), ("PUT", "/api/v1/table/w/write", ROWS),
           ("PATCH", "/api/v1/table/w/write", ROWS),
           ("POST", "/api/v1/table/w/delete", '{"keys": ["a"]}'), ("POST", "/api/v1/table/w/compact", None),
           ("DELETE", "/api/v1/table/w", None)]


def ask(murr, method, path, body=None, host=None, **headers):
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    if host:
        headers["Host"] = host
    return murr.request(method, path, body, headers)


@pytest.fixture(scope="module")
def murr(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("origins"), {}) as m:
        assert m.request("PUT", "/api/v1/table/w", SCHEMA)[0] == 201
        yield m


@pytest.fixture(scope="module")
def open_murr(tmp_path_factory):
    """Beyond loopback, with pages that may ask, and tables of which one takes no writes."""
    folder = tmp_path_factory.mktemp("open")
    publish(folder / "s", "2026-11-22", [pa.table({"id": ["a"], "v": [1.5]})])
    tables = {"closed": local(folder / "s", ["id"], writes=False), "t": local(folder / "s", ["id"])}
    server = {"host": "0.0.0.0", "cors_origins": [UI, "https://other.example"],
              "allowed_hosts": ["features.example"]}
    with Server(folder, tables, server) as m:
        m.wait_loaded("closed")
        m.wait_loaded("t")
        yield m


@pytest.mark.parametrize("method,path,body", CHANGES)
def test_pages_of_other_origins_change_nothing(murr, method, path, body):
    for headers in ({"Origin": EVIL}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"},
                    {"Sec_Fetch_Site": "same-site"}, {"Origin": "http://localhost:1"},
                    {"Origin": EVIL, "Sec_Fetch_Site": "same-origin"}):
        status, _, data = ask(murr, method, path, body, **JSON, **headers)
        assert status == 403, (headers, data)
        assert json.loads(data)["code"] == "FORBIDDEN_ORIGIN"


def test_a_form_deletes_nothing(murr):
    own = f"http://127.0.0.1:{murr.port}"
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        for headers in ({"Origin": own}, {"Sec_Fetch_Site": "same-origin"}, {"Sec_Fetch_Site": "none"}):
            assert ask(murr, "POST", "/api/v1/table/w/delete", '{"keys": ["a"]}', Content_Type=kind, **headers)[0] == 415


def test_own_pages_and_programs_may(murr):
    own = f"http://127.0.0.1:{murr.port}"
    for headers in ({"Origin": own, **JSON}, {"Sec_Fetch_Site": "same-origin", **JSON},
                    {"Content-Type": "application/x-www-form-urlencoded"}, {}):  # the last two: curl -d
        assert murr.request("PUT", "/api/v1/table/w/write", ROWS, headers)[0] == 200
        assert murr.request("POST", "/api/v1/table/w/delete", '{"keys": ["a"]}', headers)[0] == 200


def test_other_names_are_not_ours(murr):
    for host in ("evil.example", f"evil.example:{murr.port}", "127.0.0.1.nip.io", "localhost.evil.example",
                 "10.0.0.1", "[fe80::1]"):
        for method, path, body in [("GET", "/livez", None), ("POST", "/v1/w/_fetch", '{"keys": ["a"]}'), *CHANGES]:
            status, _, data = ask(murr, method, path, body, host=host)
            assert status == 403 and json.loads(data)["code"] == "FORBIDDEN_HOST", (host, path, data)
            assert "server.allowed_hosts" in json.loads(data)["error"]
    for host in (f"localhost:{murr.port}", "LOCALHOST", "127.0.0.1", "[::1]:80", "db.localhost", "murr:8080"):
        assert ask(murr, "GET", "/livez", host=host)[0] == 200, host


def test_without_configuration_there_is_no_cors(murr):
    status, headers, _ = ask(murr, "OPTIONS", "/v1/w/_fetch", Origin=EVIL, Access_Control_Request_Method="POST")
    assert status == 405
    _, more, _ = ask(murr, "GET", "/livez", Origin=EVIL)
    assert not [h for h in {**headers, **more} if h.lower().startswith("access-control")]


def test_a_server_on_loopback_has_no_warnings(murr):
    assert json.loads(murr.request("GET", "/readyz?verbose")[2])["warnings"] == []
    assert "without authentication" not in murr.log_text()


def test_a_server_beyond_loopback_says_so(open_murr):
    (warning,) = json.loads(open_murr.request("GET", "/readyz?verbose")[2])["warnings"]
    assert "without authentication" in warning
    assert warning in open_murr.log_text()


def test_configured_names_alone_are_ours(open_murr):
    for host in ("features.example:80", "127.0.0.1", "10.1.2.3:8080", "[fe80::1]:8080"):
        assert ask(open_murr, "GET", "/livez", host=host)[0] == 200
    for host in ("evil.example", "localhost"):
        assert ask(open_murr, "GET", "/livez", host=host)[0] == 403


def test_configured_pages_may_ask(open_murr):
    status, headers, _ = ask(open_murr, "OPTIONS", "/api/v1/table/t/write", Origin=UI,
                             Access_Control_Request_Method="PUT")
    assert status == 204 and headers["Access-Control-Allow-Origin"] == UI
    assert "PUT" in headers["Access-Control-Allow-Methods"] and "Content-Length" not in headers
    rows = '{"columns": {"id": ["b"], "v": [2.0]}}'
    status, headers, data = ask(open_murr, "PUT", "/api/v1/table/t/write", rows, Origin=UI, Sec_Fetch_Site="cross-site",
                                **JSON)
    assert status == 200 and headers["Access-Control-Allow-Origin"] == UI, data  # a deferred answer
    status, headers, _ = ask(open_murr, "POST", "/v1/t/_fetch", '{"keys": ["b"]}', Origin=UI)
    assert status == 200 and headers["Access-Control-Allow-Origin"] == UI
    _, headers, _ = ask(open_murr, "GET", "/livez", Origin=EVIL)
    assert "Access-Control-Allow-Origin" not in headers and headers["Vary"] == "Origin"
    assert ask(open_murr, "OPTIONS", "/v1/t/_fetch", Origin=EVIL, Access_Control_Request_Method="POST")[0] == 405
    assert ask(open_murr, "PUT", "/api/v1/table/t/write", rows, Origin=EVIL, **JSON)[0] == 403


def test_a_table_may_take_no_writes(open_murr):
    rows = '{"columns": {"id": ["b"], "v": [2.0]}}'
    for method, path, body in [("PUT", "/api/v1/table/closed/write", rows),
                               ("POST", "/api/v1/table/closed/delete", '{"keys": ["a"]}'),
                               ("POST", "/api/v1/table/closed/compact", None),
                               ("DELETE", "/api/v1/table/%63losed", None)]:
        status, _, data = open_murr.request(method, path, body)
        assert status == 403 and "tables.closed.writes" in json.loads(data)["error"], data
    assert open_murr.fetch_json("closed", ["a"]) == {"v": [1.5]}


def test_a_server_may_be_read_only(tmp_path):
    publish(tmp_path / "s", "2026-11-22", [pa.table({"id": ["a"], "v": [1.5]})])
    with Server(tmp_path, {"w": local(tmp_path / "s", ["id"])}, {"read_only": True, "host": "0.0.0.0"}) as murr:
        murr.wait_loaded("w")
        for method, path, body in CHANGES:
            status, _, data = murr.request(method, path, body)
            assert status == 403 and json.loads(data)["code"] == "READ_ONLY", data
        assert murr.fetch_json("w", ["a"]) == {"v": [1.5]}
        (warning,) = json.loads(murr.request("GET", "/readyz?verbose")[2])["warnings"]
        assert "read every table" in warning


def test_home_says_what_this_is(murr):
    status, headers, data = murr.request("GET", "/")
    home = json.loads(data)
    assert status == 200 and home["name"] == "murr" and home["version"]
    for path in home["paths"]:
        if "{" not in path:
            assert murr.request("GET", path)[0] == 200, path


def test_lists_come_as_lists_and_with_commas():
    done = run("check", "--set", "server.allowed_hosts=a.example,b.example", "--set", "server.cors_origins=*")
    assert "allowed_hosts: [a.example, b.example]" in done.stdout, done.stderr
    assert 'cors_origins: ["*"]' in done.stdout


def may_unshare():
    return shutil.which("unshare") and shutil.which("ip") and subprocess.run(
        ["unshare", "-rn", "ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0


@pytest.mark.skipif(not may_unshare(), reason="network namespaces are not allowed here")
@pytest.mark.parametrize("change", ["addr del 127.0.0.1/8 dev lo", "-6 addr del ::1/128 dev lo"])
def test_localhost_of_one_address_family_is_enough(tmp_path, change):
    script = f'ip link set lo up; ip {change} || true; exec "$@"'
    with Server(tmp_path, {}, {"host": "localhost"}, prefix=["unshare", "-rn", "bash", "-c", script, "-"]) as murr:
        assert " serving " in murr.log_text()
