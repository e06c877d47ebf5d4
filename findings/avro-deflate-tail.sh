#!/bin/sh
# fastavro and PyIceberg leave three bytes of a zlib checksum behind every deflate block of an Avro file.
#
# The Avro specification says that a block of the codec "deflate" is a raw deflate stream as in RFC 1951, without header
# and checksum. Both libraries compress with zlib, cut off the two bytes of its header and the last byte, and so keep three
# of the four bytes of the Adler-32. Every manifest and manifest list that they write for an Iceberg table is like that.
#
# Why it matters: whoever reads manifests with an inflater that must consume all of its input (libdeflate with its exact
# mode, a block that is checked against its size) refuses most tables that Python wrote, and accepts those of Java.
# Read such a block up to the end of the deflate stream, and expect a few bytes behind it.
#
# Seen 2026-11-29 with fastavro 1.13.1 and pyiceberg 0.12.0, Python 3.11:
#   fastavro: 3 bytes behind the block, the beginning of its Adler-32
#   pyiceberg, manifest: 3 bytes behind the block, the beginning of its Adler-32
#   pyiceberg, manifest list: 3 bytes behind the block, the beginning of its Adler-32
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q fastavro==1.13.1 'pyiceberg[sql-sqlite]==0.12.0' pyarrow==26.0.1
"$work/venv/bin/python" - "$work" <<'PY'
import glob
import io
import sys
import zlib

import fastavro
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

work = sys.argv[1]


def number(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return (value >> 1) ^ -(value & 1), at


def first_block(data):
    at = 4
    while True:  # the map of metadata
        n, at = number(data, at)
        if n == 0:
            break
        for _ in range(2 * n):
            size, at = number(data, at)
            at += size
    _, at = number(data, at + 16)  # the sync marker, then the count of records
    size, at = number(data, at)
    return data[at:at + size]


def look(name, data):
    inflater = zlib.decompressobj(-15)
    plain = inflater.decompress(first_block(data))
    tail, checksum = inflater.unused_data, zlib.adler32(plain).to_bytes(4, "big")
    what = "the beginning of its Adler-32" if tail and checksum.startswith(tail) else tail.hex()
    print(f"{name}: {len(tail)} bytes behind the block, {what}")
    return len(tail) == 3 and checksum.startswith(tail)


out = io.BytesIO()
fastavro.writer(out, {"type": "record", "name": "r", "fields": [{"name": "a", "type": "string"}]},
                [{"a": "x" * 100}] * 50, codec="deflate")
catalog = SqlCatalog("c", uri=f"sqlite:///{work}/c.db", warehouse=f"file://{work}/warehouse")
catalog.create_namespace("db")
catalog.create_table("db.t", schema=pa.schema([("id", pa.int64())])).append(pa.table({"id": [1, 2, 3]}))
metadata = f"{work}/warehouse/db/t/metadata"
same = [look("fastavro", out.getvalue()),
        look("pyiceberg, manifest", open(glob.glob(f"{metadata}/*-m0.avro")[0], "rb").read()),
        look("pyiceberg, manifest list", open(glob.glob(f"{metadata}/snap-*.avro")[0], "rb").read())]
sys.exit(0 if all(same) else "this has changed")
PY
