#!/bin/bash
# pgw-push --lint and promtool check metrics have the same to say.
. "$(dirname "$0")/../lib.sh"
need promtool prometheus-node-exporter

# Both, as "NAME ADVICE", each once.
of_promtool() {
	promtool check metrics <"$1" 2>&1 | LC_ALL=C sort -u
}
of_pgw() {
	pgw-push -n -d nowhere -j x --lint <"$1" 2>&1 | sed -E 's/^pgw-push: <stdin>:[0-9]+: "([^"]*)": /\1 /' |
		LC_ALL=C sort -u
}

# compare NAME: both on that file; what they say is not nothing.
compare() {
	of_promtool "$1" >"$1.promtool"
	of_pgw "$1" >"$1.pgw"
	ok "$1: there is advice" test -s "$1.promtool"
	same "$1.promtool" "$1.pgw" "$1: both give the same"
}

# Each kind of name as each type: alone, at the start, in the middle and at the end.
$PYTHON - <<'END'
types = ["counter", "gauge", "untyped", "histogram", "summary"]
units = "amperes bytes celsius grams joules kelvin meters metres seconds volts minutes hours days weeks kelvins " \
    "fahrenheit rankine inches yards miles bits calories pounds ounces".split()
prefixes = ["", "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega", "mibi", "mebi",
    "giga", "gibi", "tera", "tebi", "peta", "pebi", "exa", "thermo"]
words = "s ms us ns sec b kb mb gb tb pb m h d S Ms KB min x total count sum bucket info created le quantile".split()

def write(file, families):
    with open(file, "w") as out:
        for index, (name, kind, help_text, labels) in enumerate(families):
            if help_text is not None:
                out.write(f"# HELP {name} {help_text}\n")
            out.write(f"# TYPE {name} {kind}\n")
            suffix = {"histogram": "_count", "summary": "_count"}.get(kind, "")
            for label in labels or [None]:
                out.write(f"{name}{suffix}" + (f'{{{label}="1"}}' if label else "") + " 1\n")

write("units.prom", [(form % (prefix + unit), "gauge", "x", None)
    for unit in units for prefix in prefixes for form in ("%s", "u_%s", "u_%s_y", "%s_y", "U%s", "u_%sx")])
write("words.prom", [(f"{kind[:2]}{form % word}", kind, "x", None)
    for kind in types for word in words for form in ("%s", "_%s", "_%s_y", "%s_y", "_y_%s_total")])
write("letters.prom", [(name, kind, help_text, None) for kind in types for help_text in (None, "", "x") for name in
    (f"{kind[:2]}{'' if help_text is None else len(help_text)}{rest}"
    for rest in ("a", "aB", "AB", "Ab", "a:b", ":", "aB:cD", "a__b", "_", "a_B", "_x_total"))])
write("labels.prom", [(f"{kind[:2]}_{'_'.join(labels)}_x", kind, "x", labels) for kind in types for labels in
    (["a"], ["aB"], ["AB"], ["a_B"], ["le"], ["quantile"], ["le_x"], ["a", "cD", "eF"])
    if not (kind == "summary" and "quantile" in labels) and not (kind == "histogram" and "le" in labels)])
write("types.prom", [(form % kind, kind, "x", None) for kind in types if kind != "untyped"
    for form in ("y_%s", "y_%s_z", "%s_z", "%s", "y%s", "y_%ss")])
END
for file in units words letters labels types; do
	compare $file.prom
done
start_peer exporter http://127.0.0.1:PORT/metrics prometheus-node-exporter --web.listen-address=127.0.0.1:PORT
curl -s -o exporter.prom "http://127.0.0.1:$PORT/metrics"
compare exporter.prom

# Where they differ: Debian's promtool has rules of 2022, we have those of today.
printf '# HELP a_gauge x\n# TYPE a_gauge counter\na_gauge 1\n' >other_type.prom
is "$(of_promtool other_type.prom)" "a_gauge counter metrics should have \"_total\" suffix
a_gauge metric name should not include type 'gauge'" "promtool wants no other type in a name"
is "$(of_pgw other_type.prom)" 'a_gauge counter metrics should have "_total" suffix' "which is no longer a rule"
printf '# HELP a x\n# TYPE a gauge\na{b="c"} 1\na{b="c"} 2\n' >twice.prom
is "$(of_promtool twice.prom)" "" "promtool does not see a series that is there twice"
like "$(of_pgw twice.prom)" '^a metric not unique' "which now is one"

done_testing
