# shellcheck shell=bash
# Completion of pgw's tools in bash. "make install" puts it where bash-completion finds it; to try it, source this file.
#
# The options are those of "TOOL --help", asked each time, which takes a millisecond. What an argument may be follows
# from its name there: DIR, FILE, JOB and so on. Jobs and labels are those of the local spool. No gateway is asked.

# _pgw_help TOOL: LETTER/NAME/ARGUMENT/HELP for each option, a line each; LETTER and ARGUMENT may be empty.
_pgw_help() {
	"${1/#\~\//$HOME/}" --help 2>/dev/null </dev/null |
		sed -nE 's,^ +(-(.)\, )?--([[:alnum:].-]+)(\[?[ =]([^] ]+)\]?)?( +(.*))?$,\2/\3/\4/\7,p'
}

# _pgw_groups: the groups of the spool that the command line names, as {NAME="VALUE",...}, a line each.
_pgw_groups() {
	env -u PGW_URL timeout 2 pgw-list -q -0 ${spool:+-d "$spool"} 2>/dev/null </dev/null | tr '\0' '\n'
}

# _pgw_labels: their labels as NAME=VALUE, a line each. A value of several lines is left out.
_pgw_labels() {
	_pgw_groups | grep -oE '[[:alpha:]_][[:alnum:]_]*="([^"\]|\\.)*"' |
		sed -E '/(^|[^\])(\\\\)*\\n/d; s/="(.*)"$/=\1/; s/\\(.)/\1/g' | sort -u
}

# _pgw_offer: of the candidates on standard input, a line each, those that begin with $cur. Readline replaces what comes
# after the last break between words, and a shell wants special characters to be quoted.
_pgw_offer() {
	local candidate head='' typed=$cur quote=''
	case $cur in
	[\'\"]*)
		quote=${cur:0:1}
		typed=${cur:1}
		;;
	*)
		typed=$(sed -E 's/\\(.)/\1/g' <<<"$cur")
		local breaks=${COMP_WORDBREAKS//[!=:]/}
		[ -z "$breaks" ] || head=${typed%"${typed##*["$breaks"]}"}
		;;
	esac
	while IFS= read -r candidate; do
		[[ $candidate == "$typed"* ]] || continue
		candidate=${candidate:${#head}}
		[ -n "$quote" ] || printf -v candidate %q "$candidate"
		COMPREPLY+=("$candidate")
	done
}

# _pgw_label: a label as NAME=, or its values behind that.
_pgw_label() {
	if [[ $cur == *=* ]]; then
		_pgw_offer < <(_pgw_labels | grep -v '^job=')
	else
		compopt -o nospace
		local names
		names=$(_pgw_labels | sed -n '/^job=/!s/=.*//p' | sort -u)
		mapfile -t COMPREPLY < <(compgen -S = -W "$names" -- "$cur")
	fi
}

# _pgw_value OPTION ARGUMENT HELP: completes $cur as the argument of an option.
_pgw_value() {
	case $2 in
	*FILE*) _filedir ;;
	*DIR*) _filedir -d ;;
	*JOB) _pgw_offer < <(_pgw_labels | sed -n 's/^job=//p') ;;
	*COLUMN | *LEVEL | *FORMAT) _pgw_offer < <(sed -E 's/.*: //; s/ *\(.*//; s/, | or /\n/g' <<<"$3") ;;
	*\|*) _pgw_offer < <(tr -d ' =[]' <<<"$2" | tr '|' '\n') ;;
	*NAME=VALUE) [ "$1" != label ] || _pgw_label ;;
	esac
}

# Completes $cur as an operand.
_pgw_operand() {
	case $tool in
	pgw-push) _filedir ;;
	pgw-delete) _pgw_offer < <(_pgw_groups) ;;
	esac
}

# _pgw_command INDEX: completes the command that begins there among the words, with its own completion. Those of
# bash-completion are joined at "=" and ":", and _command_offset counts those of bash.
_pgw_command() {
	local i joined='' offset=0
	for ((i = 0; i < $1; i++)); do
		joined=''
		while [ "$joined" != "${words[i]}" ] && ((offset < COMP_CWORD)); do
			joined+=${COMP_WORDS[offset]}
			((offset++))
		done
	done
	_command_offset "$offset"
}

# _pgw_look_up NAME-OR-LETTER: sets name, argument and help of an option; fails where there is none.
_pgw_look_up() {
	local line letter
	while IFS= read -r line; do
		IFS=/ read -r letter name argument help <<<"$line"
		[ "$1" != "$letter" ] && [ "$1" != "$name" ] || return 0
	done <<<"$options"
	return 1
}

# _pgw_awaits WORD: whether the argument of this option, or the last of these letters, is the next word; sets name,
# argument and help.
_pgw_awaits() {
	local word=$1 i
	name='' argument='' help=''
	case $word in
	--*=*) return 1 ;;
	--*) _pgw_look_up "${word:2}" && [[ $argument == [\ =]* ]] ;;
	-?*)
		for ((i = 1; i < ${#word}; i++)); do
			_pgw_look_up "${word:i:1}" || return 1
			[ -z "$argument" ] || break
		done
		[[ $argument == [\ =]* ]] && ((i == ${#word} - 1))
		;;
	*) return 1 ;;
	esac
}

# Reads the words before the cursor. Sets spool; first, the index of pgw-run's command, or of the cursor if that is
# first; ended behind "--"; awaited where the cursor is in the argument of the option name.
_pgw_read_words() {
	for ((first = 1; first < cword; first++)); do
		local word=${words[first]}
		case $word in
		--)
			ended=yes
			((first++))
			return
			;;
		--spool=*) spool=${word#*=} ;;
		-?*)
			_pgw_awaits "$word" || continue
			((++first < cword)) || awaited=yes
			[ "$name" != spool ] || spool=${words[first]}
			;;
		*) [[ $tool != pgw-run ]] || return ;;
		esac
	done
}

_pgw() {
	local cur words cword options name argument help spool='' first awaited='' ended='' tool=${1##*/}
	_get_comp_words_by_ref -n =: cur words cword || return
	options=$(_pgw_help "$1")
	_pgw_read_words
	spool=${spool/#\~\//$HOME/}
	if [ -n "$awaited" ]; then
		_pgw_value "$name" "$argument" "$help"
	elif [[ -z $ended && first -ge cword && $cur == --*=* ]]; then
		name=${cur%%=*}
		cur=${cur#*=}
		! _pgw_look_up "${name:2}" || _pgw_value "$name" "$argument" "$help"
	elif [[ -z $ended && first -ge cword && $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(sed -E 's,^(.?)/([^/]*)/.*,--\2 -\1,; s/ -$//' <<<"$options")" -- "$cur")
	elif [[ $tool == pgw-run ]]; then
		_pgw_command "$first"
	else
		_pgw_operand
	fi
} && complete -F _pgw pgw-delete pgw-list pgw-push pgw-run pgw-scrape-relay pgw-serve
