"""What the experiments share: a network namespace to themselves, small populations of sockets, and a comparison.

usage (as root, in the root of the repository): unshare --net python3 docs/experiments/NAME.py

They need Python's standard library alone, of that what Debian's python3-minimal has. Each prints what it sees, and ends
with 0 where the kernel says what docs/myths.md says, with 1 where it says something else.
"""
import errno
import fcntl
import os
import socket
import struct
import sys
import time

IP_BIND_ADDRESS_NO_PORT = 24
IP_LOCAL_PORT_RANGE = 51
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8913, 0x8914, 0x8916, 0x891C
IFF_UP = 1
RANGE = "net.ipv4.ip_local_port_range"
STATES = "ESTAB SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN CLOSING".split()

differences = 0


def enter(*port_range):
    """Refuses every namespace that is not fresh; then loopback comes up, with this port range if there is one."""
    refuse_unless_fresh()
    change_interface(SIOCSIFFLAGS, "lo", struct.pack("H", IFF_UP))
    if port_range:
        sysctl(RANGE, "%d %d" % port_range)


def refuse_unless_fresh():
    """No namespace that anybody uses has its loopback down, and tcp_mem is in the initial one alone."""
    flags, = struct.unpack_from("H", change_interface(SIOCGIFFLAGS, "lo", b""), 16)
    if flags & IFF_UP or os.path.exists("/proc/sys/net/ipv4/tcp_mem"):
        sys.exit("not here: this writes sysctls. Run it as root in a network namespace of its own:\n  unshare --net python3 " + sys.argv[0])


def change_interface(request, name, argument):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return fcntl.ioctl(any_socket, request, struct.pack("16s24s", name.encode(), argument))


def add_address(address, label):
    """One more address of loopback, under a label such as lo:1."""
    change_interface(SIOCSIFADDR, label, struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(address)))
    change_interface(SIOCSIFNETMASK, label, struct.pack("HH4s", socket.AF_INET, 0, b"\xff" * 4))


def sysctl_path(key):
    return "/proc/sys/" + key.replace(".", "/")


def sysctl(key, value=None):
    """Reads a sysctl of this namespace, with single blanks; with a value, writes that first."""
    if value is not None:
        with open(sysctl_path(key), "w") as file:
            file.write(str(value))
    with open(sysctl_path(key)) as file:
        return " ".join(file.read().split())


def outcome(call, *arguments):
    """Calls, and says "ok" or the name of the errno."""
    try:
        call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "ok"


def make(*flags):
    """A TCP socket with these options of SOL_SOCKET set."""
    made = socket.socket()
    for flag in flags:
        made.setsockopt(socket.SOL_SOCKET, flag, 1)
    return made


def listen(address, port, *flags, backlog=4096):
    """A server that never accepts: the kernel completes the connections, and they take no descriptor."""
    server = make(*flags)
    server.bind((address, port))
    server.listen(backlog)
    return server


def fill(destination, source=None, prepare=lambda made: None, most=1000):
    """Connects until the kernel refuses. Returns the connections, and the errno of the one that failed with its call."""
    connections = []
    while len(connections) < most:
        made = make()
        prepare(made)
        if source is not None:
            result = outcome(made.bind, (source, 0))
            if result != "ok":
                return connections, result + " from bind()"
        result = outcome(made.connect, destination)
        if result != "ok":
            return connections, result + " from connect()"
        connections.append(made)
    return connections, "nothing refused"


def no_port(made):
    """bind(address, 0) of this socket then chooses no port: connect() does, for its destination."""
    made.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)


def reset(connections):
    """Ends connections by RST: no TIME_WAIT stays."""
    for connection in connections:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


def pair(server, client=None):
    """One connection to the server: both ends."""
    client = client or make()
    client.connect(server.getsockname())
    return client, server.accept()[0]


def close_in_order(first, second):
    """Ends a connection in order: the first end keeps the four-tuple in TIME_WAIT."""
    name, peer = first.getsockname(), first.getpeername()
    first.close()
    second.recv(1)
    second.close()
    wait_for(lambda: not any(line.local == name and line.remote == peer and line.state not in ("TIME_WAIT", "FIN_WAIT2") for line in sockets()))


class Line:
    """One line of /proc/net/tcp: two (address, port), the state, the kind of timer, and the seconds that it has left."""

    def __init__(self, text):
        fields = text.split()
        self.local, self.remote = map(self.address, fields[1:3])
        self.state = STATES[int(fields[3], 16) - 1]
        kind, ticks = fields[5].split(":")
        self.timer = int(kind, 16)
        self.seconds = int(ticks, 16) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def address(text):
        address, port = text.split(":")
        return socket.inet_ntoa(struct.pack("=I", int(address, 16))), int(port, 16)


def sockets(state=None):
    """What /proc/net/tcp lists, of one state or of all."""
    with open("/proc/net/tcp") as file:
        lines = [Line(text) for text in file.readlines()[1:]]
    return [line for line in lines if state in (None, line.state)]


def counters():
    """The counters of this namespace by their names, such as TcpExt:TCPTimeWaitOverflow."""
    values = {}
    for path in ("/proc/net/netstat", "/proc/net/snmp"):
        with open(path) as file:
            lines = file.read().splitlines()
        for names, numbers in zip(lines[::2], lines[1::2]):
            protocol, *words = names.split()
            values.update((protocol + word, int(number)) for word, number in zip(words, numbers.split()[1:]))
    return values


def wait_for(condition, seconds=10):
    """Waits until it holds; what does not come to hold shows in what is printed then."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)


def accept_from(server, port):
    """Accepts connections until one comes from this port; the others are closed."""
    while True:
        accepted, (_, peer_port) = server.accept()
        if peer_port == port:
            return accepted
        accepted.close()


def show(what, seen, expected):
    """Prints what was seen, and beside it what the page says where that is something else."""
    global differences
    differences += seen != expected
    print("%s: %s%s" % (what, in_words(seen), "" if seen == expected else "   <- the page says " + in_words(expected)), flush=True)


def in_words(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def done():
    sys.exit(1 if differences else 0)
