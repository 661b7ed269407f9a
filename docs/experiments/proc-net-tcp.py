"""What the lines of /proc/net/tcp are: hardly the connections."""
import socket
import sys

sys.dont_write_bytecode = True

from namespace import close_in_order, done, enter, listen, make, pair, show, sockets

enter(40000, 40099)
server = listen("127.0.0.1", 8080)
connections = [pair(server) for _ in range(15)]
for client, accepted in connections[10:]:
    close_in_order(client, accepted)
six = socket.socket(socket.AF_INET6)
six.bind(("::1", 8080))
six.listen()
kept = [socket.create_connection(("::1", 8080)) for _ in range(3)]
idle = make()
idle.bind(("127.0.0.1", 9000))


def lines(path):
    with open(path) as file:
        return len(file.readlines())


show("connections, over IPv4 and over IPv6", [10, len(kept)], [10, 3])
show("cat /proc/net/tcp | wc -l", lines("/proc/net/tcp"), 27)
show("  the heading, and listeners", [lines("/proc/net/tcp") - len(sockets()), len(sockets("LISTEN"))], [1, 1])
show("  both ends of 10 connections", len(sockets("ESTAB")), 20)
show("  in TIME_WAIT", len(sockets("TIME_WAIT")), 5)
show("  the socket that holds port 9000 by bind() alone", sum(line.local[1] == 9000 for line in sockets()), 0)
show("cat /proc/net/tcp6 | wc -l", lines("/proc/net/tcp6"), 8)
done()
