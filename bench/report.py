#!/usr/bin/env python3
"""Write docs/benchmarks.md and its plots from build/bench/*.json, the figures of one `make bench-report`."""
import datetime
import json
import pathlib

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  the backend comes first

ROOT = pathlib.Path(__file__).resolve().parents[1]
PLOTS = ROOT / "docs" / "benchmarks"
BATCHES = [1, 10, 100, 1000, 10000]
SIZES = {"1M": 1e6, "10M": 1e7, "100M": 1e8}


def load():
    figures, machine = {}, {}
    for path in sorted((ROOT / "build" / "bench").glob("*.json")):
        content = json.loads(path.read_text())
        figures.update(content["figures"])
        machine = content["machine"]
    return figures, machine


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def number(value, digits=1):
    return "" if value is None else f"{value:,.{digits}f}"


def bounds(f):
    """The bounds of the specification, and what was measured."""
    rows = []

    def row(name, what, bound, digits=2, at_least=False):
        value = f.get(name)
        if value is None:
            return
        met = value >= bound if at_least else value <= bound
        rows.append([f"`{name}`", what, ("≥ " if at_least else "≤ ") + f"{bound:,}", number(value, digits),
                     "yes" if met else "**no**"])

    for n in SIZES:
        row(f"read.ratio_floor.{n}", f"read in process, {n} rows / floor", 1.5)
    row("fetch.ratio_floor.10M", "fetch over HTTP, 10M rows / (floor + loopback echo)", 2.0)
    row("redis.ratio_mget", "Redis `MGET` of packed rows / Murr", 10, 1, True)
    row("redis.ratio_hmget", "Redis pipelined `HMGET` / Murr", 30, 1, True)
    row("load.rows_per_s_core", "rows loaded a second and core", 1_500_000, 0, True)
    row("memory.ratio", "bytes on disk / (key + value bytes)", 1.15, 3)
    row("memory.resident_ratio", "bytes resident / (key + value bytes)", 1.2, 3)
    row("restart.ready_ms.100M", "start to first answer, ms", 1000, 0)
    row("reload.ratio_p99", "p99 while reloading / p99 without", 2.0)
    row("write.rows_per_s", "rows written a second, durable and readable, one client", 1_000_000, 0, True)
    row("write.ratio_redis", "the same / rows into Redis by pipelined `SET`", 1.5, 2, True)
    row("write.ratio_quiet", "p50 of a fetch after merging settled / compacted", 1.3)
    for layer in ("10k", "100k", "1M"):
        row(f"layers.ratio.10M.{layer}", f"read in process, 10M rows, 8 segments of {layer} rows on top / compacted", 1.3)
    row("growth", "ns a key at 100M rows / at 1M", 2.5)
    return table(["figure", "what", "bound", "measured", "met"], rows)


def reads(f):
    sizes = [n for n in SIZES if f"read.ratio_floor.{n}" in f]
    rows = [[f"{k:,} keys"] + [
        f"{number(f.get(f'read.p50_us.k{k}.{n}'))} / {number(f.get(f'read.floor_us.k{k}.{n}'))}" for n in sizes]
        for k in BATCHES]
    for what, name in [("1 of 10 columns", "columns1"), ("2 of 10 columns", "columns2"),
                       ("half of the keys absent", "absent50"), ("10 of 100 columns", "of100"),
                       ("10 text columns", "texts")]:
        rows.append([what] + [number(f.get(f"read.p50_us.{name}.{n}")) for n in sizes])
    rows.append(["from mapped files, / its floor"] + [number(f.get(f"read.ratio_floor_mmap.{n}"), 2) for n in sizes])
    return table(["p50, µs"] + [f"{n} rows" for n in sizes], rows)


