"""What somaxconn bounds: connections that nobody has accepted yet, of a listener that calls listen() from then on."""
import sys

sys.dont_write_bytecode = True

from namespace import counters, done, enter, listen, make, pair, show, sockets, sysctl

LIMIT = 8

enter(40000, 40999)
sysctl("net.core.somaxconn", LIMIT)
server = listen("127.0.0.1", 8080, backlog=1000)
open_pairs = [pair(server) for _ in range(200)]
show("somaxconn 8, the server calls accept(): connections open at the same time", len(open_pairs), 200)


def waiting(server, most=20):
    """Connects without accept(), and counts the connections that are there."""
    clients = [make() for _ in range(most)]
    for client in clients:
        client.setblocking(False)
        client.connect_ex(server.getsockname())
    ports = {client.getsockname()[1] for client in clients}
    count = sum(line.local[1] in ports for line in sockets("ESTAB"))
    for client in clients:
        client.close()
    return count


def drained(server):
    server.setblocking(False)
    try:
        while True:
            server.accept()[0].close()
    except BlockingIOError:
        return server


before = counters()["TcpExt:ListenOverflows"]
show("somaxconn 8, it does not: of 20 connect()s succeed", waiting(server), LIMIT + 1)
show("  ListenOverflows has grown", counters()["TcpExt:ListenOverflows"] > before, True)
sysctl("net.core.somaxconn", 1000)
show("somaxconn 1000, the same listener: of 20 connect()s succeed", waiting(drained(server)), LIMIT + 1)
drained(server).listen(1000)
show("somaxconn 1000, it has called listen() again: of 20 connect()s succeed", waiting(server), 20)
done()
