"""The world that the README and the guides show: a database client near exhaustion, and a program that poisons ports.

usage (as root): python3 docs/scenes/nearly-exhausted.py COMMAND...

Makes a network namespace of its own with a range of 4,096 ports, fills it, runs COMMAND in it, and goes away.
"""
import socket
import sys

sys.dont_write_bytecode = True

from scene import enter, play, serve, start


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


enter(32768, 36863)
serve("postgres", "10.0.0.9", 5432)
start("app", application)
start("exporter", exporter)
play(sys.argv[1:])
