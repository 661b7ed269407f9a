"""What else than the four-tuple tells connections apart, and what else keeps a port from one."""
import socket
import subprocess
import sys

sys.dont_write_bytecode = True

from namespace import done, enter, listen, make, outcome, pair, show

DESTINATION = "127.0.0.1", 8080


def names(connection):
    return "%s:%d -> %s:%d" % (connection.getsockname() + connection.getpeername())


def from_port(port):
    made = make(socket.SO_REUSEADDR)
    made.bind(("127.0.0.1", port))
    return made


enter(40000, 40001)
server = listen(*DESTINATION)
client, accepted = pair(server, from_port(40000))
if sys.argv[1:] == ["neighbour"]:
    print(names(client))
    done()

numbers = "127.0.0.1:40000 -> 127.0.0.1:8080"
show("a TCP connection", names(client), numbers)
show("the same four numbers once more", outcome(from_port(40000).connect, DESTINATION), "EADDRNOTAVAIL")
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 40000))
udp.connect(DESTINATION)
show("at the same time over UDP", names(udp), numbers)
neighbour = subprocess.run(["unshare", "--net", sys.executable, sys.argv[0], "neighbour"], stdout=subprocess.PIPE, universal_newlines=True)
show("at the same time in another network namespace", neighbour.stdout.strip(), numbers)

client.close()
accepted.close()
idle = [make(), make()]
for port, holder in zip((40000, 40001), idle):
    holder.bind(("127.0.0.9", port))
show("no connection to 127.0.0.1:8443, both ports of the range bound on 127.0.0.9: connect()", outcome(make().connect, ("127.0.0.1", 8443)), "EADDRNOTAVAIL")
done()
