"""Whether an address and port can be bound once only."""
import socket
import sys

sys.dont_write_bytecode = True

from namespace import done, enter, make, outcome, show

R, P = socket.SO_REUSEADDR, socket.SO_REUSEPORT
NAMES = {R: "SO_REUSEADDR", P: "SO_REUSEPORT"}

enter()
port = 8000


def beside(address, flags, is_listening, new_address, new_flags, expected):
    """A holder, and what a second socket on the same port is told by bind() and listen()."""
    global port
    port += 1
    holder = make(*flags)
    holder.bind((address, port))
    if is_listening:
        holder.listen()
    new = make(*new_flags)
    result = outcome(new.bind, (new_address, port))
    if result == "ok" and is_listening:
        result = "%s, listen(): %s" % (result, outcome(new.listen))
    text = "%s %s%s, beside it %s%s" % (address, "listens" if is_listening else "is bound", named(flags), new_address, named(new_flags))
    show(text, result, expected)


def named(flags):
    return "".join(" with " + NAMES[flag] for flag in flags)


beside("127.0.0.1", [], False, "127.0.0.1", [], "EADDRINUSE")
beside("127.0.0.1", [R], False, "127.0.0.1", [R], "ok")
beside("127.0.0.1", [R], True, "127.0.0.1", [R], "EADDRINUSE")
beside("127.0.0.1", [P], True, "127.0.0.1", [P], "ok, listen(): ok")
beside("127.0.0.1", [R], True, "0.0.0.0", [R], "EADDRINUSE")
beside("127.0.0.1", [], True, "127.0.0.2", [], "ok, listen(): ok")
done()
