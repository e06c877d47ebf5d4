"""Iceberg tables of catalogs: Apache's REST server, a fake one that refuses, expires and misleads, and folders."""
import json
import os
import random
import shutil
import time

import pyarrow as pa
import pytest
from catalogs import (Answer, FakeCatalog, JavaCatalog, iceberg, new_table, refusal, rows, s3_properties,
                      sql_catalog, verify_sigv4, wait_until)
from conftest import Server, run
from fakes3 import FakeS3
from faultproxy import FaultProxy
from s3server import clean_env


@pytest.fixture
def bucket(s3):
    return s3.bucket()


@pytest.fixture
def fake():
    f = FakeCatalog()
    yield f
    f.close()


@pytest.fixture
def writer(tmp_path, s3, bucket):
    """A catalog to write tables with, on the real store."""
    folder = tmp_path / "writer"
    folder.mkdir()
    return sql_catalog(folder, f"s3://{bucket.name}/wh", **s3_properties(s3))


def lake(uri, bucket, s3, endpoint=None, **fields):
    """The section `catalogs`, with fast retries."""
    store = {"endpoint": endpoint or s3.endpoint, "region": "us-east-1", "retry_delay": "1ms", "max_attempts": 4,
             "stall_timeout": "2s"}
    return {"lake": {"uri": uri, "locations": [f"s3://{bucket.name}/"], "s3": store, **fields}}


def wait_rows(server, table, n, version=0):
    """Wait until exactly n rows are served, all of that version."""
    def are_there():
        got = server.fetch_json(table, [f"key-{i}" for i in (0, n - 1, n)], ["v"])["v"]
        return got == [version, version, None]
    server.wait_loaded(table)
    server.wait_for(are_there)


# ----------------------------------------------------------------------------------------------- Apache's server


def test_a_table_of_apaches_server_is_followed(tmp_path, s3, bucket):
    catalog = JavaCatalog(tmp_path, s3, bucket)
    try:
        catalog.client.create_namespace("db")
        table = new_table(catalog.client, "db.t", rows(100))
        with Server(tmp_path / "murr", {"t": iceberg()}, env=s3.env(),
                    catalogs=lake(catalog.uri, bucket, s3)) as server:
            wait_rows(server, "t", 100)
            table.append(rows(50, start=100))
            wait_rows(server, "t", 150)
            table.overwrite(rows(30, version=1))
            wait_rows(server, "t", 30, version=1)
            catalog.client.drop_table("db.t")
            server.wait_error("t", "catalog lake: it has no table db.t")
            assert server.fetch_json("t", ["key-0"])["v"] == [1]  # what serves stays
    finally:
        catalog.close()


def test_credentials_of_apaches_server_are_enough(tmp_path, s3, bucket):
    catalog = JavaCatalog(tmp_path, s3, bucket, **{"include-credentials": "true"})
    try:
        catalog.client.create_namespace("db")
        new_table(catalog.client, "db.t", rows(100))
        with Server(tmp_path / "murr", {"t": iceberg()}, env=clean_env(),
                    catalogs=lake(catalog.uri, bucket, s3)) as server:
            wait_rows(server, "t", 100)
    finally:
        catalog.close()


# ------------------------------------------------------------------------------------------------ faults, identity


def test_an_unchanged_table_costs_a_304_a_poll(tmp_path, s3, bucket, writer, fake):
    new_table(writer, "db.t", rows(10))
    fake.serve(writer, "db.t")
    with Server(tmp_path / "murr", {"t": iceberg()}, env=s3.env(), catalogs=lake(fake.uri, bucket, s3)) as server:
        wait_rows(server, "t", 10)
        fake.statuses()
        wait_until(lambda: len(fake.requests) >= 4)
        assert set(fake.statuses()) == {304}


