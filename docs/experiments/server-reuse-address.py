"""What SO_REUSEADDR of a server helps against: the rest of its own connections, not an outgoing one on its port."""
import socket
import sys

sys.dont_write_bytecode = True

from namespace import close_in_order, done, enter, listen, make, outcome, pair, show

PORT = 40000
R = socket.SO_REUSEADDR

enter(PORT, PORT + 1)
elsewhere = listen("127.0.0.1", 8080)


def start(port, expected, what):
    show("a server with SO_REUSEADDR binds beside " + what, outcome(make(R).bind, ("0.0.0.0", port)), expected)


first = listen("0.0.0.0", 8000, R)
client, accepted = pair(first)
first.close()
close_in_order(accepted, client)
start(8000, "ok", "the TIME_WAIT of a connection that it had accepted")

other = make()
other.bind(("127.0.0.1", PORT + 1))
client, accepted = pair(elsewhere)
start(PORT, "EADDRINUSE", "an outgoing connection")
client.setsockopt(socket.SOL_SOCKET, R, 1)
start(PORT, "ok", "the same, when the outgoing socket has SO_REUSEADDR as well")
client.setsockopt(socket.SOL_SOCKET, R, 0)
close_in_order(client, accepted)
start(PORT, "EADDRINUSE", "the TIME_WAIT of the outgoing connection")
done()
