#!/usr/bin/env python3
"""Write the golden Avro files with fastavro: one schema of all types under each codec, and a list that is recursive.

    python3 make.py            in this folder; needs fastavro, cramjam, backports.zstd

Row i of all_*.avro is written by formulas that tests/unit/format/avro/test_golden.c repeats.
"""
import fastavro

ROWS = 30
SCHEMA = {
    "type": "record", "name": "all", "namespace": "murr.test", "fields": [
        {"name": "b", "type": "boolean", "field-id": 1},
        {"name": "i", "type": {"type": "int", "logicalType": "date"}, "field-id": 2},
        {"name": "l", "type": "long", "field-id": 3},
        {"name": "f", "type": "float", "field-id": 4},
        {"name": "d", "type": "double", "field-id": 5},
        {"name": "y", "type": "bytes", "field-id": 6},
        {"name": "s", "type": "string", "field-id": 7},
        {"name": "x", "type": {"type": "fixed", "name": "four", "size": 4}, "field-id": 8},
        {"name": "e", "type": {"type": "enum", "name": "side", "symbols": ["LEFT", "RIGHT", "UP"]}, "field-id": 9},
        {"name": "a", "type": {"type": "array", "items": "long"}, "field-id": 10},
        {"name": "m", "type": {"type": "map", "values": "string"}, "field-id": 11},
        {"name": "n", "type": ["null", "string", "long"], "field-id": 12},
        {"name": "r", "type": {"type": "record", "name": "inner", "fields": [
            {"name": "x2", "type": "four"}, {"name": "e2", "type": ["null", "murr.test.side"]}]}, "field-id": 13},
        {"name": "k", "field-id": 14, "type": {"type": "array", "logicalType": "map", "items": {
            "type": "record", "name": "k15_v16", "fields": [
                {"name": "key", "type": "int", "field-id": 15}, {"name": "value", "type": "long", "field-id": 16}]}}},
    ],
}
LIST = {"type": "record", "name": "list", "fields": [
    {"name": "head", "type": "int"}, {"name": "tail", "type": ["null", "list"], "default": None}]}
SIDES = ["LEFT", "RIGHT", "UP"]


def row(i):
    return {
        "b": i % 2 == 1, "i": i - 15, "l": (i - 15) << 40, "f": i * 0.25, "d": -i * 0.125,
        "y": bytes([i]) * (i % 4), "s": "row %d" % i, "x": bytes([i, i + 1, i + 2, i + 3]), "e": SIDES[i % 3],
        "a": list(range(i % 5)), "m": {"k%d" % j: "v%d" % (i + j) for j in range(i % 3)},
        "n": [None, "text", i][i % 3],
        "r": {"x2": bytes([i]) * 4, "e2": SIDES[i % 3] if i % 2 else None},
        "k": [{"key": j, "value": i * j} for j in range(i % 4)],
    }


def chain(n):
    node = None
    for i in range(n):
        node = {"head": i, "tail": node}
    return node


def write(name, schema, rows, codec):
    with open(name, "wb") as f:
        fastavro.writer(f, fastavro.parse_schema(schema), rows, codec=codec, sync_interval=400,
                        sync_marker=bytes(range(16)), metadata={"partition-spec-id": "0"})


for codec in ("null", "deflate", "snappy", "zstandard", "bzip2"):
    write(f"all_{codec}.avro", SCHEMA, [row(i) for i in range(ROWS)], codec)
write("recursive.avro", LIST, [chain(n) for n in (1, 2, 20)], "null")
