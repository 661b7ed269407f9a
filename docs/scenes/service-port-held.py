"""MariaDB cannot start: an outgoing connection was given its port. The guide "Why did it fail?" shows it.

usage (as root, with mariadb-server installed):
    python3 docs/scenes/service-port-held.py established|time-wait COMMAND...

COMMAND runs where mariadb.log is what MariaDB really wrote when it failed.
"""
import os
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from scene import enter, play, serve, start

IP_LOCAL_PORT_RANGE = 51
PORT = 3306
SMALL = ["--innodb-flush-method=nosync", "--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M"]


def application():
    connection = socket.socket()
    connection.setsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, PORT | PORT << 16)
    connection.connect(("10.0.0.9", 5432))
    if sys.argv[1] == "time-wait":
        connection.close()
        time.sleep(0.2)
    return [connection]


def fail(folder):
    data = os.path.join(folder, "data")
    install = ["mariadb-install-db", "--no-defaults", "--datadir=" + data, "--user=root", "--auth-root-authentication-method=normal", *SMALL]
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = ["mariadbd", "--no-defaults", "--datadir=" + data, "--user=root", "--socket=" + folder + "/sock", "--port=%d" % PORT, "--bind-address=0.0.0.0", *SMALL]
    with open(os.path.join(folder, "mariadb.log"), "w") as log:
        subprocess.run(server, stdout=log, stderr=log, timeout=30)


if len(sys.argv) < 3 or sys.argv[1] not in ("established", "time-wait"):
    sys.exit(__doc__)
enter(1024, 65535)
serve("postgres", "10.0.0.9", 5432)
start("app", application)
play(sys.argv[2:], fail)