def test_oauth2_outlives_refusals_and_short_tokens(tmp_path, s3, bucket, writer, fake):
    table = new_table(writer, "db.t", rows(10))
    fake.serve(writer, "db.t")
    fake.client, fake.life_s, fake.authorize = ("me", "s3cr:et"), 2, fake.wants_token
    secret = tmp_path / "secret"
    secret.write_text("me:s3cr:et\n")
    with Server(tmp_path / "murr", {"t": iceberg()}, env=s3.env(),
                catalogs=lake(fake.uri, bucket, s3, credential_file=str(secret))) as server:
        wait_rows(server, "t", 10)
        fake.tokens = frozenset()  # all are revoked
        table.append(rows(10, start=10))
        wait_rows(server, "t", 20)
        fake.client = None  # nobody gets a token
        fake.tokens = frozenset()
        server.wait_error("t", "catalog lake: ")
        server.wait_error("t", "status 401 invalid_client: who are you?")
        assert "s3cr:et" not in server.log_text()
        fake.client = ("me", "s3cr:et")
        table.append(rows(10, start=20))
        wait_rows(server, "t", 30)


def test_a_busy_broken_or_slow_catalog_is_outwaited(tmp_path, s3, bucket, writer, fake):
    table = new_table(writer, "db.t", rows(10))
    fake.serve(writer, "db.t")
    plan = [Answer(429, b"", Retry_After="0"), Answer(503, b"busy"), Answer(502, b"<html>"), None,
            Answer(200, b'{"metadata-location": "s3://x/y", "metadata": {"form'), None, Answer(419, {}), None,
            Answer(200, b"\0" * 1000), Answer(302, b"", Location="http://169.254.169.254/latest/meta-data"),
            Answer(200, {"metadata": {"format-version": 9}}), None]

    def before(h):
        if "/tables/" in h.path and plan:
            answer = plan.pop(0)
            if answer:
                raise answer
    fake.before = before
    with Server(tmp_path / "murr", {"t": iceberg()}, env=s3.env(),
                catalogs=lake(fake.uri, bucket, s3, token="t")) as server:
        wait_rows(server, "t", 10)
        wait_until(lambda: not plan)
        table.append(rows(10, start=10))
        wait_rows(server, "t", 20)
        assert "169.254.169.254" in server.log_text() and "link-local" in server.log_text()


@pytest.mark.parametrize("kind", ["rest", "glue", "s3tables"])
def test_signed_requests_are_what_botocore_signs(tmp_path, s3, bucket, writer, fake, kind):
    new_table(writer, "db.t", rows(10))
    fake.serve(writer, "db.t")
    service = {"rest": "execute-api"}.get(kind, kind)
    fake.prefix = {"s3tables": "arn%3Aaws%3As3tables%3Aeu-west-3%3A1%3Abucket%2Fb/", "glue": "catalogs/123/"}.get(
        kind, "")
    fake.config["overrides"] = {"prefix": fake.prefix.rstrip("/")} if fake.prefix else {}
    fields = {"rest": {"sigv4": {"service": service, "region": "eu-west-3"}, "warehouse": "a b/~+&"},
              "glue": {"sigv4": {"region": "eu-west-3"}},
              "s3tables": {"warehouse": "arn:aws:s3tables:eu-west-3:1:bucket/b"}}[kind]

    def authorize(h):
        if not verify_sigv4(h, service, "eu-west-3", s3.access, s3.secret, None):
            raise refusal(403, "SignatureDoesNotMatch", "not what botocore signs")
    fake.authorize = authorize
    with Server(tmp_path / "murr", {"t": iceberg()}, env=s3.env(),
                catalogs=lake(fake.uri, bucket, s3, type=kind, **fields)) as server:
        wait_rows(server, "t", 10)


# ---------------------------------------------------------------------------------------------- what is handed out


