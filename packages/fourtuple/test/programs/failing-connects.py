"""Connects again and again without a port to be had, counts by itself, and prints what it counted as JSON.

Arguments: what kind (v4, v6, mapped, bound, threads, refused, given-up) and how many connects. It is run in a network
namespace of a test: there it takes all ports away first, but for refused and given-up.
"""
import errno, json, os, socket, sys, threading

kind, total = sys.argv[1], int(sys.argv[2])
FAILING = kind not in ("refused", "given-up")
with open("/proc/sys/net/ipv4/ip_local_port_range", "w") as file:
    file.write("40000 40003" if FAILING else "20000 59999")
if FAILING:
    with open("/proc/sys/net/ipv4/ip_local_reserved_ports", "w") as file:
        file.write("40000-40003")

def destinations():
    if kind == "v6":
        return [("::1", 7000 + number) for number in range(20)]
    if kind == "mapped":
        return [(f"::ffff:127.0.0.{number + 1}", 7000) for number in range(20)]
    return [(f"127.0.0.{number + 1}", 7000 + number % 3) for number in range(20)]

counts = {}
lock = threading.Lock()

def work(each):
    own = {}
    targets = destinations()
    family = socket.AF_INET6 if kind in ("v6", "mapped") else socket.AF_INET
    for index in range(each):
        target = targets[index % len(targets)]
        with socket.socket(family, socket.SOCK_STREAM) as one:
            if kind == "bound":
                one.setsockopt(socket.SOL_IP, 24, 1)
                one.bind(("127.0.0.9", 0))
            if kind == "given-up":
                one.setblocking(False)
            code = one.connect_ex(target)
        key = f"{target[0]} {target[1]} {errno.errorcode.get(code, code)}"
        own[key] = own.get(key, 0) + 1
    with lock:
        for key, count in own.items():
            counts[key] = counts.get(key, 0) + count

if kind == "threads":
    workers = [threading.Thread(target=work, args=(total // 4,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
else:
    work(total)
# In one piece: others write to the same pipe.
sys.stdout.write(json.dumps({"pid": os.getpid(), "namespace": os.stat("/proc/self/ns/net").st_ino, "counts": counts}) + "\n")
