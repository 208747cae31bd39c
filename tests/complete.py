"""What a shell makes of its completion key: a real shell on a terminal of its own, and real key strokes.

	complete.py SHELL SETUP LINE...

SHELL is bash or zsh, SETUP a file that it reads first. For each LINE all that the shell offers behind it is put in, as
bash's insert-completions and zsh's all-matches do, and the line is printed. Where a LINE ends with a tab, that is the
only key.
"""

import os
import pty
import select
import sys
import tempfile
import time

DEADLINE = 120
INSERT_ALL, DUMP, CLEAR = b"\x18a", b"\x18d", b"\x15"

SETUP = {
    "bash": r"""
bind 'set enable-bracketed-paste off'
bind 'set completion-query-items 0'
bind '"\C-xa": insert-completions'
bind -x '"\C-xd": printf %s "$READLINE_LINE" >"$LINE_FILE.new"; mv "$LINE_FILE.new" "$LINE_FILE"'
""",
    "zsh": r"""
zstyle ':completion:all-matches:*' insert true
zstyle ':completion:all-matches::::' completer _all_matches _complete
zle -C all-matches complete-word _generic
bindkey '^Xa' all-matches
dump-line() { print -rn -- "$BUFFER" >"$LINE_FILE.new"; mv "$LINE_FILE.new" "$LINE_FILE" }
zle -N dump-line
bindkey '^Xd' dump-line
bindkey '^U' kill-whole-line
""",
}
COMMANDS = {"bash": ["bash", "--noprofile", "--norc", "-i"], "zsh": ["zsh", "-f", "-i"]}


class Shell:
    def __init__(self, name, setup, folder):
        self.line_file = os.path.join(folder, "line")
        rc = os.path.join(folder, "setup")
        with open(rc, "w") as file:
            file.write(f". {os.path.abspath(setup)}\n{SETUP[name]}\nPS1=; printf %s >\"$LINE_FILE\"\n")
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.environ.update(LINE_FILE=self.line_file, TERM="dumb", HISTFILE="", COLUMNS="200")
            os.execvp(COMMANDS[name][0], COMMANDS[name])
        self.send(f". {rc}\r".encode())
        self.await_line()

    def send(self, keys):
        os.write(self.terminal, keys)

    def await_line(self):
        """What the shell wrote into the file. What it shows meanwhile is read and forgotten, as it would block."""
        end = time.monotonic() + DEADLINE
        shown = b""
        while not os.path.exists(self.line_file):
            if time.monotonic() > end:
                sys.exit(f"the shell does not answer; it shows {shown[-2000:]!r}")
            if select.select([self.terminal], [], [], 0.01)[0]:
                shown += os.read(self.terminal, 65536)
        with open(self.line_file) as file:
            line = file.read()
        os.unlink(self.line_file)
        return line

    def complete(self, line):
        self.send(line.encode() + (b"" if line.endswith("\t") else INSERT_ALL) + DUMP)
        result = self.await_line()
        self.send(CLEAR)
        return result


def main():
    name, setup, *lines = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(name, setup, folder)
        for line in lines:
            print(shell.complete(line).rstrip(" "))
        os.close(shell.terminal)
        os.waitpid(shell.process, 0)


if __name__ == "__main__":
    main()
