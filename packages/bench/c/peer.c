/*
 * peer: the other end of the clients of the pool job, so cheap that the clients' own cost is what is measured.
 *
 *   peer [-n TAKEN]
 *
 * Sets the default range of ports in its network namespace, takes TAKEN of them to its own address and port, by
 * connections without a peer (TCP_REPAIR) whose ports connect() chose as for any client, then says "ready" and serves:
 * each request, that is each empty line, gets the same answer of two bytes. It ends with its parent.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT 8080
#define EVENTS 256
#define PER_PROCESS 10000
#define FAILED 125

#define fail(what) do { fprintf(stderr, "peer: %s: %s\n", what, strerror(errno)); exit(FAILED); } while (0)

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";

static struct sockaddr_in own_address(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	address.sin_port = htons(PORT);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static void set_range(const char *range)
{
	int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, range, strlen(range)) < 0)
		fail("ip_local_port_range");
	close(fd);
}

static void take_some(long count)
{
	struct sockaddr_in address = own_address();
	int on = 1;
	for (long taken = 0; taken < count; taken++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || setsockopt(fd, SOL_TCP, TCP_REPAIR, &on, sizeof on) < 0 ||
		    connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
			fail("taking a port");
	}
}

/* By children, as one process may not have so many descriptors; they hold them as long as this one lives. */
static void take_ports(long count)
{
	while (count > 0) {
		long some = count < PER_PROCESS ? count : PER_PROCESS;
		int done[2];
		char byte;
		if (pipe2(done, O_CLOEXEC) < 0)
			fail("pipe");
		pid_t child = fork();
		if (child < 0)
			fail("fork");
		if (child == 0) {
			struct rlimit limit;
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			getrlimit(RLIMIT_NOFILE, &limit);
			limit.rlim_cur = limit.rlim_max;
			setrlimit(RLIMIT_NOFILE, &limit);
			take_some(some);
			if (write(done[1], "x", 1) == 1)
				for (;;)
					pause();
			_exit(FAILED);
		}
		close(done[1]);
		if (read(done[0], &byte, 1) != 1)
			fail("a child that takes ports");
		close(done[0]);
		count -= some;
	}
}

static int listener(void)
{
	struct sockaddr_in address = own_address();
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0)
		fail("listening");
	return fd;
}

static void accept_all(int queue, int from)
{
	int fd, on = 1;
	while ((fd = accept4(from, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
		setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, sizeof on);
		epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event);
	}
}

/* A request is taken to come in one piece: those of the clients are short. */
static void serve(int fd)
{
	static char buffer[65536];
	ssize_t length = read(fd, buffer, sizeof buffer);
	if (length < 0 && errno == EAGAIN)
		return;
	if (length <= 0) {
		close(fd);
		return;
	}
	for (char *at = buffer; (at = memmem(at, (size_t)(buffer + length - at), "\r\n\r\n", 4)) != NULL; at += 4)
		if (write(fd, answer, sizeof answer - 1) < 0)
			return;
}

int main(int argc, char **argv)
{
	long taken = 0;
	for (int option; (option = getopt(argc, argv, "n:")) != -1;) {
		if (option != 'n')
			return FAILED;
		taken = atol(optarg);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	set_range("32768 60999");
	take_ports(taken);
	int from = listener(), queue = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = from}, events[EVENTS];
	epoll_ctl(queue, EPOLL_CTL_ADD, from, &event);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int count = epoll_wait(queue, events, EVENTS, -1);
		for (int at = 0; at < count; at++) {
			if (events[at].data.fd == from)
				accept_all(queue, from);
			else
				serve(events[at].data.fd);
		}
	}
}
