"""What the kernel's counters say of connections that found no port: nothing."""
import sys

sys.dont_write_bytecode = True

from namespace import counters, done, enter, fill, listen, make, outcome, show

TIMES = 100

enter(40000, 40019)
server = listen("127.0.0.1", 8080)
connections, _ = fill(("127.0.0.1", 8080))


def moved(call, *arguments):
    """Fails a hundred times, each with a new socket: how, and which counters are then other ones."""
    before = counters()
    results = {outcome(getattr(make(), call), *arguments) for _ in range(TIMES)}
    after = counters()
    return sorted(results), {name: after[name] - before[name] for name in before if after[name] != before[name]}


for what, call, address, expected in (
    ("connect() that finds no port", "connect", ("127.0.0.1", 8080), "EADDRNOTAVAIL"),
    ("bind(127.0.0.1, 0)", "bind", ("127.0.0.1", 0), "EADDRINUSE"),
    ("bind(127.0.0.1, 8080)", "bind", ("127.0.0.1", 8080), "EADDRINUSE"),
):
    results, changes = moved(call, address)
    show("%d times %s" % (TIMES, what), results, [expected])
    show("  counters of netstat -s that have moved", len(changes), 0)

results, changes = moved("connect", ("127.0.0.1", 9))
show("%d times connect() where nobody listens" % TIMES, results, ["ECONNREFUSED"])
show("  Tcp ActiveOpens, AttemptFails", [changes.get("Tcp:" + name, 0) for name in ("ActiveOpens", "AttemptFails")], [TIMES, TIMES])
done()
