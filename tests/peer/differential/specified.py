"""SPECIFIED: what is younger than the peer, and what the specifications say of it.

The peer is Debian's package of the upstream, 1.5.1; there is no newer one, neither as a package nor as a Go library.
Snappy came with 1.6, UTF-8 names with 1.11.

What is expected is from the framing format of snappy (framing_format.txt) and from Prometheus's exposition formats and
escaping schemes (content negotiation); messages, where no specification has any, are ours."""

import dataclasses
import json
import re
import struct

import client_model as model

from .request import GROUP, TEXT, Request, push
from .wanted import TEXT_HEADERS

OK = '200 | ""'
PLAIN = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
UTF8 = "text/plain;version=1.0.0;escaping=allow-utf-8"
STRING = r'"(?:[^"\\]|\\.)*"'
PART = re.compile(f'(?:{STRING}|[^,="]+)(?:={STRING})?')  # a label, or a name in quotes


@dataclasses.dataclass
class Specified:
    name: str
    request: Request
    answer: str
    lines: list  # of the scrape that follows: samples and types of what was pushed, sorted
    accept: str = "text/plain;version=0.0.4"
    content_type: str = PLAIN


def scraped(gateway, case):
    """The Content-Type, and the lines of what was pushed but for the times of pushes."""
    answer, body = gateway.send(Request("GET", gateway.telemetry, headers={"Accept": case.accept}))
    text = body.decode()
    lines = [line for line in text.splitlines() if re.search('[{,]job="|^# TYPE', line)]
    own = re.compile("(# TYPE )?(push_|pushgateway_|pgw_|process_|promhttp_)")
    return "\n".join([answer.getheader("Content-Type"), *comparable(line for line in lines if not own.match(line))])


def comparable(lines):
    """Sorted, and so is what is in braces: neither has an order that means anything."""
    return sorted(
        re.sub(r"\{(.*)\}", lambda match: "{" + ",".join(sorted(PART.findall(match[1]))) + "}", line) for line in lines
    )


def sample(name, value="1", *labels):
    return name + "{" + ",".join(['instance=""', 'job="differential"', *labels]) + "} " + value


# UTF-8 names


def quoted(name, body, lines):
    return Specified(
        f"UTF-8: {name}", push(body), OK, lines, UTF8, "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
    )


def refused(reason):
    return f"400 | {json.dumps(reason, ensure_ascii=False)}{TEXT_HEADERS}"


# Of the escaping schemes: dots, underscores, letters outside ASCII, digits in front.
ESCAPED = b'{"m.n_\xc3\xbc","l.1"="a","1"="b"} 1\n'
SCHEMES = {
    "allow-utf-8": ['# TYPE "m.n_\u00fc" untyped', '{"m.n_\u00fc","1"="b",instance="",job="differential","l.1"="a"} 1'],
    "underscores": ["# TYPE m_n__ untyped", 'm_n__{_="b",instance="",job="differential",l_1="a"} 1'],
    "dots": ["# TYPE m_dot_n____ untyped", 'm_dot_n____{__="b",instance="",job="differential",l_dot_1="a"} 1'],
    "values": [
        "# TYPE U__m_2e_n___fc_ untyped",
        'U__m_2e_n___fc_{U___31_="b",instance="",job="differential",U__l_2e_1="a"} 1',
    ],
}


