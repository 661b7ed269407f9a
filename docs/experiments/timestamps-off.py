"""What turning TCP timestamps off takes away: the reuse of TIME_WAIT."""
import os
import sys
import time

sys.dont_write_bytecode = True

from namespace import close_in_order, done, enter, listen, make, outcome, pair, show, sysctl, sysctl_path

DELAY = "net.ipv4.tcp_tw_reuse_delay"
PORTS = 10

enter(40000, 40000 + PORTS - 1)
sysctl("net.ipv4.tcp_tw_reuse", 1)
servers = {}
for timestamps in (0, 1):
    sysctl("net.ipv4.tcp_timestamps", timestamps)
    servers[timestamps] = server = listen("127.0.0.1", 8080 + timestamps)
    for client, accepted in [pair(server) for _ in range(PORTS)]:
        close_in_order(client, accepted)
if os.path.exists(sysctl_path(DELAY)):
    sysctl(DELAY, 1)
    time.sleep(0.1)
else:
    time.sleep(2.1)
for timestamps, expected in ((1, "ok"), (0, "EADDRNOTAVAIL")):
    sysctl("net.ipv4.tcp_timestamps", timestamps)
    show("tcp_timestamps %d, tcp_tw_reuse 1, all ports in TIME_WAIT: connect()" % timestamps, outcome(make().connect, servers[timestamps].getsockname()), expected)
done()
