"""What "ss -tan | grep 8080 | wc -l" counts when 50 clients meet a server that accepts one of them, as nc -l does."""
import sys

sys.dont_write_bytecode = True

from namespace import done, enter, listen, make, pair, show, sockets

enter(40000, 40099)
server = listen("127.0.0.1", 8080, backlog=1)
first = pair(server)
clients = [make() for _ in range(49)]
for client in clients:
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", 8080))

lines = [line for line in sockets() if 8080 in (line.local[1], line.remote[1])]
show("lines with 8080", len(lines), 54)
show("  of the listener", sum(line.state == "LISTEN" for line in lines), 1)
show("  of connections, the client's end", sum(line.state == "ESTAB" and line.remote[1] == 8080 for line in lines), 3)
show("  of the same connections, the server's end", sum(line.state == "ESTAB" and line.local[1] == 8080 for line in lines), 3)
show("  of clients that are not connected (SYN_SENT)", sum(line.state == "SYN_SENT" for line in lines), 47)
done()
