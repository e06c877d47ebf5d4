"""Makes tables.tar.gz and expected.json beside this file: Iceberg tables that Spark wrote, and their rows as Spark reads them.

    python3 -m venv build/spark-venv
    build/spark-venv/bin/pip install pyspark==4.1.4 pyarrow==26.0.1 pandas
    mvn org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
        -Dartifact=org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.11.0 -DoutputDirectory=$PWD/build/spark-jars
    build/spark-venv/bin/python tests/golden/iceberg/make.py

It needs Java 17. The tables' paths begin with PLACE, which this empties first.
"""
import json
import pathlib
import shutil
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from iceberg_rows import lines_of  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

PLACE = pathlib.Path("/tmp/murr-iceberg-golden")
JAR = ROOT / "build" / "spark-jars" / "iceberg-spark-runtime-4.1_2.13-1.11.0.jar"
MERGE_ON_READ = ", ".join(f"'write.{what}.mode'='merge-on-read'" for what in ("delete", "update", "merge"))

spark = None  # the session, once there is one


def start():
    global spark
    settings = {
        "spark.jars": str(JAR),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.g": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.g.type": "hadoop",
        "spark.sql.catalog.g.warehouse": str(PLACE),
        "spark.sql.catalog.g.cache-enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")


def sql(*statements):
    for statement in statements:
        spark.sql(statement)


def create(name, columns, version=2, partitioned="", more=MERGE_ON_READ):
    by = f"PARTITIONED BY ({partitioned})" if partitioned else ""
    properties = f"'format-version'='{version}', 'write.distribution-mode'='none'" + (f", {more}" if more else "")
    sql(f"CREATE TABLE g.db.{name} ({columns}) USING iceberg {by} TBLPROPERTIES ({properties})")


def append(name, values):
    """One data file a call, or one a partition."""
    columns = spark.table(f"g.db.{name}").schema
    cast = [f"CAST(`{c.name}` AS {c.dataType.simpleString()}) AS `{c.name}`" for c in columns]
    rows = spark.sql(f"SELECT * FROM VALUES {values} AS u({', '.join(f'`{c.name}`' for c in columns)})")
    rows.selectExpr(*cast).coalesce(1).writeTo(f"g.db.{name}").append()


# ----------------------------------------------------------------------------- what only the Java library can write

def java():
    return spark._jvm.org.apache.iceberg


def load(name):
    return java().spark.Spark3Util.loadIcebergTable(spark._jsparkSession, f"g.db.{name}")


def ints(values):
    array = spark.sparkContext._gateway.new_array(spark._jvm.int, len(values))
    for i, v in enumerate(values):
        array[i] = v
    return array


def strings(values):
    array = spark.sparkContext._gateway.new_array(spark._jvm.java.lang.String, len(values))
    for i, v in enumerate(values):
        array[i] = v
    return array


def delete_equal(name, columns, rows, spec_id=None, partition=None):
    """Delete the rows that are equal to one of `rows` in `columns`, in one file of equality deletes."""
    table = load(name)
    spec = table.spec() if spec_id is None else table.specs()[spec_id]
    ids = [table.schema().findField(c).fieldId() for c in columns]
    schema = table.schema().select(strings(columns))
    files = java().io.OutputFileFactory.builderFor(table, 1, spark._jvm.java.lang.System.nanoTime()).format(java().FileFormat.PARQUET).build()
    key = None
    if partition:
        key = java().data.GenericRecord.create(spec.partitionType())
        for field, value in partition.items():
            key.setField(field, value)
    out = files.newOutputFile(spec, key) if key is not None else files.newOutputFile(java().PartitionSpec.unpartitioned(), None)
    factory = java().data.GenericAppenderFactory(table.schema(), spec, ints(ids), schema, None)
    writer = factory.newEqDeleteWriter(out, java().FileFormat.PARQUET, key)
    for row in rows:
        record = java().data.GenericRecord.create(schema)
        for column, value in zip(columns, row):
            record.setField(column, value)
        writer.write(record)
    writer.close()
    table.newRowDelta().addDeletes(writer.toDeleteFile()).commit()


def float32(value):
    return spark._jvm.java.lang.Float(value)


def int64(value):
    return spark._jvm.java.lang.Long(value)


def literal(value):
    return java().expressions.Expressions.lit(value)


# ------------------------------------------------------------------------------------------------------------ tables

