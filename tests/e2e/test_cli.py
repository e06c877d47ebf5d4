"""The command line as a person types it."""
import io
import json
import os
import pty
import re
import subprocess
import termios

import pyarrow as pa
import pyarrow.ipc
import pytest
from conftest import BINARY, local, publish, run

COMMANDS = ["serve", "check", "load", "get", "inspect", "verify", "bench", "version"]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    publish(folder / "s", "2026-11-22", [pa.table({
        "id": ["a", "b,c"], "v": pa.array([1.5, None], pa.float32()), "s": ['say "hi"', ""]})])
    publish(folder / "p", "2026-11-22", [pa.table({"a": ["x"], "b": [7], "v": [True]})])
    config = {"server": {"data_dir": str(folder / "data")},
              "tables": {"t": local(folder / "s", ["id"], parts=2), "p": local(folder / "p", ["a", "b"])}}
    (folder / "murr.yml").write_text(json.dumps(config))
    done = run("load", "--config", folder / "murr.yml")
    assert done.returncode == 0, done.stderr
    return folder


def test_help_everywhere():
    whole = run("--help")
    assert whole.returncode == 0 and whole.stdout == run("help").stdout
    for command in COMMANDS:
        assert f"  {command} " in whole.stdout
        done = run(command, "--help")
        assert done.returncode == 0 and done.stdout.startswith(f"usage: murr {command}"), command


def test_wrong_usage_is_exit_2_with_a_hint():
    for args, text in [(["lod"], "did you mean 'load'?"), (["get"], "which table"),
                       (["check", "--frobnicate"], "unknown option --frobnicate"),
                       (["check", "--config"], "needs a value"), (["load", "nope"], "not configured"),
                       (["verify"], "which"), (["bench", "t", "-n", "x"], "whole numbers")]:
        done = run(*args)
        assert done.returncode == 2, (args, done.stderr)
        assert text in done.stderr and "--help" in done.stderr, (args, done.stderr)


def test_version():
    assert run("version").stdout.startswith("murr ") and run("--version").stdout == run("version").stdout


def test_check_prints_what_it_reads_back(loaded, tmp_path):
    first = run("check", "--config", loaded / "murr.yml", "--set", "server.port=9090")
    assert first.returncode == 0, first.stderr
    assert "port: 9090" in first.stdout
    (tmp_path / "again.yml").write_text(first.stdout)
    assert run("check", "--config", tmp_path / "again.yml").stdout == first.stdout


def test_check_names_line_and_field(tmp_path):
    path = tmp_path / "murr.yml"
    path.write_text("server:\n  prot: 80\n")
    done = run("check", "--config", path)
    assert done.returncode == 1
    assert done.stderr == f"murr: {path}:2: server.prot: unknown field; did you mean 'port'?\n"


def test_environment_and_flags_override(loaded):
    env = {**os.environ, "MURR_SERVER__PORT": "9191"}
    assert "port: 9191" in run("check", "--config", loaded / "murr.yml", env=env).stdout
    assert "port: 9292" in run("check", "--config", loaded / "murr.yml", "--set", "server.port=9292",
                               env=env).stdout
    for args in (["--config", loaded / "murr.yml", "check"], [f"--config={loaded / 'murr.yml'}", "check"],
                 ["--set", "log.level=info", "--config", loaded / "murr.yml", "check"]):
        assert run(*args).stdout == run("check", "--config", loaded / "murr.yml").stdout
    bad = run("check", "--config", loaded / "murr.yml", env={**os.environ, "MURR_SERVER__PROT": "1"})
    assert bad.returncode == 1 and "MURR_SERVER__PROT" in bad.stderr
    # What Kubernetes sets in every pod beside a service named murr is none of ours.
    links = {"MURR_SERVICE_HOST": "10.0.0.1", "MURR_SERVICE_PORT": "8080", "MURR_PORT": "tcp://10.0.0.1:8080",
             "MURR_PORT_8080_TCP_ADDR": "10.0.0.1", "MURR_SERVICE_PORT_HTTP": "8080"}
    done = run("check", "--config", loaded / "murr.yml", env={**os.environ, **links})
    assert done.returncode == 0, done.stderr


