"""differential.py PEER OURS: sends the same requests to two gateways and prints NAME, the peer's and our answer, a line
each. Where we want to differ, the peer's answer is replaced by the wanted one, with the reason beside it below.

Each request stands alone: the group of one that was stored is deleted before the next."""

import http.client
import json
import re
import sys
import urllib.parse

BODIES = [
    "a 1\n",
    "",
    "\n",
    " \t\n",
    "a 1",
    "a 1\r\n",
    "a\n",
    "a \n",
    "a 1 \n",
    "a 1 2\n",
    "a 1 -2\n",
    "a 1 2 3\n",
    "a 1 2.5\n",
    "a 1 x\n",
    " \t a \t 1\n",
    "a{} 1\n",
    "a{ } 1\n",
    "a{,} 1\n",
    'a{b="c"} 1\n',
    'a{b="c",} 1\n',
    'a{b="c",,} 1\n',
    'a{b="c" d="e"} 1\n',
    't{ a = "1" , b="2", } 1\n',
    'a{b="c"}1\n',
    'a{b="c"\n',
    'a{b="c\n"} 1\n',
    'a{b=c} 1\n',
    'a{b} 1\n',
    "a{1b=\"c\"} 1\n",
    'a{b="c",b="d"} 1\n',
    'a{__name__="b"} 1\n',
    'a{__b="c"} 1\n',
    'a{b="\\\\ \\" \\n"} 1\n',
    'a{b="\\q"} 1\n',
    'a{b="\\t"} 1\n',
    'a{b="\xff"} 1\n',
    "1a 1\n",
    "a-b 1\n",
    ":a:b 1\n",
    "\u00fc 1\n",
    '{a="b"} 1\n',
    "a 1e3\n",
    "a .5\n",
    "a 5.\n",
    "a .\n",
    "a +1\n",
    "a --1\n",
    "a 1e\n",
    "a 1e400\n",
    "a -1e400\n",
    "a 1e-400\n",
    "a 0x10\n",
    "a 0x1p3\n",
    "a 1_000\n",
    "a NaN\n",
    "a nan\n",
    "a +nan\n",
    "a inf\n",
    "a -Inf\n",
    "a +infinity\n",
    "a infinit\n",
    "a 1,5\n",
    "#\na 1\n",
    "#HELP a x\na 1\n",
    "# HELP\na 1\n",
    "# HELP a\na 1\n",
    "# HELP a \na 1\n",
    "# HELP a x\n# HELP a y\na 1\n",
    "# HELP a back\\\\slash new\\nline \\q\na 1\n",
    "# HELP 1a x\na 1\n",
    "# HELP a x",
    "# TYPE\na 1\n",
    "# TYPE a\na 1\n",
    "# TYPE a gauge\na 1\n",
    "# TYPE a GAUGE\na 1\n",
    "# TYPE a gauge \na 1\n",
    "# TYPE a thing\na 1\n",
    "# TYPE a gauge\n# TYPE a gauge\na 1\n",
    "# TYPE a gauge\n# TYPE a counter\na 1\n",
    "a 1\n# TYPE a gauge\n",
    "a 1\n# HELP a x\n",
    "# TYPE a gauge\n",
    "#\tTYPE\ta\tgauge\na 1\n",
    "a 1\na 1\n",
    "a 1\na 2\n",
    'a{x="1"} 1\nb 2\na{x="2"} 3\n',
    'a{job="x"} 1\na{job="y"} 2\n',
    '# TYPE s summary\ns{quantile="0.50"} 1\ns_sum 2\ns_count 3\n',
    '# TYPE s summary\ns{quantile="x"} 1\n',
    '# TYPE s summary\ns 1\n',
    '# TYPE s summary\ns_count -1\n',
    '# TYPE s summary\ns_count 1.5\n',
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 2\nh_count 3\n',
    '# TYPE h histogram\nh_bucket{le="x"} 1\n',
    '# TYPE h histogram\nh_bucket 1\n',
    '# TYPE h histogram\nh 5\n',
    '# TYPE h histogram\nh_count 1\nh_bucket{le="+Inf"} 2\n',
    'h_count 1\n# TYPE h histogram\nh_bucket{le="1"} 1\n',
    '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="1.0"} 1\n',
    "# TYPE push_time_seconds counter\npush_time_seconds 1\n",
    "push_time_seconds 1\n",
    "# TYPE push_time_seconds gauge\npush_time_seconds 1\n",
    "pushgateway_build_info 1\n",
    "# TYPE go_goroutines counter\ngo_goroutines{x=\"y\"} 1\n",
    "# TYPE process_open_fds gauge\nprocess_open_fds{x=\"y\"} 1\n",
]

