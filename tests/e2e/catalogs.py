"""Catalogs of Iceberg tables: Apache's REST server, a fake one for what that does not do on demand, and PyIceberg,
which writes the tables."""
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import subprocess
import threading
import time
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pyarrow as pa
import pytest
from conftest import NO_GUARD
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.catalog.sql import SqlCatalog
from s3server import clean_env

ROOT = pathlib.Path(__file__).resolve().parents[2]
JAVA_SERVER = ROOT / "build" / "iceberg"


def rows(n, version=0, start=0):
    return pa.table({"id": [f"key-{i}" for i in range(start, start + n)],
                     "v": pa.array([version] * n, pa.int64())})


def s3_properties(s3):
    return {"s3.endpoint": s3.endpoint, "s3.access-key-id": s3.access, "s3.secret-access-key": s3.secret,
            "s3.region": "us-east-1"}


def sql_catalog(folder, warehouse, **properties):
    """A catalog of PyIceberg's own, to write tables with."""
    catalog = SqlCatalog("sql", uri=f"sqlite:///{folder}/catalog.db", warehouse=warehouse, **properties)
    catalog.create_namespace("db")
    return catalog


def new_table(catalog, name, data, **options):
    table = catalog.create_table(name, data.schema, **options)
    table.append(data)
    return table


class JavaCatalog:
    """Apache's REST server, over SQLite in memory."""

    def __init__(self, folder, s3, bucket, **properties):
        if not list(JAVA_SERVER.glob(".ready-*")):
            pytest.skip("there is no REST catalog server (tools/setup-iceberg)")
        self.s3, self.bucket = s3, bucket
        settings = {"warehouse": f"s3://{bucket.name}/wh", "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
                    "s3.endpoint": s3.endpoint, "s3.path-style-access": "true", "s3.access-key-id": s3.access,
                    "s3.secret-access-key": s3.secret, "client.region": "us-east-1", **properties}
        env = clean_env(HOME=str(folder))
        for name, value in settings.items():
            env["CATALOG_" + name.upper().replace("-", "__").replace(".", "_")] = value
        self.log = open(folder / "catalog.log", "wb")
        self.process = subprocess.Popen(
            ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx300m",
             "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp",
             f"{JAVA_SERVER}/classes:{JAVA_SERVER}/lib/*", "org.apache.iceberg.rest.CatalogServer"],
            env=env, stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline()
        assert line, (folder / "catalog.log").read_text()
        self.port = int(line)
        self.uri = f"http://127.0.0.1:{self.port}"
        self.client = RestCatalog("rest", uri=self.uri, **s3_properties(s3))

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


def verify_sigv4(h, service, region, access, secret, token):
    """Whether botocore would have signed the request so."""
    algorithm, _, rest = h.headers.get("Authorization", "").partition(" ")
    if algorithm != "AWS4-HMAC-SHA256":
        return False
    parts = dict(p.strip().split("=", 1) for p in rest.split(","))
    stamp = h.headers["x-amz-date"]
    if parts["Credential"] != f"{access}/{stamp[:8]}/{region}/{service}/aws4_request":
        return False
    if token and ("x-amz-security-token" not in parts["SignedHeaders"].split(";")
                  or h.headers["x-amz-security-token"] != token):
        return False
    request = botocore.awsrequest.AWSRequest(
        h.command, f"http://{h.headers['Host']}{h.path}",
        headers={n: h.headers[n] for n in parts["SignedHeaders"].split(";")})
    request.context["timestamp"] = stamp
    signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(access, secret, token), service, region)
    to_sign = signer.string_to_sign(request, signer.canonical_request(request))
    return signer.signature(to_sign, request) == parts["Signature"]


class Answer(Exception):
    """What the fake answers instead of what was asked for."""

    def __init__(self, status, body=b"", **headers):
        self.status, self.headers = status, headers
        self.body = json.dumps(body).encode() if isinstance(body, dict) else body


def refusal(status, kind, message):
    return Answer(status, {"error": {"message": message, "type": kind, "code": status}})


