#!/bin/bash
# Each tool's --help and its manual page agree: the options, whether they take an argument, the synopsis; and the page
# has every environment variable that the tool reads.
. "$(dirname "$0")/../lib.sh"
need mandoc
SOURCES=$TESTS/..

# Prints what a text has, one a line: "options" as "-d --spool ARGUMENT", "synopsis" as "-d", "environment" as
# "PGW_URL".
cat >parts.py <<'END'
import re, sys

what, kind, file = sys.argv[1:]
lines = open(file).read().split("\n")

def section(name):
    """The lines of a section of a page."""
    start = lines.index(".Sh " + name) + 1
    return lines[start : next(i for i in range(start, len(lines)) if lines[i].startswith(".Sh "))]

def page_options():
    for line in lines:
        if not line.startswith(".It Fl "):
            continue
        letter = ""
        # "Fl d Ar dir , Fl -spool Ar dir" is one option, "Fl -cert Ar file , Fl -key Ar file" are two.
        for form in line[len(".It ") :].split(" , "):
            name = form.split()[1]
            argument = " ARGUMENT" if re.search(r" (Ar|Cm) ", form) else ""
            if name.startswith("-"):
                yield letter + "-" + name + argument
                letter = ""
            else:
                letter = "-" + name + " "
        if letter:
            yield letter + "without a long name"

def help_options():
    for line in lines:
        match = re.match(r"  (?:(-\w), |    )(--[a-z0-9.-]+)(\[?[ =][A-Z:\[]\S*|=\S+)?", line)
        if match:
            yield (match[1] + " " if match[1] else "") + match[2] + (" ARGUMENT" if match[3] else "")

def page_synopsis():
    for line in section("SYNOPSIS"):
        words = line.lstrip(".").split()
        for before, word in zip(words, words[1:]):
            if before in ("Fl", "|") and re.fullmatch(r"-?[a-z0-9].*", word, re.I) and word not in ("Fl", "Ar", "Cm", "Op"):
                yield from ["-" + word] if word.startswith("-") else ["-" + letter for letter in word]

def help_synopsis():
    for line in lines:
        if not line.startswith(("usage: ", "     ")):
            break
        for word in re.findall(r"(?<![\w-])-(-[a-z][a-z.-]*|[a-zA-Z0-9]+)", line):
            yield from ["-" + word] if word.startswith("-") else ["-" + letter for letter in word if letter.isalnum()]

def page_environment():
    for line in section("ENVIRONMENT"):
        if line.startswith(".It Ev "):
            yield from line[len(".It Ev ") :].split(" , ")

print("\n".join(sorted(set(globals()[f"{kind}_{what}"]()))))
END

# page_of TOOL: its manual page.
page_of() {
	echo "$SOURCES/man/$1".[18]
}
# variables FILE...: the environment variables that sources read.
variables() {
	grep -ohE '(getenv|environment)\("[A-Za-z_]+"\)' "$@" | cut -d '"' -f 2 | sort -u
}

tools=$(cd "$SOURCES/cmd" && for path in *; do echo "${path%.c}"; done)
is "$(echo "$tools" | wc -l)" 6 "all tools are looked at"
for tool in $tools; do
	page=$(page_of "$tool")
	exits 0 "$tool --help" "$tool" --help
	is "$err" "" "$tool --help: on standard output"
	cp out help
	cp "$page" page
	for what in options synopsis; do
		$PYTHON parts.py $what help help >expected
		# Every page has these in its synopsis, and no usage line.
		$PYTHON parts.py $what page page | grep -vxE -e '-[hV]' >"in the page"
		[ $what = synopsis ] || $PYTHON parts.py $what page page >"in the page"
		same expected "in the page" "$tool: $what of --help and of the page"
	done
	ok "$tool: has options" test "$(wc -l <expected)" -ge 3
	$PYTHON parts.py options help help | tr ' ' '\n' | grep '^-' | sort -u >known
	is "$($PYTHON parts.py synopsis help help | LC_ALL=C sort | LC_ALL=C comm -23 - <(LC_ALL=C sort known))" "" \
		"$tool: no other options in the synopsis"

	# What the tool's own files read, and of the library's what is in the program.
	sources=("$SOURCES/cmd/$tool".c "$SOURCES/cmd/$tool"/*.c)
	{
		for source in "${sources[@]}"; do
			[ ! -e "$source" ] || variables "$source"
		done
		for variable in $(variables "$SOURCES"/lib/*.c); do
			if tr '\0' '\n' <"$PGW_BIN/$tool" | grep -qa "$variable\$"; then
				echo "$variable"
			fi
		done
	} | LC_ALL=C sort -u >are_read
	ok "$tool: reads the environment" test -s are_read
	$PYTHON parts.py environment page page >documented
	# It links the module that knows it, and takes no URLs.
	[ "$tool" != pgw-serve ] || sed -i '/^PGW_URL$/d' are_read
	is "$(LC_ALL=C comm -23 are_read <(LC_ALL=C sort documented))" "" "$tool: all variables are in the page"
	# libcurl reads some, and the command of pgw-run has one.
	is "$(grep -vxE '(https?|no)_proxy|PGW_METRICS_FD' documented | LC_ALL=C sort | LC_ALL=C comm -13 are_read \
		-)" "" \
		"$tool: and no others"
done

for page in "$SOURCES"/man/*.[1-8]; do
	exits 0 "${page##*/}: mandoc has nothing to say" mandoc -Tlint -Wwarning "$page"
	is "$out$err" "" "${page##*/}: nothing"
done
done_testing
