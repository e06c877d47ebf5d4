"""A writer of Iceberg tables that knows which rows they have. It does what no library for Python does: deletion vectors,
deletes by equality, files that keep their sequence number when they are rewritten.

    table = Table(folder, {"id": "long", "v": "float"}, version=3)
    table.append([{"id": 1, "v": 0.5}, {"id": 2, "v": None}])
    table.delete_vectors({table.files()[0]: [0]})
    table.rows()                                               # [{"id": 2, "v": None}]

Each change is a commit: a new metadata file, and then version-hint.text. `table` is what was committed last. Benchmarks give
an Arrow table to `append` instead of rows; its rows are not known afterwards.
"""
import collections
import itertools
import json
import os
import pathlib
import struct
import time
import uuid
import zlib

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
from pyroaring import BitMap

ARROW = {"boolean": pa.bool_(), "int": pa.int32(), "long": pa.int64(), "float": pa.float32(), "double": pa.float64(),
         "string": pa.string(), "date": pa.date32()}
AVRO = {"boolean": "boolean", "int": "int", "long": "long", "string": "string", "date": {"type": "int", "logicalType": "date"}}
DATA, POSITIONS, EQUALITY = 0, 1, 2

Field = collections.namedtuple("Field", "id name type initial required", defaults=(None, False))
Schema = collections.namedtuple("Schema", "id fields")
Spec = collections.namedtuple("Spec", "id source number", defaults=(None, None))  # of identity of a field, or unpartitioned
Manifest = collections.namedtuple("Manifest", "path length spec content sequence snapshot files")
Snapshot = collections.namedtuple("Snapshot", "id parent sequence time_ms operation schema list manifests first_row n_rows")


class File:
    """A data file, or one that deletes; it does not change once it is committed."""

    def __init__(self, content, path, size, n_rows, spec, partition, **more):
        self.content, self.path, self.size, self.n_rows, self.spec, self.partition = content, path, size, n_rows, spec, partition
        self.sequence = more.get("sequence")  # None: that of the commit
        self.rows = more.get("rows")  # of data: [{field id: value}]
        self.positions = more.get("positions")  # of deletes by position: {path: set of positions}
        self.ids, self.values = more.get("ids"), more.get("values")  # of deletes by equality: the columns, a set of tuples
        self.vector = more.get("vector")  # (path of the data file, offset, bytes)


# --------------------------------------------------------------------------------------------------------------- bytes

def arrow_field(name, kind, number, nullable=True):
    return pa.field(name, kind, nullable, {"PARQUET:field_id": str(number)})


def vector_bytes(positions):
    """A deletion vector as it lies in a Puffin file."""
    high = {}
    for p in positions:
        high.setdefault(p >> 32, BitMap()).add(p & 0xffffffff)
    body = b"\xd1\xd3\x39\x64" + struct.pack("<Q", len(high))
    for key in sorted(high):
        high[key].run_optimize()
        body += struct.pack("<I", key) + high[key].serialize()
    return struct.pack(">I", len(body)) + body + struct.pack(">I", zlib.crc32(body))


def puffin_bytes(vectors):
    """(the file, [(offset, bytes)]) of {path of the data file: positions}."""
    out, blobs, places = b"PFA1", [], []
    for path, positions in vectors.items():
        blob = vector_bytes(positions)
        places.append((len(out), len(blob)))
        blobs.append({"type": "deletion-vector-v1", "fields": [2147483645], "snapshot-id": -1, "sequence-number": -1,
                      "offset": len(out), "length": len(blob),
                      "properties": {"referenced-data-file": path, "cardinality": str(len(positions))}})
        out += blob
    footer = json.dumps({"blobs": blobs}).encode()
    return out + b"PFA1" + footer + struct.pack("<i", len(footer)) + bytes(4) + b"PFA1", places


def optional(name, kind, number):
    return {"name": name, "type": ["null", kind], "default": None, "field-id": number}


def needed(name, kind, number):
    return {"name": name, "type": kind, "field-id": number}


