"""A small S3 of our own for what a real server does not do on demand: identities that expire, buckets in other
regions, clocks that differ, keys that it would refuse. Signatures are verified, by code written for this."""
import datetime
import hashlib
import hmac
import http.server
import re
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape


def quote(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-._~")


def signature(secret, method, raw_path, raw_query, headers, names, scope, stamp, body_hash):
    query = "&".join(sorted(raw_query.split("&"))) if raw_query else ""
    canonical = "\n".join([method, raw_path, query,
                           *(f"{n}:{' '.join(headers[n].split())}" for n in names), "",
                           ";".join(names), body_hash])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, "/".join(scope),
                         hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


class Identity:
    def __init__(self, access, secret, token=None, until=None):
        self.access, self.secret, self.token, self.until = access, secret, token, until


class FakeS3:
    def __init__(self):
        self.objects = {}  # key: (bytes, time)
        self.identities = {}  # access key: Identity
        self.region = "us-east-1"
        self.skew_s = 0
        self.requests = []  # (method, host, raw path with query, headers)
        self.refusals = []
        self.before = None  # called with the handler: True when it has answered
        self.page = 1000
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def date_time_string(self, timestamp=None):
                return super().date_time_string(time.time() + fake.skew_s)

            def do_GET(self):
                fake.handle(self)

            do_HEAD = do_POST = do_PUT = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def put(self, key, body=b""):
        self.objects[key] = (body, time.time())

    def allow(self, access, secret, token=None, life_s=None):
        until = time.time() + life_s if life_s else None
        self.identities[access] = Identity(access, secret, token, until)

    @staticmethod
    def send(h, status, body=b"", **headers):
        h.send_response(status)
        for name, value in headers.items():
            h.send_header(name.replace("_", "-"), value)
        h.send_header("Content-Length", str(len(body)))
        h.end_headers()
        if h.command != "HEAD":
            h.wfile.write(body)

    def refuse(self, h, status, code, message, **headers):
        self.refusals.append(code)
        extra = f"<Region>{self.region}</Region>" if code == "AuthorizationHeaderMalformed" else ""
        body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{extra}</Error>"
        self.send(h, status, body.encode(), **headers)

    def check(self, h, raw_path, raw_query):
        """Whether the request may go on; else it is answered."""
        auth = h.headers.get("Authorization")
        if not self.identities:
            return True
        if not auth:
            self.refuse(h, 403, "AccessDenied", "Access Denied")
            return False
        m = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/aws4_request, "
                         r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})", auth)
        access, day, region, names, given = m.groups()
        who, stamp = self.identities.get(access), h.headers["x-amz-date"]
        if region != self.region:
            self.refuse(h, 400, "AuthorizationHeaderMalformed", f"expecting '{self.region}'",
                        x_amz_bucket_region=self.region)
            return False
        sent = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
        if abs(sent.timestamp() - (time.time() + self.skew_s)) > 900:
            self.refuse(h, 403, "RequestTimeTooSkewed", "The difference is too large.")
            return False
        if who is None:
            self.refuse(h, 403, "InvalidAccessKeyId", "The access key does not exist.")
            return False
        headers = {n.lower(): v for n, v in h.headers.items()}
        want = signature(who.secret, h.command, raw_path, raw_query, headers, names.split(";"),
                         [day, region, "s3", "aws4_request"], stamp, headers["x-amz-content-sha256"])
        if want != given or quote(urllib.parse.unquote(raw_path), "/") != raw_path:
            self.refuse(h, 403, "SignatureDoesNotMatch", "The signature does not match.")
            return False
        if headers.get("x-amz-security-token") != who.token:
            self.refuse(h, 403, "InvalidToken", "The token is another one.")
            return False
        if who.until and time.time() > who.until:
            self.refuse(h, 400, "ExpiredToken", "The provided token has expired.")
            return False
        return True

    def handle(self, h):
        self.requests.append((h.command, h.headers["Host"], h.path, dict(h.headers.items())))
        if self.before and self.before(h):
            return
        raw_path, _, raw_query = h.path.partition("?")
        if not self.check(h, raw_path, raw_query):
            return
        path = urllib.parse.unquote(raw_path)
        is_virtual = not h.headers["Host"].startswith(("127.0.0.1", "localhost"))
        key = path[1:] if is_virtual else path[1:].partition("/")[2]
        if key == "" and "list-type=2" in raw_query:
            self.list(h, dict(urllib.parse.parse_qsl(raw_query)))
        else:
            self.get(h, key)

    def list(self, h, query):
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter")
        after = query.get("continuation-token", query.get("start-after", ""))
        names = {}
        for key in self.objects:
            rest = key[len(prefix):]
            if key.startswith(prefix):
                cut = rest.find(delimiter) if delimiter else -1
                name = key if cut < 0 else prefix + rest[:cut + 1]
                names[name] = cut >= 0
        names = sorted((n, f) for n, f in names.items() if n > after)
        page, more = names[:self.page], len(names) > self.page
        xml = ["<ListBucketResult><EncodingType>url</EncodingType>",
               f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"]
        if more:
            xml.append(f"<NextContinuationToken>{escape(page[-1][0])}</NextContinuationToken>")
        for name, is_folder in page:
            if is_folder:
                xml.append(f"<CommonPrefixes><Prefix>{quote(name, '/')}</Prefix></CommonPrefixes>")
            else:
                body, at = self.objects[name]
                when = datetime.datetime.fromtimestamp(at, datetime.UTC)
                xml.append(f"<Contents><Key>{quote(name, '/').replace('%20', '+')}</Key>"
                           f"<LastModified>{when:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
                           f"<ETag>&quot;{hashlib.md5(body).hexdigest()}&quot;</ETag>"
                           f"<Size>{len(body)}</Size></Contents>")
        self.send(h, 200, "".join(xml + ["</ListBucketResult>"]).encode())

    def get(self, h, key):
        if key not in self.objects:
            self.refuse(h, 404, "NoSuchKey", "The specified key does not exist.")
            return
        body = self.objects[key][0]
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        if h.headers.get("If-Match", etag) != etag:
            self.refuse(h, 412, "PreconditionFailed", "At least one of the conditions failed.")
            return
        m = re.fullmatch(r"bytes=(\d*)-(\d*)", h.headers.get("Range", ""))
        if not m:
            self.send(h, 200, body, ETag=etag)
            return
        first = int(m[1]) if m[1] else max(0, len(body) - int(m[2]))
        last = min(int(m[2]), len(body) - 1) if m[1] and m[2] else len(body) - 1
        self.send(h, 206, body[first:last + 1], ETag=etag,
                  Content_Range=f"bytes {first}-{last}/{len(body)}")
