"""What the kernel makes of a port range that is not two numbers."""
import sys

sys.dont_write_bytecode = True

from namespace import RANGE, done, enter, outcome, show, sysctl

enter()
for text, expected in (
    ("20000", "ok, the range is 20000 60999"),
    ("20000 30000 40000", "ok, the range is 20000 30000"),
    ("20000-30000", "EINVAL, the range is 32768 60999"),
    ("32768,60999", "EINVAL, the range is 32768 60999"),
    ("60999 32768", "EINVAL, the range is 32768 60999"),
    ("1024 65536", "EINVAL, the range is 32768 60999"),
    ("1 65535", "EINVAL, the range is 32768 60999"),
):
    sysctl(RANGE, "32768 60999")
    result = outcome(sysctl, RANGE, text)
    show("32768 60999, written %s" % text, "%s, the range is %s" % (result, sysctl(RANGE)), expected)
done()
