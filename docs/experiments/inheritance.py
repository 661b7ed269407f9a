"""What of the settings of one network namespace a new one gets, which a container is."""
import subprocess
import sys

sys.dont_write_bytecode = True

from namespace import done, enter, show, sysctl, sysctl_path

enter()
for key, value, expected in (
    ("net.ipv4.ip_local_port_range", "1024 65535", "32768 60999"),
    ("net.ipv4.ip_local_reserved_ports", "3306", ""),
    ("net.ipv4.tcp_tw_reuse", "1", "2"),
    ("net.ipv4.tcp_fin_timeout", "30", "60"),
    ("net.core.somaxconn", "32768", "4096"),
):
    here = sysctl(key, value)
    child = subprocess.run(["unshare", "--net", "cat", sysctl_path(key)], stdout=subprocess.PIPE, universal_newlines=True)
    show("%s: %s here, in a namespace made after that" % (key, here), " ".join(child.stdout.split()) or "nothing", expected or "nothing")
done()
