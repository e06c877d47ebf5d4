"""A proxy between Murr and an S3 server that counts what passes and, when told to, spoils it.

The Host header passes unchanged, so signatures hold. Range and If-Match are not signed: a fault may alter them.
"""
import collections
import random
import re
import socket
import struct
import threading
import time

SLOW_DOWN = (b'<?xml version="1.0"?><Error><Code>SlowDown</Code>'
             b"<Message>Please reduce your request rate.</Message></Error>")

#: Every kind of fault, with how much of a test's time it may take.
FAULTS = {
    "reset": 4, "reset_midway": 4, "stall": 0.3, "unavailable": 3, "burst": 2, "bad_gateway": 2,
    "truncated": 4, "short_range": 3, "wrong_range": 3, "no_content_range": 1, "drip": 1,
    "whole": 3, "other_etag": 2, "cut_listing": 2, "too_many": 1, "timeout": 1,
}


class Message:
    """Start line, headers and where the body ends."""

    def __init__(self, stream):
        self.start = stream.readline()
        self.headers = []
        while True:
            line = stream.readline()
            if line in (b"\r\n", b"\n", b""):
                break
            name, _, value = line.partition(b":")
            self.headers.append([name.strip(), value.strip()])

    def get(self, name):
        for n, v in self.headers:
            if n.lower() == name.lower().encode():
                return v.decode()
        return None

    def set(self, name, value):
        self.headers = [h for h in self.headers if h[0].lower() != name.lower().encode()]
        if value is not None:
            self.headers.append([name.encode(), str(value).encode()])

    def head(self):
        return self.start + b"".join(n + b": " + v + b"\r\n" for n, v in self.headers) + b"\r\n"


class Broken(Exception):
    """The connection to Murr is to end here."""


