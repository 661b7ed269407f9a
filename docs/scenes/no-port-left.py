"""No source port is left for one destination: what nginx, HAProxy, Node.js and Python then write.

usage (as root, with those programs installed): python3 docs/scenes/no-port-left.py COMMAND...

COMMAND runs where nginx.log, haproxy.log, node.log and python.log are what they really wrote. The range has 100 ports,
and app has a connection to 10.0.0.9:8080 on each.
"""
import os
import shutil
import socket
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from scene import enter, play, serve, start

NGINX = """daemon off; pid %(folder)s/nginx.pid; error_log %(folder)s/nginx.log;
events { }
http { access_log off;
  client_body_temp_path %(folder)s/b; proxy_temp_path %(folder)s/p; fastcgi_temp_path %(folder)s/f;
  uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s;
  server { listen 10.0.0.5:80; location / { proxy_pass http://10.0.0.9:8080; } } }
"""
HAPROXY = """global
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  retries 1
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend web
  bind 10.0.0.5:81
  default_backend shop
backend shop
  server shop1 10.0.0.9:8080
"""
NODE = """const { connect } = require('node:net');
connect({ host: '10.0.0.9', port: 8080, localAddress: '10.0.0.5' }).on('error', (error) => console.log(error.stack));"""
PYTHON = "import socket; socket.create_connection(('10.0.0.9', 8080))"


def application():
    connections = [socket.socket() for _ in range(100)]
    for connection in connections:
        connection.connect(("10.0.0.9", 8080))
    return connections


def ask(port):
    """One request; the proxy needs a moment until it listens."""
    for _ in range(100):
        try:
            connection = socket.create_connection(("10.0.0.5", port), timeout=10)
        except ConnectionRefusedError:
            time.sleep(0.05)
            continue
        with connection:
            connection.sendall(b"GET / HTTP/1.0\r\nHost: shop.example\r\n\r\n")
            while connection.recv(4096):
                pass
        return
    sys.exit("the proxy on port %d does not listen" % port)


def logs(folder):
    def path(name):
        return os.path.join(folder, name)

    def run(name, command):
        with open(path(name), "w") as log:
            subprocess.run(command, stdout=log, stderr=log)

    def proxy(command, port, log):
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.DEVNULL)
        ask(port)
        time.sleep(0.1)  # The line about the request comes after its answer.
        process.terminate()
        process.wait()

    if shutil.which("nginx"):
        with open(path("nginx.conf"), "w") as config:
            config.write(NGINX % {"folder": folder})
        proxy(["nginx", "-e", path("nginx.log"), "-c", path("nginx.conf")], 80, subprocess.DEVNULL)
    if shutil.which("haproxy"):
        with open(path("haproxy.cfg"), "w") as config:
            config.write(HAPROXY)
        with open(path("haproxy.log"), "w") as log:
            proxy(["haproxy", "-db", "-f", path("haproxy.cfg")], 81, log)
    run("node.log", ["node", "-e", NODE])
    run("python.log", ["python3", "-c", PYTHON])


enter(40000, 40099)
serve("shop", "10.0.0.9", 8080)
start("app", application)
play(sys.argv[1:], logs)
