"""page.py EXPRESSION: reads pgw-serve's web page from the file body, with its header in the file headers, and prints
the value of a Python expression.

Each element must be one of the page's own, with attributes of its own, and be closed in its order; style and script
must be those that the Content-Security-Policy allows by their hashes. The expression has

groups   a dict each: name (the key), text (what stands beside), families (name to what stands beside and the samples),
         method and path of its button, links
buttons  pairs of method and path
links, rows (of tables), text (all of it), search (in the field), policy (without the hashes), size (bytes)

Times are TIME."""

import base64
import hashlib
import html.parser
import re
import sys

ALLOWED = {
    "html": {"lang"}, "head": set(), "meta": {"charset", "name", "content"}, "title": set(), "link": {"rel", "href"},
    "style": set(), "body": set(), "header": set(), "h1": set(), "h2": set(), "nav": set(), "a": {"href"},
    "main": set(), "form": {"action"}, "input": {"type", "name", "aria-label", "placeholder", "value"}, "script": set(),
    "button": {"type", "data-method", "data-path"}, "p": set(), "ul": set(), "li": {"class"}, "details": set(),
    "summary": set(), "code": set(), "small": {"dir"}, "strong": set(), "pre": set(), "div": set(), "table": set(),
    "tr": set(), "th": {"scope"}, "td": set(),
}
VOID = {"meta", "link", "input"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.groups, self.buttons, self.links, self.rows = [], [], [], [], []
        self.family = None
        self.texts = {"style": [], "script": []}
        self.text, self.search = [], ""

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert tag in ALLOWED and set(names) <= ALLOWED[tag] and len(set(names)) == len(names), (tag, attributes)
        attributes = dict(attributes)
        if tag == "li":
            assert attributes == {"class": "group"} and self.open[-1] == "ul", self.open
            self.groups.append({"name": "", "text": "", "families": {}, "method": None, "path": None, "links": []})
        if tag == "button" and "data-path" in attributes:
            self.buttons.append((attributes["data-method"], attributes["data-path"]))
            if "li" in self.open:
                self.groups[-1]["method"], self.groups[-1]["path"] = self.buttons[-1]
        if tag == "a":
            self.links.append(attributes["href"])
            if "li" in self.open:
                self.groups[-1]["links"].append(attributes["href"])
        if tag == "input":
            self.search = attributes["value"]
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
        if tag in self.texts:
            self.texts[tag].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, (tag, self.getpos())

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_pi = unknown_decl = handle_comment

    def handle_data(self, data):
        if self.open and self.open[-1] in self.texts:
            self.texts[self.open[-1]][-1] += data
            return
        self.text.append(data)
        if self.open and self.open[-1] in ("th", "td"):
            self.rows[-1][-1] += data
        if "li" not in self.open:
            return
        group = self.groups[-1]
        within = self.open.count("details") > 1
        if self.open[-1] == "code" and within:
            self.family = group["families"].setdefault(data, ["", ""])
        elif self.open[-1] == "code":
            group["name"] += data
        elif within:
            self.family["pre" in self.open] += data
        elif self.open[-1] != "button":
            group["text"] += data


body = open("body", "rb").read().decode()
headers = open("headers").read()
assert body.startswith("<!DOCTYPE html>\n")
parser = Page()
parser.feed(body)
parser.close()
assert parser.open == [], parser.open
policy = re.search(r"(?mi)^content-security-policy: (.*?)\r?$", headers).group(1).split("; ")
for tag, texts in parser.texts.items():
    assert len(texts) == 1, tag
    digest = base64.urlsafe_b64encode(hashlib.sha256(texts[0].encode()).digest()).decode()
    assert f"{tag}-src 'sha256-{digest}'" in policy, (tag, digest, policy)
    policy.remove(f"{tag}-src 'sha256-{digest}'")


def plain(text):
    return re.sub(r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC\b", "TIME", text).strip()


for group in parser.groups:
    group["text"] = plain(group["text"])
    group["families"] = {name: (plain(head), samples) for name, (head, samples) in group["families"].items()}
values = {"policy": policy, "size": len(body.encode()), "rows": [[plain(cell) for cell in row] for row in parser.rows]}
for name in "groups", "buttons", "links", "search":
    values[name] = getattr(parser, name)
values["text"] = "".join(parser.text)
print(eval(sys.argv[1], values))
