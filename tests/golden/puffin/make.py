#!/usr/bin/env python3
"""Write the golden deletion vectors with CRoaring, and expected.tsv.

    python3 make.py            in this folder; needs pyroaring

expected.tsv has a line for each file: file, number of ranges, number of positions, the sum of the positions and the sum
of their squares, both modulo 2^64.
"""
import struct
import zlib

from pyroaring import BitMap64

VECTORS = {
    "empty": [],
    "array": [i * i for i in range(1000)],
    "array_full": range(0, 2 * 4096, 2),
    "bits": [i * 3 for i in range(50000)],
    "bits_dense": [i for i in range(65536) if i % 7],
    "runs": [*range(100, 70000), *range(200000, 200010)],
    "all": range(300000),
    "mixed": [*range(0, 60000), *range(70000, 80000, 2), *(3 * 65536 + i * i for i in range(200)),
              *range(4 * 65536 - 5, 6 * 65536 + 5), *range(9 * 65536, 10 * 65536, 7)],
    "keys": [5, (1 << 32) + 7, *range((3 << 32) - 2, (3 << 32) + 70000), (1 << 40) + 1],
}

with open("expected.tsv", "w", encoding="ascii") as expected:
    for name, positions in VECTORS.items():
        positions = sorted(positions)
        bitmap = BitMap64(positions)
        if name in ("runs", "all", "mixed", "keys"):
            bitmap.run_optimize()
        body = bytes.fromhex("D1D33964") + bitmap.serialize()
        with open(f"{name}.dv", "wb") as f:
            f.write(struct.pack(">I", len(body)) + body + struct.pack(">I", zlib.crc32(body)))
        ranges = sum(i == 0 or positions[i - 1] + 1 != p for i, p in enumerate(positions))
        sums = (sum(positions) % 2**64, sum(p * p for p in positions) % 2**64)
        print(f"{name}.dv", ranges, len(positions), *sums, sep="\t", file=expected)
