#!/bin/bash
# What `make install` puts in place beside the tools: the files that the pages name, and the completions, by what bash
# and zsh make of the completion key.
. "$(dirname "$0")/../lib.sh"
need bash zsh make

bash_setup=/usr/share/bash-completion/bash_completion
ok "bash-completion is installed" test -r $bash_setup || done_testing
exits 0 "make install" make -s -C "$TESTS/.." -o all BUILD="$PGW_BIN" DESTDIR="$SCRATCH/root" PREFIX=/usr install
exits 0 "make install, to /usr/local" make -s -C "$TESTS/.." -o all BUILD="$PGW_BIN" DESTDIR="$SCRATCH/local" install
for path in $(sed -n 's/^\.It Pa \(\/usr.*\)/\1/p' "$TESTS"/../man/*.[1-8] | sort -u); do
	ok "a page names $path" test -e "local$path"
done
cat >setup.bash <<END
export XDG_DATA_DIRS=$SCRATCH/root/usr/share:/usr/share
. $bash_setup
END
cat >setup.zsh <<END
fpath=($SCRATCH/root/usr/share/zsh/vendor-completions \$fpath)
autoload -Uz compinit && compinit -u -D
END

mkdir work
cd work || exit 1
mkdir folder
echo 'a 1' >file
push() {
	pgw-push --no-sync -d "$@" file
}
push spool -j backup -l instance=db1:9100 -l zone=eu
push spool -j 'my job' -l instance=db2:9100 -l 'note=it'\''s "a" $b \ c'
push spool -j 'lines' -l $'text=one\ntwo' -l z=1
push other -j elsewhere -l instance=host
export PGW_SPOOL=$PWD/spool

# complete SHELL LINE...: sets $completed to what comes of the lines.
complete() {
	local shell=$1
	shift
	run $PYTHON -B "$TESTS/complete.py" "$shell" "../setup.$shell" "$@"
	[ "$status" -eq 0 ] || note "$err"
	completed=$out
}

sorted_words() {
	tr -s ' ' '\n' | sed '/^$/d' | sort | tr '\n' ' '
}

# Every option of every tool, and no other.
for shell in bash zsh; do
	for tool in $(cd "$PGW_BIN" && echo pgw-*); do
		options=$("$tool" --help | sed -nE 's/^ +(-.)?(, )?(--[a-zA-Z0-9.-]+).*/\1 \3/p' | sorted_words)
		complete $shell "$tool -"
		ok "$shell, $tool: there are options" test ${#options} -gt 100
		is "$(cut -d ' ' -f 2- <<<"$completed" | sorted_words)" "$options" "$shell, $tool: all are completed"
	done
done

# offers LINE EXPECTED NAME: both shells make that of the words behind the line's last blank.
lines=() expected=() names=()
offers() {
	lines+=("$1")
	expected+=("$2")
	names+=("$3")
}
check_offers() {
	local shell i got rest
	for shell in bash zsh; do
		complete $shell "${lines[@]}"
		mapfile -t got <<<"$completed"
		for i in "${!lines[@]}"; do
			rest=${got[i]#"${lines[i]% *}"}
			# bash quotes a comma, zsh doesn't.
			is "$(sed 's/^ //; s/\\,/,/g' <<<"$rest")" "${expected[i]}" "$shell: ${names[i]}"
		done
	done
}

offers "pgw-push --no-s" "--no-sync" "an option"
offers "pgw-push --qu" "--queue --queue-age --queue-size --quiet" "options that begin alike"
offers "pgw-list -j " 'backup lines my\ job' "jobs of the spool"
offers "pgw-list -qj my" 'my\ job' "behind several letters"
offers "pgw-push --job=b" "--job=backup" "behind an equals sign"
offers "pgw-list -d other -j " "elsewhere" "jobs of the spool that the line names"
offers "pgw-list --spool=other --job " "elsewhere" "with a long option"
offers "pgw-list -d nowhere -j " "" "none of a spool that is not there"
offers "pgw-list -u http://127.0.0.1:1 -j my" 'my\ job' "the local ones beside a URL"
offers "pgw-delete -j backup -l " "instance= note= z= zone=" "names of labels"
offers "pgw-delete -j backup -l zo" "zone=" "one name"
offers "pgw-delete -l zone=" "zone=eu" "the value of a label"
offers "pgw-delete -l instance=db1" "instance=db1:9100" "one with a colon"
offers "pgw-delete -l note=" 'note=it\'\''s\ \"a\"\ \$b\ \\\ c' "one with special characters"
offers "pgw-push -g note" "note" "a sample of that name is no label"
offers "pgw-delete -d other " '\{job=\"elsewhere\",instance=\"host\"\}' "groups"
offers "pgw-list --sort " "bytes failed families job labels pushed series ttl" "columns"
offers "pgw-serve --log.level " "debug error info warn" "levels"
offers "pgw-serve --log.format=l" "--log.format=logfmt" "formats"
offers "pgw-serve --spool.sync=a" "--spool.sync=always" "alternatives"
offers "pgw-push fi" "file" "files"
offers "pgw-push --cacert fi" "file" "files of an option"
offers "pgw-push -- --fi" "--fi" "no options at the end of options"
offers "pgw-run -j a pgw-list --js" "--json" "options of pgw-run's command"
offers "pgw-run -j a -l b=c:d -- pgw-list --js" "--json" "behind labels, and the end of options"
offers "pgw-run -j a trunc" "truncate" "the command"
offers "pgw-run -j a -- trunc" "truncate" "behind the end of options"
offers "pgw-run -j a -- pgw-list -d other -j " "elsewhere" "its arguments"
offers $'pgw-list -j \'my\t' "'my job'" "in quotes"
offers "pgw-nothing -" "-" "nothing for others"
check_offers
done_testing