def position_deletes():
    create("position_deletes", "id bigint, s string, part int", partitioned="part")
    append("position_deletes", "(1L, 'a', 1), (2L, 'b', 1), (3L, 'c', 2), (4L, 'd', 2), (5L, NULL, NULL)")
    append("position_deletes", "(11L, 'a', 1), (12L, 'b', 2), (13L, 'c', 3)")
    sql("DELETE FROM g.db.position_deletes WHERE id IN (2, 12, 5)",
        "UPDATE g.db.position_deletes SET s = 'new' WHERE id IN (3, 11)",
        "DELETE FROM g.db.position_deletes WHERE id = 1",
        "MERGE INTO g.db.position_deletes t USING (SELECT * FROM VALUES (4L, 'merged', 3), (20L, 'inserted', 1) AS u(id, s, part)) u "
        "ON t.id = u.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")


def deletion_vectors():
    create("deletion_vectors", "id bigint, v float", version=3)
    for start_ in (0, 100, 200):
        spark.range(start_, start_ + 50).selectExpr("id", "cast(id as float) / 4 v").coalesce(1).writeTo("g.db.deletion_vectors").append()
    sql("DELETE FROM g.db.deletion_vectors WHERE id % 7 = 0",  # of all three files, in one Puffin file
        "DELETE FROM g.db.deletion_vectors WHERE id BETWEEN 110 AND 130",
        "UPDATE g.db.deletion_vectors SET v = -1 WHERE id % 50 = 1")


def upgraded():
    create("upgraded", "id bigint, s string")
    append("upgraded", "(1L, 'a'), (2L, 'b'), (3L, 'c'), (4L, 'd')")
    append("upgraded", "(11L, 'a'), (12L, 'b'), (13L, 'c'), (14L, 'd')")
    sql("DELETE FROM g.db.upgraded WHERE id IN (2, 12)",
        "ALTER TABLE g.db.upgraded SET TBLPROPERTIES ('format-version'='3')",
        "DELETE FROM g.db.upgraded WHERE id = 3")  # the position deletes of one file become a vector, the other's stay
    append("upgraded", "(21L, 'x')")


def equality_null():
    """Null equals null and NaN equals NaN; rows of later snapshots stay."""
    create("equality_null", "id int, s string, x double")
    append("equality_null", "(1, NULL, 1.0D), (2, 'x', double('NaN')), (3, 'x', 1.0D), (4, NULL, NULL), (5, 'y', 0.0D)")
    delete_equal("equality_null", ["s", "x"], [[None, 1.0], ["x", float("nan")], [None, None]])
    append("equality_null", "(11, NULL, 1.0D), (12, 'x', double('NaN'))")


def equality_evolved():
    """By columns that were renamed and dropped since, and by one that an older file lacks."""
    create("equality_evolved", "id int, a string, gone int")
    append("equality_evolved", "(1, 'k1', 1), (2, 'k2', 2), (3, 'k3', 3), (4, 'k4', 4)")
    delete_equal("equality_evolved", ["a"], [["k1"]])
    delete_equal("equality_evolved", ["gone"], [[2]])
    sql("ALTER TABLE g.db.equality_evolved RENAME COLUMN a TO renamed",
        "ALTER TABLE g.db.equality_evolved DROP COLUMN gone",
        "ALTER TABLE g.db.equality_evolved ADD COLUMN added string")  # Spark cannot read it with a new column named gone
    append("equality_evolved", "(5, 'k1', 'x'), (6, 'k6', NULL)")
    delete_equal("equality_evolved", ["renamed", "added"], [["k3", None], ["k6", "x"]])
    append("equality_evolved", "(7, 'k3', NULL)")


def equality_partitions():
    """Deletes of one partition delete in it alone; those of an unpartitioned spec everywhere."""
    create("equality_partitions", "id int, part string, s string", more="")
    append("equality_partitions", "(1, 'a', 'old'), (2, 'b', 'old')")
    sql("ALTER TABLE g.db.equality_partitions ADD PARTITION FIELD part")
    append("equality_partitions", "(1, 'a', 'x'), (2, 'a', 'x'), (3, 'a', 'y')")
    append("equality_partitions", "(1, 'b', 'x'), (2, 'b', 'x'), (3, 'b', 'y')")
    delete_equal("equality_partitions", ["id"], [[1]], partition={"part": "a"})
    delete_equal("equality_partitions", ["id"], [[2]], spec_id=0)
    append("equality_partitions", "(1, 'a', 'later'), (2, 'b', 'later')")


def equality_and_vectors():
    create("equality_and_vectors", "id int, s string", version=3)
    append("equality_and_vectors", "(1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e')")
    append("equality_and_vectors", "(1, 'A'), (6, 'f')")
    sql("DELETE FROM g.db.equality_and_vectors WHERE id IN (2, 6)")
    delete_equal("equality_and_vectors", ["id"], [[1], [4]])
    append("equality_and_vectors", "(4, 'again'), (2, 'again')")
    sql("DELETE FROM g.db.equality_and_vectors WHERE s = 'c'")