def entry_schema(partition, version):
    file = [needed("content", "int", 134), needed("file_path", "string", 100), needed("file_format", "string", 101),
            needed("partition", {"type": "record", "name": "r102", "fields": partition}, 102),
            needed("record_count", "long", 103), needed("file_size_in_bytes", "long", 104),
            optional("equality_ids", {"type": "array", "items": "int", "element-id": 136}, 135)]
    if version >= 3:
        file += [optional("first_row_id", "long", 142), optional("referenced_data_file", "string", 143),
                 optional("content_offset", "long", 144), optional("content_size_in_bytes", "long", 145)]
    return {"type": "record", "name": "manifest_entry", "fields": [
        needed("status", "int", 0), optional("snapshot_id", "long", 1), optional("sequence_number", "long", 3),
        optional("file_sequence_number", "long", 4), needed("data_file", {"type": "record", "name": "r2", "fields": file}, 2)]}


def list_schema(version):
    fields = [needed("manifest_path", "string", 500), needed("manifest_length", "long", 501),
              needed("partition_spec_id", "int", 502), needed("content", "int", 517), needed("sequence_number", "long", 515),
              needed("min_sequence_number", "long", 516), needed("added_snapshot_id", "long", 503),
              needed("added_files_count", "int", 504), needed("existing_files_count", "int", 505),
              needed("deleted_files_count", "int", 506), needed("added_rows_count", "long", 512),
              needed("existing_rows_count", "long", 513), needed("deleted_rows_count", "long", 514)]
    if version >= 3:
        fields.append(optional("first_row_id", "long", 520))
    return {"type": "record", "name": "manifest_file", "fields": fields}


