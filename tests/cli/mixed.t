#!/bin/bash
# All kinds of processes, and a person, change one spool at once for MIXED_SECONDS (5): torture/mix.py says who, and
# what holds at the end.
. "$(dirname "$0")/../lib.sh"
need promtool
export PGW_BIN PYTHONDONTWRITEBYTECODE=1

exits 0 "all together" $PYTHON "$TESTS/torture/mix.py" spool "${MIXED_SECONDS:-5}"
like "$out" '^[0-9]+ cp [0-9]+ http [0-9]+ inetd [0-9]+ mv [0-9]+ pgw-delete [0-9]+ pgw-push [0-9]+ rm$' \
	"each did something"
note "changes: $out"
done_testing
