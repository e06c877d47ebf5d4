"""Iceberg tables of many writers, read as their own engines read them: each table, earlier snapshot and ref."""
import datetime
import decimal
import json
import os
import pathlib
import subprocess
import tarfile
import uuid

import pyarrow as pa
import pytest

from conftest import BINARY, ROOT
from iceberg_rows import hash_of, is_nested, lines_of

CORPUS = pathlib.Path(os.environ.get("MURR_CORPUS", ROOT.parent / "shared" / "corpus"))
FLAT = ("boolean", "int", "long", "float", "double", "date", "time", "timestamp", "string", "uuid", "fixed", "binary",
        "decimal")


def cat(metadata, *options):
    """(the rows, or None; what it said)"""
    p = subprocess.run([BINARY, "cat", "-o", "arrow", f"iceberg:{metadata}", *options], capture_output=True)
    said = p.stderr.decode()
    assert p.returncode in (0, 1), said
    return (None if p.returncode else pa.ipc.open_stream(p.stdout).read_all()), said


def corpus_file(name):
    if not (CORPUS / name).exists():
        pytest.skip(f"skipped: no {name} at {CORPUS} (set MURR_CORPUS)")
    return CORPUS / name


# ------------------------------------------------------------------------- tables of 2026, by the hash of all their rows

# Paths in their metadata begin with it.
MADE_IN = "/tmp/iceberg_turn2"

UNREADABLE = {
    "pyiceberg.name_mapping": "pyice_plain/a.parquet is gone",  # the file was not kept
    "spark.name_mapping": ".snappy.parquet is gone",
    "spark.data_orc": "in the format ORC, and only Parquet is read",
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("iceberg-2026")
    with tarfile.open(corpus_file("iceberg-2026/tables.tar.gz")) as tar:
        tar.extractall(folder, filter="data")
    return folder / "iceberg_turn2"


def is_flat(kind):
    element = kind.removeprefix("list<").removesuffix(">")
    return element.startswith(FLAT)


def check_rows(got, said, want, columns):
    """None, or how the rows differ."""
    if got is None:
        return said
    if got.num_rows != want["rows"]:
        return f"{got.num_rows} rows instead of {want['rows']}"
    kept = [i for i, c in enumerate(columns) if c[0] in got.schema.names]
    if len(kept) == len(columns):
        return None if hash_of(got) == want["sha256"] else f"other rows: {lines_of(got)[:3]}, not {want.get('sample')}"
    if any(is_flat(columns[i][1]) for i in range(len(columns)) if i not in kept):
        return f"columns {got.schema.names} instead of {columns}"
    sample = [json.loads(line) for line in want.get("sample", [])]
    lines = lines_of(got)
    missing = [row for row in sample if json.dumps([row[i] for i in kept], separators=(",", ":")) not in lines]
    return f"no rows {missing} in {lines[:3]}" if missing else None


def versions_of(table):
    """(how to ask for it, its rows, its columns) of a table, its earlier snapshots and its refs."""
    yield [], table, table["columns"]
    kinds = {c[0]: c[1] for c in table["columns"]}
    for option, versions in (("--snapshot", table.get("time_travel")), ("--ref", table.get("refs"))):
        for name, want in (versions or {}).items():
            columns = [c if isinstance(c, list) else [c, kinds.get(c, "struct")] for c in want.get("columns", table["columns"])]
            yield [option, name], want, columns


def test_tables_their_snapshots_and_refs_have_the_rows_that_their_engines_return(tables):
    wrong, n_versions = [], 0
    for name, table in json.loads((tables / "expected.json").read_text()).items():
        for options, want, columns in versions_of(table):
            n_versions += 1
            got, said = cat(tables / table["metadata"], "--rewrite", f"{MADE_IN}={tables}", *options)
            if name in UNREADABLE:
                problem = None if got is None and UNREADABLE[name] in said else f"not refused: {said}"
            else:
                problem = check_rows(got, said, want, columns)
            if problem:
                wrong.append(f"{name} {options}: {problem}")
    print(f"{n_versions} versions of tables")
    assert not wrong, "\n".join(wrong)
    assert n_versions > len(UNREADABLE)


# ------------------------------------------------------------------------- tables of others, by their number and a sample

REFUSED = {"error-unsupported-format": "and only Parquet is read", "error-missing-file": "locations"}

# What the metadata calls the place of its files, where that is not the table's location.
PLACES = {"big_query_error": "data/persistent/big_query_error"}


def shown(value):
    """As the samples show it."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    if isinstance(value, datetime.date):
        return value.strftime("%Y-%m-%dT00:00:00.000Z")
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value


def shown_column(column):
    kind = column.type
    if kind == pa.binary(16):
        return [None if v is None else str(uuid.UUID(bytes=v)) for v in column.to_pylist()]
    values = [shown(v) for v in column.to_pylist()]
    return [None if v is None else str(v) for v in values] if kind == pa.int64() else values


def missing_samples(got, sample):
    """Sample rows that are not among what was read. They are of the bare files: columns that a file lacks are left out."""
    columns = {name.lower(): shown_column(got.column(name)) for name in got.schema.names if not is_nested(got.schema.field(name).type)}
    rows = [dict(zip(columns, row)) for row in zip(*columns.values())]
    wanted = [{k.lower(): v for k, v in row.items() if k.lower() in columns} for row in sample]
    return [want for want in wanted if not any(want.items() <= row.items() for row in rows)] if columns else []


def check_table(e):
    root = CORPUS / e["table"]
    place = next((p for name, p in PLACES.items() if e["table"].endswith(name)), e["location"])
    got, said = cat(root / e["metadata"], "--rewrite", f"{place}={root}")
    if e["expected"] in REFUSED:
        return None if got is None and REFUSED[e["expected"]] in said else f"not refused: {said}"
    if e["expected"] == "read-or-error" and got is None:
        return None
    if got is None:
        return said
    if e.get("rows") is not None and got.num_rows != e["rows"]:
        return f"{got.num_rows} rows instead of {e['rows']}"
    missing = missing_samples(got, e["sample"] or [])
    return f"no rows {missing} in {got.slice(0, 3).to_pylist()}" if missing else None


def test_tables_of_others_have_their_number_of_rows_and_a_sample_of_them():
    lines = corpus_file("expected_iceberg.jsonl").read_text().splitlines()
    wrong = [(e["table"], problem) for e in map(json.loads, lines) if (problem := check_table(e))]
    assert not wrong, "\n".join(f"{table}: {problem}" for table, problem in wrong)