def test_vended_credentials_that_end_during_a_load_are_renewed(tmp_path, s3, bucket, writer, fake):
    table = writer.create_table("db.t", rows(1).schema)
    for i in range(6):
        table.append(rows(10, start=10 * i))
    fake.serve(writer, "db.t")
    store = FakeS3()
    for key in bucket.keys():
        store.put(key, s3.client.get_object(Bucket=bucket.name, Key=key)["Body"].read())
    n = 0

    def issue():
        """The store knows the newest credentials alone."""
        nonlocal n
        n += 1
        store.identities.clear()
        store.allow(f"AK{n}", f"sk{n}", f"st{n}", 3600)
        return [{"prefix": f"s3://{bucket.name}/", "config": {
            "s3.access-key-id": f"AK{n}", "s3.secret-access-key": f"sk{n}", "s3.session-token": f"st{n}",
            "s3.session-token-expires-at-ms": str(int(time.time() * 1000) + 3600_000)}}]
    n_reads = 0

    def before(h):
        """Every third read of a data file finds that its credentials have ended."""
        nonlocal n_reads
        n_reads += "/data/" in h.path
        if "/data/" in h.path and n_reads % 3 == 0:
            store.refuse(h, 400, "ExpiredToken", "The provided token has expired.")
            return True
        return False
    fake.storage_credentials, store.before = issue, before
    fake.table_config = {"s3.endpoint": store.endpoint, "client.region": "us-east-1"}
    fake.config["endpoints"] = ["GET /v1/{prefix}/namespaces/{namespace}/tables/{table}/credentials"]
    try:
        with Server(tmp_path / "murr", {"t": iceberg()}, env=clean_env(),
                    catalogs={"lake": {"uri": fake.uri, "locations": [f"s3://{bucket.name}/wh"],
                                       "s3": {"retry_delay": "1ms"}}}) as server:
            wait_rows(server, "t", 60)
            assert any(r[1].endswith("/credentials") for r in fake.requests)
    finally:
        store.close()


def test_the_store_that_a_catalog_names_is_checked(tmp_path, s3, bucket, writer, fake):
    new_table(writer, "db.t", rows(10))
    fake.serve(writer, "db.t")
    fake.table_config = {"s3.endpoint": "http://169.254.169.254", "s3.access-key-id": "a",
                         "s3.secret-access-key": "b"}
    catalogs = {"lake": {"uri": fake.uri, "locations": [f"s3://{bucket.name}/"]}}
    with Server(tmp_path / "murr", {"t": iceberg()}, env=clean_env(), catalogs=catalogs) as server:
        server.wait_error("t", "catalog lake: table db.t: the catalog gives s3.endpoint 'http://169.254.169.254', a "
                               "link-local address")
        fake.table_config = {"s3.remote-signing-enabled": "true"}
        server.wait_error("t", "s3.remote-signing-enabled")


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "s3://another-bucket/x.avro",
                                 "http://169.254.169.254/latest/x.avro", "/etc/passwd", "s3://{bucket}/../x.avro"])
def test_metadata_may_not_lead_elsewhere(tmp_path, s3, bucket, writer, fake, uri):
    new_table(writer, "db.t", rows(10))
    fake.serve(writer, "db.t")
    current = fake.tables["db.t"]
    uri = uri.format(bucket=bucket.name)

    def misled():
        location, metadata = current()
        for snapshot in metadata["snapshots"]:
            snapshot["manifest-list"] = uri
        return location, metadata
    fake.tables["db.t"] = misled
    with Server(tmp_path / "murr", {"t": iceberg()}, env=s3.env(), catalogs=lake(fake.uri, bucket, s3)) as server:
        server.wait_error("t", uri)
        assert not server.status("t")["ready"]


# ------------------------------------------------------------------------------------------------ without a server


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path, s3, bucket):
    """Where tables are: the URI, properties for PyIceberg, and functions to write and remove a file."""
    if request.param == "folder":
        folder = tmp_path / "wh"

        def put(name, data):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return str(folder), f"file://{folder}", {}, put, lambda name: (folder / name).unlink()
    uri = f"s3://{bucket.name}/wh"
    return uri, uri, s3_properties(s3), lambda n, d: bucket.put(f"wh/{n}", d), lambda n: bucket.delete(f"wh/{n}")


