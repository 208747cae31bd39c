"""Content-Encoding, chunks, expectations, and HTTP itself."""

import gzip
import zlib

import client_model as model

from .protobuf import PROTOBUF
from .request import GROUP, TEXT, Request, push, single


def cases():
    yield from encoding_cases()
    yield from raw_cases()


def encoding_cases():
    zipped = gzip.compress(b"a 1\n", mtime=0)
    bodies = {
        "gzip": (zipped, "gzip"),
        "gzip in capitals": (zipped, "GZIP"),
        "gzip of nothing": (gzip.compress(b"", mtime=0), "gzip"),
        "two gzip members": (zipped + gzip.compress(b"b 1\n", mtime=0), "gzip"),
        "gzip of protobuf": (gzip.compress(PROTOBUF, mtime=0), "gzip"),
        "gzip cut short": (zipped[:-5], "gzip"),
        "gzip cut in the header": (zipped[:5], "gzip"),
        "gzip with a wrong checksum": (zipped[:-8] + b"\x00" * 4 + zipped[-4:], "gzip"),
        "gzip with bytes after it": (zipped + b"x", "gzip"),
        "text that says gzip": (TEXT, "gzip"),
        "an empty body that says gzip": (b"", "gzip"),
        "gzip that does not say so": (zipped, ""),
        "identity": (TEXT, "identity"),
        "text that says snappy": (TEXT, "snappy"),
        "text that says br": (TEXT, "br"),
        "text that says deflate": (TEXT, "deflate"),
        "text that says zstd": (TEXT, "zstd"),
        "text that says compress": (TEXT, "compress"),
        "text that says nonsense": (TEXT, "nonsense"),
        "text that says *": (TEXT, "*"),
        "x-gzip": (zipped, "x-gzip"),
        "gzip with a parameter": (zipped, "gzip;q=1"),
        "identity, gzip": (zipped, "identity, gzip"),
        "gzip, identity": (zipped, "gzip, identity"),
        "identity in capitals": (TEXT, "Identity"),
        "blanks around gzip": (zipped, " \t gzip \t "),
        "a comma alone": (TEXT, ","),
        "gzip of what does not parse": (gzip.compress(b"a x\n", mtime=0), "gzip"),
        "gzip of what is refused": (gzip.compress(b"a 1 5\n", mtime=0), "gzip"),
        "gzip of text without its end": (gzip.compress(b"a 1", mtime=0), "gzip"),
        "gzip, stored": (gzip.compress(b"a 1\n", 0, mtime=0), "gzip"),
        "gzip with a name": (zipped[:3] + b"\x08" + zipped[4:10] + b"name\x00" + zipped[10:], "gzip"),
        "gzip with an extra field": (zipped[:3] + b"\x04" + zipped[4:10] + b"\x02\x00xy" + zipped[10:], "gzip"),
        "gzip of another method": (zipped[:2] + b"\x07" + zipped[3:], "gzip"),
        "gzip with a wrong length": (zipped[:-4] + b"\x05\x00\x00\x00", "gzip"),
        "gzip of a wrong block": (zipped[:10] + b"\x07" + zipped[11:], "gzip"),
        "zlib that says gzip": (zlib.compress(TEXT), "gzip"),
        "zlib that says deflate": (zlib.compress(TEXT), "deflate"),
        "gzip, gzip": (gzip.compress(zipped, mtime=0), "gzip, gzip"),
    }
    for name, (body, encoding) in bodies.items():
        headers = {"Content-Encoding": encoding} if encoding else {}
        if "protobuf" in name:
            headers["Content-Type"] = model.CONTENT_TYPE
        yield single(f"encoding: {name}", Request("POST", GROUP, body, headers))
    chunks = [zipped[:7], zipped[7:]]
    yield single("chunked: gzip", Request("POST", GROUP, headers={"Content-Encoding": "gzip"}, chunks=chunks))
    yield single("chunked: text", Request("POST", GROUP, chunks=[b"a", b" 1", b"\nb 2\n"]))
    yield single("chunked: nothing", Request("PUT", GROUP, chunks=[]))
    yield single(
        "chunked: protobuf", Request("PUT", GROUP, headers={"Content-Type": model.CONTENT_TYPE}, chunks=[PROTOBUF])
    )
    yield single("Expect: 100-continue", push(TEXT, Expect="100-continue"))
    yield single("Expect, chunked", Request("POST", GROUP, headers={"Expect": "100-continue"}, chunks=[TEXT]))
    yield single("Expect: nonsense", push(TEXT, Expect="nonsense"))


START = b"/metrics/job/a HTTP/1.1\r\nHost: x\r\n"  # behind the method


def raw_cases():
    requests = {
        "HTTP/1.0": b"POST /metrics/job/a HTTP/1.0\r\nContent-Length: 4\r\n\r\na 1\n",
        "HTTP/1.0 without a length": b"POST /metrics/job/a HTTP/1.0\r\n\r\n",
        "no length": b"POST /metrics/job/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "no Host": b"GET /-/ready HTTP/1.1\r\nConnection: close\r\n\r\n",
        "an absolute URL": b"POST http://x" + START + b"Connection: close\r\nContent-Length: 4\r\n\r\na 1\n",
        "two lengths": b"POST " + START + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\na 1\n",
        "a bad chunk": b"POST " + START + b"Transfer-Encoding: chunked\r\n\r\nx\r\na 1\n\r\n0\r\n\r\n",
        "OPTIONS *": b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "a request line of one word": b"NONSENSE\r\n\r\n",
        "HTTP/3.0": b"GET /-/ready HTTP/3.0\r\nHost: x\r\n\r\n",
    }
    for name, raw in requests.items():
        yield single(f"raw: {name}", Request("POST", "/metrics/job/a", raw=raw))
