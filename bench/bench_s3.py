"""bench-s3: the same load from a folder and from a real S3 server on loopback, in turn; the ratio of their speeds.

The server shares the cores with Murr, which a bucket elsewhere would not.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from s3server import S3Server, clean_env  # noqa: E402

ROUNDS = 5
BINARY, N_ROWS = sys.argv[1], int(sys.argv[2])


def count_name(n):
    return f"{n // 1000000}M" if n % 1000000 == 0 else str(n)


def source_files():
    folder = ROOT / "build" / "bench" / "data" / f"parquet-plain-{count_name(N_ROWS)}"
    if not (folder / "2026-01-01" / "_SUCCESS").exists():
        subprocess.run([sys.executable, ROOT / "bench" / "make_parquet.py", folder, str(N_ROWS), "plain"],
                       check=True)
    return folder


def load(tmp, source, env):
    """Seconds of one load, as `murr load` prints them."""
    config = pathlib.Path(tmp) / "murr.yml"
    config.write_text(json.dumps({
        "server": {"data_dir": os.path.join(tmp, "data")},
        "log": {"level": "error"},
        "tables": {"bench": {"source": source, "key": ["user_id"]}}}))
    subprocess.run(["rm", "-rf", os.path.join(tmp, "data")], check=True)
    out = subprocess.run([BINARY, "load", "--config", config], env=env, check=True,
                         capture_output=True, text=True).stdout
    fields = out.splitlines()[1].split()
    assert int(fields[3]) == N_ROWS
    return float(fields[6])


def main():
    folder = source_files()
    with tempfile.TemporaryDirectory(dir=ROOT / "build" / "bench") as tmp:
        server = S3Server(os.path.join(tmp, "server"))
        try:
            server.start()
            bucket = server.bucket()
            for file in sorted((folder / "2026-01-01").iterdir()):
                bucket.client.upload_file(str(file), bucket.name, f"2026-01-01/{file.name}")
            runs = {"local": [], "s3": []}
            for _ in range(ROUNDS):
                runs["local"].append(load(tmp, {"local": {"path": str(folder)}}, clean_env()))
                runs["s3"].append(load(tmp, bucket.source(), server.env()))
        finally:
            server.stop()
    best = {name: min(seconds) for name, seconds in runs.items()}
    kind = "MinIO" if server.is_minio else "moto_server"
    print(f"{count_name(N_ROWS)} rows, best of {ROUNDS}: local {best['local']:.2f} s, "
          f"{kind} on loopback {best['s3']:.2f} s: {best['local'] / best['s3']:.2f} x the speed of local")
    figures = {"s3.seconds.local": best["local"], "s3.seconds.s3": best["s3"],
               "s3.speed_of_local": best["local"] / best["s3"]}
    (ROOT / "build" / "bench" / "s3.json").write_text(json.dumps({"figures": figures}, indent=1) + "\n")


main()
