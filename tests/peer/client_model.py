"""io.prometheus.client's messages, written and read byte by byte: dicts to delimited protobuf and back.

The field numbers are those of metrics.proto in prometheus/client_model. A dict has the names of the fields; a repeated
field is a list, an absent one isn't there.

    client_model.py FAMILY...    writes each, a Python literal of a dict, as a delimited MetricFamily
"""

import ast
import struct
import sys

# number: (name, kind, repeated); a kind that is a dict is a message.
TIMESTAMP = {1: ("seconds", "int", False), 2: ("nanos", "int", False)}
LABEL = {1: ("name", "string", False), 2: ("value", "string", False)}
EXEMPLAR = {
    1: ("label", LABEL, True),
    2: ("value", "double", False),
    3: ("timestamp", TIMESTAMP, False),
}
VALUE = {1: ("value", "double", False)}
COUNTER = {
    1: ("value", "double", False),
    2: ("exemplar", EXEMPLAR, False),
    3: ("created_timestamp", TIMESTAMP, False),
}
QUANTILE = {1: ("quantile", "double", False), 2: ("value", "double", False)}
SUMMARY = {
    1: ("sample_count", "int", False),
    2: ("sample_sum", "double", False),
    3: ("quantile", QUANTILE, True),
    4: ("created_timestamp", TIMESTAMP, False),
}
BUCKET = {
    1: ("cumulative_count", "int", False),
    2: ("upper_bound", "double", False),
    3: ("exemplar", EXEMPLAR, False),
    4: ("cumulative_count_float", "double", False),
}
SPAN = {1: ("offset", "zigzag", False), 2: ("length", "int", False)}
HISTOGRAM = {
    1: ("sample_count", "int", False),
    2: ("sample_sum", "double", False),
    3: ("bucket", BUCKET, True),
    4: ("sample_count_float", "double", False),
    5: ("schema", "zigzag", False),
    6: ("zero_threshold", "double", False),
    7: ("zero_count", "int", False),
    8: ("zero_count_float", "double", False),
    9: ("negative_span", SPAN, True),
    10: ("negative_delta", "zigzag", True),
    11: ("negative_count", "double", True),
    12: ("positive_span", SPAN, True),
    13: ("positive_delta", "zigzag", True),
    14: ("positive_count", "double", True),
    15: ("created_timestamp", TIMESTAMP, False),
    16: ("exemplars", EXEMPLAR, True),
}
METRIC = {
    1: ("label", LABEL, True),
    2: ("gauge", VALUE, False),
    3: ("counter", COUNTER, False),
    4: ("summary", SUMMARY, False),
    5: ("untyped", VALUE, False),
    6: ("timestamp_ms", "int", False),
    7: ("histogram", HISTOGRAM, False),
}
FAMILY = {
    1: ("name", "string", False),
    2: ("help", "string", False),
    3: ("type", "int", False),
    4: ("metric", METRIC, True),
    5: ("unit", "string", False),
}

COUNTER_TYPE, GAUGE_TYPE, SUMMARY_TYPE, UNTYPED_TYPE, HISTOGRAM_TYPE, GAUGE_HISTOGRAM_TYPE = range(6)

CONTENT_TYPE = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, kind, value):
    """One field with its tag. A string may be bytes, for what is not UTF-8."""
    if kind == "double":
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if kind == "int":
        return varint(number << 3) + varint(value)
    if kind == "zigzag":
        return varint(number << 3) + varint(value << 1 ^ value >> 63)
    data = encode(value, kind) if isinstance(kind, dict) else value if isinstance(value, bytes) else value.encode()
    return varint(number << 3 | 2) + varint(len(data)) + data


def encode(message, fields=None):
    out = b""
    for number, (name, kind, repeated) in (fields or FAMILY).items():
        if name in message:
            for value in message[name] if repeated else [message[name]]:
                out += field(number, kind, value)
    return out


def delimited(*families):
    out = b""
    for family in families:
        message = encode(family)
        out += varint(len(message)) + message
    return out


def read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        at += 1
        if not data[at - 1] & 0x80:
            return number, at
        shift += 7


def read_value(data, at, wire):
    if wire == 0:
        return read_varint(data, at)
    if wire == 1:
        return struct.unpack_from("<d", data, at)[0], at + 8
    if wire == 2:
        length, at = read_varint(data, at)
        if at + length > len(data):
            raise ValueError("a field is cut short")
        return data[at : at + length], at + length
    raise ValueError(f"wire type {wire}")


def typed(value, kind):
    if isinstance(kind, dict):
        return decode(value, kind)
    if kind == "zigzag":
        return value >> 1 ^ -(value & 1)
    return value.decode() if kind == "string" else value


def unpacked(data, kind):
    at = 0
    while at < len(data):
        value, at = read_value(data, at, 1 if kind == "double" else 0)
        yield typed(value, kind)


def decode(data, fields=None):
    message = {}
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        value, at = read_value(data, at, tag & 7)
        name, kind, repeated = (fields or FAMILY)[tag >> 3]
        if not repeated:
            message[name] = typed(value, kind)
        elif tag & 7 == 2 and kind in ("int", "zigzag", "double"):
            message.setdefault(name, []).extend(unpacked(value, kind))
        else:
            message.setdefault(name, []).append(typed(value, kind))
    return message


def decode_delimited(data):
    at = 0
    while at < len(data):
        message, at = read_value(data, at, 2)
        yield decode(message)


if __name__ == "__main__":
    sys.stdout.buffer.write(delimited(*(ast.literal_eval(argument) for argument in sys.argv[1:])))
