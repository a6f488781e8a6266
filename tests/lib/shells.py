"""bash and zsh on a terminal, asked what the Tab key would offer."""

import os
import pty
import shutil
import subprocess
import tempfile
import threading

import gateway as gw
import waiting

# ^T writes all that fits into the line, ^G adds the line to the file.
BASH = """
PS1=
source '%(scripts)s/hlsctl'
bind '"\\C-t": insert-completions'
bind 'set completion-query-items 0'
%(more)s
bind -x '"\\C-g": printf "%%s\\n" "$READLINE_LINE" >>"%(lines)s"'
echo ready >>'%(lines)s'
"""
ZSH = """
PS1=
fpath=('%(scripts)s' $fpath)
autoload -Uz compinit && compinit -u -D
zle -C every complete-word _generic
zstyle ':completion:every:*' completer _all_matches _complete
zstyle ':completion:every:*' insert true
bindkey '^T' every
tell() { print -r -- "$BUFFER" >>'%(lines)s' }
zle -N tell
bindkey '^G' tell
echo ready >>'%(lines)s'
"""


class Shell:
    """A shell that has read the scripts in a folder, and more lines that
    its user has."""

    def __init__(self, name, scripts, env, more=""):
        self.home = tempfile.mkdtemp(prefix="hls-shell-")
        self.lines = os.path.join(self.home, "lines")
        rc = os.path.join(self.home, ".%src" % name)
        with open(rc, "w", encoding="utf-8") as f:
            f.write({"bash": BASH, "zsh": ZSH}[name] % {
                "scripts": scripts, "lines": self.lines, "more": more})
        env = {**env, "HOME": self.home, "ZDOTDIR": self.home,
               "TERM": "dumb", "PATH": "%s:%s" % (
                   os.path.dirname(gw.program("hlsctl")),
                   os.environ["PATH"])}
        args = {"bash": ["bash", "--rcfile", rc, "-i"],
                "zsh": ["zsh", "-o", "NO_GLOBAL_RCS", "-i"]}[name]
        self.master, slave = pty.openpty()
        self.proc = subprocess.Popen(args, stdin=slave, stdout=slave,
                                     stderr=slave, env=env, cwd=self.home,
                                     start_new_session=True)
        os.close(slave)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.answers = 0
        assert self._answer() == "ready"

    def _read(self):
        """What it shows is not looked at, and must not fill the terminal."""
        try:
            while os.read(self.master, 65536):
                pass
        except OSError:
            pass

    def _answer(self):
        def more():
            try:
                with open(self.lines, encoding="utf-8") as f:
                    lines = f.read().splitlines()
            except OSError:
                return None
            return lines[self.answers:] or None
        text = waiting.wait_for(more, 30)[0]
        self.answers += 1
        return text

    def offers(self, line):
        """The words that may stand where the line ends."""
        os.write(self.master, line.encode() + b"\x14\x07")
        got = self._answer()
        os.write(self.master, b"\x15")
        done = line[:len(line) - len(line.split(" ")[-1].split("=")[-1])]
        assert got.startswith(done), (line, got)
        # zsh repeats the option in front of each.
        words = [w.split("=")[-1] for w in got[len(done):].split()]
        return [] if words == [line[len(done):]] else words

    def close(self):
        self.proc.kill()
        self.proc.wait()
        self.reader.join()
        os.close(self.master)
        shutil.rmtree(self.home)
