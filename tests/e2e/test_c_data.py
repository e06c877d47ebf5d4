"""Arrow's C data interface between pyarrow and Murr, in this process: batches in, answers out."""
import ctypes
import gc
import importlib.util
import pathlib

import pyarrow as pa
import pyarrow.ipc
import pytest
from conftest import BINARY, ROOT, SANITIZED

BRIDGE = pathlib.Path(BINARY).resolve().parent / "c_bridge.so"
GOLDEN = ROOT / "tests" / "golden" / "arrow"
pytestmark = pytest.mark.skipif(SANITIZED, reason="the sanitizer must be there before Python begins")


@pytest.fixture(scope="module")
def bridge():
    lib = ctypes.CDLL(str(BRIDGE))
    lib.bridge_import.restype = ctypes.c_void_p
    lib.bridge_free.argtypes = [ctypes.c_void_p]
    return lib


class Structs:
    """Room for an ArrowSchema (9 words) and an ArrowArray (10)."""

    def __init__(self):
        self.schema, self.array = (ctypes.c_int64 * 9)(), (ctypes.c_int64 * 10)()
        self.at = ctypes.addressof(self.schema), ctypes.addressof(self.array)


def describe(bridge, batch):
    room = Structs()
    batch._export_to_c(room.at[1], room.at[0])
    text = bridge.bridge_import(room.schema, room.array)
    said = ctypes.string_at(text).decode()
    bridge.bridge_free(text)
    pa.RecordBatch._import_from_c(room.at[1], room.at[0])  # takes them back, and so releases them
    return said


def make():
    spec = importlib.util.spec_from_file_location("make", GOLDEN / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["scalars", "texts", "lists", "dictionaries", "runs", "others"])
def test_batches_of_pyarrow_are_read(bridge, name):
    golden = make()
    table = pa.table(getattr(golden, name.upper()))
    unsupported = golden.NOT_READ if name == "others" else {}
    for start, n in [(0, 20), (3, 13), (7, 1), (20, 0), (5, 15)]:
        batch = table.to_batches()[0].slice(start, n)
        assert describe(bridge, batch) == golden.describe(pa.Table.from_batches([batch]), unsupported), (start, n)


@pytest.mark.parametrize("name", ["all_0", "all_1", "all_5", "all_100"])
def test_answers_are_read_by_pyarrow(bridge, name):
    stream = (GOLDEN / f"{name}.arrows").read_bytes()
    want = pa.ipc.open_stream(stream).read_all()
    room = Structs()
    assert bridge.bridge_export(stream, ctypes.c_size_t(len(stream)), room.schema, room.array) == 0
    assert bridge.bridge_n_open() == 1
    batch = pa.RecordBatch._import_from_c(room.at[1], room.at[0])
    batch.validate(full=True)
    assert pa.Table.from_batches([batch]).equals(want)
    column = batch.column(3)
    del batch
    gc.collect()
    assert bridge.bridge_n_open() == 1  # a column is enough to keep the buffers
    assert column.equals(want.column(3).combine_chunks())
    del column
    gc.collect()
    assert bridge.bridge_n_open() == 0
