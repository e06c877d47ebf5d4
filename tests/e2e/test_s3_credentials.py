"""Every step of the credentials chain against a fake of its endpoint, and identities that expire during a load."""
import datetime
import http.server
import json
import signal
import threading
import time
import urllib.parse

import pyarrow as pa
import pytest
from conftest import Server, run
from fakes3 import FakeS3
from s3server import clean_env, keys_env, parquet_bytes


def rows(n):
    return pa.table({"id": [f"key-{i}" for i in range(n)], "v": pa.array(range(n), pa.int64())})


@pytest.fixture
def fake():
    f = FakeS3()
    f.put("2026-11-22/part-0.parquet", parquet_bytes(rows(100)))
    f.put("2026-11-22/_SUCCESS")
    yield f
    f.close()


class Issuer:
    """Hands out identities that the fake S3 knows, by whatever protocol it is asked."""

    def __init__(self, fake, life_s=3600):
        self.fake, self.life_s, self.n, self.requests = fake, life_s, 0, []
        self.delay_s, self.broken = 0, False
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                issuer.requests.append((self.command, self.path, dict(self.headers.items()), body))
                time.sleep(issuer.delay_s)
                status, answer = (500, "broken") if issuer.broken else issuer.answer(self, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            do_PUT = do_POST = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def issue(self):
        self.n += 1
        access, secret, token = f"ASIA{self.n}", f"secret/{self.n}+=", f"token/{self.n}+="
        self.fake.allow(access, secret, token, self.life_s)
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.life_s)
        return access, secret, token, until.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def json(self, token="Token"):
        access, secret, value, until = self.issue()
        return json.dumps({"Code": "Success", "AccessKeyId": access, "SecretAccessKey": secret,
                           token: value, "Expiration": until})

    def sts(self, action, form):
        if action == "AssumeRoleWithWebIdentity" and form["WebIdentityToken"] != "a.b.c":
            return 403, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>no</Message>" \
                        "</Error></ErrorResponse>"
        access, secret, token, until = self.issue()
        return 200, f"<{action}Response xmlns='x'><{action}Result><Credentials>" \
                    f"<AccessKeyId>{access}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>" \
                    f"<SessionToken>{token}</SessionToken><Expiration>{until}</Expiration>" \
                    f"</Credentials></{action}Result></{action}Response>"

    def answer(self, h, body):
        if h.command == "POST":
            form = dict(urllib.parse.parse_qsl(body))
            return self.sts(form["Action"], form)
        if h.path == "/container":
            good = h.headers.get("Authorization") == "Bearer from-a-file"
            return (200, self.json()) if good else (401, "who are you?")
        if h.path == "/latest/api/token":
            good = h.command == "PUT" and h.headers["X-aws-ec2-metadata-token-ttl-seconds"]
            return (200, "session") if good else (405, "")
        if h.headers.get("X-aws-ec2-metadata-token") != "session":
            return 401, ""
        if h.path.endswith("/security-credentials/"):
            return 200, "the role"
        assert h.path.endswith("/security-credentials/the%20role"), h.path
        return 200, self.json()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def issuer(fake):
    i = Issuer(fake)
    yield i
    i.close()


def web_identity(tmp_path, issuer):
    token = tmp_path / "token"
    token.write_text("a.b.c\n")
    return clean_env(AWS_WEB_IDENTITY_TOKEN_FILE=str(token), AWS_ROLE_ARN="arn:aws:iam::1:role/r",
                     AWS_ENDPOINT_URL_STS=issuer.endpoint)


def container(tmp_path, issuer):
    token = tmp_path / "authorization"
    token.write_text("Bearer from-a-file\n")
    return clean_env(AWS_CONTAINER_CREDENTIALS_FULL_URI=issuer.endpoint + "/container",
                     AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token),
                     http_proxy="http://127.0.0.1:1", no_proxy="127.0.0.1")


def imds(tmp_path, issuer):
    return clean_env(AWS_EC2_METADATA_DISABLED="false",
                     AWS_EC2_METADATA_SERVICE_ENDPOINT=issuer.endpoint)


def process(tmp_path, issuer):
    """A command that asks the issuer, by its container protocol."""
    script = tmp_path / "print-credentials"
    script.write_text("#!/bin/sh\nexec curl -sf --noproxy '*' -H 'Authorization: Bearer from-a-file' "
                      f"{issuer.endpoint}/container | sed 's/\"Token\"/\"Version\":1,\"SessionToken\"/'\n")
    script.chmod(0o755)
    config = tmp_path / "config"
    config.write_text(f"[profile by-command]\ncredential_process = {script}\n")
    return clean_env(AWS_CONFIG_FILE=str(config), AWS_PROFILE="by-command")


