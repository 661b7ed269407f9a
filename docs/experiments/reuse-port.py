"""What SO_REUSEPORT shares: listeners. It adds no port to outgoing connections."""
import socket
import sys

sys.dont_write_bytecode = True

from namespace import done, enter, fill, listen, outcome, reset, show

P = socket.SO_REUSEPORT
DESTINATIONS = ("127.0.0.1", 8080), ("127.0.0.1", 8443), ("127.0.0.2", 8080)

enter(40000, 40009)
servers = [listen(*destination) for destination in DESTINATIONS]


def share(made):
    made.setsockopt(socket.SOL_SOCKET, P, 1)


workers = [listen("127.0.0.1", 9000, P)]
show("a second listener on one port, both with SO_REUSEPORT", outcome(listen, "127.0.0.1", 9000, P), "ok")
for how, arguments, expected in (
    ("connect()", {}, [10, 10, 10]),
    ("connect() with SO_REUSEPORT", {"prepare": share}, [10, 10, 10]),
    ("bind(127.0.0.1, 0), connect()", {"source": "127.0.0.1"}, [10, 0, 0]),
    ("bind(127.0.0.1, 0), connect() with SO_REUSEPORT", {"source": "127.0.0.1", "prepare": share}, [10, 0, 0]),
):
    results = [fill(destination, **arguments)[0] for destination in DESTINATIONS]
    show(how + ": to each of 3 destinations", list(map(len, results)), expected)
    for connections in results:
        reset(connections)
done()