REQUESTS = [
    ("POST", "/metrics/job/a/"),
    ("POST", "/metrics/job/a/b"),
    ("POST", "/metrics/job/a/b/c"),
    ("POST", "/metrics/job/a/b/c/"),
    ("POST", "/metrics/job/a/b/c/b/d"),
    ("POST", "/metrics/job/a/job/b"),
    ("POST", "/metrics/job/a%2Fb"),
    ("POST", "/metrics/job/a%2Fb%2Fc"),
    ("POST", "/metrics/job/a+b"),
    ("POST", "/metrics/job/a%20b"),
    ("POST", "/metrics/job/%"),
    ("POST", "/metrics/job/%zz"),
    ("POST", "/metrics/job"),
    ("POST", "/metrics/job/"),
    ("POST", "/metrics/job//b"),
    ("POST", "//metrics/job/a"),
    ("POST", "/metrics/./job/a"),
    ("POST", "/metrics/x/../job/a"),
    ("POST", "/metrics/job/a/../b"),
    ("POST", "/metrics/job/a//b"),
    ("POST", "/metrics/job@base64/YQ"),
    ("POST", "/metrics/job@base64/YQ=="),
    ("POST", "/metrics/job@base64/YQ="),
    ("POST", "/metrics/job@base64/="),
    ("POST", "/metrics/job@base64/?"),
    ("POST", "/metrics/job@base64/%3F"),
    ("POST", "/metrics/job/a/b@base64/="),
    ("POST", "/metrics/job/a/b@base64/%3F"),
    ("POST", "/metrics/job/a/b@base64/Pz8_"),
    ("POST", "/metrics/job/a/b@base64/Pz8%2F"),
    ("POST", "/metrics/job/a/@base64/YQ"),
    ("POST", "/metrics/job/a/1x/b"),
    ("POST", "/metrics/job/a/__x/b"),
    ("POST", "/metrics/job/a/a-b/c"),
    ("POST", "/metrics/job/a/b/c?query=1"),
    ("POST", "/metrics/job/a/x/%ff"),
    ("POST", "/metrics/job/%ff"),
    ("PUT", "/metrics/job/a"),
    ("DELETE", "/metrics/job/a"),
    ("DELETE", "/metrics/job/a/1x/b"),
    ("DELETE", "/metrics/job/a/b"),
    ("GET", "/metrics/job/a"),
    ("GET", "/metrics/job"),
    ("HEAD", "/metrics/job/a"),
    ("PATCH", "/metrics/job/a"),
    ("POST", "/metrics"),
    ("PUT", "/metrics"),
    ("GET", "/metrics/"),
    ("GET", "/metrics/x"),
    ("GET", "/-/healthy"),
    ("GET", "/-/ready"),
    ("GET", "/-/healthy/"),
    ("POST", "/-/healthy"),
    ("GET", "/-/nothing"),
    ("GET", "/nothing"),
    ("GET", "/api/nothing"),
]

