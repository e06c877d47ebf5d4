"""Signals, and a log that nobody reads."""
import fcntl
import json
import os
import signal
import subprocess

import pyarrow as pa
from conftest import BINARY, Server, local, publish

F_SETPIPE_SZ = 1031


def rows(v):
    return [pa.table({"id": ["a"], "v": [v]})]


def test_hup_polls_now_and_reads_the_log_level_again(tmp_path):
    publish(tmp_path / "s", "2026-11-22", rows(1.0))
    with Server(tmp_path, {"t": local(tmp_path / "s", ["id"], poll_interval="1d")}) as murr:
        murr.wait_loaded("t")
        for day in (23, 24, 25):
            publish(tmp_path / "s", f"2026-11-{day}", rows(float(day)))
            murr.process.send_signal(signal.SIGHUP)
            murr.wait_loaded("t", f"2026-11-{day}")
        config = json.loads(murr.config_path.read_text())
        config["log"] = {"level": "warn"}
        murr.config_path.write_text(json.dumps(config))
        n_lines = murr.log_text().count("reloaded")
        publish(tmp_path / "s", "2026-11-26", rows(26.0))
        murr.process.send_signal(signal.SIGHUP)
        murr.wait_loaded("t", "2026-11-26")
        assert murr.log_text().count("reloaded") == n_lines, "info is below warn now"
        murr.config_path.write_text("server: {prot: 1}")
        murr.process.send_signal(signal.SIGHUP)
        murr.wait_for(lambda: "did you mean 'port'?" in murr.log_text())
        assert murr.fetch_json("t", ["a"]) == {"v": [26.0]}


def test_other_signals_mean_nothing(tmp_path):
    with Server(tmp_path, {}) as murr:
        for sig in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
            murr.process.send_signal(sig)
            assert murr.request("GET", "/livez")[0] == 200


class Unread:
    """A pipe that is full, and its reader."""

    def __init__(self):
        self.reader, self.writer = os.pipe()
        fcntl.fcntl(self.writer, F_SETPIPE_SZ, 4096)

    def fill(self):
        flags = fcntl.fcntl(self.writer, fcntl.F_GETFL)
        fcntl.fcntl(self.writer, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        try:
            while True:
                os.write(self.writer, b"x")
        except BlockingIOError:
            pass
        fcntl.fcntl(self.writer, fcntl.F_SETFL, flags)

    def close(self):
        os.close(self.reader)
        os.close(self.writer)


class Quiet(Server):
    """One whose log nobody reads once it serves."""

    def start(self, wait=True):
        self.pipe = Unread()
        self.log = open(self.log_path, "ab")
        self.log_start = 0
        self.process = subprocess.Popen([BINARY, "serve", "--config", str(self.config_path)], stderr=self.pipe.writer)
        text = b""
        while b" serving version=" not in text or not text.endswith(b"\n"):
            text += os.read(self.pipe.reader, 4096)
        self.port = int(text.split(b" port=")[1].split()[0])
        self.pipe.fill()


def dropped(murr):
    text = murr.request("GET", "/metrics")[2].decode()
    return int(text.split("\nmurr_log_lines_dropped_total ")[1].split()[0])


def test_a_log_that_nobody_reads_holds_nothing_up(tmp_path):
    publish(tmp_path / "s", "2026-11-22", rows(1.0))
    tables = {"t": local(tmp_path / "s", ["id"]), "never": local(tmp_path / "nowhere", ["id"], poll_interval="10ms")}
    with Quiet(tmp_path, tables) as murr:
        murr.wait_loaded("t")
        for day in range(23, 28):
            publish(tmp_path / "s", f"2026-11-{day}", rows(float(day)))
            murr.wait_loaded("t", f"2026-11-{day}")
        assert dropped(murr) == 0
        murr.process.send_signal(signal.SIGTERM)
        assert murr.process.wait(30) == 0
    murr.pipe.close()
