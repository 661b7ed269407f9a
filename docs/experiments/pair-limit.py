"""How many connections go to one address and port: as many as the range has usable ports."""
import sys

sys.dont_write_bytecode = True

from namespace import RANGE, done, enter, fill, listen, show, sysctl

enter()
low, high = map(int, sysctl(RANGE).split())
show("ports of the default range", "%d to %d, that is %d" % (low, high, high - low + 1), "32768 to 60999, that is 28232")

server = listen("127.0.0.1", 8080)
kept = []
for text, reserved, expected in (
    ("40000 40099", "", 100),
    ("40000 40199", "", 100),
    ("40000 40299", "40200-40289", 10),
):
    sysctl("net.ipv4.ip_local_reserved_ports", reserved + "\n")
    sysctl(RANGE, text)
    connections, refused = fill(("127.0.0.1", 8080))
    kept += connections
    show("range %s%s: further connections to 127.0.0.1:8080" % (text, reserved and ", reserved " + reserved), len(connections), expected)
show("the next one", refused, "EADDRNOTAVAIL from connect()")
done()