# What we answer instead, and why.
WANTED = {
    'body "# TYPE s summary\\ns_count -1\\n"': (
        '400 "text format parsing error in line 2: negative count for summary \\"s\\""',
        "the peer converts it to an unsigned integer, with a result that depends on the processor",
    ),
    'body "# TYPE h histogram\\nh_bucket{le=\\"1\\"} 1\\nh_bucket{le=\\"1.0\\"} 1\\n"': (
        '400 "inconsistent: collected metric \\"h\\" has two buckets with the same bound"',
        "the peer then writes a text with the same series twice",
    ),
    'body "h_count 1\\n# TYPE h histogram\\nh_bucket{le=\\"1\\"} 1\\n"': (
        '400 "inconsistent: collected metric named \\"h_count\\" collides with previously collected histogram named '
        '\\"h\\" in group {job=\\"differential\\"}"',
        "we name the group; which of the two comes first does not depend on the order of a hash",
    ),
    'body "a{__b=\\"c\\"} 1\\n"': (
        '400 "inconsistent: collected metric \\"a\\" has a label with an invalid name: \\"__b\\""',
        "what strangers send is quoted",
    ),
    'body "pushgateway_build_info 1\\n"': (
        '400 "inconsistent: collected metric \\"pushgateway_build_info\\" is not a GAUGE, which it is among the gateway\'s '
        'own metrics"',
        "says whose it is",
    ),
    'body "# TYPE go_goroutines counter\\ngo_goroutines{x=\\"y\\"} 1\\n"': ('200 ""', "we have no Go runtime"),
    "POST /metrics/job/%": ('400 "invalid path or percent-encoding in the URL"', "says what is wrong"),
    "POST /metrics/job/%zz": ('400 "invalid path or percent-encoding in the URL"', "says what is wrong"),
    "POST /metrics/job/": ('400 "job name is required"', "the peer redirects to a page that isn't there"),
    "POST /metrics/job@base64/?": ('400 "job name is required"', "the peer has no route for an empty job here"),
    "POST /metrics/job@base64/%3F": (
        '400 "invalid base64 encoding in job name \\"?\\": a character is not in the URL-safe alphabet"',
        "the peer shows what it decoded, not what it got",
    ),
    "POST /metrics/job/a/b@base64/%3F": (
        '400 "invalid base64 encoding for label b=\\"?\\": a character is not in the URL-safe alphabet"',
        "the reason is in other words",
    ),
    "POST /metrics/job/a/x/%ff": (
        '400 "value \\"\\\\xff\\" of label \\"x\\" is not UTF-8"',
        "the peer keeps the group, and from then on refuses every push and every scrape",
    ),
    "POST /metrics/job/%ff": ('400 "value \\"\\\\xff\\" of label \\"job\\" is not UTF-8"', "the same"),
}

PREFIX = "pushed metrics are invalid or inconsistent with existing metrics: "


def send(base, method, path, body):
    """The peer closes with the body unread after a bad path, and the reset that follows can overtake its answer."""
    for _ in range(20):
        try:
            return send_once(base, method, path, body)
        except ConnectionResetError:
            pass
    sys.exit(f"{base}: {method} {path}: no answer but resets")


def send_once(base, method, path, body):
    url = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
    connection.putrequest(method, path, skip_accept_encoding=True)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "backslashreplace")
    first = text.split("\n")[0] if answer.status >= 400 else ""
    location = answer.getheader("Location")
    connection.close()
    return answer.status, first + (" -> " + location if location else "")


def comparable(line):
    """Without what is in a refusal of an inconsistent push on one side only: our line number and labels in the form of
    the text format, the peer's dump of the metric."""
    if not line.startswith(PREFIX):
        return line
    line = re.sub("^line [0-9]+: ", "", line[len(PREFIX) :])
    line = re.sub(r' (\{ label:<.* \}|\{instance="",job="differential"\}) ', " ", line)
    return "inconsistent: " + line


def compare(name, method, path, body):
    row = []
    for base in sys.argv[1:3]:
        status, line = send(base, method, path, body)
        row.append(f"{status} {json.dumps(comparable(line), ensure_ascii=False)}")
        if method != "DELETE":
            send(base, "DELETE", path, b"")
    if name in WANTED:
        row[0] = WANTED.pop(name)[0]
    print(name, *row, sep="\t")


for text in BODIES:
    # \xff stands for itself, a byte that is not UTF-8.
    data = b"\xff".join(part.encode() for part in text.split("\xff"))
    compare("body " + json.dumps(text), "POST", "/metrics/job/differential", data)
for request_method, request_path in REQUESTS:
    compare(f"{request_method} {request_path}", request_method, request_path, b"a 1\n")
if WANTED:
    sys.exit(f"no request has the name {list(WANTED)}")
