"""What TIME_WAIT takes from a server: nothing. Its end keeps the four-tuple, and a new SYN may have it."""
import sys

sys.dont_write_bytecode = True

from namespace import close_in_order, done, enter, listen, make, outcome, show, sockets, sysctl

PORTS = 10

enter(40000, 40000 + PORTS - 1)
sysctl("net.ipv4.tcp_tw_reuse", 0)


def in_sequence(port, is_closed_by_server, most=100):
    """Connections one after the other: how many of them there can be."""
    server = listen("127.0.0.1", port)
    for count in range(most):
        client = make()
        if outcome(client.connect, server.getsockname()) != "ok":
            return count
        accepted, _ = server.accept()
        close_in_order(*(accepted, client) if is_closed_by_server else (client, accepted))
    return most


show("10 ports, the client closes first: of 100 connections one after the other", in_sequence(8080, False), PORTS)
show("10 ports, the server closes first: of 100 connections one after the other", in_sequence(8443, True), 100)
lines = sockets("TIME_WAIT")
show("in TIME_WAIT on the client's side", sum(line.remote[1] == 8080 for line in lines), PORTS)
show("in TIME_WAIT on the server's side, %d at most" % PORTS, 0 < sum(line.local[1] == 8443 for line in lines) <= PORTS, True)
done()
