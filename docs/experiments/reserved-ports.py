"""What keeps a service's port free for it: a reservation, wherever in the range it is."""
import sys

sys.dont_write_bytecode = True

from namespace import done, enter, fill, listen, make, outcome, show, sysctl

RESERVED = 40005

enter(40000, 40019)
server = listen("127.0.0.1", 8080)
sysctl("net.ipv4.ip_local_reserved_ports", "%d,40010-40019" % RESERVED)
connections, refused = fill(("127.0.0.1", 8080))
ports = sorted(connection.getsockname()[1] for connection in connections)
show("a range of 20 ports, 11 of them reserved: connections", len(connections), 9)
show("  their ports", ports, [40000, 40001, 40002, 40003, 40004, 40006, 40007, 40008, 40009])
show("  then", refused, "EADDRNOTAVAIL from connect()")
show("bind(127.0.0.1, 0)", outcome(make().bind, ("127.0.0.1", 0)), "EADDRINUSE")
show("the service binds its reserved port", outcome(make().bind, ("0.0.0.0", RESERVED)), "ok")
inside = [port for port in (3306, 5432, 9200, 27017, 50051) if 10000 <= port <= 65535]
show("of the service ports 3306, 5432, 9200, 27017 and 50051, inside the range 10000 65535", inside, [27017, 50051])
done()
