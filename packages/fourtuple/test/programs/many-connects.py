"""many-connects.py THREADS TIMES FAMILY ADDRESS...: connects so often to each address, in turn, holds what it has, and tells how many failed."""
import errno, socket, sys, threading

threads, times, family, addresses = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
held, failed = [], []


def work():
    for _ in range(times):
        for address in addresses:
            one = socket.socket(socket.AF_INET if family == '4' else socket.AF_INET6)
            try:
                one.connect((address, 8080))
                held.append(one)
            except OSError as error:
                failed.append(errno.errorcode[error.errno])


running = [threading.Thread(target=work) for _ in range(threads)]
for one in running: one.start()
for one in running: one.join()
print(len(held), len(failed), ','.join(sorted(set(failed))), flush=True)
for one in held: one.recv(1)
