#!/bin/bash
# The example that the project exists for: a real exporter is pushed in four ways, a real Prometheus scrapes it.
. "$(dirname "$0")/../lib.sh"
need prometheus prometheus-node-exporter curl

start_peer exporter http://127.0.0.1:PORT/metrics prometheus-node-exporter --web.listen-address=127.0.0.1:PORT \
	--log.level=error
exporter=http://127.0.0.1:$PORT
start_serve -d spool
gateway=$URL
port=$PORT
group=job=get_vs_state,vs_info=dev_phone_vs.prom

# The exporter's own bytes, kept so that all four ways push the same.
curl -s "$exporter/metrics" >scrape.prom
start_responder recorded 200 "$(cat scrape.prom)"$'\n'
recorded=$URL

ok "curl" sh -c "curl -s $recorded/metrics | curl -s -f --data-binary @- $gateway/metrics/job/get_vs_state/vs_info/dev_phone_vs"
normal "spool/groups/$group" >expected
ok "has the exporter's series" grep -q '^node_uname_info{.*instance="",job="get_vs_state",.*vs_info="dev_phone_vs"} 1$' expected
is "$(grep -vc '^#' expected)" "$(($(grep -vc '^#' scrape.prom) + 2))" "all of them, and the two push times"
rm "spool/groups/$group"
ok "pgw-push -u" sh -c "curl -s $recorded/metrics | pgw-push -u $gateway -j get_vs_state -l vs_info=dev_phone_vs"
normal "spool/groups/$group" >pushed
same expected pushed "gives the same group file"
ok "pgw-push -d" sh -c "curl -s $recorded/metrics | pgw-push -d local -j get_vs_state -l vs_info=dev_phone_vs"
normal "local/groups/$group" >spooled
same expected spooled "gives the same group file"
rm "spool/groups/$group"
exits 0 "pgw-scrape-relay" pgw-scrape-relay -u "$gateway" -j get_vs_state -l vs_info=dev_phone_vs "$recorded/metrics"
grep -v -E '^(# (HELP|TYPE) )?(up|scrape_(body_size_bytes|duration_seconds|samples_scraped))[ {]' \
	"spool/groups/$group" >others
normal others >relayed
same expected relayed "gives the same group file, but for what is known of the scrape"

# As it is used: from the living exporter.
ok "live, curl" sh -c "curl -s $exporter/metrics | curl -s -f --data-binary @- $gateway/metrics/job/get_vs_state/vs_info/dev_phone_vs"
ok "live, pgw-push -u" sh -c "curl -s $exporter/metrics | pgw-push -u $gateway -j get_vs_state -l vs_info=dev_phone_vs"
ok "live, pgw-push -d" sh -c "curl -s $exporter/metrics | pgw-push -d spool -j get_vs_state -l vs_info=dev_phone_vs"
exits 0 "live, pgw-scrape-relay" pgw-scrape-relay -u "$gateway" -j get_vs_state -l vs_info=dev_phone_vs \
	"$exporter/metrics"

cat >prometheus.yml <<END
global:
  scrape_interval: 1s
scrape_configs:
- job_name: honoured
  honor_labels: true
  static_configs:
  - targets: ['127.0.0.1:$port']
    labels:
      env: pushgateway
- job_name: plain
  static_configs:
  - targets: ['127.0.0.1:$port']
END
start_peer prometheus http://127.0.0.1:PORT/-/ready prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb \
	--web.listen-address=127.0.0.1:PORT --log.level=error
prometheus=http://127.0.0.1:$PORT

# query EXPRESSION: the label sets and values of the answer, one a line, sorted.
query() {
	curl -s -G --data-urlencode "query=$1" "$prometheus/api/v1/query" | $PYTHON -c '
import json, sys
for result in json.load(sys.stdin)["data"]["result"]:
	print(json.dumps(result["metric"], sort_keys=True), result["value"][1])' | sort
}
# shellcheck disable=SC2317
found() {
	[ -n "$(query "$1")" ]
}

await "Prometheus has scraped" found 'node_exporter_build_info{env="pushgateway"}'
await "Prometheus has scraped" found 'node_exporter_build_info{exported_job="get_vs_state"}'
like "$(query 'node_uname_info{env="pushgateway"}')" \
	'^{.*"env": "pushgateway", .*"job": "get_vs_state", .*"vs_info": "dev_phone_vs"} 1$' \
	"honor_labels: true keeps the job, and has vs_info and env"
unlike "$(query 'node_uname_info{env="pushgateway"}')" '"(instance|exported_[a-z]*)"' \
	"and no instance, no exported label"
like "$(query 'node_uname_info{job="plain"}')" \
	"^{.*\"exported_job\": \"get_vs_state\", .*\"instance\": \"127.0.0.1:$port\", \"job\": \"plain\", .*\"vs_info\": \"dev_phone_vs\"} 1\$" \
	"honor_labels: false keeps it as exported_job"
is "$(query 'count(up{vs_info=""} == 1)')" "{} 2" "all targets are up"
is "$(query 'up{vs_info="dev_phone_vs",env="pushgateway"}')" \
	'{"__name__": "up", "env": "pushgateway", "job": "get_vs_state", "vs_info": "dev_phone_vs"} 1' \
		"so is the one that was relayed"
is "$(query 'count({job="get_vs_state",env="pushgateway"})')" "{} $(grep -vc '^#' "spool/groups/$group")" \
	"every series of the group is there"
like "$(query 'time() - push_time_seconds{job="get_vs_state"} < bool 300')" '} 1$' "the push time is one"
like "$(query 'pgw_build_info{env="pushgateway"}')" '"job": "honoured"' "the gateway's own series have Prometheus's job"
done_testing
