/*
 * fixture: N TCP sockets in a network namespace of their own, and a command run beside them.
 *
 *   fixture -n N [-s SOURCES] [-d DESTS] [-m procs|park|tw|queue] [-k PER_PROC] [-e EHASH] [-v] -- COMMAND...
 *
 * Socket i goes to destination i%D, which is 127.64.0.(1 + (i%D)/4) with one of four ports, and with j = i/D comes
 * from source 127.1.0.(1 + j%S), port 1024 + j/S. Nothing survives: the children die with this process, and the
 * namespace with the last of them. The status is the command's; 125 when the fixture itself failed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOW_PORT 1024L
#define HIGH_PORT 65535L
#define SOURCE_BASE 0x7f010001u
#define DESTINATION_BASE 0x7f400001u
/* As many as one SCM_RIGHTS message may carry (SCM_MAX_FD in the kernel). */
#define PARK_BATCH 253
/* Descriptors a child needs besides its sockets: standard streams, pipes, a parking pair or two. */
#define SPARE_DESCRIPTORS 64
#define FIXTURE_FAILED 125

enum mode { PROCS, PARK, TW, QUEUE };
static const char *const mode_names[] = {"procs", "park", "tw", "queue"};
static const uint16_t ports[] = {443, 80, 5432, 6379};

static struct {
	long count, sources, destinations, per_process, ehash;
	enum mode mode;
	bool verbose;
} options = {.count = -1, .sources = 10, .destinations = 10, .per_process = 15000, .mode = PROCS};

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void complain(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("fixture: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

#define fail(...) do { complain(__VA_ARGS__); exit(FIXTURE_FAILED); } while (0)

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- the namespace ---- */

static void write_sysctl(const char *name, const char *value)
{
	char path[128];
	snprintf(path, sizeof path, "/proc/sys/net/%s", name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		fail("%s = %s: %s", path, value, strerror(errno));
	close(fd);
}

static void enter_namespace(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		fail("a network namespace needs root (CAP_SYS_ADMIN): %s", strerror(errno));
	if (options.ehash > 0) {
		/* The size counts for namespaces made from here, so one more. With a hash of its own the
		 * sockets of other namespaces do not lengthen the walks. */
		char entries[32];
		snprintf(entries, sizeof entries, "%ld", options.ehash);
		write_sysctl("ipv4/tcp_child_ehash_entries", entries);
		if (unshare(CLONE_NEWNET) < 0)
			fail("second network namespace: %s", strerror(errno));
	}
}

static void raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		fail("flags of lo: %s", strerror(errno));
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		fail("raising lo: %s", strerror(errno));
	close(fd);
}

static void tune_namespace(void)
{
	write_sysctl("ipv4/ip_local_port_range", "1024 65535");
	if (options.mode == TW)
		write_sysctl("ipv4/tcp_max_tw_buckets", "4000000");
	if (options.mode == QUEUE) {
		write_sysctl("core/somaxconn", "4000000");
		write_sysctl("ipv4/tcp_max_syn_backlog", "4000000");
	}
}

/* ---- one socket ---- */

static struct sockaddr_in destination_of(long i)
{
	uint32_t d = (uint32_t)(i % options.destinations);
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(DESTINATION_BASE + d / 4),
				    .sin_port = htons(ports[d % 4])};
}

static struct sockaddr_in source_of(long i)
{
	long j = i / options.destinations;
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(SOURCE_BASE + (uint32_t)(j % options.sources)),
				    .sin_port = htons((uint16_t)(LOW_PORT + j / options.sources))};
}

static int new_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("socket: %s", strerror(errno));
	return fd;
}

static void bind_and_connect(int fd, long i)
{
	struct sockaddr_in source = source_of(i), destination = destination_of(i);
	if (bind(fd, (struct sockaddr *)&source, sizeof source) < 0)
		fail("socket %ld: bind: %s", i, strerror(errno));
	if (connect(fd, (struct sockaddr *)&destination, sizeof destination) < 0)
		fail("socket %ld: connect: %s", i, strerror(errno));
}

/* In repair mode connect() makes the socket ESTABLISHED at once: no packet, no peer, no timer. It stays in repair
 * mode, so that close() frees it silently: no FIN and no TIME_WAIT. */
static int repaired(long i)
{
	int fd = new_socket(), on = 1;
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) < 0)
		fail("TCP_REPAIR (needs CAP_NET_ADMIN): %s", strerror(errno));
	bind_and_connect(fd, i);
	return fd;
}

