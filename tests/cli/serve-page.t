#!/bin/bash
# The web page of pgw-serve: groups, buttons, search, status; nothing from a push is markup; its size is bounded.
. "$(dirname "$0")/../lib.sh"

# page EXPRESSION: checks that the last answer is such a page and evaluates Python on it: see page.py.
page() {
	$PYTHON "$TESTS/page.py" "$1"
}

start_serve -d spool
answers 200 "the page of an empty spool" GET "$URL/"
has "$headers" 'content-type: text/html; charset=utf-8' "is HTML"
has "$headers" 'x-content-type-options: nosniff' "and nothing else"
has "$headers" 'referrer-policy: no-referrer' "tells nobody where it is"
has "$headers" 'cache-control: no-store' "is not kept"
is "$(page 'groups, buttons, sorted(policy)')" \
	"([], [], [\"base-uri 'none'\", \"connect-src 'self'\", \"default-src 'none'\", \"form-action 'self'\", \"frame-ancestors 'none'\", 'img-src data:'])" \
	"has no group, and a policy that allows its own style and script"
is "$(page 'links')" "['./', 'status', './metrics', 'api/v1/metrics']" "has links"
like "$body" 'There are no groups yet' "says so"
ok "the script is JavaScript" node --check "$TESTS/../cmd/pgw-serve/page.js"

cat >all.prom <<'END'
# HELP g A "gauge" \\ with\na <b>line</b>.
# TYPE g gauge
g{v="\"\n\\"} 1e6
# TYPE h histogram
h_bucket{le="1"} 2
h_sum 2
h_count 3
u 7
END
answers 200 "a push" PUT "$URL/metrics/job/all/instance@base64/YS9i" --data-binary @all.prom
answers 400 "a refused push" PUT "$URL/metrics/job/refused" --data-binary $'x 1 1\n'
answers 200 "the page" GET "$URL/"
is "$(page '[g["name"] for g in groups]')" "['{job=\"all\",instance=\"a/b\"}', '{job=\"refused\"}']" "has both groups"
is "$(page 'groups[0]["method"], groups[0]["path"]')" "('DELETE', 'metrics/job/all/instance@base64/YS9i')" \
	"how to delete one"
is "$(page 'sorted(groups[0]["families"])')" \
	"['g', 'h', 'push_failure_time_seconds', 'push_time_seconds', 'u']" "its families"
is "$(page 'groups[0]["families"]["g"][0]')" $'gauge A "gauge" \\ with\na <b>line</b>. TIME' "type, help and time"
is "$(page 'groups[0]["families"]["g"][1]')" 'g{instance="a/b",job="all",v="\"\n\\"} 1e+06' "a sample, as it is scraped"
is "$(page 'groups[0]["families"]["h"][1]')" 'h_bucket{instance="a/b",job="all",le="1"} 2
h_bucket{instance="a/b",job="all",le="+Inf"} 3
h_sum{instance="a/b",job="all"} 2
h_count{instance="a/b",job="all"} 3' "a histogram"
is "$(page 'groups[0]["text"]')" "pushed TIME" "when it was pushed"
is "$(page 'groups[1]["text"]')" "pushed never, refused TIME The last push was refused." \
	"when the other one was refused"
answers 202 "the request of the button" DELETE "$URL/$(page 'groups[0]["path"]')"
answers 200 "the page" GET "$URL/"
is "$(page '[g["name"] for g in groups]')" "['{job=\"refused\"}']" "has it no more"

# HEAD
answers 200 "HEAD /" HEAD "$URL/"
is "$body" "" "has no body"
has "$headers" 'content-type: text/html; charset=utf-8' "is HTML"
answers 200 "HEAD /status" HEAD "$URL/status"
is "$body" "" "neither has /status"

# What strangers push is text.
cat >hostile.py <<'END'
import sys, urllib.parse
VALUE = "</code></pre></title><script>alert(1)</script><img src=x onerror=alert(2)>' onclick=\"alert(3) &lt; <!-- ]]>"
if sys.argv[1] == "body":
    value = VALUE.replace('"', '\\"')
    print(f'# HELP m {VALUE}\n# TYPE m gauge\nm{{l="{value}"}} 1')
else:
    # A path has no slash within a value.
    print(urllib.parse.quote(VALUE.replace("/", "") + "\0\x1b\r\x7f\u0085", safe=""))
