"""What ss -tuln lists: the same question is asked of the kernel as ss asks it."""
import socket
import struct
import sys

sys.dont_write_bytecode = True

from namespace import STATES, close_in_order, done, enter, listen, pair, show

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, NLMSG_DONE = 20, 0x301, 3
ESTAB, TIME_WAIT, CLOSE, LISTEN = (1 << STATES.index(name) + 1 for name in ("ESTAB", "TIME_WAIT", "CLOSE", "LISTEN"))


def dump(states):
    """The states of the TCP and UDP sockets that are in one of these, IPv4."""
    found = []
    for protocol in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as diag:
            body = struct.pack("=BBBxI48x", socket.AF_INET, protocol, 0, states)
            diag.send(struct.pack("=IHHII", 16 + len(body), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST_DUMP, 1, 0) + body)
            found += messages(diag)
    return found


def messages(diag):
    """Byte 1 of an answer is the state."""
    while True:
        data = diag.recv(65536)
        while data:
            length, kind = struct.unpack_from("=IH", data)
            if kind == NLMSG_DONE:
                return
            yield STATES[data[17] - 1]
            data = data[length + 3 & ~3:]


enter(40000, 40099)
server = listen("127.0.0.1", 8080)
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 5353))
connections = [pair(server) for _ in range(15)]
for client, accepted in connections[10:]:
    close_in_order(client, accepted)

show("ss -tuln lists", dump(LISTEN | CLOSE), ["LISTEN", "CLOSE"])
show("ss -tn lists, both ends of 10 connections", len(dump(ESTAB)), 20)
show("ss -tan lists besides, in TIME_WAIT", len(dump(TIME_WAIT)), 5)
done()
