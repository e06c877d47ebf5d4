"""Files that would become very large end in one sentence, soon, and within the memory that was given."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import bombs
import pytest
from conftest import BINARY, ROOT, SANITIZED, local

MEMORY = 64 << 20
SLACK = 32 << 20  # the program itself, and what the allocator keeps
SECONDS = 2
CORPUS = pathlib.Path(os.environ.get("MURR_CORPUS", ROOT.parent / "shared" / "corpus"))


# A process starts with the peak of the one that forked it: so from a small one.
LAUNCHER = """
import os, sys, time
started = time.monotonic()
nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
_, status, usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=nowhere), 0)
print(os.waitstatus_to_exitcode(status), time.monotonic() - started, usage.ru_maxrss * 1024)
"""


def launch(*args):
    """(exit code, stderr, seconds, peak bytes)"""
    p = subprocess.run([sys.executable, "-S", "-E", "-c", LAUNCHER, BINARY, *map(str, args)],
                       capture_output=True, text=True)
    code, seconds, peak = p.stdout.split()
    return int(code), p.stderr, float(seconds), int(peak)


def cat(path):
    return launch("cat", "-o", "arrow", "--memory", MEMORY, path)


def load(path, folder):
    """As a partition of a table."""
    partition = folder / "source" / "2026-11-22"
    partition.mkdir(parents=True)
    (partition / "_SUCCESS").touch()
    shutil.copy(path, partition / "part-0.parquet")
    config = {"server": {"data_dir": str(folder / "data")}, "load": {"memory": MEMORY},
              "tables": {"t": local(folder / "source", ["c"])}}
    (folder / "murr.yml").write_text(json.dumps(config))
    return launch("load", "--config", folder / "murr.yml")


def check_bounds(name, said, seconds, peak):
    if SANITIZED:
        return
    assert seconds <= SECONDS, f"{name}: {seconds:.1f} s: {said}"
    assert peak <= MEMORY + SLACK, f"{name}: {peak >> 20} MiB: {said}"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    names = []
    for name, data in bombs.all_bombs():
        (folder / name).write_bytes(data)
        names.append(folder / name)
    return names


def test_a_bomb_ends_in_a_sentence(made):
    for path in made:
        code, said, seconds, peak = cat(path)
        print(f"{path.name}: {path.stat().st_size} bytes, {seconds:.2f} s, {peak >> 20} MiB: {said.strip()}")
        assert code == 1, f"{path.name}: exit {code}"
        assert said.startswith("murr: ") and said.count("\n") == 1, said
        check_bounds(path.name, said, seconds, peak)


def test_a_file_that_announces_too_much_is_not_begun(made):
    path = next(p for p in made if p.name == "one_number_two_billion_times")
    _, said, _, _ = cat(path)
    assert "bytes decoded, the limit is" in said and "row group" not in said, said


def test_a_bomb_is_no_table(made, tmp_path):
    for path in made:
        code, said, seconds, peak = load(path, tmp_path / path.name)
        print(f"{path.name}: {seconds:.2f} s, {peak >> 20} MiB: {said.strip()}")
        assert code == 1, f"{path.name}: exit {code}"
        assert "partition 2026-11-22: " in said, said
        check_bounds(path.name, said, seconds, peak)


def test_the_corpus_stays_within_time_and_memory():
    manifest = CORPUS / "manifest.tsv"
    if not manifest.exists():
        pytest.skip(f"skipped: no corpus at {CORPUS} (set MURR_CORPUS)")
    for line in manifest.read_text().splitlines():
        file, kind, *_, = cells = line.split("\t")
        if kind == "parquet" and cells[6] in ("nocrash", "read-or-error", "error"):
            code, said, seconds, peak = cat(CORPUS / file)
            assert code in (0, 1), f"{file}: exit {code}: {said}"
            check_bounds(file, said, seconds, peak)