END
$PYTHON hostile.py body >hostile.prom
hostile=$($PYTHON hostile.py path)
answers 200 "a hostile push" PUT "$URL/metrics/job/$hostile/name/$hostile" --data-binary @hostile.prom
answers 200 "the page" GET "$URL/"
is "$(page '[g["name"] for g in groups][0]')" \
	'{job="<code><pre><title><script>alert(1)<script><img src=x onerror=alert(2)>'"'"' onclick=\"alert(3) &lt; <!-- ]]>␀␛␍␡'$'\ufffd''",name="<code><pre><title><script>alert(1)<script><img src=x onerror=alert(2)>'"'"' onclick=\"alert(3) &lt; <!-- ]]>␀␛␍␡'$'\ufffd''"}' \
	"shows the labels as text, and control characters as something to see"
is "$(page 'groups[0]["families"]["m"][0]')" \
	"gauge </code></pre></title><script>alert(1)</script><img src=x onerror=alert(2)>' onclick=\"alert(3) &lt; <!-- ]]> TIME" \
	"the HELP"
is "$(page 'groups[0]["families"]["m"][1].count(r"""l="</code></pre></title><script>alert(1)</script><img src=x onerror=alert(2)>"""), groups[0]["families"]["m"][1].count("\n")')" \
	"(1, 1)" "and the sample"
is "$(page '[path for method, path in buttons if path.translate(str.maketrans("", "", "<>&\"\x27 ")) != path]')" "[]" \
	"paths have nothing to escape"
path=$(page 'groups[0]["path"]')
answers 200 "a hostile search" GET "$URL/?filter=$hostile&filter=2"
is "$(page 'search[:42], len(groups)')" "('<code><pre><title><script>alert(1)<script>', 0)" "is text"
has "$body" '<p>No group has this in its labels.</p>' "and finds nothing: the labels have a backslash there"
answers 202 "the button of the hostile group" DELETE "$URL/$path"
is "$(group_files spool)" "job=refused.prom" "deletes it"

# Search
for name in a1 a2 'b c' 'd+e'; do
	answers 200 "a push of $name" PUT "$URL/metrics/job/${name// /%20}" --data-binary $'m 1\n'
done
while read -r query expected; do
	answers 200 "GET /$query" GET "$URL/$query"
	is "$(page '"|".join(g["name"] for g in groups)')" "$expected" "has these"
done <<'END'
?filter=%22a {job="a1"}|{job="a2"}
?x=y&filter=a2&z {job="a2"}
?filter={job=%22a1%22} {job="a1"}
?filter=b+c {job="b c"}
?filter=b%20c {job="b c"}
?filter=d%2Be {job="d+e"}
?filter=d+e 
?filter=refu&filter=a1 {job="refused"}
?filter= {job="a1"}|{job="a2"}|{job="b c"}|{job="d+e"}|{job="refused"}
?filters=a1 {job="a1"}|{job="a2"}|{job="b c"}|{job="d+e"}|{job="refused"}
END
answers 400 "a search that is no UTF-8 escape" GET "$URL/?filter=%zz"
is "$body" "invalid percent-encoding in the URL" "says why"

# What is left out comes first.
echo 'x{' >spool/groups/job=a3.prom
answers 200 "the page" GET "$URL/"
is "$(page 'groups[0]["name"], groups[0]["path"], groups[0]["text"], len(groups)')" \
	"('job=a3.prom', None, 'Left out: line 1: invalid label name for metric \"x\"', 6)" \
		"tells of a file that is none"
like "$body" '<strong>1 left out</strong>' "and how many there are"
rm spool/groups/job=a3.prom
unlike "$body" 'wipe' "there is no button for all groups"

# Status
answers 200 "/status" GET "$URL/status"
is "$(page '[row for row in rows if row[0] in ("Started", "Spool", "Groups", "Files left out", "web.enable-lifecycle", "limit.body")]')" \
	"[['Started', 'TIME'], ['Spool', 'spool'], ['Groups', '5'], ['Files left out', '0'], ['web.enable-lifecycle', 'false'], ['limit.body', '67108864']]" \
	"has runtime and flags"
is "pgw-serve $(page 'dict(map(tuple, rows))["pgw"]')" "$(pgw-serve --version)" "and the version"
is "$(page 'groups, links')" "([], ['./', 'status', './metrics', 'api/v1/metrics'])" "the links are the same"
rm -rf spool
answers 500 "/ without a spool" GET "$URL/"
has "$headers" 'content-type: text/plain; charset=utf-8' "says why in text"
stops TERM "$pid" 0 "the gateway ends"

