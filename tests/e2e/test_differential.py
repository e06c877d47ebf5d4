"""Random Parquet files decode to what pyarrow decodes.

MURR_TEST_TABLES=20000 tries more of them; MURR_TEST_SEED repeats a run.
"""
import os
import subprocess

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import random_parquet
from conftest import BINARY, SANITIZED

N_TABLES = int(os.environ.get("MURR_TEST_TABLES", 60 if SANITIZED else 500))


def murr_cat(path, *args):
    done = subprocess.run([BINARY, "cat", "-o", "arrow", str(path), *args], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b"", done.stderr.decode()
    t = pa.ipc.open_stream(done.stdout).read_all()
    t.validate(full=True)
    return t


def plain_type(t):
    """What a type is without ways of storing it: dictionaries, large offsets, views, names of children."""
    if pa.types.is_dictionary(t):
        return plain_type(t.value_type)
    if pa.types.is_large_string(t) or pa.types.is_string_view(t):
        return pa.string()
    if pa.types.is_large_binary(t) or pa.types.is_binary_view(t):
        return pa.binary()
    if pa.types.is_fixed_size_list(t):
        return pa.list_(plain_type(t.value_type), t.list_size)
    if pa.types.is_list(t) or pa.types.is_large_list(t):
        return pa.list_(plain_type(t.value_type))
    return t


def as_bits(a):
    """Floats as integers, so that NaN equals itself and -0.0 differs from 0.0."""
    t = a.type
    if pa.types.is_fixed_size_list(t):
        return pa.FixedSizeListArray.from_arrays(as_bits(a.flatten() if a.null_count == 0 else a.values), t.list_size)
    if pa.types.is_list(t):
        return pa.ListArray.from_arrays(a.offsets, as_bits(a.values))
    if pa.types.is_floating(t):
        return a.view({16: pa.uint16(), 32: pa.uint32(), 64: pa.uint64()}[t.bit_width])
    return a


def same(mine, theirs):
    if mine.null_count != theirs.null_count or not pc.is_null(mine).equals(pc.is_null(theirs)):
        return False
    if pa.types.is_fixed_size_list(mine.type) and mine.null_count:  # what null rows hold is nobody's business
        mine, theirs = mine.drop_null(), theirs.drop_null()
    one, other = [pa.chunked_array([as_bits(x.combine_chunks() if isinstance(x, pa.ChunkedArray) else x)])
                  for x in (mine, theirs)]
    if pa.types.is_list(mine.type) or pa.types.is_fixed_size_list(mine.type):
        return one.to_pylist() == other.to_pylist()
    return one.equals(other)


def compare(path, said, written):
    mine = murr_cat(path)
    try:
        file = pq.ParquetFile(path)
        theirs = file.read()
        if theirs.num_rows != file.metadata.num_rows:  # seen of lists in very small v2 pages
            theirs = written.cast(mine.schema)
    except (OSError, pa.ArrowInvalid):  # such as a page of nulls alone in a delta encoding
        theirs = written.cast(mine.schema)
    assert mine.num_rows == theirs.num_rows, said
    assert mine.schema.names == theirs.schema.names, said
    for name in theirs.schema.names:
        want = theirs[name].cast(plain_type(theirs[name].type))
        assert mine[name].type == want.type, f"{said}: {name} is {mine[name].type}, not {want.type}"
        assert same(mine[name], want), f"{said}: values of {name}"


def test_random_files_decode_as_pyarrow_decodes_them(rng, tmp_path):
    r = np.random.default_rng(rng.getrandbits(64))
    path = tmp_path / "random.parquet"
    compared, refused = 0, []
    while compared < N_TABLES:
        write = random_parquet.WRITERS[int(r.integers(len(random_parquet.WRITERS)))]
        try:
            said, written = write(r, path, 3_000 if SANITIZED else 100_000)
        except Exception as e:  # a writer that refuses its own options
            refused.append(f"{write.__name__}: {e!r}")
            assert len(refused) <= N_TABLES // 20 + 1, refused
            continue
        compare(path, f"table {compared}: {said}", written)
        compared += 1
    print(f"{compared} tables; refused by their writers: {refused}")
