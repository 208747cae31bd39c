#!/bin/bash
# The dashboard for Grafana under scripts/: its form, and that Prometheus answers each of its queries with something,
# where it scrapes a gateway that has runs, pushes, refused pushes and a target.
. "$(dirname "$0")/../lib.sh"
need prometheus

dashboard=$TESTS/../scripts/grafana/pgw-dashboard.json
cat >dashboard.py <<'END'
import json
import sys

dashboard = json.load(open(sys.argv[1]))
panels = dashboard["panels"]
if sys.argv[2] == "queries":
    for panel in panels:
        for target in panel.get("targets", []):
            print(target["expr"])
    sys.exit()

variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["query"] == "prometheus"
assert variables["job"]["type"] == "query" and variables["job"]["includeAll"] and variables["job"]["multi"]
used = [panel["id"] for panel in panels]
assert len(set(used)) == len(used), f"ids: {used}"
taken = {}
for panel in panels:
    title, at = panel["title"], panel["gridPos"]
    assert title and 0 <= at["x"] and at["x"] + at["w"] <= 24, title
    for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
        assert taken.setdefault(cell, title) == title, f"{title} is over {taken[cell]}"
    if panel["type"] == "row":
        continue
    assert panel["type"] in ("stat", "table", "timeseries", "state-timeline"), title
    assert panel["description"] and panel["targets"], title
    letters = [target["refId"] for target in panel["targets"]]
    assert len(set(letters)) == len(letters), title
    for source in [panel] + panel["targets"] + [variables["job"]]:
        assert source["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, title
    for target in panel["targets"]:
        assert '{job=~"$job"}' in target["expr"], title
    for override in panel["fieldConfig"]["overrides"]:
        assert override["matcher"]["options"][len("Value #"):] in letters, title
END
exits 0 "the dashboard is well-formed" $PYTHON dashboard.py "$dashboard" check
sed '0,/"id": 2,/s//"id": 1,/' "$dashboard" >twice.json
exits 1 "an id that is there twice is noticed" $PYTHON dashboard.py twice.json check
like "$err" 'AssertionError: ids: \[1, 1, 3,' "and named"
mapfile -t queries < <($PYTHON dashboard.py "$dashboard" queries)
ok "there are queries" test "${#queries[@]}" -ge 15

# What the dashboard is for.
start_serve -d spool
gateway=$PORT
pgw-run -u "$URL" -j backup -l instance=db1 -- true
pgw-run -u "$URL" -j cleanup -l instance=db1 -- sh -c 'exit 3'
pgw-push -u "$URL" -j load -g load=1
pgw-push -q -u "$URL" -j load <<<$'# TYPE job_run_exit_code counter\njob_run_exit_code 1' 2>/dev/null
gateway_url=$URL
start_responder exporter 200 $'# TYPE a gauge\na 1\n'
pgw-scrape-relay -u "$gateway_url" -j node -l instance=db1:9100 "$URL/metrics"
is "$(group_files spool | sed 's/\.prom$//' | tr '\n' ' ')" \
	"job=backup,instance=db1 job=cleanup,instance=db1 job=load job=node,instance=db1:9100 " \
		"the gateway has four groups"
cat spool/groups/*.prom | sed -nE 's/^(job_run_[a-z_]*|up)\{.*/\1/p' | sort -u >families
is "$(wc -l <families)" 9 "with all families of pgw-run and the relay's up"
while read -r family; do
	ok "$family is in the dashboard" grep -q "\b$family\b" <<<"${queries[*]}"
done <families

cat >prometheus.yml <<END
global: {scrape_interval: 1s}
scrape_configs:
- job_name: pgw
  honor_labels: true
  static_configs: [{targets: ["127.0.0.1:$gateway"]}]
END
start_peer prometheus http://127.0.0.1:PORT/-/ready prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb \
	--web.listen-address=127.0.0.1:PORT --log.level=warn
# ask QUERY: sets $body and prints how many results there are.
ask() {
	request GET "http://127.0.0.1:$PORT/api/v1/query" -G --data-urlencode "query=$1"
	json 'len(j["data"]["result"]) if j["status"] == "success" and not j.get("warnings") else j'
}
scraped() {
	[ "$(ask 'push_time_seconds')" = 4 ]
}
await "Prometheus has scraped the gateway" scraped
for query in "${queries[@]}"; do
	for job in .+ '(backup|cleanup|load|node)'; do
		like "$(ask "${query//\$job/$job}")" '^[1-9][0-9]*$' "has an answer: ${query//\$job/$job}"
	done
done
is "$(ask 'nothing_at_all')" 0 "what nobody pushes has none"
like "$(ask 'max without ( (up)')" 'bad_data' "and what is no query"

# The numbers of the first line: one runs no more, one failed, one was refused, none is down.
first_value() {
	ask "${queries[$1]//\$job/.+}" >/dev/null
	json 'j["data"]["result"][0]["value"][1]'
}
is "$(for i in 0 1 3 4; do first_value $i; done | tr '\n' ' ')" "0 1 1 0 " \
	"jobs that run, failed, refused pushes, targets down"
request GET "http://127.0.0.1:$PORT/api/v1/label/job/values" -G --data-urlencode 'match[]=push_time_seconds'
is "$(json '" ".join(j["data"])')" "backup cleanup load node" "values of the variable job"
stops TERM "$pid" 0 "Prometheus ends"
done_testing
