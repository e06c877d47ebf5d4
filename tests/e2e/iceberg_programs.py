"""Random programs on Iceberg tables: through PyIceberg, and by a writer of our own that does what PyIceberg does not. Each
knows which rows its table has, in the order in which rows of one key replace each other."""
import datetime
import itertools

import pyarrow as pa
from pyiceberg.expressions import EqualTo, In
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, IdentityTransform
from pyiceberg.types import DateType, DoubleType, FloatType, IntegerType, LongType, NestedField, StringType

from iceberg_writer import POSITIONS, Table

PYICEBERG = {"int": IntegerType(), "long": LongType(), "float": FloatType(), "double": DoubleType(), "string": StringType(),
             "date": DateType()}
PROMOTED = {"int": "long", "float": "double"}


def text(rng):
    return "".join(rng.choice("abcdefghi Ä語") for _ in range(rng.choice([0, 1, 5, 12, 13, 40])))


VALUES = {
    "int": lambda r: r.randrange(-2**31, 2**31),
    "long": lambda r: r.randrange(-2**63, 2**63),
    "float": lambda r: r.randrange(-999, 999) / 4,
    "double": lambda r: r.uniform(-9, 9),
    "string": text,
    "date": lambda r: datetime.date(1970, 1, 1) + datetime.timedelta(days=r.randrange(-9999, 30000)),
}


class Program:
    """What both kinds have: keys, columns with their types, and rows to be."""

    steps = {}  # name of a method -> how often

    def __init__(self, rng, name):
        self.rng, self.name = rng, name
        self.key_type = rng.choice(["int", "long", "string"])
        self.key = rng.choice([["id"], ["id"], ["g", "id"]])
        self.columns = {"id": self.key_type, "g": "int", "c0": rng.choice(list(VALUES))}
        self.n_columns = 1
        self.n_keys = rng.choice([20, 200, 600])
        self.repeats = rng.random() < 0.2  # an appended row may have the key of another
        self.is_reshaped = False  # the schema changed, maybe without a snapshot
        self.past = set()
        self.done = []  # what a failure prints

    # ------------------------------------------------------------------------------------------------ rows to be

    def random_key(self):
        """Of the row, whatever the table's key: rows with one id are in one group."""
        i = self.rng.randrange(self.n_keys)
        return (f"k{i}" + "x" * (i % 5 * 9) if self.key_type == "string" else i), i % 3

    def key_of(self, row):
        return tuple(row[k] for k in self.key)

    def random_row(self, key):
        row = {"id": key[0], "g": key[1]}
        for name, kind in self.columns.items():
            if name not in row:
                row[name] = None if self.rng.random() < self.nulls else VALUES[kind](self.rng)
        return row

    def fresh_rows(self, most=60, taken=None):
        """Rows to append."""
        self.nulls = self.rng.choice([0, 0, 0.3])
        taken = {r["id"] for r in self.rows()} if taken is None else taken
        rows = []
        for _ in range(self.rng.choice([1, 5, most])):
            key = self.random_key()
            if self.repeats or key[0] not in taken:
                taken.add(key[0])
                rows.append(self.random_row(key))
        self.past |= {self.key_of(r) for r in rows}
        return rows

    def by_key(self):
        return {self.key_of(r): r for r in self.rows()}

    # ------------------------------------------------------------------------------------------------------ steps

    def step(self):
        what = self.rng.choices(list(self.steps), list(self.steps.values()))[0]
        self.done.append(what)
        getattr(self, what)()

    def value_columns(self):
        return [c for c in self.columns if c not in ("id", "g")]

    def next_column(self):
        self.n_columns += 1
        return f"c{self.n_columns}"

    def change_columns(self):
        """(what to do, the column, its new name or type); None if nothing can be done"""
        what = self.rng.choice(["add", "rename", "drop", "promote"])
        self.is_reshaped = True
        if what == "add":
            name, kind = self.next_column(), self.rng.choice(list(VALUES))
            self.columns[name] = kind
            return what, name, kind
        names = self.value_columns()
        if what == "promote":
            names = [c for c in self.columns if self.columns[c] in PROMOTED and c != "g"]
        if not names or (what == "drop" and len(names) < 2):
            return None
        name = self.rng.choice(names)
        if what == "promote":
            self.columns[name] = PROMOTED[self.columns[name]]
            if name == "id":
                self.key_type = self.columns[name]
            return what, name, self.columns[name]
        to = self.next_column() if what == "rename" else None
        self.columns = {to if c == name else c: t for c, t in self.columns.items() if c != name or to}
        return what, name, to


