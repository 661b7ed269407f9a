"""What a tcp_fin_timeout above 60 does: FIN_WAIT2 waits for what is above 60, twice."""
import sys
import time

sys.dont_write_bytecode = True

from namespace import done, enter, listen, pair, show, sockets, sysctl, wait_for

KEEPALIVE, BUCKET = 2, 3

enter(40000, 40099)
server = listen("127.0.0.1", 8080)
kept = []


def fin_wait(value):
    """Closes one end of a connection, and returns how to find it."""
    sysctl("net.ipv4.tcp_fin_timeout", value)
    client, accepted = pair(server)
    kept.append(accepted)
    port = client.getsockname()[1]
    client.close()
    find = lambda: [line for line in sockets("FIN_WAIT2") if line.local[1] == port]
    wait_for(find)
    return find


def first_timer(value, expected):
    timers = ["%s, %d s" % ("bucket" if line.timer == BUCKET else "socket", round(line.seconds, -1)) for line in fin_wait(value)()]
    show("tcp_fin_timeout %d: FIN_WAIT2 begins as" % value, timers, [expected])


find = fin_wait(61)
seen = []
begin = time.monotonic()
while find() and time.monotonic() < begin + 20:
    seen += [line.timer for line in find() if line.timer not in seen]
    time.sleep(0.02)
show("tcp_fin_timeout 61: FIN_WAIT2 is first a socket, then a bucket", seen == [KEEPALIVE, BUCKET], True)
show("  and is gone within 10 seconds", time.monotonic() < begin + 10, True)
first_timer(60, "bucket, 60 s")
first_timer(70, "socket, 10 s")
first_timer(90, "socket, 30 s")
first_timer(120, "socket, 60 s")
done()