def role_of_profile(tmp_path, issuer):
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text("[profile app]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n"
                      "external_id = e&x\nrole_session_name = s1\n")
    credentials.write_text("[base]\naws_access_key_id = AKBASE\naws_secret_access_key = base/secret\n")
    return clean_env(AWS_CONFIG_FILE=str(config), AWS_SHARED_CREDENTIALS_FILE=str(credentials),
                     AWS_PROFILE="app", AWS_ENDPOINT_URL_STS=issuer.endpoint)


PROVIDERS = [web_identity, container, imds, process, role_of_profile]


def table(fake, **fields):
    return {"source": {"s3": {"bucket": "b", "endpoint": fake.endpoint, **fields}}, "key": ["id"],
            "poll_interval": "200ms", "parts": 2}


def load(tmp_path, fake, env, **fields):
    path = tmp_path / "load.yml"
    path.write_text(json.dumps({"server": {"data_dir": str(tmp_path / "data")},
                                "tables": {"t": table(fake, **fields)}}))
    return run("load", "--config", path, env=env)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_provider(tmp_path, fake, issuer, provider):
    fake.allow("somebody", "else")
    got = load(tmp_path, fake, provider(tmp_path, issuer))
    assert got.returncode == 0, got.stderr
    assert issuer.n == 1  # asked once, for some listings and a read
    assert not fake.refusals


def test_role_of_profile_is_assumed_with_a_signed_request(tmp_path, fake, issuer):
    fake.allow("somebody", "else")
    assert load(tmp_path, fake, role_of_profile(tmp_path, issuer)).returncode == 0
    _, _, headers, body = issuer.requests[0]
    form = dict(urllib.parse.parse_qsl(body))
    assert form == {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": "arn:aws:iam::1:role/r",
                    "RoleSessionName": "s1", "ExternalId": "e&x"}
    assert "Credential=AKBASE/" in headers["Authorization"]
    assert "/us-east-1/sts/aws4_request" in headers["Authorization"]


def test_role_of_the_configuration(tmp_path, fake, issuer):
    fake.allow("somebody", "else")
    env = keys_env("AK", "secret", AWS_ENDPOINT_URL_STS=issuer.endpoint)
    got = load(tmp_path, fake, env, role_arn="arn:aws:iam::2:role/other")
    assert got.returncode == 0, got.stderr
    assert "other" in issuer.requests[0][3]


def test_order_of_the_chain(tmp_path, fake, issuer):
    """Configuration, then environment, then the rest."""
    fake.allow("AKCONF", "conf")
    fake.allow("AKENV", "env")
    env = imds(tmp_path, issuer) | {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "env"}
    load(tmp_path / "1" if (tmp_path / "1").mkdir() is None else None, fake, env,
         access_key_id="AKCONF", secret_access_key="conf")
    assert all("AKCONF/" in h["Authorization"] for _, _, _, h in fake.requests)
    fake.requests.clear()
    assert load(tmp_path, fake, env).returncode == 0
    assert all("AKENV/" in h["Authorization"] for _, _, _, h in fake.requests)
    assert not issuer.requests


def test_nobody_and_anonymous(tmp_path, fake):
    assert load(tmp_path, fake, clean_env()).returncode == 0
    assert not any("Authorization" in h for _, _, _, h in fake.requests)
    (tmp_path / "x").mkdir()
    assert load(tmp_path / "x", fake, keys_env("AK", "secret"), anonymous=True).returncode == 0
    assert not any("Authorization" in h for _, _, _, h in fake.requests)