# Below a prefix, with all that the upstream has
SERVE_NAME=prefix start_serve -d prefix --web.external-url=http://h/x/ --web.route-prefix=/p/q --web.enable-admin-api \
	'--web.telemetry-path=/a "b"&c' --push.disable-consistency-check '--log.level=info'
answers 202 "a push" PUT "$URL/p/q/metrics/job/a" --data-binary $'# TYPE m gauge\nm 1\n'
answers 202 "one that clashes" PUT "$URL/p/q/metrics/job/b" --data-binary $'# TYPE m counter\nm 1\n'
answers 200 "the page below a prefix" GET "$URL/p/q/"
is "$(page 'links, buttons')" \
	"(['./', 'status', './a%20%22b%22&c', 'api/v1/metrics'], [('PUT', 'api/v1/admin/wipe'), ('DELETE', 'metrics/job/b'), ('DELETE', 'metrics/job/a')])" \
	"has links and buttons relative to it"
like "$(page 'groups[0]["text"]')" '^pushed TIME Left out of scrapes: ' "what is left out is first"
answers 200 "a link" GET "$URL/p/q/$(page 'links[2][2:]')"
has "$body" 'm{instance="",job="a"} 1' "leads to the scrape"
answers 200 "the page" GET "$URL/p/q/"
answers 202 "the request of the button for all groups" PUT "$URL/p/q/$(page 'buttons[0][1]')"
is "$(group_files prefix)" "(none)" "deletes them"
stops TERM "$pid" 0 "the gateway ends"

# Names beyond the plain ones
SERVE_NAME=names start_serve -d names --push.enable-utf8-names
answers 200 "a hostile name" PUT "$URL/metrics/job/a" \
	--data-binary $'{"<script>alert(1)</script>","<b onclick=\'x\'>"="v"} 1\n'
answers 200 "the page" GET "$URL/"
is "$(page 'groups[0]["families"]["<script>alert(1)</script>"][1]')" \
	"{\"<script>alert(1)</script>\",\"<b onclick='x'>\"=\"v\",instance=\"\",job=\"a\"} 1" "is text"
stops TERM "$pid" 0 "the gateway ends"

# As many groups as don't fit
mkdir -p many/groups
echo 'pgw-spool 1' >many/version
$PYTHON - <<'END'
def write(job, samples, value=""):
    with open(f"many/groups/job={job}.prom", "w") as file:
        file.write("# HELP m " + "h" * 2000 + "\n# TYPE m gauge\n")
        file.writelines(f'm{{n="{n}{value}"}} 1\n' for n in range(samples))
for number in range(25000):
    write(f"{number:05}", 1)
write("0-long", 2, "\u00fc" * 30000)
write("0-many", 100000)
END
SERVE_NAME=many start_serve -d many
answers 200 "the page of 25,002 groups" GET "$URL/"
page '(
	2**23 < size < 2**23 + 20000,
	text.count("There are %d more groups, which don\x27t fit here: search for some." % (25002 - len(groups))),
	[g["name"] for g in groups[:3]],
	len(groups[0]["families"]["m"][0]), groups[0]["families"]["m"][1].count("\u00fc"),
	groups[1]["families"]["m"][0][-37:],
	groups[2]["families"], groups[2]["links"][0][2:])' |
	$PYTHON -c 'print(*eval(input()), sep="\n")' >seen
is "$(sed -n 1,2p seen)" $'True\n1' "has 8 MiB and tells how many are not there"
is "$(sed -n 3p seen)" "['{job=\"0-long\"}', '{job=\"0-many\"}', '{job=\"00000\"}']" "lists them in their order"
is "$(sed -n 4,5p seen)" $'1012\n3968' "long texts and lines are cut"
is "$(sed -n 6p seen)" "There are more samples than fit here." "so is a large group"
is "$(sed -n 7,8p seen)" $'{}\n?filter=%7Bjob%3D%2200000%22%7D' "a group behind it has a link"
answers 200 "which leads to the group alone" GET "$URL/$(sed -n 8p seen)"
is "$(page '[(g["name"], g["families"]["m"][1]) for g in groups]')" \
	"[('{job=\"00000\"}', 'm{instance=\"\",job=\"00000\",n=\"0\"} 1\\n')]" "with its samples"
stops TERM "$pid" 0 "the gateway ends"
done_testing