static int handshaken(long i)
{
	int fd = new_socket(), on = 1;
	/* One port of a source serves all destinations. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	bind_and_connect(fd, i);
	return fd;
}

static int listener_for(long destination, int backlog)
{
	int fd = new_socket(), on = 1;
	struct sockaddr_in address = destination_of(destination);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, backlog) < 0)
		fail("listener %ld: %s", destination, strerror(errno));
	return fd;
}

/* ---- parking: descriptors in flight inside a unix socket need no place in a descriptor table ---- */

static struct {
	int fds[PARK_BATCH];
	int used;
	int pair[2];
} parking = {.pair = {-1, -1}};

static void new_pair(void)
{
	/* The old pair stays open: it holds what was parked in it. */
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, parking.pair) < 0)
		fail("socketpair: %s", strerror(errno));
}

static void park_batch(void)
{
	if (parking.used == 0)
		return;
	if (parking.pair[0] < 0)
		new_pair();
	size_t length = sizeof(int) * (size_t)parking.used;
	union {
		char bytes[CMSG_SPACE(sizeof(int) * PARK_BATCH)];
		struct cmsghdr aligned;
	} control;
	char byte = 'p';
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1,
				 .msg_control = control.bytes, .msg_controllen = CMSG_SPACE(length)};
	memset(&control, 0, sizeof control);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(length);
	memcpy(CMSG_DATA(header), parking.fds, length);

	bool fresh = false;
	while (sendmsg(parking.pair[0], &message, 0) < 0) {
		if (errno == EINTR)
			continue;
		if ((errno != EAGAIN && errno != ENOBUFS) || fresh)
			fail("parking descriptors: %s", strerror(errno));
		new_pair();
		fresh = true;
	}
	for (int i = 0; i < parking.used; i++)
		close(parking.fds[i]);
	parking.used = 0;
}

static void park(int fd)
{
	parking.fds[parking.used++] = fd;
	if (parking.used == PARK_BATCH)
		park_batch();
}

/* ---- what each child makes: the sockets of its share ---- */

static void make_procs(long share)
{
	long end = (share + 1) * options.per_process;
	if (end > options.count)
		end = options.count;
	for (long i = share * options.per_process; i < end; i++)
		repaired(i);
}

static void make_park(void)
{
	for (long i = 0; i < options.count; i++)
		park(repaired(i));
	park_batch();
}

/* tw and queue: a child has every `shares`-th destination, so that a SYN never meets another child's listener. */
static int *listeners(long share, long shares, int backlog)
{
	int *fds = calloc((size_t)options.destinations, sizeof *fds);
	if (fds == NULL)
		fail("no memory");
	for (long d = share; d < options.destinations; d += shares)
		fds[d] = listener_for(d, backlog);
	return fds;
}

static void make_time_wait(long share, long shares)
{
	int *accepting = listeners(share, shares, 16);
	for (long i = 0; i < options.count; i++) {
		long d = i % options.destinations;
		if (d % shares != share)
			continue;
		int client = handshaken(i);
		int server = accept4(accepting[d], NULL, NULL, SOCK_CLOEXEC);
		if (server < 0)
			fail("accept: %s", strerror(errno));
		/* Who closes first gets the TIME_WAIT. */
		close(client);
		close(server);
	}
}

static void make_queue(long share, long shares)
{
	listeners(share, shares, 4000000);
	for (long i = 0; i < options.count; i++)
		if (i % options.destinations % shares == share)
			park(handshaken(i));
	park_batch();
}

/* ---- the children ---- */

static void die_with_parent(int signal_number, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, signal_number);
	if (getppid() != parent)
		_exit(FIXTURE_FAILED);
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static long fit_per_process(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max == RLIM_INFINITY)
		return options.per_process;
	long room = (long)limit.rlim_max - SPARE_DESCRIPTORS;
	if (room < 1)
		fail("RLIMIT_NOFILE of %ld leaves no room for sockets", (long)limit.rlim_max);
	return options.per_process < room ? options.per_process : room;
}

static long share_count(void)
{
	if (options.count == 0)
		return 0;
	switch (options.mode) {
	case PROCS:
		return (options.count + options.per_process - 1) / options.per_process;
	case PARK:
		return 1;
	default:
		return options.destinations < 2 ? 1 : 2;
	}
}