class FakeCatalog:
    """A REST catalog over tables of PyIceberg."""

    def __init__(self):
        self.tables = {}  # "db.t": callable that gives the place of the metadata and its JSON
        self.prefix = ""
        self.config = {"defaults": {}, "overrides": {}, "endpoints": []}
        self.table_config = {}
        self.storage_credentials = lambda: []
        self.authorize = None  # called with the handler; raises an Answer
        self.before = None  # the same, before anything else
        self.requests = []  # (method, path with query, headers, status)
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                fake.handle(self)

            do_POST = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def serve(self, catalog, name):
        """Serve a table of another catalog, always as it is there now."""
        def current():
            table = catalog.load_table(name)
            with table.io.new_input(table.metadata_location).open() as f:
                return table.metadata_location, json.loads(f.read())
        self.tables[name] = current

    def handle(self, h):
        h.body = h.rfile.read(int(h.headers.get("Content-Length", 0))).decode()
        try:
            if self.before:
                self.before(h)
            raise self.route(h)
        except Answer as answer:
            self.send(h, answer)

    def send(self, h, answer):
        self.requests.append((h.command, h.path, dict(h.headers.items()), answer.status))
        h.send_response(answer.status)
        for name, value in answer.headers.items():
            h.send_header(name.replace("_", "-"), value)
        if answer.status != 304:
            h.send_header("Content-Length", str(len(answer.body)))
        h.end_headers()
        h.wfile.write(answer.body)

    def route(self, h):
        path = urllib.parse.urlsplit(h.path).path
        if path == "/v1/oauth/tokens":
            return self.token(dict(urllib.parse.parse_qsl(h.body)))
        if self.authorize:
            self.authorize(h)
        if path == "/v1/config":
            return Answer(200, self.config)
        start = f"/v1/{self.prefix}namespaces/"
        if not path.startswith(start):
            return Answer(404, b"<html>")
        parts = path[len(start):].split("/")
        name = urllib.parse.unquote(parts[0]).replace("\x1f", ".") + "." + urllib.parse.unquote(parts[2])
        if name not in self.tables:
            return refusal(404, "NoSuchTableException", f"Table does not exist: {name}")
        if parts[3:] == ["credentials"]:
            return Answer(200, {"storage-credentials": self.storage_credentials()})
        return self.table(h, name)

    def table(self, h, name):
        location, metadata = self.tables[name]()
        mode = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(h.path).query)).get("snapshots", "all")
        etag = hashlib.sha256(f"{location}{mode}".encode()).hexdigest()
        if h.headers.get("If-None-Match") == etag:
            return Answer(304, ETag=etag)
        if mode == "refs":
            kept = {r["snapshot-id"] for r in metadata.get("refs", {}).values()}
            metadata["snapshots"] = [s for s in metadata["snapshots"] if s["snapshot-id"] in kept]
        return Answer(200, {"metadata-location": location, "metadata": metadata, "config": self.table_config,
                            "storage-credentials": self.storage_credentials()}, ETag=etag)

    #: For OAuth2: who may get tokens, how long they live, and those that are valid.
    client, life_s, tokens, n_tokens = None, 3600, frozenset(), 0

    def token(self, form):
        if (form.get("client_id"), form.get("client_secret")) != self.client:
            return Answer(401, {"error": "invalid_client", "error_description": "who are you?"})
        FakeCatalog.n_tokens += 1
        token = f"token-{FakeCatalog.n_tokens}"
        self.tokens = frozenset([token])
        return Answer(200, {"access_token": token, "token_type": "bearer", "expires_in": self.life_s})

    def wants_token(self, h):
        if h.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise refusal(401, "NotAuthorizedException", "no such token")

    def statuses(self):
        """Of the requests since the last call."""
        done, self.requests = self.requests, []
        return [r[3] for r in done]


def iceberg(name="db.t", catalog="lake", key=("id",), **fields):
    """A table's configuration; `fields` are of the source."""
    return {"source": {"iceberg": {"catalog": catalog, "table": name, **fields}}, "key": list(key),
            "poll_interval": "100ms", "parts": 2, "guard": NO_GUARD}


def seen_in_log(server, text):
    return text in server.log_text()


def wait_until(what, timeout=30):
    deadline = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
