"""Messages that two readers could understand in two ways: one answer, 400 or 501, and the end of the connection.

Behind each stands a request that a proxy may have taken for a body, or for the body's end. It must never be answered.
"""
import json
import socket

import pyarrow as pa
import pytest
from conftest import Server, local, publish

HIDDEN = b"DELETE /api/v1/table/victim HTTP/1.1\r\nHost: x\r\n\r\n"
N = str(len(HIDDEN)).encode()


def head(*lines, start=b"POST /v1/t/_fetch HTTP/1.1", host=b"Host: x"):
    return b"\r\n".join([start, *([host] if host else []), *lines, b"", b""])


def chunks(*lines):
    return head(b"Transfer-Encoding: chunked") + b"".join(lines)


FORMS = {
    # two lengths
    "Content-Length twice": head(b"Content-Length: 0", b"Content-Length: " + N),
    "Content-Length twice, the same": head(b"Content-Length: " + N, b"Content-Length: " + N),
    "Content-Length in two cases": head(b"Content-Length: 0", b"CONTENT-LENGTH: " + N),
    "a list of lengths": head(b"Content-Length: " + N + b", " + N),
    "a list of other lengths": head(b"Content-Length: 0, " + N),
    "length with a sign": head(b"Content-Length: +" + N),
    "negative length": head(b"Content-Length: -1"),
    "hexadecimal length": head(b"Content-Length: 0x1"),
    "length with a point": head(b"Content-Length: 1.0"),
    "length with an exponent": head(b"Content-Length: 1e1"),
    "length in two words": head(b"Content-Length: 1 0"),
    "length and a comment": head(b"Content-Length: 0;x"),
    "length of letters": head(b"Content-Length: abc"),
    "empty length": head(b"Content-Length:"),
    "length in quotes": head(b'Content-Length: "0"'),
    "length beyond 64 bits": head(b"Content-Length: 18446744073709551616"),
    "length that wraps to small": head(b"Content-Length: 36893488147419103232"),
    "length with a vertical tab": head(b"Content-Length: \x0b0"),
    "length in digits of another script": head("Content-Length: ٣".encode()),
    # both framings
    "CL.TE": head(b"Content-Length: " + N, b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "TE.CL": head(b"Transfer-Encoding: chunked", b"Content-Length: 4") + b"0\r\n\r\n",
    "CL.TE, coding not known": head(b"Content-Length: 0", b"Transfer-Encoding: xchunked"),
    "TE in HTTP/1.0": head(b"Transfer-Encoding: chunked", start=b"POST / HTTP/1.0") + b"0\r\n\r\n",
    # transfer codings
    "TE twice": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "TE twice, one not known": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity") + b"0\r\n\r\n",
    "TE chunked, chunked": head(b"Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n",
    "TE identity": head(b"Transfer-Encoding: identity"),
    "TE gzip": head(b"Transfer-Encoding: gzip"),
    "TE gzip, chunked": head(b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "TE chunked, gzip": head(b"Transfer-Encoding: chunked, gzip") + b"0\r\n\r\n",
    "TE xchunked": head(b"Transfer-Encoding: xchunked"),
    "TE chunkedx": head(b"Transfer-Encoding: chunkedx"),
    "TE with a parameter": head(b"Transfer-Encoding: chunked; q=1") + b"0\r\n\r\n",
    "TE in quotes": head(b'Transfer-Encoding: "chunked"') + b"0\r\n\r\n",
    "TE with a vertical tab": head(b"Transfer-Encoding: \x0bchunked") + b"0\r\n\r\n",
    "TE with a form feed": head(b"Transfer-Encoding: chunked\x0c") + b"0\r\n\r\n",
    "TE empty": head(b"Transfer-Encoding:"),
    "TE of a comma": head(b"Transfer-Encoding: ,"),
    "TE folded": head(b"Transfer-Encoding:\r\n chunked") + b"0\r\n\r\n",
    # names
    "blank before the colon": head(b"Content-Length : " + N),
    "tab before the colon": head(b"Content-Length\t: " + N),
    "TE, blank before the colon": head(b"Transfer-Encoding : chunked") + b"0\r\n\r\n",
    "blank before the name": head(b" Content-Length: " + N),
    "blank before the first name": head(host=None) [:-2] + b" Host: x\r\n\r\n",
    "no name": head(b": foo"),
    "no colon": head(b"foo"),
    "name in two words": head(b"foo bar: x"),
    "name in quotes": head(b'"Content-Length": 5'),
    "name with a NUL": head(b"Content-Length\0: " + N),
    "value with a NUL": head(b"foo: a\0b"),
    "value with a control byte": head(b"foo: a\x01b"),
    "value with a DEL": head(b"foo: a\x7fb"),
    "name of no ASCII": head("Contént-Length: 5".encode()),
    # ends of lines
    "bare LF everywhere": b"POST / HTTP/1.1\nHost: x\n\n",
    "bare LF in the head": head(b"foo: bar\nContent-Length: " + N),
    "bare LF at the end": head()[:-2] + b"\n",
    "bare LF behind the request line": b"POST / HTTP/1.1\nHost: x\r\n\r\n",
    "bare CR in the head": head(b"foo: bar\rContent-Length: " + N),
    "bare CR everywhere": b"POST / HTTP/1.1\rHost: x\r\r",
    "CR CR LF": head(b"foo: bar\r"),
    "LF CR": head(b"foo: bar\n\rx: y"),
    "folded with a blank": head(b"foo: bar\r\n baz"),
    "folded with a tab": head(b"foo: bar\r\n\tbaz"),
    "folded length": head(b"Content-Length:\r\n " + N),
    "folded first line": head(host=b" Host: x"),
    # hosts
    "no Host": head(host=None),
    "two Hosts": head(b"Host: y"),
    "two Hosts, the same": head(b"Host: x"),
    "two Hosts in two cases": head(b"HOST: x"),
    "empty Host": head(host=b"Host:"),
    "a list of hosts": head(host=b"Host: x, y"),
    "Host in two words": head(host=b"Host: x y"),
    "Host with a path": head(host=b"Host: x/y"),
    "Host with a user": head(host=b"Host: u@x"),
    "Host with a port of letters": head(host=b"Host: x:http"),
    "absolute target without Host": head(start=b"POST http://x/v1/t/_fetch HTTP/1.1", host=None),
    # request lines
    "two blanks": head(start=b"POST  /v1/t/_fetch HTTP/1.1"),
    "tabs": head(start=b"POST\t/v1/t/_fetch\tHTTP/1.1"),
    "blank in the path": head(start=b"POST /v1/t /_fetch HTTP/1.1"),
    "blank behind the version": head(start=b"POST / HTTP/1.1 "),
    "blank before the method": head(start=b" POST / HTTP/1.1"),
    "no version": head(start=b"POST /"),
    "version of letters": head(start=b"POST / HTTP/x.y"),
    "version in small letters": head(start=b"POST / http/1.1"),
    "version of three digits": head(start=b"POST / HTTP/1.11"),
    "no path": head(start=b"POST HTTP/1.1"),
    "path without a slash": head(start=b"POST v1/t HTTP/1.1"),
    "NUL in the path": head(start=b"POST /\0 HTTP/1.1"),
    "method of no token": head(start=b"PO(ST / HTTP/1.1"),
    "two empty lines first": b"\r\n\r\n" + head(),
    # chunks
    "chunk with a sign": chunks(b"+0\r\n\r\n"),
    "chunk with 0x": chunks(b"0x0\r\n\r\n"),
    "chunk with a blank before": chunks(b" 0\r\n\r\n"),
    "chunk with a blank behind": chunks(b"0 \r\n\r\n"),
    "chunk with bare LF": chunks(b"0\n\r\n"),
    "chunk with bare LF at the end": chunks(b"0\r\n\n"),
    "chunk with a bare CR": chunks(b"0\r\r\n"),
    "chunk without a size": chunks(b"\r\n0\r\n\r\n"),
    "chunk of letters": chunks(b"xyz\r\n"),
    "chunk too large to be": chunks(b"ffffffffffffffff1\r\n"),
    "chunk shorter than it says": chunks(b"4\r\nabc\r\n0\r\n\r\n"),
    "chunk longer than it says": chunks(b"2\r\nabc\r\n0\r\n\r\n"),
    "extension with bare LF": chunks(b"1;a\nb\r\nx\r\n0\r\n\r\n"),
    "trailer folded": chunks(b"0\r\na: b\r\n c\r\n\r\n"),
    "trailer without a name": chunks(b"0\r\n: b\r\n\r\n"),
    "trailer with bare LF": chunks(b"0\r\na: b\n\r\n"),
}


@pytest.fixture(scope="module")
def murr(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smuggling")
    publish(folder / "s", "2026-11-22", [pa.table({"id": ["a"], "v": [1.5]})])
    with Server(folder, {"t": local(folder / "s", ["id"])}) as m:
        m.wait_loaded("t")
        schema = {"key": "id", "columns": {"id": {"dtype": "utf8"}}}
        assert m.request("PUT", "/api/v1/table/victim", json.dumps(schema))[0] == 201
        yield m


def exchange(murr, data):
    """All that comes back until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", murr.port), timeout=30) as s:
        s.sendall(data)
        got = b""
        while part := s.recv(65536):
            got += part
        return got


def test_there_are_enough_forms():
    assert len(FORMS) >= 64


@pytest.mark.parametrize("name", FORMS)
def test_refused_once_and_closed(murr, name):
    got = exchange(murr, FORMS[name] + HIDDEN)
    assert got.count(b"HTTP/1.1 ") == 1, got
    assert got.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 ")), got
    head_, body = got.split(b"\r\n\r\n", 1)
    assert b"\r\nConnection: close" in head_
    assert json.loads(body)["error"]
    if "TE identity" == name or "gzip" in name or "xchunked" in name and "CL" not in name:
        assert got.startswith(b"HTTP/1.1 501 "), got


def test_the_hidden_request_was_never_run(murr):
    assert murr.request("GET", "/api/v1/table/victim/schema")[0] == 200


@pytest.mark.parametrize("start", [b"GET http://x/health HTTP/1.1", b"GET http://other:80/health HTTP/1.1",
                                   b"GET HTTPS://[::1]/health HTTP/1.1"])
def test_absolute_targets_are_taken(murr, start):
    assert exchange(murr, head(b"Connection: close", start=start)).startswith(b"HTTP/1.1 200 ")


def test_good_requests_in_a_row_are_all_answered(murr):
    body = b'{"keys": ["a"]}'
    one = head(b"Content-Length: %d" % len(body)) + body
    chunked = head(b"Transfer-Encoding: Chunked") + b"f;ext=1\r\n" + body + b"\r\n0\r\nTrailer: x\r\n\r\n"
    last = head(b"Connection: close", start=b"GET /health HTTP/1.1")
    got = exchange(murr, one + chunked + b"\r\n" + one + last)
    assert got.count(b"HTTP/1.1 200 ") == 4, got
