"""What tcp_max_tw_buckets bounds: those above it skip TIME_WAIT. And what 0 and -1 mean."""
import sys

sys.dont_write_bytecode = True

from namespace import close_in_order, counters, done, enter, listen, pair, show, sockets, sysctl

OVERFLOW = "TcpExt:TCPTimeWaitOverflow"
CLOSES = 20

enter(40000, 40099)
for number, (limit, expected) in enumerate(((5, [5, 15]), (0, [0, 20]), (-1, [20, 0]))):
    server = listen("127.0.0.1", 8080 + number)
    sysctl("net.ipv4.tcp_max_tw_buckets", limit)
    before = counters()[OVERFLOW]
    for client, accepted in [pair(server) for _ in range(CLOSES)]:
        close_in_order(client, accepted)
    in_time_wait = sum(line.remote == server.getsockname() for line in sockets("TIME_WAIT"))
    show("tcp_max_tw_buckets %d, %d closes: in TIME_WAIT, and TCPTimeWaitOverflow" % (limit, CLOSES), [in_time_wait, counters()[OVERFLOW] - before], expected)
done()
