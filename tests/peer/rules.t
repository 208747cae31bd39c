#!/bin/bash
# The alert rules under scripts/: promtool reads them, and each fires when it should and not before.
. "$(dirname "$0")/../lib.sh"
need promtool

rules=$(cd "$TESTS/../scripts/prometheus" && pwd)/pgw-alerts.yml
exits 0 "promtool reads the rules" promtool check rules "$rules"
like "$out" 'SUCCESS: 6 rules found' "all six"

# alerts TIME NAME LABELS SUMMARY: what promtool test expects at a time; no LABELS: that it does not fire.
alerts() {
	printf '  - {eval_time: %s, alertname: %s' "$1" "$2"
	[ -z "${3:-}" ] || printf ', exp_alerts: [{exp_labels: {%s}, exp_annotations: {summary: "%s"}}]' "$3" "$4"
	printf '}\n'
}

# Seconds since the epoch are those since the start of the test there.
cat >tests.yml <<END
rule_files: [$rules]
evaluation_interval: 10m
tests:
- interval: 10m
  input_series:
  - {series: 'push_time_seconds{job="a",instance="x"}', values: '600+0x400'}
  - {series: 'push_failure_time_seconds{job="a",instance="x"}', values: '0x100 70000+0x300'}
  - {series: 'push_time_seconds{job="never",instance=""}', values: '0x400'}
  - {series: 'job_run_exit_code{job="b",instance="x"}', values: '0x5 3+0x395'}
  - {series: 'job_run_running{job="b",instance="x"}', values: '0x10 1+0x390'}
  - {series: 'job_run_start_time_seconds{job="b",instance="x"}', values: '0x10 6600+0x390'}
  - {series: 'job_run_success_time_seconds{job="b",instance="x"}', values: '600+0x400'}
  - {series: 'pgw_spool_rejected_groups{job="pgw"}', values: '0x3 2+0x397'}
  alert_rule_test:
$(
	alerts 24h PushMissing
	alerts 25h PushMissing 'severity: warning, job: a, instance: x' 'a has not pushed for 1d 0h 50m 0s.'
	alerts 16h PushRefused
	alerts 17h PushRefused 'severity: warning, job: a, instance: x' \
		"The last push of a was refused; the gateway's log has the reason."
	alerts 50m JobFailed
	alerts 70m JobFailed 'severity: warning, job: b, instance: x' 'b failed with exit code 3.'
	alerts 3h JobFailed
	alerts 48h JobNotSucceeded
	alerts 49h JobNotSucceeded 'severity: critical, job: b, instance: x' 'b last succeeded 2d 0h 50m 0s ago.'
	alerts 7h JobRunsTooLong
	alerts 8h JobRunsTooLong 'severity: warning, job: b, instance: x' \
		'b has been running for more than six hours, or was cut off.'
	alerts 40m SpoolRejectsGroups
	alerts 1h SpoolRejectsGroups 'severity: warning, job: pgw' '2 group files are left out of scrapes; pgw-list tells why.'
)
END
exits 0 "each fires in time and not before" promtool test rules tests.yml
# A test of the test: with other rules it fails.
sed 's/> 86400/> 3600/' "$rules" >early.yml
sed "s|$rules|early.yml|" tests.yml >early-tests.yml
exits 1 "one that fires too early is noticed" promtool test rules early-tests.yml
done_testing
