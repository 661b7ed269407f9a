"""What sysctl makes of the line as people type it: with blanks, and without quotes. Needs the sysctl of procps."""
import subprocess
import sys

sys.dont_write_bytecode = True

from namespace import RANGE, done, enter, show, sysctl

enter()


def run(line, expected):
    sysctl(RANGE, "32768 60999")
    status = subprocess.run(["sh", "-c", line], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
    show(line, "%s, the range is %s" % ("ok" if status == 0 else "an error", sysctl(RANGE)), expected)


show("before each line, the range is", sysctl(RANGE), "32768 60999")
run("sysctl net.ipv4.ip_local_port_range = 1024 65535", "an error, the range is 32768 60999")
run("sysctl -w net.ipv4.ip_local_port_range = 1024 65535", "an error, the range is 32768 60999")
run("sysctl -w net.ipv4.ip_local_port_range=1024 65535", "an error, the range is 1024 60999")
run("sysctl -w net.ipv4.ip_local_port_range='1024 65535'", "ok, the range is 1024 65535")
done()
