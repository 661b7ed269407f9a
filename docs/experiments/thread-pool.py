"""What a pool of threads does with connections that its tasks return: it keeps them all."""
import sys
import threading

sys.dont_write_bytecode = True

from namespace import done, enter, listen, make, outcome, show, sockets

THREADS, TASKS, PORTS = 10, 100, 60

enter(40000, 40000 + PORTS - 1)
server = listen("127.0.0.1", 8080)
results = []


def work():
    for _ in range(TASKS // THREADS):
        connection = make()
        results.append((outcome(connection.connect, ("127.0.0.1", 8080)), connection))


threads = [threading.Thread(target=work) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

errors = [result for result, _ in results]
show("%d threads, %d tasks, a range of %d ports: connected" % (THREADS, TASKS, PORTS), errors.count("ok"), PORTS)
show("failed with EADDRNOTAVAIL", errors.count("EADDRNOTAVAIL"), TASKS - PORTS)
show("open when all threads have ended", sum(line.remote[1] == 8080 for line in sockets("ESTAB")), PORTS)
done()
