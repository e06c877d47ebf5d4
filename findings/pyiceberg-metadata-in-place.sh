#!/bin/sh
# PyIceberg writes a metadata file of a local table in place, under the name that readers look for.
#
# Iceberg's Java library writes version files of a table in a folder under another name and renames them, so that whoever
# finds the newest one finds it whole. PyIceberg with a file:// warehouse opens NNNNN-uuid.metadata.json itself and fills it.
# Its catalog names the file only afterwards, so users of the catalog never notice; but whoever follows the folder
# and takes the file with the greatest number meets empty and half files.
#
# Why it matters: services that follow a table by its folder, without the catalog of the writer, must take a newest
# metadata file that does not parse for a commit under way, and look again, instead of reporting a broken table.
#
# Seen 2026-11-29 with pyiceberg 0.12.0, pyarrow 26.0.1, Python 3.11 (the count varies):
#   the newest metadata file did not parse in 684 looks, during 150 commits
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q 'pyiceberg[sql-sqlite]==0.12.0' pyarrow==26.0.1
"$work/venv/bin/python" - "$work" <<'PY'
import json
import multiprocessing
import os
import sys

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

work = sys.argv[1]


def follow(folder, going, broken):
    while going.value:
        names = sorted(n for n in os.listdir(folder) if n.endswith(".metadata.json"))
        try:
            json.loads(open(os.path.join(folder, names[-1])).read())
        except ValueError:
            broken.value += 1


catalog = SqlCatalog("c", uri=f"sqlite:///{work}/c.db", warehouse=f"file://{work}/warehouse")
catalog.create_namespace("db")
table = catalog.create_table("db.t", schema=pa.schema([("id", pa.int64())]))
going, broken = multiprocessing.Value("b", True), multiprocessing.Value("i", 0)
reader = multiprocessing.Process(target=follow, args=(f"{work}/warehouse/db/t/metadata", going, broken))
reader.start()
for i in range(150):
    table.append(pa.table({"id": [i]}))
going.value = False
reader.join()
print(f"the newest metadata file did not parse in {broken.value} looks, during 150 commits")
sys.exit(0 if broken.value else "this has changed: every file was whole")
PY