def utf8_cases():
    yield quoted(
        "a name with a dot", b'{"m.n"} 1\n', ['# TYPE "m.n" untyped', '{"m.n",instance="",job="differential"} 1']
    )
    yield quoted("a plain name in quotes", b'{"m"} 1\n', ["# TYPE m untyped", sample("m")])
    yield quoted("a name before the braces", b'"m"{l="v"} 1\n', ["# TYPE m untyped", sample("m", "1", 'l="v"')])
    yield quoted(
        "escapes in a name",
        b'{"a\\\\b\\"c\\nd"} 1\n',
        ['# TYPE "a\\\\b\\"c\\nd" untyped', '{"a\\\\b\\"c\\nd",instance="",job="differential"} 1'],
    )
    yield quoted(
        "TYPE of a quoted name",
        b'# TYPE "m n" gauge\n{"m n"} 1\n',
        ['# TYPE "m n" gauge', '{"m n",instance="",job="differential"} 1'],
    )
    yield quoted("a trailing comma", b'{"m",l="v",} 1\n', ["# TYPE m untyped", sample("m", "1", 'l="v"')])
    for name, body, reason in [
        ("two names", b'{"a","b"} 1\n', 'multiple metric names for metric "a"'),
        ("no name", b'{a="b"} 1\n', "invalid metric name"),
        ("an empty name", b'{""} 1\n', 'invalid metric name ""'),
        ("an empty label name", b'a{""="c"} 1\n', 'invalid label name ""'),
        ("a name that is not UTF-8", b'{"\xff"} 1\n', 'invalid metric name "\\xff"'),
        ("a name that does not end", b'{"a} 1\n', 'metric name "a} 1" contains unescaped new-line'),
        ("another escape", b'{"a\\q"} 1\n', "invalid escape sequence '\\q'"),
    ]:
        yield Specified(f"UTF-8: {name}", push(body), refused(f"text format parsing error in line 1: {reason}"), [])
    for scheme, lines in SCHEMES.items():
        for version in "0.0.4", "1.0.0":
            accept = f"text/plain;version={version};escaping={scheme}"
            content_type = f"text/plain; version={version}; charset=utf-8; escaping={scheme}"
            yield Specified(f"escaping: {accept}", push(ESCAPED), OK, lines, accept, content_type)
    for path, label in [
        ("U__x_2e_y/z", '"x.y"="z"'),
        ("U__x__y/z", 'x_y="z"'),
        ("U___fc_/z", '"\u00fc"="z"'),
        ("U__x_2e_y@base64/eg", '"x.y"="z"'),
    ]:
        labels = ['instance=""', 'job="differential"', label]
        labels.sort(key=lambda pair: pair.strip('"'))
        yield Specified(
            f"UTF-8: {path} in the path",
            push(TEXT, path=f"{GROUP}/{path}"),
            OK,
            ["# TYPE a untyped", "a{" + ",".join(labels) + "} 1"],
            UTF8,
            "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        )


# Snappy in its framing format


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def chunk(kind, data):
    return bytes([kind]) + len(data).to_bytes(3, "little") + data


def block(data, compressed):
    return chunk(0x00, struct.pack("<I", masked(data)) + compressed)


def verbatim(data):
    return chunk(0x01, struct.pack("<I", masked(data)) + data)


START = chunk(0xFF, b"sNaPpY")
A_1 = ["# TYPE a untyped", sample("a")]
LITERAL = block(TEXT, b"\x04\x0c" + TEXT)
# ab, then 6 bytes from 2 back, then the rest: abababab 1
COPY = block(b"abababab 1\n", b"\x0b\x04ab\x09\x02\x08 1\n")
SNAPPY = {
    "a literal": (START + LITERAL, OK, A_1),
    "a copy": (START + COPY, OK, ["# TYPE abababab untyped", sample("abababab")]),
    "not compressed": (START + verbatim(TEXT), OK, A_1),
    "two chunks that part a line": (START + verbatim(b"a ") + verbatim(b"1\n"), OK, A_1),
    "padding": (START + chunk(0xFE, bytes(9)) + LITERAL, OK, A_1),
    "a chunk that may be skipped": (START + chunk(0x80, b"x") + LITERAL + chunk(0xFD, b""), OK, A_1),
    "the identifier again": (START + verbatim(b"a 1") + START + verbatim(b"\n"), OK, A_1),
    "nothing in it": (START, OK, []),
    "a chunk that may not be skipped": (
        START + chunk(0x02, b"x") + LITERAL,
        refused("snappy data with a chunk of the unknown type 0x02"),
        [],
    ),
    "a wrong checksum": (
        START + LITERAL[:4] + b"\x00" + LITERAL[5:],
        refused("damaged snappy data: the checksum of a chunk is wrong"),
        [],
    ),
    "a wrong identifier": (
        chunk(0xFF, b"sNaPpy") + LITERAL,
        refused("damaged snappy data: the stream identifier is wrong"),
        [],
    ),
    "no identifier": (
        LITERAL,
        refused("the body is not snappy in its framing format: the stream identifier is missing"),
        [],
    ),
    "a chunk cut short": ((START + LITERAL)[:-1], refused("the snappy data is cut off"), []),
    "a header cut short": (START + b"\x00\x01", refused("the snappy data is cut off"), []),
    "a copy from before the beginning": (
        START + block(b"abababab 1\n", b"\x0b\x04ab\x09\x09\x08 1\n"),
        refused("damaged snappy data: a chunk does not decompress"),
        [],
    ),
    "another length than announced": (
        START + block(TEXT, b"\x05\x0c" + TEXT),
        refused("damaged snappy data: a chunk does not decompress"),
        [],
    ),
    "the block format without frames": (
        b"\x04\x0c" + TEXT,
        refused("the body is not snappy in its framing format: the stream identifier is missing"),
        [],
    ),
}


def snappy_cases():
    for name, (body, answer, lines) in SNAPPY.items():
        yield Specified(f"snappy: {name}", push(body, Content_Encoding="snappy"), answer, lines)
    gauge = model.delimited({"name": "a", "type": model.UNTYPED_TYPE, "metric": [{"untyped": {"value": 1.0}}]})
    headers = {"Content_Encoding": "snappy", "Content_Type": model.CONTENT_TYPE}
    yield Specified("snappy: protobuf", push(START + verbatim(gauge), **headers), OK, A_1)


SPECIFIED = [*utf8_cases(), *snappy_cases()]
