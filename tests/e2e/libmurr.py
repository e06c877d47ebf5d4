"""libmurr by ctypes and pyarrow: what a Python binding has to do, and no more."""
import ctypes

import pyarrow as pa

OK, INVALID, NOT_FOUND, CORRUPT, LIMIT, FAILED, EXISTS, BUSY, NO_SPACE = range(9)
READ_ONLY, IN_MEMORY = 1, 2
ARRAY_BYTES, SCHEMA_BYTES, STREAM_BYTES, ERROR_BYTES = 80, 72, 40, 512


class MurrError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("flags", ctypes.c_uint), ("threads", ctypes.c_uint),
                ("memory_bytes", ctypes.c_uint64), ("disk_bytes", ctypes.c_uint64)]


class Lent:
    """An array or batch as C structs, which the library borrows and we release."""

    def __init__(self, value):
        self.kind = type(value) if isinstance(value, pa.RecordBatch) else pa.Array
        self.array = ctypes.create_string_buffer(ARRAY_BYTES)
        self.schema = ctypes.create_string_buffer(SCHEMA_BYTES)
        self.value = value

    def __enter__(self):
        self.value._export_to_c(ctypes.addressof(self.array), ctypes.addressof(self.schema))
        return self

    def __exit__(self, *exc):
        self.kind._import_from_c(ctypes.addressof(self.array), ctypes.addressof(self.schema))


class Murr:
    def __init__(self, library, data_dir, **options):
        self.lib = ctypes.CDLL(str(library))
        self.db = ctypes.c_void_p()
        given = Options(size=ctypes.sizeof(Options), **options)
        self.call("murr_open", str(data_dir).encode(), ctypes.byref(given), ctypes.byref(self.db))

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.lib.murr_close(self.db)
        self.db = ctypes.c_void_p()

    def call(self, name, *args):
        error = ctypes.create_string_buffer(ERROR_BYTES)
        code = getattr(self.lib, name)(*args, error)
        if code != OK:
            raise MurrError(code, error.value.decode())

    def refresh(self):
        self.lib.murr_refresh(self.db)

    def create(self, table, schema, key):
        c_schema = ctypes.create_string_buffer(SCHEMA_BYTES)
        schema._export_to_c(ctypes.addressof(c_schema))
        names = (ctypes.c_char_p * len(key))(*[k.encode() for k in key])
        try:
            self.call("murr_create", self.db, table.encode(), c_schema, names,
                      ctypes.c_size_t(len(key)))
        finally:
            pa.Schema._import_from_c(ctypes.addressof(c_schema))

    def schema(self, table):
        c_schema = ctypes.create_string_buffer(SCHEMA_BYTES)
        key, n_key = ctypes.POINTER(ctypes.c_char_p)(), ctypes.c_size_t()
        self.call("murr_schema", self.db, table.encode(), c_schema, ctypes.byref(key),
                  ctypes.byref(n_key))
        names = [key[i].decode() for i in range(n_key.value)]
        self.lib.murr_free(key)
        return pa.Schema._import_from_c(ctypes.addressof(c_schema)), names

    def count(self, table):
        n = ctypes.c_uint64()
        self.call("murr_count", self.db, table.encode(), ctypes.byref(n))
        return n.value

    def write(self, table, batch):
        with Lent(batch) as rows:
            self.call("murr_write", self.db, table.encode(), rows.array, rows.schema)

    def write_stream(self, table, reader):
        stream = ctypes.create_string_buffer(STREAM_BYTES)
        reader._export_to_c(ctypes.addressof(stream))
        try:
            self.call("murr_write_stream", self.db, table.encode(), stream)
        finally:
            pa.RecordBatchReader._import_from_c(ctypes.addressof(stream)).close()

    def delete(self, table, keys):
        with Lent(keys) as k:
            self.call("murr_delete", self.db, table.encode(), k.array, k.schema)

    def compact(self, table):
        self.call("murr_compact", self.db, table.encode())

    def read(self, table, keys, columns=(), function="murr_read"):
        array = ctypes.create_string_buffer(ARRAY_BYTES)
        schema = ctypes.create_string_buffer(SCHEMA_BYTES)
        names = (ctypes.c_char_p * len(columns))(*[c.encode() for c in columns])
        with Lent(keys) as k:
            self.call(function, self.db, table.encode(), k.array, k.schema, names,
                      ctypes.c_size_t(len(columns)), array, schema)
        batch = pa.RecordBatch._import_from_c(ctypes.addressof(array), ctypes.addressof(schema))
        batch.validate(full=True)
        return batch

    def read_found(self, table, keys, columns=()):
        return self.read(table, keys, columns, "murr_read_found")
