"""Two programs share the ports to one destination and run out of them; a third does well with another one.

usage (as root): python3 docs/scenes/failing-connects.py COMMAND...

The range has 100 ports. app keeps 90 connections to 10.0.0.9:5432 and asks for one more 40 times a second; crawler opens
and closes some there, 10 times a second; exporter sends to 10.0.0.9:9090 by short connections.
"""
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True

from scene import enter, play, serve, start


def again(per_second, work):
    def loop():
        while True:
            work()
            time.sleep(1 / per_second)

    threading.Thread(target=loop, daemon=True).start()


def connect(port):
    connection = socket.socket()
    try:
        connection.connect(("10.0.0.9", port))
        return connection
    except OSError:
        connection.close()
        return None


def application():
    kept = [connect(5432) for _ in range(90)]
    again(40, lambda: kept.append(connect(5432)))
    return kept


def crawler():
    again(10, lambda: connect(5432))
    return []


def exporter():
    def send():
        with socket.create_connection(("10.0.0.9", 9090)):
            pass

    again(20, send)
    return []


enter(40000, 40099)
serve("postgres", "10.0.0.9", 5432)
serve("collector", "10.0.0.9", 9090)
start("app", application)
start("crawler", crawler)
start("exporter", exporter)
play(sys.argv[1:])
