"""What tcp_fin_timeout shortens: FIN_WAIT2, never TIME_WAIT. The kernel's own timers are read, nothing is waited for."""
import sys

sys.dont_write_bytecode = True

from namespace import close_in_order, done, enter, listen, pair, show, sockets, sysctl, wait_for

enter(40000, 40099)
server = listen("127.0.0.1", 8080)
kept = []


def left(client_port, state):
    """Seconds that the client's end has left, to the nearest ten."""
    wait_for(lambda: any(line.local[1] == client_port for line in sockets(state)))
    return ["%d s" % round(line.seconds, -1) for line in sockets(state) if line.local[1] == client_port]


for value in (10, 30, 60):
    sysctl("net.ipv4.tcp_fin_timeout", value)
    client, accepted = pair(server)
    port = client.getsockname()[1]
    close_in_order(client, accepted)
    show("tcp_fin_timeout %d: TIME_WAIT has left" % value, left(port, "TIME_WAIT"), ["60 s"])

for value in (10, 30, 60):
    sysctl("net.ipv4.tcp_fin_timeout", value)
    client, accepted = pair(server)
    kept.append(accepted)
    port = client.getsockname()[1]
    client.close()
    show("tcp_fin_timeout %d: FIN_WAIT2, whose other side does not close, has left" % value, left(port, "FIN_WAIT2"), ["%d s" % value])
done()
