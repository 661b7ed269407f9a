/*
 * connects: how long connect() takes on loopback.
 *
 *   connects COUNT
 *
 * A child listens on 127.0.0.9:7777, accepts and closes; this process connects COUNT times, each connection ended by a
 * reset, so that no TIME_WAIT stays, and prints the median of connect(), in nanoseconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000L + at.tv_nsec;
}

static int compare(const void *left, const void *right)
{
	int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
	return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
	int count = argc == 2 ? atoi(argv[1]) : 0;
	int64_t *took = calloc(count > 0 ? count : 1, sizeof *took);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7777)};
	struct linger reset = {.l_onoff = 1, .l_linger = 0};
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	inet_pton(AF_INET, "127.0.0.9", &address.sin_addr);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (count <= 0 || took == NULL || bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0) {
		perror("connects");
		return 1;
	}
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			close(accept(listener, NULL, NULL));
	}
	for (int i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		int64_t began = now();
		if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
			perror("connects");
			return 1;
		}
		took[i] = now() - began;
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(fd);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	qsort(took, count, sizeof *took, compare);
	printf("%lld\n", (long long)took[count / 2]);
	return 0;
}