def fetches(f):
    rows = [[form, number(f.get(f"fetch.p50_us.{form}.10M")), number(f.get(f"fetch.p99_us.{form}.10M")),
             number(f.get(f"fetch.ratio_floor.{form}.10M"), 2)] for form in ("json", "arrow")]
    text = table(["keys as", "p50 µs", "p99 µs", "/ (floor + echo)"], rows)
    text += (f"\nThe floor of the read is {number(f.get('fetch.floor_us.10M'))} µs, the echo "
             f"{number(f.get('fetch.echo_us.10M'))} µs.\n\n")
    rows = [[str(c)] + [number(f.get(f"fetch.requests_per_s.t{t}.c{c}"), 0) for t in (1, 2)] for c in (1, 4, 16, 64)]
    return text + table(["connections", "requests/s, 1 server thread", "2 server threads"], rows)


def others(f):
    rows = [["Redis, `MGET` of packed rows", number(f.get("redis.p50_us.mget"), 0),
             number(f.get("redis.murr_p50_us.mget"), 0), number(f.get("redis.ratio_mget")),
             number(f.get("redis.rows_per_s.mget"), 0), number(f.get("redis.bytes_per_row.mget"), 0)],
            ["Redis, pipelined `HMGET` (Feast)", number(f.get("redis.p50_us.hmget"), 0),
             number(f.get("redis.murr_p50_us.hmget"), 0), number(f.get("redis.ratio_hmget")),
             number(f.get("redis.rows_per_s.hmget"), 0), number(f.get("redis.bytes_per_row.hmget"), 0)]]
    for name, shown in (("lmdb", "LMDB"), ("rocksdb", "RocksDB")):
        rows.append([shown + ", in process", number(f.get(f"embedded.p50_us.{name}.1M"), 0),
                     number(f.get("embedded.p50_us.murr.1M"), 0),
                     number(f.get(f"embedded.ratio_{name}.1M")), "", ""])
    return table(["", "p50 µs", "Murr, same run, µs", "ratio", "filled, rows/s", "bytes a row"], rows)


def the_rest(f):
    rows = []
    for kind in ("plain", "dictionary"):
        rows.append([f"load, 10M rows, {kind}", f"{number(f.get(f'load.rows_per_s_core.{kind}.10M', 0) / 1e6, 2)} M rows a "
                     f"second and core, {number(f.get(f'load.rows_per_cpu_s.{kind}.10M', 0) / 1e6, 2)} M a CPU second; "
                     f"{number(f.get(f'load.ratio_pyarrow.{kind}.10M'), 2)} × the time pyarrow takes to read the files"])
    rows.append(["reload, 1M rows", f"p99 {number(f.get('reload.p99_us.quiet'))} µs quiet, "
                 f"{number(f.get('reload.p99_us.reloading'))} µs over {number(f.get('reload.n'), 0)} reloads without pause"])
    if "write.rows_per_s" in f:
        rows.append(["writes of 1M rows, 10M keys",
                     f"{number(f['write.rows_per_s'] / 1e6, 2)} M rows a second, Redis "
                     f"{number(f['write.redis_rows_per_s'] / 1e6, 2)} M; a fetch of 1,000 keys meanwhile p50 "
                     f"{number(f['write.p50_us.writing'])} µs, p99 {number(f['write.p99_us.writing'])} µs; when merging "
                     f"has settled p50 {number(f['write.p50_us.quiet'])} µs, compacted {number(f['write.p50_us.compacted'])} µs"])
    rows.append(["a row of 57 bytes, 10M rows", f"{number(f.get('memory.bytes_per_row.10M'))} bytes on disk"])
    rows.append(["table 4 × the memory, 10M rows", f"p50 {number(f.get('disk.p50_us.disk.10M', 0) / 1e3)} ms with "
                 f"`storage: disk`, {number(f.get('disk.p50_us.mmap.10M', 0) / 1e3)} ms with `mmap`"])
    return table(["", ""], rows)


def save(fig, name):
    fig.savefig(PLOTS / f"{name}.svg", bbox_inches="tight")
    plt.close(fig)