@pytest.mark.parametrize("around", ["%s\n", "\ufeff%s", " %s \r\n"])
def test_blanks_around_credentials_are_trimmed(tmp_path, fake, around):
    fake.allow("AK", "secret")
    assert load(tmp_path, fake, keys_env(around % "AK", around % "secret")).returncode == 0
    assert all("Credential=AK/" in h["Authorization"] for _, _, _, h in fake.requests)
    fake.requests.clear()
    (tmp_path / "credentials").write_text("\ufeff[default]\r\naws_access_key_id = AK\r\naws_secret_access_key = secret\r\n")
    (tmp_path / "x").mkdir()
    env = clean_env(AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"))
    assert load(tmp_path / "x", fake, env).returncode == 0
    assert all("Credential=AK/" in h["Authorization"] for _, _, _, h in fake.requests)


@pytest.mark.parametrize("env, text", [
    ({"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "top\nsecret"}, "the secret access key has the byte 0x0a at position 3"),
    ({"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": " \n"}, "the secret access key is blank"),
    ({"AWS_ACCESS_KEY_ID": "AK"}, "AWS_SECRET_ACCESS_KEY is not"),
    ({"AWS_PROFILE": "missing"}, "profile 'missing': is not in the shared config"),
    ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent", "AWS_ROLE_ARN": "r"}, "web identity token"),
    ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/x"}, "plain HTTP from another machine"),
])
def test_a_step_that_is_configured_and_fails_is_an_error(tmp_path, fake, env, text):
    got = load(tmp_path, fake, clean_env(**env))
    assert got.returncode != 0
    assert "credentials: " in got.stderr and text in got.stderr


def test_sts_says_why(tmp_path, fake, issuer):
    env = web_identity(tmp_path, issuer)
    (tmp_path / "token").write_text("x.y.z")
    got = load(tmp_path, fake, env)
    assert "403 InvalidIdentityToken" in got.stderr and "x.y.z" not in got.stderr


@pytest.mark.parametrize("provider", PROVIDERS)
def test_expiry_in_mid_load(tmp_path, fake, issuer, provider):
    """Identities that live for a second and a half; a load that takes longer, one part after another."""
    issuer.life_s = 1.5
    n = 40_000
    fake.allow("somebody", "else")
    fake.put("2026-11-22/part-0.parquet",
             parquet_bytes(rows(n), row_group_size=4_000, compression="none", use_dictionary=False))
    fake.before = lambda h: time.sleep(0.15 if "Range" in h.headers else 0)
    got = load(tmp_path, fake, provider(tmp_path, issuer), part_size="64KiB", requests_in_flight=1)
    assert got.returncode == 0, got.stderr
    assert f" {n} " in got.stdout
    used = {h["Authorization"].split("Credential=")[1].split("/")[0] for _, _, _, h in fake.requests}
    assert len(used) >= 2, "the load was too short to see an identity expire"
    # None but the one that was just expiring was refused, and each was fetched once.
    assert len(fake.refusals) <= 2 * len(used)
    assert issuer.n <= len(used) + 1


def test_a_refresh_is_done_once_and_the_old_ones_serve_meanwhile(tmp_path, fake, issuer):
    issuer.life_s = 4
    fake.allow("somebody", "else")
    config = {f"t{i}": table(fake) | {"poll_interval": "20ms"} for i in range(1)}
    with Server(tmp_path, config, env=imds(tmp_path, issuer)) as server:
        server.wait_loaded("t0")
        issuer.delay_s = 0.3  # three requests: about a second, ten times the early tenth
        time.sleep(6)
        n_asked = sum(path.endswith("the%20role") for _, path, _, _ in issuer.requests)
        assert 2 <= n_asked <= 5
        assert server.status("t0")["ready"]
        issuer.broken = True
        server.wait_error("t0", "credentials")
        assert server.fetch_json("t0", ["key-7"])["v"] == [7]
        issuer.broken, issuer.delay_s = False, 0
        server.wait_for(lambda: not server.status("t0")["last_error"])


def test_refused_token_is_renewed(tmp_path, fake, issuer):
    """The store takes back what was good for an hour."""
    fake.allow("somebody", "else")
    with Server(tmp_path, {"t": table(fake)}, env=container(tmp_path, issuer)) as server:
        server.wait_loaded("t")
        assert issuer.n == 1
        fake.identities["ASIA1"].until = 1
        server.wait_for(lambda: issuer.n == 2)
        time.sleep(0.5)
        assert issuer.n == 2 and not server.status("t")["last_error"]


def test_hup_asks_again_while_the_old_ones_serve(tmp_path, fake, issuer):
    fake.allow("somebody", "else")
    with Server(tmp_path, {"t": table(fake)}, env=container(tmp_path, issuer)) as server:
        server.wait_loaded("t")
        assert issuer.n == 1
        server.process.send_signal(signal.SIGHUP)
        server.wait_for(lambda: issuer.n == 2)
        time.sleep(0.5)
        assert issuer.n == 2 and not server.status("t")["last_error"]


def test_what_has_expired_already_is_refused(tmp_path, fake, issuer):
    """Once, and not asked for again as fast as it comes."""
    issuer.life_s = -60
    fake.allow("somebody", "else")
    got = load(tmp_path, fake, process(tmp_path, issuer))
    assert got.returncode != 0
    assert "credentials: the credentials that were issued expired 6" in got.stderr
    assert issuer.n <= 3


def test_an_answer_that_is_not_json_is_not_quoted(tmp_path, fake):
    config = tmp_path / "config"
    config.write_text("[profile broken]\ncredential_process = echo '{\"SecretAccessKey\" \"minioadmin\"}'\n")
    got = load(tmp_path, fake, clean_env(AWS_CONFIG_FILE=str(config), AWS_PROFILE="broken"))
    assert got.returncode != 0
    assert "credential_process: not JSON, in line 1" in got.stderr and "minioadmin" not in got.stderr


def test_a_command_that_goes_on_does_not_keep_the_server(tmp_path, fake):
    """It has printed all, and closed its output, but does not end."""
    config = tmp_path / "config"
    config.write_text("[profile slow]\ncredential_process = echo '{}'; exec >&-; exec sleep 90\n")
    env = clean_env(AWS_CONFIG_FILE=str(config), AWS_PROFILE="slow")
    with Server(tmp_path, {"t": table(fake)}, env=env) as server:
        time.sleep(0.5)
        server.stop()  # waits for less than the command