class FaultProxy:
    def __init__(self, upstream_port):
        self.upstream_port = upstream_port
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.lock = threading.Lock()
        self.rng = random.Random(0)
        self.plan = collections.deque()  # faults for the requests to come; None: none
        self.burst = 0
        self.counts = collections.Counter()
        self.object_bytes = 0
        self.requests = []  # (method, path)
        self.ranges = []  # (first, last) of all ranges asked for
        self.in_flight, self.most_in_flight, self.delay_s = 0, 0, 0
        self.on_request = None  # called with method, path, message: an answer (status, body) or None
        self.stop_now = False
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.stop_now = True
        self.listener.close()

    def reset_counts(self):
        with self.lock:
            self.counts.clear()
            self.object_bytes = 0
            self.requests = []

    def schedule(self, rng, n_faults, within):
        """Spoil `n_faults` of the next `within` requests, by chance."""
        kinds = rng.choices(list(FAULTS), list(FAULTS.values()), k=n_faults)
        plan = [None] * within
        for at, kind in zip(rng.sample(range(within), n_faults), kinds):
            plan[at] = kind
        with self.lock:
            self.rng = random.Random(rng.random())
            self.plan = collections.deque(plan)
            self.burst = 0
        return kinds

    def next_fault(self, is_range, is_listing):
        with self.lock:
            if self.burst > 0:
                self.burst -= 1
                return "unavailable"
            fault = self.plan.popleft() if self.plan else None
            if fault == "burst":
                self.burst = self.rng.randint(1, 4)
                fault = "unavailable"
            if not is_range and fault in ("short_range", "wrong_range", "no_content_range", "whole",
                                          "other_etag"):
                fault = None
            if not is_listing and fault == "cut_listing":
                fault = None
            if fault:
                self.counts[fault] += 1
            return fault

    def accept(self):
        while not self.stop_now:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, client):
        upstream = None
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = client.makefile("rb")
            while True:
                request = Message(stream)
                if not request.start:
                    return
                if upstream is None:
                    upstream = socket.create_connection(("127.0.0.1", self.upstream_port))
                    upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    up_stream = upstream.makefile("rb")
                self.one(client, request, upstream, up_stream)
        except (Broken, OSError, ValueError):
            pass
        finally:
            for s in (client, upstream):
                if s is not None:
                    s.close()

    @staticmethod
    def reset(client):
        """Close with RST."""
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Broken()

    @staticmethod
    def answer(client, status, body, **headers):
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
        for name, value in headers.items():
            head += f"{name.replace('_', '-')}: {value}\r\n"
        client.sendall(head.encode() + b"\r\n" + body)

    def refuse(self, client, fault):
        """Faults that never ask the server."""
        if fault == "reset":
            self.reset(client)
        answers = {
            "unavailable": ("503 Slow Down", SLOW_DOWN),
            "bad_gateway": (self.rng.choice(["500 Oops", "502 Bad Gateway", "504 Timeout"]),
                            b"<html>not XML<"),
            "too_many": ("429 Too Many Requests", b""),
            "timeout": ("400 Bad Request", b"<Error><Code>RequestTimeout</Code></Error>"),
        }
        if fault not in answers:
            return False
        self.answer(client, *answers[fault])
        return True

    def one(self, client, request, upstream, up_stream):
        method, path = request.start.decode().split()[:2]
        is_range = request.get("Range") is not None
        if is_range:
            m = re.fullmatch(r"bytes=(\d*)-(\d+)", request.get("Range"))
            self.ranges.append((int(m[1]) if m[1] else -int(m[2]), int(m[2])))
        with self.lock:
            self.requests.append((method, path))
        if self.on_request:
            answer = self.on_request(method, path, request)
            if answer:
                self.answer(client, *answer[:2], **(answer[2] if len(answer) > 2 else {}))
                return
        if not is_range:
            self.pass_on(client, request, upstream, up_stream, method, path, is_range)
            return
        with self.lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            time.sleep(self.delay_s)
            self.pass_on(client, request, upstream, up_stream, method, path, is_range)
        finally:
            with self.lock:
                self.in_flight -= 1

    def pass_on(self, client, request, upstream, up_stream, method, path, is_range):
        fault = self.next_fault(is_range, "list-type=2" in path)
        if fault and self.refuse(client, fault):
            return
        if fault == "whole":
            request.set("Range", None)
        if fault == "wrong_range":
            request.set("Range", re.sub(r"bytes=(\d+)-(\d+)",
                                        lambda m: f"bytes={max(0, int(m[1]) - 7)}-{m[2]}",
                                        request.get("Range")))
        upstream.sendall(request.head())
        response = Message(up_stream)
        length = 0 if method == "HEAD" else int(response.get("Content-Length") or 0)
        if fault == "other_etag":
            response.set("ETag", '"0123456789abcdef0123456789abcdef"')
        if fault == "no_content_range":
            response.set("Content-Range", None)
        body = up_stream.read(length) if fault or not is_range else None
        if fault == "short_range" and length > 1:
            keep = self.rng.randint(1, length - 1)
            first, _, total = re.match(r"bytes (\d+)-(\d+)/(\d+)",
                                       response.get("Content-Range")).groups()
            response.set("Content-Range", f"bytes {first}-{int(first) + keep - 1}/{total}")
            response.set("Content-Length", keep)
            body = body[:keep]
        if fault == "cut_listing":
            body = body[:self.rng.randint(0, max(0, length - 1))]
            response.set("Content-Length", len(body))
        client.sendall(response.head())
        if fault:
            self.send_spoiled(client, body, fault, is_range)
        elif body is not None:
            client.sendall(body)
        else:
            self.relay(client, up_stream, length)

    def count(self, n):
        with self.lock:
            self.object_bytes += n

    def relay(self, client, up_stream, length):
        while length:
            piece = up_stream.read1(min(length, 1 << 18))
            if not piece:
                raise Broken()
            client.sendall(piece)
            self.count(len(piece))
            length -= len(piece)

    def send_spoiled(self, client, body, fault, is_range):
        cut = self.rng.randint(0, len(body))
        if fault in ("reset_midway", "truncated", "stall"):
            client.sendall(body[:cut])
            if fault == "reset_midway":
                time.sleep(0.01)
                self.reset(client)
            if fault == "stall":
                time.sleep(3.5)
            raise Broken()
        if fault == "drip":
            step = max(1, len(body) // 20)
            for at in range(0, len(body), step):
                client.sendall(body[at:at + step])
                time.sleep(0.005)
            return
        client.sendall(body)
        if is_range:
            self.count(len(body))