def test_get_in_every_form(loaded):
    args = ["get", "t", "b,c", "nope", "a", "-c", "id,v,s", "--data-dir", loaded / "data"]
    assert run(*args, "-o", "csv").stdout == 'id,v,s\n"b,c",,""\n,,\na,1.5,"say ""hi"""\n'
    assert json.loads(run(*args, "--output=json").stdout) == {"num_rows": 3, "columns": [
        {"name": "id", "values": ["b,c", None, "a"]}, {"name": "v", "values": [None, None, 1.5]},
        {"name": "s", "values": ["", None, 'say "hi"']}]}
    lines = run(*args).stdout.splitlines()
    assert lines[0].split() == ["id", "v", "s"] and lines[2].split() == ["null"] * 3
    done = subprocess.run([BINARY, *map(str, args), "-o", "arrow"], capture_output=True)
    table = pa.ipc.open_stream(io.BytesIO(done.stdout)).read_all()
    assert table.to_pydict() == {"id": ["b,c", None, "a"], "v": [None, None, 1.5], "s": ["", None, 'say "hi"']}
    assert run(*args, "-o", "xml").returncode == 2


def test_get_of_composite_keys_and_unknown_names(loaded):
    data = ["--data-dir", loaded / "data"]
    for key in ('["x", 7]', "x,7"):
        assert run("get", "p", key, *data, "-o", "csv").stdout == "a,b,v\nx,7,true\n"
    done = run("get", "p", "x,7", "y,8", *data, "-o", "csv", "-c", "v")
    assert done.returncode == 0 and done.stdout == "v\ntrue\n\n"
    assert done.stderr == "murr: 1 of 2 keys are not there: 'y,8'\n"
    for args, text in [(["get", "p", "x"], "key 'x' has 1 of the 2 columns"),
                       (["get", "p", "x,y"], "key 'y': column 'b' is"), (["get", "q", "x"], "no loaded table 'q'"),
                       (["get", "t", "a", "-c", "w"], "unknown column 'w'")]:
        done = run(*args, *data)
        assert done.returncode == 1 and text in done.stderr and done.stdout == "", done.stderr


def test_inspect_and_verify(loaded):
    folder = loaded / "data" / "t" / "0000000001"
    done = run("inspect", folder)
    assert done.returncode == 0 and done.stdout.count("format 2") == 2
    for text in ("key: id", "float32", "load factor", "payload pilots", "payload pages", "part 1 of 2",
                 "from the publication with fingerprint "):
        assert text in done.stdout
    done = run("verify", loaded / "data")
    assert done.returncode == 0 and done.stdout.count(": ok, ") == 2 + 8


def test_verify_names_the_damage(loaded, tmp_path):
    segment = (loaded / "data" / "t" / "0000000001" / "00000000.seg").read_bytes()
    for at in range(64, len(segment), 97):
        damaged = bytearray(segment)
        damaged[at] ^= 0x10
        path = tmp_path / "damaged.seg"
        path.write_bytes(damaged)
        done = run("verify", path)
        assert done.returncode == 1 and "damaged.seg" in done.stderr, at


def test_bench_runs(loaded):
    done = run("bench", "t", "-n", "50", "-k", "10", "--data-dir", loaded / "data")
    assert done.returncode == 0 and "p50" in done.stdout and "p99" in done.stdout


def test_a_load_on_a_terminal_shows_a_bar_of_one_line(tmp_path):
    n = 3_000_000  # seconds of work for one thread; the bar is drawn ten times a second
    values = pa.array(range(n))
    publish(tmp_path / "s", "2026-11-22", [pa.table({"id": values, "v": values.cast(pa.string())})])
    (tmp_path / "murr.yml").write_text(json.dumps({
        "server": {"data_dir": str(tmp_path / "data")},
        "tables": {"features_of_users": local(tmp_path / "s", ["id"])}}))
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (25, 80))
    process = subprocess.Popen([BINARY, "load", "--config", str(tmp_path / "murr.yml"), "--set", "load.threads=1"],
                               stderr=theirs, stdout=subprocess.PIPE)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # the other side is gone
        pass
    assert process.wait() == 0
    assert b"rows/s" in shown and b"[" in shown and b"%" in shown, shown
    for line in shown.split(b"\r"):
        assert not line.endswith(b"\033[K") or len(line) < 80 + len(b"\033[K"), line
    for line in shown.split(b"\n"):  # a line of the log takes the place of the bar
        if b" INFO " in line:
            assert re.match(rb"(\033\[K)?\d{4}-", line.rstrip(b"\r").split(b"\r")[-1]), line
    assert str(n).encode() in process.stdout.read()


def test_a_data_directory_that_cannot_be_made_says_how_to_have_another(tmp_path):
    (tmp_path / "file").write_text("")
    for command in ("serve", "load"):
        done = run(command, "--set", f"server.data_dir={tmp_path / 'file' / 'data'}", "--set", "server.port=0")
        assert done.returncode == 1 and "--set server.data_dir=DIR" in done.stderr, done.stderr
