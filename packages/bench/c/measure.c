/*
 * measure: runs one command to its end and says what it cost.
 *
 *   measure [-t SECONDS] -- COMMAND...
 *
 * Prints {"wallMs", "cpuMs", "maxRssKb", "status"} as one JSON line. The command reads and writes /dev/null; its
 * standard error is ours. CPU is user + system of the command and of all its children that were waited for; the peak
 * is that of the largest single process among them. Status: the command's, 128 + signal, or 124 when it took too long.
 * It is a small C program because Node cannot wait4(2), and because a child starts with its parent's peak memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t command_pid, timed_out;

static void too_long(int signal_number)
{
	(void)signal_number;
	timed_out = 1;
	/* The whole group, for a pipeline. */
	kill(-(pid_t)command_pid, SIGKILL);
}

static double milliseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double milliseconds_of(struct timeval time)
{
	return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

static void become(char **command, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(125);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) {
		fprintf(stderr, "measure: /dev/null: %s\n", strerror(errno));
		_exit(125);
	}
	setpgid(0, 0);
	execvp(command[0], command);
	fprintf(stderr, "measure: %s: %s\n", command[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

int main(int argc, char **argv)
{
	unsigned limit = 0;
	int letter, status;
	while ((letter = getopt(argc, argv, "+t:")) != -1) {
		if (letter != 't') {
			fputs("usage: measure [-t SECONDS] -- COMMAND...\n", stderr);
			return 64;
		}
		limit = (unsigned)strtoul(optarg, NULL, 10);
	}
	if (optind >= argc) {
		fputs("usage: measure [-t SECONDS] -- COMMAND...\n", stderr);
		return 64;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	struct sigaction action = {.sa_handler = too_long};
	sigaction(SIGALRM, &action, NULL);

	pid_t self = getpid();
	double started = milliseconds();
	pid_t pid = fork();
	if (pid < 0) {
		fprintf(stderr, "measure: fork: %s\n", strerror(errno));
		return 125;
	}
	if (pid == 0)
		become(argv + optind, self);
	/* Here too: whoever comes first. */
	setpgid(pid, pid);
	command_pid = pid;
	alarm(limit);

	struct rusage cost;
	while (wait4(pid, &status, 0, &cost) < 0) {
		if (errno != EINTR) {
			fprintf(stderr, "measure: wait4: %s\n", strerror(errno));
			return 125;
		}
	}
	double ended = milliseconds();
	alarm(0);
	int code = timed_out ? 124 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	printf("{\"wallMs\":%.3f,\"cpuMs\":%.3f,\"maxRssKb\":%ld,\"status\":%d}\n", ended - started,
	       milliseconds_of(cost.ru_utime) + milliseconds_of(cost.ru_stime), cost.ru_maxrss, code);
	return 0;
}