def plot_batches(f):
    fig, ax = plt.subplots(figsize=(6.5, 4))
    for (n, _), color in zip(SIZES.items(), ("#1b9e77", "#7570b3", "#d95f02")):
        if f"read.p50_us.k1000.{n}" not in f:
            continue
        for name, style in (("p50_us", "-o"), ("floor_us", "--")):
            ax.plot(BATCHES, [f[f"read.{name}.k{k}.{n}"] for k in BATCHES], style, color=color,
                    label=f"{n} rows" if style == "-o" else None)
    ax.set(xscale="log", yscale="log", xlabel="keys a request", ylabel="p50, µs",
           title="Read in process, 10 float32 columns (dashed: the floor)")
    ax.grid(alpha=0.3)
    ax.legend()
    save(fig, "batches")


def plot_growth(f):
    sizes = [n for n in SIZES if f"read.p50_us.k1000.{n}" in f]
    fig, ax = plt.subplots(figsize=(6.5, 4))
    for name, label, style in (("p50_us", "Murr", "-o"), ("floor_us", "the floor", "--o")):
        ax.plot([SIZES[n] for n in sizes], [f[f"read.{name}.k1000.{n}"] for n in sizes], style, label=label)
    ax.set(xscale="log", xlabel="rows", ylabel="ns a key", title="1,000 random keys, 10 float32 columns")
    ax.set_ylim(bottom=0)
    ax.grid(alpha=0.3)
    ax.legend()
    save(fig, "growth")


def plot_others(f):
    bars = [("Murr over HTTP", f.get("redis.murr_p50_us.mget")), ("Redis MGET", f.get("redis.p50_us.mget")),
            ("Redis HMGET", f.get("redis.p50_us.hmget")), ("Murr in process", f.get("embedded.p50_us.murr.1M")),
            ("LMDB in process", f.get("embedded.p50_us.lmdb.1M")),
            ("RocksDB in process", f.get("embedded.p50_us.rocksdb.1M"))]
    bars = [(name, value) for name, value in bars if value]
    fig, ax = plt.subplots(figsize=(6.5, 3))
    colors = ["#1b9e77" if name.startswith("Murr") else "#999999" for name, _ in bars]
    ax.barh([name for name, _ in bars], [value for _, value in bars], color=colors)
    for i, (_, value) in enumerate(bars):
        ax.text(value * 1.05, i, f"{value:,.0f}", va="center")
    ax.set(xscale="log", xlabel="p50, µs, of 1,000 keys × 10 float32, 1M rows")
    ax.set_xlim(10, max(value for _, value in bars) * 3)
    ax.invert_yaxis()
    save(fig, "others")


def main():
    f, machine = load()
    PLOTS.mkdir(parents=True, exist_ok=True)
    plt.rcParams["svg.hashsalt"] = "murr"
    for plot in (plot_batches, plot_growth, plot_others):
        plot(f)
    day = datetime.date.today().isoformat()
    (ROOT / "docs" / "benchmarks.md").write_text(f"""# Benchmarks

Written by `make bench-report` on {day}: {machine['cores']} cores of {machine['cpu']},
{machine['memory_gib']:.0f} GiB, Linux {machine['kernel']}. A row is a utf8 key of 17 bytes and 10 float32, and a
request is 1,000 random keys, where nothing else is said. Machines differ: what counts are the ratios, each of them
of two things that were measured in turn in one run. Every value read is checked.

*The floor* is what the memory of the machine allows: as many random 64-byte lines as keys, of an array as large as the
table and in pages of the same size, prefetched and gathered into the same columns (`bench/lib/floor.c`).

## Bounds

{bounds(f)}
## Reads in process (`make bench-read N=...`)

p50 / floor:

{reads(f)}
![read by batch](benchmarks/batches.svg)

![read by rows](benchmarks/growth.svg)

## Fetches over HTTP (`make bench-fetch N=10000000`)

{fetches(f)}
The client runs on the same two cores.

## Others (`make bench-redis`, `make bench-embedded`)

1M rows, same keys and values, same machine, in turn. Redis runs on a private unix socket without persistence and is read
by hiredis; Murr answers over HTTP on loopback.

{others(f)}
![others](benchmarks/others.svg)

## Loads, reloads, writes, memory, disk (`make bench-load`, `bench-reload`, `bench-write`, `bench-layers`, `bench-memory`, `bench-disk`)

{the_rest(f)}""")


if __name__ == "__main__":
    main()
