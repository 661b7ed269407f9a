"""Whose TIME_WAIT tcp_tw_reuse gives back: those of outgoing connections, some time after their end."""
import os
import sys
import time

sys.dont_write_bytecode = True

from namespace import add_address, close_in_order, done, enter, listen, make, outcome, pair, show, sysctl, sysctl_path

DELAY = "net.ipv4.tcp_tw_reuse_delay"
LOOPBACK, OTHER = "127.0.0.1", "10.0.0.9"
PORTS = 10

enter(40000, 40000 + PORTS - 1)
add_address(OTHER, "lo:1")
kept = []


def use_up(address, port):
    """Connects from every port of the range. Returns both ends of each connection."""
    server = listen(address, port)
    kept.append(server)
    return [pair(server) for _ in range(PORTS)]


def grow_older():
    """Until they are older than the delay; before Linux 6.14 that is a second."""
    if os.path.exists(sysctl_path(DELAY)):
        sysctl(DELAY, 1)
        time.sleep(0.1)
    else:
        time.sleep(2.1)


def ask(what, reuse, call, address, expected):
    sysctl("net.ipv4.tcp_tw_reuse", reuse)
    made = make()
    kept.append(made)
    show("%s, tcp_tw_reuse %d" % (what, reuse), outcome(getattr(made, call), address), expected)


show("tcp_tw_reuse and its delay by default", [sysctl("net.ipv4.tcp_tw_reuse"), sysctl(DELAY) if os.path.exists(sysctl_path(DELAY)) else "none"], ["2", "1000"])
for address in (LOOPBACK, OTHER):
    for client, accepted in use_up(address, 8080):
        close_in_order(client, accepted)
print("connect(), when each port to the destination is in TIME_WAIT:")
if os.path.exists(sysctl_path(DELAY)):
    sysctl(DELAY, 60000)
    ask("  to 127.0.0.1, for less than the delay", 1, "connect", (LOOPBACK, 8080), "EADDRNOTAVAIL")
grow_older()
ask("  no connect() but bind() of one of these ports", 1, "bind", (LOOPBACK, 40000), "EADDRINUSE")
ask("  to 127.0.0.1, for longer than the delay", 0, "connect", (LOOPBACK, 8080), "EADDRNOTAVAIL")
ask("  to 127.0.0.1, for longer than the delay", 1, "connect", (LOOPBACK, 8080), "ok")
ask("  to 127.0.0.1, for longer than the delay", 2, "connect", (LOOPBACK, 8080), "ok")
ask("  to 10.0.0.9, for longer than the delay", 1, "connect", (OTHER, 8080), "ok")
ask("  to 10.0.0.9, for longer than the delay", 2, "connect", (OTHER, 8080), "EADDRNOTAVAIL")
for client, accepted in use_up(LOOPBACK, 8443):
    client.close()
    kept.append(accepted)
grow_older()
ask("  the same in FIN_WAIT2", 1, "connect", (LOOPBACK, 8443), "EADDRNOTAVAIL")
done()