class OwnProgram(Program):
    """By our own writer: vectors, deletes by position and equality, rewrites that keep the sequence number, branches."""

    steps = {"append": 20, "delete_positions": 15, "copy_on_write": 12, "delete_files": 4, "delete_equal": 15, "replace": 10,
             "reshape": 4, "repartition": 3, "roll_back": 3, "branch": 5, "expire": 4, "several": 12, "upgrade": 1}

    def __init__(self, rng, name, folder):
        super().__init__(rng, name)
        self.may_go_back = rng.random() < 0.5  # else it is written through the API, too
        self.table = Table(folder / name, self.columns, version=rng.choice([2, 3, 3]), required=["id", "g"],
                           partition_by=rng.choice([None, None, "g"]), codec=rng.choice(["null", "deflate", "snappy"]))
        self.location = str(self.table.folder)
        self.table.append(self.fresh_rows(200, set()) or [self.random_row(self.random_key())])

    def label(self):
        return f"snapshot {self.table.current.id}"

    def published_ms(self):
        return self.table.current.time_ms

    def rows(self):
        return self.table.rows()

    def some_files(self, most=2):
        files = self.table.files()
        return self.rng.sample(files, min(len(files), self.rng.randint(1, most)))

    def append(self):
        taken = {r["id"] for r in self.rows()}
        groups = [g for g in (self.fresh_rows(taken=taken) for _ in range(self.rng.choice([1, 1, 3]))) if g]
        self.table.append_files(groups)

    def delete_positions(self):
        t, positions = self.table, {}
        for f in self.some_files(3):
            alive = [i for i, _ in t.alive(f)]
            if self.rng.random() < 0.2:  # some may be deleted already
                alive = list(range(f.n_rows))
            at = self.rng.sample(alive, self.rng.randint(min(1, len(alive)), len(alive)) // self.rng.choice([1, 4]))
            if at:
                positions[f] = at
        if not positions:
            return
        if t.version >= 3:
            t.delete_vectors(positions)
        else:
            t.delete_positions(*self.with_replaced(positions))

    def with_replaced(self, positions):
        """Some earlier files of deletes may go, if the new one says what they said."""
        old = [d for d in self.table.live(POSITIONS) if self.rng.random() < 0.3]
        live = {f.path: f for f in self.table.files()}
        whole = {f: set(at) for f, at in positions.items()}
        for path, at in itertools.chain.from_iterable(d.positions.items() for d in old):
            if path in live:
                whole.setdefault(live[path], set()).update(at)
        return whole, old

    def copy_on_write(self):
        files = self.some_files()
        self.nulls = 0.1
        names = [f.name for f in self.table.schema.fields]
        rows = [dict(zip(names, (self.table.value(row, f.id) for f in self.table.schema.fields)))
                for file in files for _, row in self.table.alive(file)]
        changed = [self.random_row((r["id"], r["g"])) if self.rng.random() < 0.3 else r for r in rows if self.rng.random() < 0.9]
        vectors = [d for d in self.table.live(POSITIONS) if d.vector and d.vector[0] in {f.path for f in files}]
        self.table.rewrite(files, [changed + self.fresh_rows(5)], also=vectors)

    def delete_files(self):
        files = self.some_files(1)
        if len(self.table.files()) > 1:
            self.table.rewrite(files, [], "delete", also=[d for d in self.table.live(POSITIONS) if d.vector and d.vector[0] == files[0].path])

    def delete_equal(self):
        columns = self.key if self.rng.random() < 0.85 else self.rng.sample(list(self.columns), self.rng.randint(1, 2))
        known = [r for r in self.rows() if self.rng.random() < 0.2]
        if self.rng.random() < 0.3:
            self.nulls = 0
            known.append(self.random_row(self.random_key()))
        is_global = self.table.spec.source is None or self.rng.random() < 0.5
        partition = None
        if not is_global:
            partition = self.rng.randrange(3)
            known = [r for r in known if r["g"] == partition]
        rows = sorted({tuple(r[c] for c in columns) for r in known}, key=repr)
        added = []
        if self.rng.random() < 0.4:  # an upsert, as Flink writes it
            self.nulls = 0
            added = [self.random_row((r["id"], r["g"])) for r in known if set(columns) <= {"id", "g"} and "id" in columns]
            added = list({r["id"]: r for r in added}.values())
        if rows:
            self.table.delete_equal(columns, rows, partition, added, is_global)

    def replace(self):
        files = self.table.files() if self.rng.random() < 0.3 else self.some_files(4)
        if files:
            self.table.replace([f for f in self.table.files() if f in files], self.rng.random() < 0.5)

    def reshape(self):
        change = self.change_columns()
        if change:
            with self.table.batch():
                self.change_table(*change)
                if not self.may_go_back or self.rng.random() < 0.5:
                    self.table.append(self.fresh_rows())

    def change_table(self, what, name, to):
        t = self.table
        if what == "add":
            t.add_column(name, to, VALUES[to](self.rng) if t.version >= 3 and to in ("int", "long", "string") else None)
        elif what == "rename":
            t.rename_column(name, to)
        elif what == "promote":
            t.promote_column(name, to)
        else:
            t.drop_column(name)

    def repartition(self):
        self.table.partition_by(self.rng.choice([None, "g"]))

    def roll_back(self):
        history = list(self.table.ancestors(self.table.current.id))
        if self.may_go_back:
            self.table.point("main", self.rng.choice(history[:4]))

    def branch(self):
        t = self.table
        if "b" not in t.refs:
            t.append(self.fresh_rows(), branch="b")
        elif t.current.id in t.ancestors(t.refs["b"]):
            t.point("main", t.refs["b"])
        else:
            del t.refs["b"]
            t.write_metadata()

    def expire(self):
        self.table.expire(self.rng.choice([1, 2, 3]))

    def several(self):
        """Several commits that are seen at once."""
        with self.table.batch():
            for _ in range(self.rng.randint(2, 3)):
                what = self.rng.choice(["append", "delete_positions", "copy_on_write", "delete_equal", "replace"])
                self.done.append(what)
                getattr(self, what)()

    def upgrade(self):
        if self.table.version == 2:
            self.table.version = 3
            self.table.write_metadata()


class PyIcebergProgram(Program):
    steps = {"append": 20, "delete": 15, "overwrite": 8, "upsert": 12, "reshape": 6, "reorder": 1, "repartition": 4, "expire": 4,
             "roll_back": 4, "compact": 6}
    may_go_back = True

    def __init__(self, rng, name, catalog):
        super().__init__(rng, name)
        fields = [NestedField(i + 1, n, PYICEBERG[t], required=n in ("id", "g")) for i, (n, t) in enumerate(self.columns.items())]
        self.table = catalog.create_table(f"db.{name}", Schema(*fields))
        self.location = self.table.location()
        self.scanned = None, []
        self.table.append(self.arrow(self.fresh_rows(200, set()) or [self.random_row(self.random_key())]))

    def label(self):
        return f"snapshot {self.table.metadata.current_snapshot_id}"

    def arrow(self, rows):
        return pa.Table.from_pylist(rows, self.table.schema().as_arrow())

    def rows(self):
        """What PyIceberg scans, files in the order in which their rows replace each other."""
        if self.scanned[0] != self.table.metadata_location:
            self.scanned = self.table.metadata_location, self.scan()
        return self.scanned[1]

    def scan(self):
        t = self.table
        if not t.current_snapshot():
            return []
        entries = [e for m in t.current_snapshot().manifests(t.io) for e in m.fetch_manifest_entry(t.io, discard_deleted=True)]
        number = {e.data_file.file_path: e.sequence_number for e in entries}
        scan = t.scan()
        tasks = sorted(scan.plan_files(), key=lambda task: (number[task.file.file_path], task.file.file_path))
        return ArrowScan(t.metadata, t.io, scan.projection(), scan.row_filter).to_table(tasks).to_pylist()

    def some_ids(self):
        ids = sorted({r["id"] for r in self.rows()})
        return self.rng.sample(ids, min(len(ids), self.rng.choice([1, 5, 30])))

    def append(self):
        self.table.append(self.arrow(self.fresh_rows()))

    def delete(self):
        if self.rng.random() < 0.2:
            self.table.delete(EqualTo("g", self.rng.randrange(3)))
        else:
            self.table.delete(In("id", self.some_ids()))

    def overwrite(self):
        g = self.rng.randrange(3)
        kept = {r["id"] for r in self.rows() if r["g"] != g}
        self.table.overwrite(self.arrow([r for r in self.fresh_rows(taken=kept) if r["g"] == g]), EqualTo("g", g))

    def upsert(self):
        if self.table.current_snapshot().schema_id != self.table.schema().schema_id:
            return self.append()  # PyIceberg would refuse
        ids, self.nulls = self.some_ids()[:10], 0
        rows = {r["id"]: r for r in self.rows() if r["id"] in ids}
        changed = [self.random_row((r["id"], r["g"])) for r in rows.values()] + self.fresh_rows(5)
        if changed and not self.repeats:
            self.table.upsert(self.arrow(list({r["id"]: r for r in changed}.values())), join_cols=["id"])

    def reshape(self):
        change = self.change_columns()
        if not change:
            return
        what, name, to = change
        with self.table.update_schema() as update:
            if what == "add":
                update.add_column(name, PYICEBERG[to])
            elif what == "rename":
                update.rename_column(name, to)
            elif what == "promote":
                update.update_column(name, PYICEBERG[to])
            else:
                update.delete_column(name)

    def reorder(self):
        self.is_reshaped = True
        with self.table.update_schema() as update:
            update.move_first(self.rng.choice(self.value_columns()))

    def repartition(self):
        with self.table.update_spec() as update:
            for field in self.table.spec().fields:
                update.remove_field(field.name)
            if self.rng.random() < 0.7:
                by, transform = self.rng.choice([("g", IdentityTransform()), ("id", BucketTransform(2))])
                update.add_field(by, transform, f"p{len(self.done)}")

    def ancestors(self):
        known, at = {s.snapshot_id: s for s in self.table.metadata.snapshots}, self.table.metadata.current_snapshot_id
        while at in known:
            yield at
            at = known[at].parent_snapshot_id

    def expire(self):
        old = list(self.ancestors())[self.rng.randint(1, 3):]
        if old:
            self.table.maintenance.expire_snapshots().by_ids(old).commit()
            self.table.refresh()

    def roll_back(self):
        self.table.manage_snapshots().rollback_to_snapshot(self.rng.choice(list(self.ancestors())[:4])).commit()
        self.table.refresh()

    def compact(self):
        self.table.overwrite(self.arrow(self.rows()))
