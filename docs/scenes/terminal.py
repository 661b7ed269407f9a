"""Runs a command as on a terminal of a given width, and prints what it shows, without colour.

usage: python3 docs/scenes/terminal.py COLUMNS COMMAND...
"""
import fcntl
import os
import pty
import re
import struct
import sys
import termios


def main():
    columns = int(sys.argv[1])
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        os.execvp(sys.argv[2], sys.argv[2:])
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    _, status = os.waitpid(pid, 0)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r\n", "\n")
    sys.stdout.write(text)
    sys.exit(os.waitstatus_to_exitcode(status))


main()