class Table:
    def __init__(self, folder, columns, version=2, required=(), partition_by=None, codec="deflate", scheme=""):
        self.folder = pathlib.Path(folder).resolve()
        self.version, self.codec, self.scheme = version, codec, scheme
        self.uuid, self.n_metadata, self.sequence, self.next_row = str(uuid.uuid4()), 0, 0, 0
        self.numbers = itertools.count(1)
        self.ids = itertools.count(1)  # of fields
        fields = tuple(Field(next(self.ids), name, kind, None, name in required) for name, kind in columns.items())
        self.schemas, self.specs = [Schema(0, fields)], [Spec(0)]
        self.snapshots, self.refs, self.last_ms = {}, {}, 0
        self.is_quiet = False
        (self.folder / "metadata").mkdir(parents=True)
        (self.folder / "data").mkdir()
        if partition_by:
            self.specs.append(Spec(1, self.field(partition_by).id, 1000))
        self.write_metadata()

    # ------------------------------------------------------------------------------------------------- what it has

    @property
    def schema(self):
        return self.schemas[-1]

    @property
    def spec(self):
        return self.specs[-1]

    @property
    def current(self):
        """The snapshot of main, or None."""
        return self.snapshots.get(self.refs.get("main"))

    def field(self, name):
        return next(f for f in self.schema.fields if f.name == name)

    def live(self, content, ref="main"):
        snapshot = self.snapshots.get(self.refs.get(ref))
        return [f for m in (snapshot.manifests if snapshot else ()) for f in m.files if f.content == content]

    def files(self, ref="main"):
        """Data files, in the order in which later rows replace earlier ones."""
        return sorted(self.live(DATA, ref), key=lambda f: (f.sequence, self.uri(f.path)))

    def deletes(self, ref="main"):
        return self.live(POSITIONS, ref) + self.live(EQUALITY, ref)

    def alive(self, file, ref="main"):
        """[(position, {field id: value})] of the rows that are not deleted."""
        deletes = self.deletes(ref)
        here = [d for d in deletes if (d.spec, d.partition) == (file.spec, file.partition)]
        vectors = [d for d in deletes if d.vector and d.vector[0] == file.path]
        by_position = vectors or [d for d in here if d.content == POSITIONS and not d.vector and d.sequence >= file.sequence]
        gone = set().union(*(d.positions.get(file.path, ()) for d in by_position))
        equal = [d for d in deletes if d.content == EQUALITY and d.sequence > file.sequence
                 and (d in here or self.specs[d.spec].source is None)]
        return [(i, row) for i, row in enumerate(file.rows)
                if i not in gone and not any(self.equals(row, d) for d in equal)]

    def equals(self, row, delete):
        return tuple(self.value(row, i) for i in delete.ids) in delete.values

    def value(self, row, number):
        if number in row:
            return row[number]
        return next((f.initial for s in reversed(self.schemas) for f in s.fields if f.id == number), None)

    def rows(self, ref="main"):
        """All live rows, those that replace others last, with the names of the current schema."""
        return [{f.name: self.value(row, f.id) for f in self.schema.fields}
                for file in self.files(ref) for _, row in self.alive(file, ref)]

    # ------------------------------------------------------------------------------------------------------- files

    def uri(self, path):
        return f"{self.scheme}{path}"

    def fresh(self, folder, end):
        return self.folder / folder / f"{next(self.numbers):05d}-{uuid.uuid4().hex[:8]}{end}"

    def write_rows(self, rows, partition, sequence=None):
        fields = self.schema.fields
        schema = pa.schema([arrow_field(f.name, ARROW[f.type], f.id, not f.required) for f in fields])
        is_known = not isinstance(rows, pa.Table)
        table = pa.Table.from_pylist(rows, schema) if is_known else rows.select([f.name for f in fields]).cast(schema)
        path = self.fresh("data", ".parquet")
        pq.write_table(table, path, compression="zstd")
        kept = [{f.id: row.get(f.name) for f in fields} for row in rows] if is_known else None
        return File(DATA, path, path.stat().st_size, table.num_rows, self.spec.id, partition, rows=kept, sequence=sequence)

    def write_data(self, rows, sequence=None):
        """One file a partition."""
        if self.spec.source is None or isinstance(rows, pa.Table):
            return [self.write_rows(rows, None, sequence)]
        name = next(f.name for f in self.schema.fields if f.id == self.spec.source)
        groups = {}
        for row in rows:
            groups.setdefault(row.get(name), []).append(row)
        return [self.write_rows(group, value, sequence) for value, group in groups.items()]

    def write_avro(self, path, schema, records, metadata):
        with open(path, "wb") as out:
            fastavro.writer(out, schema, records, codec=self.codec, metadata=metadata)
        return path.stat().st_size

    def partition_fields(self, spec):
        if spec.source is None:
            return []
        kind = next(f.type for s in self.schemas for f in s.fields if f.id == spec.source)
        return [optional("p", AVRO[kind], spec.number)]

    def data_file(self, f):
        is_vector = f.vector is not None
        record = {"content": f.content, "file_path": self.uri(f.path), "file_format": "PUFFIN" if is_vector else "PARQUET",
                  "partition": {"p": f.partition} if self.specs[f.spec].source is not None else {},
                  "record_count": f.n_rows, "file_size_in_bytes": f.size, "equality_ids": f.ids}
        if is_vector:
            record.update(zip(("referenced_data_file", "content_offset", "content_size_in_bytes"),
                              (self.uri(f.vector[0]), *f.vector[1:])))
        return record

    def write_manifest(self, snapshot, sequence, spec, content, added=(), kept=(), removed=()):
        entries = []
        for status, files in ((1, added), (0, kept), (2, removed)):
            for f in files:
                number = f.sequence if status != 1 or f.sequence != sequence else None  # None: that of the manifest
                entries.append({"status": status, "snapshot_id": snapshot, "sequence_number": number,
                                "file_sequence_number": None if status == 1 else f.sequence, "data_file": self.data_file(f)})
        path = self.fresh("metadata", "-m0.avro")
        fields = [{"name": "p", "transform": "identity", "source-id": self.specs[spec].source,
                   "field-id": self.specs[spec].number}] if self.specs[spec].source is not None else []
        metadata = {"schema": json.dumps(self.schema_json(self.schema)), "partition-spec": json.dumps(fields),
                    "partition-spec-id": str(spec), "format-version": str(self.version),
                    "content": "deletes" if content else "data"}
        length = self.write_avro(path, entry_schema(self.partition_fields(self.specs[spec]), self.version), entries, metadata)
        return Manifest(path, length, spec, content, sequence, snapshot, tuple(added) + tuple(kept))

    def write_list(self, snapshot, parent, sequence, manifests):
        def record(m):
            is_new = m.snapshot == snapshot
            n_rows = sum(f.n_rows for f in m.files)
            counts = {"added": len(m.files) * is_new, "existing": len(m.files) * (not is_new), "deleted": 0}
            rows = {"added": n_rows * is_new, "existing": n_rows * (not is_new), "deleted": 0}
            return {"manifest_path": self.uri(m.path), "manifest_length": m.length, "partition_spec_id": m.spec,
                    "content": m.content, "sequence_number": m.sequence, "added_snapshot_id": m.snapshot,
                    "min_sequence_number": min((f.sequence for f in m.files), default=m.sequence),
                    **{f"{k}_files_count": n for k, n in counts.items()}, **{f"{k}_rows_count": n for k, n in rows.items()},
                    "first_row_id": 0 if m.content == 0 else None}
        path = self.fresh("metadata", f"-snap-{snapshot}.avro")
        metadata = {"snapshot-id": str(snapshot), "parent-snapshot-id": str(parent or "null"), "sequence-number": str(sequence),
                    "format-version": str(self.version)}
        self.write_avro(path, list_schema(self.version), map(record, manifests), metadata)
        return path

    # ---------------------------------------------------------------------------------------------------- metadata

    def schema_json(self, schema):
        fields = [{"id": f.id, "name": f.name, "required": f.required, "type": f.type,
                   **({"initial-default": f.initial, "write-default": f.initial} if f.initial is not None else {})}
                  for f in schema.fields]
        return {"type": "struct", "schema-id": schema.id, "fields": fields}

    def spec_json(self, spec):
        fields = [] if spec.source is None else [{"name": f"p{spec.number}", "transform": "identity", "source-id": spec.source,
                                                  "field-id": spec.number}]
        return {"spec-id": spec.id, "fields": fields}

    def snapshot_json(self, s):
        lineage = {"first-row-id": s.first_row, "added-rows": s.n_rows} if self.version >= 3 else {}
        return {"snapshot-id": s.id, **({"parent-snapshot-id": s.parent} if s.parent else {}), "sequence-number": s.sequence,
                "timestamp-ms": s.time_ms, "summary": {"operation": s.operation}, "manifest-list": self.uri(s.list),
                "schema-id": s.schema, **lineage}

    def metadata(self):
        current = self.current
        return {"format-version": self.version, "table-uuid": self.uuid, "location": self.uri(self.folder),
                "last-sequence-number": self.sequence, "last-updated-ms": max(self.last_ms, 1),
                "last-column-id": max(f.id for s in self.schemas for f in s.fields),
                "schemas": [self.schema_json(s) for s in self.schemas], "current-schema-id": self.schema.id,
                "partition-specs": [self.spec_json(s) for s in self.specs], "default-spec-id": self.spec.id,
                "last-partition-id": max([999, *(s.number for s in self.specs if s.number)]),
                "sort-orders": [{"order-id": 0, "fields": []}], "default-sort-order-id": 0, "properties": {},
                "current-snapshot-id": current.id if current else -1,
                "snapshots": [self.snapshot_json(s) for s in self.snapshots.values()],
                "refs": {name: {"snapshot-id": number, "type": "branch"} for name, number in self.refs.items()},
                **({"next-row-id": self.next_row} if self.version >= 3 else {})}

    def metadata_path(self):
        return self.folder / "metadata" / f"v{self.n_metadata}.metadata.json"

    def write_metadata(self):
        if self.is_quiet:
            return
        self.n_metadata += 1
        for name, text in ((self.metadata_path(), json.dumps(self.metadata())),
                           (self.folder / "metadata" / "version-hint.text", str(self.n_metadata))):
            whole = self.folder / "metadata" / ".part"
            whole.write_text(text)
            os.replace(whole, name)

    def batch(self):
        """with table.batch(): what is committed within is seen at once, though it is several snapshots."""
        return Batch(self)

    # ----------------------------------------------------------------------------------------------------- commits

    def commit(self, operation, added=(), removed=(), branch="main"):
        """A new snapshot: files come, others go."""
        parent = self.snapshots.get(self.refs.get(branch, self.refs.get("main")))
        number, gone = uuid.uuid4().int >> 65, set(removed)
        self.sequence += 1
        self.last_ms = max(time.time_ns() // 1_000_000, self.last_ms + 1)
        for f in added:
            f.sequence = self.sequence if f.sequence is None else f.sequence
        manifests = []
        for (spec, content), group in groups_of(added):
            manifests.append(self.write_manifest(number, self.sequence, spec, content, added=group))
        for m in parent.manifests if parent else ():
            cut = [f for f in m.files if f in gone]
            kept = [f for f in m.files if f not in gone]
            manifests.append(self.write_manifest(number, self.sequence, m.spec, m.content, kept=kept, removed=cut) if cut else m)
        n_rows = sum(f.n_rows for f in added if f.content == DATA)
        self.snapshots[number] = Snapshot(
            number, parent.id if parent else None, self.sequence, self.last_ms, operation, self.schema.id,
            self.write_list(number, parent.id if parent else None, self.sequence, manifests), tuple(manifests),
            self.next_row, n_rows)
        self.next_row += n_rows
        self.refs[branch] = number
        self.write_metadata()

    def append(self, rows, branch="main"):
        self.commit("append", self.write_data(rows), branch=branch)

    def append_files(self, groups):
        """Several files in one commit, each of a list of rows or an Arrow table."""
        self.commit("append", [f for rows in groups for f in self.write_data(rows)])

    def rewrite(self, removed, groups, operation="overwrite", sequence=None, also=()):
        """Copy on write: files go and others come. `also`: files of deletes that go."""
        self.commit(operation, [f for rows in groups if rows for f in self.write_data(rows, sequence)], [*removed, *also])

    def replace(self, files, keeps_sequence=False):
        """Compaction: the live rows of some files in one file, or one a partition."""
        rows = [{f.name: self.value(row, f.id) for f in self.schema.fields} for file in files for _, row in self.alive(file)]
        sequence = max(f.sequence for f in files) if keeps_sequence else None
        vectors = [d for d in self.deletes() if d.vector and d.vector[0] in {f.path for f in files}]
        self.rewrite(files, [rows], "replace", sequence, vectors)

    def delete_positions(self, positions, replaces=()):
        """{data file: positions}, in one file a partition. `replaces`: earlier files of deletes that go."""
        groups = {}
        for file, at in positions.items():
            groups.setdefault((file.spec, file.partition), {})[file.path] = set(at)
        self.commit("delete", [self.write_positions(*where, paths) for where, paths in groups.items()], replaces)

    def write_positions(self, spec, partition, paths):
        rows = sorted((self.uri(path), p) for path, at in paths.items() for p in at)
        schema = pa.schema([arrow_field("file_path", pa.string(), 2147483546, False), arrow_field("pos", pa.int64(), 2147483545, False)])
        path = self.fresh("data", "-deletes.parquet")
        pq.write_table(pa.table([pa.array([r[i] for r in rows], schema.field(i).type) for i in (0, 1)], schema=schema), path)
        return File(POSITIONS, path, path.stat().st_size, len(rows), spec, partition, positions=paths)

    def delete_vectors(self, positions):
        """{data file: positions}: as vectors in one Puffin file, which take in what was deleted by position before."""
        old = [d for d in self.live(POSITIONS) if d.vector and d.vector[0] in {f.path for f in positions}]
        whole = {f: set(at) | self.deleted_positions(f) for f, at in positions.items()}
        data, places = puffin_bytes({self.uri(f.path): at for f, at in whole.items()})
        path = self.fresh("data", "-deletes.puffin")
        path.write_bytes(data)
        added = [File(POSITIONS, path, len(data), len(at), f.spec, f.partition, positions={f.path: at}, vector=(f.path, *place))
                 for (f, at), place in zip(whole.items(), places)]
        self.commit("delete", added, old)

    def deleted_positions(self, file):
        mine = [d for d in self.live(POSITIONS) if file.path in d.positions and d.sequence >= file.sequence]
        vectors = [d for d in mine if d.vector]
        return set().union(*(d.positions[file.path] for d in vectors or mine))

    def delete_equal(self, names, rows, partition=None, added=(), is_global=True):
        """Rows of earlier commits that are equal to one of `rows` (tuples) in the columns `names`. `added`: rows that come in
        the same commit, and stay."""
        fields = [self.field(name) for name in names]
        schema = pa.schema([arrow_field(f.name, ARROW[f.type], f.id) for f in fields])
        path = self.fresh("data", "-equal.parquet")
        pq.write_table(pa.table([pa.array([r[i] for r in rows], schema.field(i).type) for i in range(len(fields))], schema=schema), path)
        spec = next(s.id for s in self.specs if s.source is None) if is_global else self.spec.id
        delete = File(EQUALITY, path, path.stat().st_size, len(rows), spec, partition, ids=[f.id for f in fields], values=set(rows))
        self.commit("overwrite" if added else "delete", [delete, *(self.write_data(added) if added else ())])

    # ------------------------------------------------------------------------------------------------------ schema

    def set_fields(self, fields):
        self.schemas.append(Schema(len(self.schemas), tuple(fields)))
        self.write_metadata()

    def add_column(self, name, kind, initial=None):
        self.set_fields([*self.schema.fields, Field(next(self.ids), name, kind, initial)])

    def drop_column(self, name):
        self.set_fields([f for f in self.schema.fields if f.name != name])

    def rename_column(self, name, to):
        self.set_fields([f._replace(name=to) if f.name == name else f for f in self.schema.fields])

    def promote_column(self, name, kind):
        self.set_fields([f._replace(type=kind) if f.name == name else f for f in self.schema.fields])

    def partition_by(self, name):
        """Files that come are partitioned by a column, or not at all."""
        number = max([999, *(s.number for s in self.specs if s.number)]) + 1
        self.specs.append(Spec(len(self.specs), self.field(name).id, number) if name else Spec(len(self.specs)))
        self.write_metadata()

    # ---------------------------------------------------------------------------------------------------- snapshots

    def ancestors(self, number):
        while number in self.snapshots:
            yield number
            number = self.snapshots[number].parent

    def point(self, ref, number):
        """Roll back, fast-forward, or make a branch."""
        self.refs[ref] = number
        self.write_metadata()

    def expire(self, keep=1):
        """Forget all snapshots but the latest ones of each branch, and remove the files that nothing names any more."""
        kept = {n for ref in self.refs.values() for n in itertools.islice(self.ancestors(ref), keep)}
        before = self.named_files()
        self.snapshots = {n: s for n, s in self.snapshots.items() if n in kept}
        self.write_metadata()
        for path in before - self.named_files():
            path.unlink()

    def named_files(self):
        manifests = [m for s in self.snapshots.values() for m in s.manifests]
        return {s.list for s in self.snapshots.values()} | {m.path for m in manifests} | {f.path for m in manifests for f in m.files}


class Batch:
    def __init__(self, table):
        self.table = table

    def __enter__(self):
        self.table.is_quiet = True

    def __exit__(self, *exc):
        self.table.is_quiet = False
        self.table.write_metadata()


def groups_of(files):
    """{(spec, whether it deletes): files}"""
    groups = {}
    for f in files:
        groups.setdefault((f.spec, 0 if f.content == DATA else 1), []).append(f)
    return groups.items()
