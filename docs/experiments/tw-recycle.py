"""What is left of tcp_tw_recycle: no file, and an error for whoever writes it."""
import os
import sys

sys.dont_write_bytecode = True

from namespace import done, enter, outcome, show, sysctl, sysctl_path

KEY = "net.ipv4.tcp_tw_recycle"

enter()
show(sysctl_path(KEY) + " is there", os.path.exists(sysctl_path(KEY)), False)
show("reading it", outcome(sysctl, KEY), "ENOENT")
show("writing 1 to it", outcome(sysctl, KEY, 1), "ENOENT")
done()
