"""When an outgoing connection gets a service's port: never while the service listens."""
import socket
import sys

sys.dont_write_bytecode = True

from namespace import accept_from, close_in_order, done, enter, fill, listen, make, outcome, show, sockets

PORT = 40050
R = socket.SO_REUSEADDR

enter(40000, 40099)
elsewhere = listen("127.0.0.1", 8080)
service = listen("0.0.0.0", PORT, R)


def port_of(connection):
    return connection.getsockname()[1]


def start():
    return outcome(listen, "0.0.0.0", PORT, R)


connections, refused = fill(("127.0.0.1", 8080))
show("connections from a range of 100 ports, in which a service listens on %d" % PORT, len(connections), 99)
show("  one of them has its port", PORT in map(port_of, connections), False)
service.close()
client = make()
client.connect(("127.0.0.1", 8080))
show("the service has stopped, the next connection gets port", port_of(client), PORT)
show("the service starts again", start(), "EADDRINUSE")

close_in_order(client, accept_from(elsewhere, PORT))
show("the connection is closed, its state", [line.state for line in sockets() if line.local[1] == PORT], ["TIME_WAIT"])
show("the service starts again", start(), "EADDRINUSE")
done()
