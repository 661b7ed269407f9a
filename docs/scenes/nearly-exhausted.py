"""The world that the README and the guides show: a database client near exhaustion, and a program that poisons ports.

usage (as root): python3 docs/scenes/nearly-exhausted.py COMMAND...

Makes a network namespace of its own with a range of 4,096 ports, fills it, runs COMMAND in it, and goes away.
"""
import ctypes
import os
import signal
import socket
import subprocess
import sys

CLONE_NEWNET = 0x40000000


def name_process(name):
    with open("/proc/self/comm", "w") as comm:
        comm.write(name)


def start(name, work):
    """Forks a process called name, which does the work, says so, and waits for its end."""
    ready, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        os.close(ready)
        name_process(name)
        kept = work()
        os.write(done, b".")
        signal.pause()
        del kept
        os._exit(0)
    os.close(done)
    os.read(ready, 1)
    return pid


def application():
    connections = []
    for _ in range(3640):
        connection = socket.socket()
        connection.connect(("10.0.0.9", 5432))
        connections.append(connection)
    for connection in connections[:900]:
        connection.close()
    return connections[900:]


def exporter():
    connections = []
    for _ in range(180):
        connection = socket.socket()
        connection.bind(("10.0.0.5", 0))
        connection.connect(("10.0.0.9", 5432))
        connections.append(connection)
    return connections


def main():
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        sys.exit("making a network namespace takes root")
    for command in (
        "ip link set lo up",
        "ip addr add 10.0.0.5/32 dev lo",
        "ip addr add 10.0.0.9/32 dev lo",
        "ip route change local 10.0.0.9 dev lo table local src 10.0.0.5",
        "sysctl -qw net.core.somaxconn=65535 net.ipv4.tcp_max_syn_backlog=65535",
        "sysctl -qw net.ipv4.ip_local_port_range=32768\\ 36863",
    ):
        subprocess.run(["sh", "-c", command], check=True)
    pids = []
    listener = socket.create_server(("10.0.0.9", 5432), backlog=65535)
    pids.append(start("postgres", lambda: accept_all(listener)))
    listener.close()
    pids.append(start("app", application))
    pids.append(start("exporter", exporter))
    try:
        status = subprocess.run(sys.argv[1:]).returncode
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
    sys.exit(status)


def accept_all(listener):
    """Accepts in the background for ever, and closes what its peer has closed."""
    import selectors
    import threading

    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)

    def loop():
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    connection, _ = listener.accept()
                    selector.register(connection, selectors.EVENT_READ)
                elif key.fileobj.recv(4096) == b"":
                    selector.unregister(key.fileobj)
                    key.fileobj.close()

    threading.Thread(target=loop, daemon=True).start()
    return [listener]


main()