def test_tables_of_a_folder_are_followed(tmp_path, s3, place):
    warehouse, uri, properties, put, remove = place
    (tmp_path / "writer").mkdir()
    writer = sql_catalog(tmp_path / "writer", uri, **properties)
    table = new_table(writer, "db.t", rows(10), location=f"{uri}/db/t")
    store = {"endpoint": s3.endpoint, "region": "us-east-1"}
    catalogs = {"lake": {"type": "filesystem", "warehouse": warehouse, "s3": store}}
    tables = {"t": iceberg(), "l": {**iceberg(), "source": {"iceberg": {"location": f"{warehouse}/db/t", "s3": store}}}}

    def hinted(text, name):
        """As a Hadoop catalog does: the next file, then the hint."""
        with table.io.new_input(table.metadata_location).open() as f:
            put(f"db/t/metadata/{name}", f.read())
        put("db/t/metadata/version-hint.text", text)
    with Server(tmp_path / "murr", tables, env=s3.env(), catalogs=catalogs) as server:
        for name in tables:
            wait_rows(server, name, 10)
        table.append(rows(10, start=10))
        for name in tables:
            wait_rows(server, name, 20)
        table.append(rows(10, start=20))
        hinted(b"100", "v100.metadata.json")
        for name in tables:
            wait_rows(server, name, 30)
        table.append(rows(10, start=30))  # the hint and its files count
        table.append(rows(10, start=40))
        hinted(b"100", "v101.metadata.json")  # the hint comes late
        for name in tables:
            wait_rows(server, name, 50)
        table.append(rows(10, start=50))
        with table.io.new_input(table.metadata_location).open() as f:
            put("db/t/metadata/v101.gz.metadata.json", f.read())
        for name in tables:
            server.wait_error(name, "v101.gz.metadata.json and v101.metadata.json")
        remove("db/t/metadata/version-hint.text")
        remove("db/t/metadata/v101.metadata.json")
        remove("db/t/metadata/v101.gz.metadata.json")
        remove("db/t/metadata/v100.metadata.json")
        for name in tables:
            wait_rows(server, name, 60)


# ---------------------------------------------------------------------------------------------------- random faults


def spoil(rng):
    """A fault of the catalog, or none."""
    kinds = [None] * 6 + ["cut", "garbage"] + [Answer(s, b"") for s in (401, 419, 429, 500, 502, 503, 504)]
    return rng.choice(kinds)


def test_random_faults_never_show_in_rows(tmp_path, s3, bucket, writer, fake, rng):
    """Faults between Murr, catalog and store at each commit; MURR_TEST_SCHEDULES says how many commits."""
    n_commits = min(int(os.environ.get("MURR_TEST_SCHEDULES", 10)), 500)
    table = new_table(writer, "db.t", rows(20))
    fake.serve(writer, "db.t")
    fake.client, fake.authorize = ("me", "secret"), fake.wants_token
    proxy = FaultProxy(s3.port)
    budget = 0

    def before(h):
        nonlocal budget
        fault = spoil(rng) if budget > 0 else None
        if fault:
            budget -= 1
        if isinstance(fault, Answer):
            raise fault
        if fault == "garbage":
            raise Answer(200, bytes(rng.randrange(256) for _ in range(200)))
        if fault == "cut":
            body = fake.route(h).body
            raise Answer(200, body[:rng.randrange(len(body) + 1) // 2])
    fake.before = before
    catalogs = lake(fake.uri, bucket, s3, credential="me:secret", endpoint=proxy.endpoint)
    with Server(tmp_path / "murr", {"t": iceberg()}, env=s3.env(), catalogs=catalogs) as server:
        wait_rows(server, "t", 20)
        n, version = 20, 0
        for i in range(n_commits):
            budget = 6
            proxy.schedule(rng, 3, 12)
            if rng.random() < 0.5:
                table.append(rows(5, version, start=n))
                n += 5
            else:
                version, n = i + 1, rng.randint(1, 30)
                table.overwrite(rows(n, version))
            deadline = time.monotonic() + 60
            while True:
                got = server.fetch_json("t", [f"key-{k}" for k in range(n + 40)], ["v"])["v"]
                seen = [v for v in got if v is not None]
                assert len(set(seen)) == 1 and got[:len(seen)] == seen, got  # of one snapshot
                if len(seen) == n and seen[0] == version:
                    break
                assert time.monotonic() < deadline, (fake.requests[-6:], server.status("t"), server.log_text())
                time.sleep(0.02)
    proxy.close()
