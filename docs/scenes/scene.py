"""What the scenes share: a network namespace of their own, and processes with names in it."""
import ctypes
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

pids = []


def enter(*port_range):
    """Moves into a namespace with 10.0.0.5, from which connections go out, and 10.0.0.9, to which they go."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        sys.exit("making a network namespace takes root")
    for command in (
        "ip link set lo up",
        "ip addr add 10.0.0.5/32 dev lo",
        "ip addr add 10.0.0.9/32 dev lo",
        "ip route change local 10.0.0.9 dev lo table local src 10.0.0.5",
        "sysctl -qw net.core.somaxconn=65535 net.ipv4.tcp_max_syn_backlog=65535",
        "sysctl -qw net.ipv4.ip_local_port_range='%d %d'" % port_range,
    ):
        subprocess.run(["sh", "-c", command], check=True)


def start(name, work):
    """Forks a process called name, which does the work, says so, and keeps what it has until the scene ends."""
    ready, done = os.pipe()
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.close(ready)
        rename(name)
        kept = work()
        os.write(done, b".")
        signal.pause()
        del kept
        os._exit(0)
    os.close(done)
    os.read(ready, 1)
    os.close(ready)
    pids.append(pid)
    return pid


def rename(name):
    """Gives this process the name and the command line that the program of the story has."""
    with open("/proc/self/comm", "w") as comm:
        comm.write(name)
    with open("/proc/self/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    begin, end = int(fields[45]), int(fields[46])
    ctypes.memset(begin, 0, end - begin)
    ctypes.memmove(begin, name.encode(), len(name))


def serve(name, address, port):
    """A server that closes what its clients close."""
    listener = socket.create_server((address, port), backlog=65535)
    pid = start(name, lambda: accept_all(listener))
    listener.close()
    return pid


def accept_all(listener):
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


def play(command, prepare=lambda folder: None):
    """Runs the command in a folder of its own, where prepare() has put the logs, and ends with all that was started."""
    folder = tempfile.mkdtemp(prefix="fourtuple-scene-")
    try:
        prepare(folder)
        status = subprocess.run(command, cwd=folder).returncode
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(folder)
    sys.exit(status)
