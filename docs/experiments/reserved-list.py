"""What a second write to the list of reserved ports leaves of the first."""
import sys

sys.dont_write_bytecode = True

from namespace import done, enter, outcome, show, sysctl

KEY = "net.ipv4.ip_local_reserved_ports"

enter()
show("written 3306, the list is", sysctl(KEY, "3306"), "3306")
show("written 5432, the list is", sysctl(KEY, "5432"), "5432")
show("written 3306 behind what is there, the list is", sysctl(KEY, sysctl(KEY) + ",3306"), "3306,5432")
show("written an empty line, the list is", repr(sysctl(KEY, "\n")), "''")
show("written 3306;5432", outcome(sysctl, KEY, "3306;5432"), "EINVAL")
done()
