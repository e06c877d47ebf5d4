"""A real S3 server on loopback (MinIO, or moto_server where that could not be built), and what fills it."""
import io
import os
import pathlib
import socket
import subprocess
import time
import urllib.request

import boto3
import botocore.config
import pyarrow.parquet as pq

ROOT = pathlib.Path(__file__).resolve().parents[2]
MINIO = ROOT / "build" / "s3" / "server"
ACCESS, SECRET = "murr-test-user", "murr-test-secret-key"
ENV_NAMES = ("AWS_", "MINIO_", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")


def clean_env(**more):
    """This process's environment without anything that names an identity or a proxy."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(ENV_NAMES)}
    env["AWS_EC2_METADATA_DISABLED"] = "true"
    env["HOME"] = "/nonexistent"
    env.update(more)
    return env


def keys_env(access=ACCESS, secret=SECRET, **more):
    return clean_env(AWS_ACCESS_KEY_ID=access, AWS_SECRET_ACCESS_KEY=secret, **more)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def client_of(endpoint, access=ACCESS, secret=SECRET, token=None):
    return boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=access,
                        aws_secret_access_key=secret, aws_session_token=token,
                        region_name="us-east-1",
                        config=botocore.config.Config(s3={"addressing_style": "path"},
                                                      max_pool_connections=32, proxies={},
                                                      retries={"max_attempts": 4}))


class S3Server:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.is_minio = MINIO.exists()
        self.process = None
        self.n_buckets = 0

    def command(self):
        if self.is_minio:
            return [str(MINIO), "server", "--quiet", "--address", f"127.0.0.1:{self.port}",
                    "--console-address", f"127.0.0.1:{free_port()}", str(self.folder / "disk")]
        return [str(ROOT / "build/venv/bin/moto_server"), "-H", "127.0.0.1", "-p", str(self.port)]

    def start(self):
        env = clean_env(MINIO_ROOT_USER=ACCESS, MINIO_ROOT_PASSWORD=SECRET, MINIO_BROWSER="off",
                        MINIO_UPDATE="off", INITIAL_NO_AUTH_ACTION_COUNT="3", HOME=str(self.folder), GOMAXPROCS="2")
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), env=env, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            try:
                path = "/minio/health/ready" if self.is_minio else "/moto-api/"
                with urllib.request.urlopen(self.endpoint + path, timeout=5) as res:
                    if res.status == 200:
                        break
            except OSError:
                time.sleep(0.05)
        else:
            raise AssertionError("the S3 server did not start")
        self.access, self.secret = ACCESS, SECRET
        if not self.is_minio:
            self.make_moto_user()
        self.client = client_of(self.endpoint, self.access, self.secret)

    def make_moto_user(self):
        """With the first three requests; then moto verifies signatures."""
        import json
        iam = boto3.client("iam", endpoint_url=self.endpoint, region_name="us-east-1",
                           aws_access_key_id="x", aws_secret_access_key="y")
        iam.create_user(UserName="murr")
        policy = {"Version": "2012-10-17",
                  "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.put_user_policy(UserName="murr", PolicyName="all", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName="murr")["AccessKey"]
        self.access, self.secret = key["AccessKeyId"], key["SecretAccessKey"]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def env(self, **more):
        return keys_env(self.access, self.secret, **more)

    def bucket(self):
        """A fresh, empty one."""
        self.n_buckets += 1
        bucket = Bucket(self, f"bucket-{self.n_buckets}")
        self.client.create_bucket(Bucket=bucket.name)
        return bucket


def parquet_bytes(table, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


class Bucket:
    def __init__(self, server, name):
        self.server, self.name, self.client = server, name, server.client

    def put(self, key, body=b""):
        self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def delete(self, *keys):
        for key in keys:
            self.client.delete_object(Bucket=self.name, Key=key)

    def keys(self, prefix=""):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [o["Key"] for page in pages for o in page.get("Contents", [])]

    def publish(self, date, tables, prefix="", success=True, **options):
        """Write a partition as a job does: files, then _SUCCESS."""
        for i, table in enumerate(tables):
            self.put(f"{prefix}{date}/part-{i:05d}.parquet", parquet_bytes(table, **options))
        if success:
            self.put(f"{prefix}{date}/_SUCCESS")

    def source(self, endpoint=None, **fields):
        return {"s3": {"bucket": self.name, "endpoint": endpoint or self.server.endpoint, **fields}}

    def table(self, key=("id",), endpoint=None, table=None, **fields):
        """A table's configuration; `fields` are of the source."""
        return {"source": self.source(endpoint, **fields), "key": list(key),
                "poll_interval": "200ms", "parts": 2, **(table or {})}
