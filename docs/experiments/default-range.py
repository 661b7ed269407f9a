"""What the recommended range changes."""
import sys

sys.dont_write_bytecode = True

from namespace import RANGE, done, enter, show, sysctl

enter()
show("the range of a new network namespace", sysctl(RANGE), "32768 60999")
for text, expected in (("32768 60999", 28232), ("10000 65535", 55536), ("1024 65535", 64512)):
    low, high = map(int, sysctl(RANGE, text).split())
    show("ports after writing %s" % text, high - low + 1, expected)
done()