def rewritten():
    create("rewritten", "id bigint, s string")
    for i in range(4):
        append("rewritten", ", ".join(f"({i * 10 + k}L, 's{k}')" for k in range(5)))
    sql("DELETE FROM g.db.rewritten WHERE id IN (1, 12, 13)",
        "CALL g.system.rewrite_data_files(table => 'db.rewritten', options => map('min-input-files', '2'))",
        "DELETE FROM g.db.rewritten WHERE id = 21")
    append("rewritten", "(100L, 'after')")


def rewritten_v3():
    """The rewritten file holds the lineage of its rows."""
    create("rewritten_v3", "id bigint, s string", version=3)
    for i in range(3):
        append("rewritten_v3", ", ".join(f"({i * 10 + k}L, 's{k}')" for k in range(4)))
    sql("DELETE FROM g.db.rewritten_v3 WHERE id IN (2, 11)",
        "CALL g.system.rewrite_data_files(table => 'db.rewritten_v3', options => map('min-input-files', '2'))",
        "DELETE FROM g.db.rewritten_v3 WHERE id = 22")


def defaults():
    create("defaults", "id int", version=3)
    append("defaults", "(1), (2)")
    types = java().types.Types
    update = load("defaults").updateSchema()
    update.addColumn("n", getattr(types.IntegerType, "get")(), "", literal(7))
    update.addColumn("s", types.StringType.get(), "", literal("some"))
    update.addColumn("x", types.DoubleType.get(), "", literal(2.5))
    update.addColumn("plain", types.LongType.get())
    update.commit()
    append("defaults", "(3, 8, 'own', 1.5D, 1L), (4, NULL, NULL, NULL, NULL)")
    load("defaults").updateSchema().updateColumnDefault("n", literal(9)).renameColumn("s", "renamed").commit()
    append("defaults", "(5, 1, 'last', 0.5D, 2L)")
    sql("DELETE FROM g.db.defaults WHERE id = 2")


def partitions():
    create("partitions", "id bigint, ts timestamp, s string, n int", partitioned="days(ts)")
    append("partitions", "(1L, timestamp'2026-01-01 10:00:00', 'aa', 1), (2L, timestamp'1969-12-31 23:00:00', 'ab', 2), (3L, NULL, 'b', 3)")
    sql("ALTER TABLE g.db.partitions ADD PARTITION FIELD bucket(4, id)")
    append("partitions", "(4L, timestamp'2026-01-01 11:00:00', 'aa', 4), (5L, timestamp'2026-01-02 00:00:00', NULL, 5)")
    sql("ALTER TABLE g.db.partitions DROP PARTITION FIELD days(ts)", "ALTER TABLE g.db.partitions ADD PARTITION FIELD truncate(1, s)",
        "ALTER TABLE g.db.partitions ADD PARTITION FIELD n")
    append("partitions", "(6L, timestamp'2026-01-03 00:00:00', 'a/b=c d', 6), (7L, NULL, '', NULL)")
    sql("DELETE FROM g.db.partitions WHERE id IN (2, 4, 7)")


TABLES = [position_deletes, deletion_vectors, upgraded, equality_null, equality_evolved, equality_partitions,
          equality_and_vectors, rewritten, rewritten_v3, defaults, partitions]


# ---------------------------------------------------------------------------------------------------------- expected

def rows_of(name, version=""):
    table = spark.sql(f"SELECT * FROM g.db.{name} {version}").toArrow()
    return {"columns": table.schema.names, "lines": lines_of(table)}


def describe(name):
    history = spark.sql(f"SELECT snapshot_id, operation FROM g.db.{name}.snapshots ORDER BY committed_at").collect()
    files = spark.sql(f"SELECT content, file_format, count(*), count(DISTINCT file_path) FROM g.db.{name}.all_files GROUP BY ALL ORDER BY ALL").collect()
    metadata = PLACE / "db" / name / "metadata"
    hint = (metadata / "version-hint.text").read_text()
    return {"metadata": f"db/{name}/metadata/v{hint}.metadata.json", **rows_of(name),
            "files": [list(f) for f in files],
            "snapshots": {str(s): {"operation": what, **rows_of(name, f"VERSION AS OF {s}")} for s, what in history}}


def no_checksums(info):
    return None if info.name.endswith(".crc") else info


def main():
    shutil.rmtree(PLACE, ignore_errors=True)
    start()
    for make in TABLES:
        make()
    expected = {make.__name__: describe(make.__name__) for make in TABLES}
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    with tarfile.open(HERE / "tables.tar.gz", "w:gz") as tar:
        tar.add(PLACE / "db", "db", filter=no_checksums)


main()
