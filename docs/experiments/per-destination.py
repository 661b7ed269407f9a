"""Whether every destination has the whole range to itself: with connect() yes, after bind(address, 0) no."""
import sys

sys.dont_write_bytecode = True

from namespace import done, enter, fill, listen, no_port, reset, show

DESTINATIONS = ("127.0.0.1", 8080), ("127.0.0.1", 8443), ("127.0.0.2", 8080)

enter(40000, 40019)
servers = [listen(*destination) for destination in DESTINATIONS]
for how, arguments, expected, expected_refusal in (
    ("connect()", {}, [20, 20, 20], "EADDRNOTAVAIL from connect()"),
    ("bind(127.0.0.1, 0), connect()", {"source": "127.0.0.1"}, [20, 0, 0], "EADDRINUSE from bind()"),
    ("the same with IP_BIND_ADDRESS_NO_PORT", {"source": "127.0.0.1", "prepare": no_port}, [20, 20, 20], "EADDRNOTAVAIL from connect()"),
):
    results = [fill(destination, **arguments) for destination in DESTINATIONS]
    show(how + ": to each of 3 destinations", [len(connections) for connections, _ in results], expected)
    show("  then", results[-1][1], expected_refusal)
    for connections, _ in results:
        reset(connections)
done()
