"""When trouble starts: connect() has to walk over half the range as soon as half the ports are taken."""
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True

from namespace import IP_LOCAL_PORT_RANGE, done, enter, listen, make, show, sysctl

LOW, HIGH = 40000, 49999
HALF = (HIGH - LOW + 1) // 2
SAMPLE = 500

enter(LOW, HIGH)
# The ports stay taken by TIME_WAIT: no descriptors for thousands of connections.
sysctl("net.ipv4.tcp_tw_reuse", 0)
server = listen("127.0.0.1", 8080)
ports = []


def take(count, prepare=lambda made: None):
    """Takes ports. Returns the median time of the processor that one connect() took."""
    times = []
    for _ in range(count):
        client = make()
        prepare(client)
        begin = time.thread_time_ns()
        client.connect(("127.0.0.1", 8080))
        times.append(time.thread_time_ns() - begin)
        ports.append(client.getsockname()[1])
        accepted, _ = server.accept()
        client.close()
        accepted.close()
    return sorted(times)[count // 2]


def with_range(client):
    client.setsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, struct.pack("=I", LOW | HIGH << 16))


below = take(SAMPLE)
take(HALF - SAMPLE)
above = take(SAMPLE)
stepping = take(SAMPLE, with_range)
show("10000 ports: even ones among the first %d connections" % HALF, sum(port % 2 == 0 for port in ports[:HALF]), HALF)
show("  among the next %d" % SAMPLE, sum(port % 2 == 0 for port in ports[HALF:HALF + SAMPLE]), 0)
show("connect() above 50 % takes over 5 times the processor time of the first ones", above > 5 * below, True)
show("  so it does with IP_LOCAL_PORT_RANGE set to the same range", stepping > 5 * below, False)
done()
