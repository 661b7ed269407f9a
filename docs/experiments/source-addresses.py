"""What a second and a third source address bring: it depends on how a program asks for them."""
import sys

sys.dont_write_bytecode = True

from namespace import done, enter, fill, listen, no_port, reset, show

SOURCES = "127.0.0.1", "127.0.0.2", "127.0.0.3"
DESTINATIONS = ("127.0.0.9", 8080), ("127.0.0.9", 8443)

enter(40000, 40009)
servers = [listen(*destination) for destination in DESTINATIONS]


def measure(how, expected, sources, **arguments):
    results = [[fill(destination, source, **arguments)[0] for source in sources] for destination in DESTINATIONS]
    counts = [sum(map(len, connections)) for connections in results]
    show(how + ": to each of 2 destinations", counts, expected)
    for connections in results:
        for some in connections:
            reset(some)


measure("no bind(), 3 addresses on the interface", [10, 10], [None])
measure("bind() of 3 addresses with IP_BIND_ADDRESS_NO_PORT", [30, 30], SOURCES, prepare=no_port)
measure("bind(address, 0) of 3 addresses", [30, 0], SOURCES)
done()
