"""What a pool of connections saves, and what one that is too small and does not block lets through.

Twenty workers take a connection at the same time, ask, and give it back, five times: as threads do with a pool of
urllib3, which requests uses.
"""
import sys

sys.dont_write_bytecode = True

from namespace import close_in_order, done, enter, listen, pair, show, sockets, sysctl

WORKERS, ROUNDS = 20, 5

enter(40000, 40199)
# Over loopback the default would take TIME_WAIT over after a second, which it does not between hosts.
sysctl("net.ipv4.tcp_tw_reuse", 0)


def ask(connection):
    client, accepted = connection
    client.sendall(b"question")
    accepted.sendall(accepted.recv(100))
    client.recv(100)


def play(size, is_blocking, port):
    """Returns the connections that were opened, and the ports that are in TIME_WAIT at the end."""
    server = listen("127.0.0.1", port)
    opened, pool = 0, []
    for _ in range(ROUNDS):
        waiting = WORKERS
        while waiting > 0:
            together = min(waiting, size) if is_blocking else waiting
            fresh = [pair(server) for _ in range(together - len(pool))]
            opened += len(fresh)
            pool = pool + fresh
            for connection in pool[:together]:
                ask(connection)
            for client, accepted in pool[size:]:
                close_in_order(client, accepted)
            pool = pool[:size]
            waiting -= together
    return [opened, sum(line.remote[1] == port for line in sockets("TIME_WAIT"))]


print("%d requests, %d at a time: connections opened, ports in TIME_WAIT" % (WORKERS * ROUNDS, WORKERS))
for number, (what, size, is_blocking, expected) in enumerate((
    ("a connection for each request", 0, False, [100, 100]),
    ("a pool that keeps 20", 20, False, [20, 0]),
    ("a pool that keeps 10", 10, False, [60, 50]),
    ("a pool that keeps 10 and lets the others wait", 10, True, [10, 0]),
)):
    show("  " + what, play(size, is_blocking, 8080 + number), expected)
done()