static void child(long share, long shares, int ready, int end)
{
	raise_descriptor_limit();
	switch (options.mode) {
	case PROCS:
		make_procs(share);
		break;
	case PARK:
		make_park();
		break;
	case TW:
		make_time_wait(share, shares);
		break;
	case QUEUE:
		make_queue(share, shares);
		break;
	}
	if (write(ready, "r", 1) != 1)
		_exit(FIXTURE_FAILED);
	/* The parent then reads the end of the pipe once all are ready or gone. */
	close(ready);
	if (options.mode == TW)
		_exit(0);
	char byte;
	while (read(end, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* Returns the descriptor whose closing ends the children. */
static int start_children(void)
{
	int ready[2], end[2];
	long shares = share_count();
	pid_t self = getpid();
	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(end, O_CLOEXEC) < 0)
		fail("pipe: %s", strerror(errno));
	for (long share = 0; share < shares; share++) {
		pid_t pid = fork();
		if (pid < 0)
			fail("fork: %s", strerror(errno));
		if (pid == 0) {
			die_with_parent(SIGKILL, self);
			close(ready[0]);
			close(end[1]);
			child(share, shares, ready[1], end[0]);
		}
	}
	close(ready[1]);
	close(end[0]);
	long seen = 0;
	char bytes[256];
	for (;;) {
		ssize_t got = read(ready[0], bytes, sizeof bytes);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		seen += got;
	}
	close(ready[0]);
	if (seen < shares)
		fail("%ld of %ld children failed", shares - seen, shares);
	return end[1];
}

/* ---- the command ---- */

static volatile sig_atomic_t command_pid;

static void forward(int signal_number)
{
	if (command_pid > 0)
		kill((pid_t)command_pid, signal_number);
}

static int run_command(char **command)
{
	const int forwarded[] = {SIGINT, SIGTERM, SIGHUP};
	sigset_t blocked, before;
	pid_t self = getpid();
	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
		sigaddset(&blocked, forwarded[i]);
	sigprocmask(SIG_BLOCK, &blocked, &before);

	pid_t pid = fork();
	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		die_with_parent(SIGKILL, self);
		execvp(command[0], command);
		complain("%s: %s", command[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	command_pid = pid;
	struct sigaction action = {.sa_handler = forward, .sa_flags = SA_RESTART};
	for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
		sigaction(forwarded[i], &action, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);

	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waiting for the command: %s", strerror(errno));
	command_pid = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void kill_children(void)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	FILE *list = fopen(path, "re");
	int pid;
	if (list == NULL)
		return;
	while (fscanf(list, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	fclose(list);
}

/* What the command left behind came to us (we are its subreaper), and would keep the namespace alive. */
static void bury_all(void)
{
	do
		kill_children();
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}

static void usage(void)
{
	fputs("usage: fixture -n N [-s SOURCES] [-d DESTS] [-m procs|park|tw|queue] [-k PER_PROC] [-e EHASH] [-v] "
	      "-- COMMAND...\n", stderr);
	exit(64);
}

static long number(const char *text, long least, long most)
{
	char *end;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
		complain("%s: a number from %ld to %ld is wanted", text, least, most);
		usage();
	}
	return value;
}

static enum mode mode_named(const char *name)
{
	for (size_t i = 0; i < sizeof mode_names / sizeof *mode_names; i++)
		if (strcmp(name, mode_names[i]) == 0)
			return (enum mode)i;
	complain("%s: no such mode", name);
	usage();
	return PROCS;
}

static void parse_options(int argc, char **argv)
{
	int letter;
	while ((letter = getopt(argc, argv, "+n:s:d:m:k:e:v")) != -1) {
		switch (letter) {
		case 'n': options.count = number(optarg, 0, 100000000); break;
		case 's': options.sources = number(optarg, 1, 60000); break;
		case 'd': options.destinations = number(optarg, 1, 60000); break;
		case 'm': options.mode = mode_named(optarg); break;
		case 'k': options.per_process = number(optarg, 1, 10000000); break;
		case 'e': options.ehash = number(optarg, 1, 16777216); break;
		case 'v': options.verbose = true; break;
		default: usage();
		}
	}
	if (options.count < 0 || optind >= argc)
		usage();
	long room = (HIGH_PORT - LOW_PORT + 1) * options.sources * options.destinations;
	if (options.count > room)
		fail("%ld sources and %ld destinations have room for %ld sockets, not %ld: raise -s or -d",
		     options.sources, options.destinations, room, options.count);
	options.per_process = fit_per_process();
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	/* SIGTERM, not SIGKILL: it is passed on, and then all is tidied up. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	enter_namespace();
	raise_loopback();
	tune_namespace();

	double started = seconds();
	int end = start_children();
	if (options.verbose)
		fprintf(stderr, "fixture: %ld %s %s ready in %.2f s, %ld processes\n", options.count,
			mode_names[options.mode], options.mode == QUEUE ? "pairs" : "sockets", seconds() - started,
			options.mode == TW ? 0 : share_count());

	int status = run_command(argv + optind);
	close(end);
	bury_all();
	return status;
}
