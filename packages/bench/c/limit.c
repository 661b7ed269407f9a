/*
 * limit: as little work as a snapshot can be, the yardstick for every other reader.
 *
 *   limit [--v2] [--mask-all]
 *
 * Counts the TCP sockets of the namespace per (source, destination, destination port) and state, and prints one JSON
 * line. By default it asks with the legacy request: one walk of the kernel's tables gives IPv4 and IPv6 together.
 * --v2 asks with SOCK_DIAG_BY_FAMILY, once a family. --mask-all asks for all 32 states, of which bit 13 makes the
 * kernel walk its bind table too.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STATES 16
#define STATE_LISTEN 10
#define ALL_TCP_STATES 0xfffu
/* The kernel never fills more than this in one message. */
#define BUFFER_SIZE (32 * 1024)

struct tuple {
	uint32_t source[4], destination[4];
	uint32_t port; /* network byte order */
	bool taken;
	uint32_t counts[STATES];
};

static struct {
	struct tuple *slots;
	size_t capacity, used;
} table;

static unsigned long sockets, by_state[STATES];
static bool interrupted;

static void fail(const char *what)
{
	fprintf(stderr, "limit: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *zeroed(size_t count)
{
	void *memory = calloc(count, sizeof(struct tuple));
	if (memory == NULL)
		fail("memory");
	return memory;
}

static uint32_t fold(const uint32_t address[4])
{
	return address[0] ^ address[1] ^ address[2] ^ address[3];
}

static size_t hash(const struct tuple *key)
{
	uint64_t mixed = fold(key->source) * 0x9e3779b97f4a7c15ull;
	mixed = (mixed ^ (mixed >> 29) ^ fold(key->destination)) * 0xbf58476d1ce4e5b9ull;
	mixed = (mixed ^ (mixed >> 32) ^ key->port) * 0x94d049bb133111ebull;
	return (size_t)(mixed ^ (mixed >> 31));
}

/* Source, destination and port lie side by side. */
#define KEY_SIZE offsetof(struct tuple, taken)

static struct tuple *slot_of(const struct tuple *key)
{
	size_t mask = table.capacity - 1, i = hash(key) & mask;
	while (table.slots[i].taken && memcmp(&table.slots[i], key, KEY_SIZE) != 0)
		i = (i + 1) & mask;
	return &table.slots[i];
}

static void grow(void)
{
	struct tuple *old = table.slots;
	size_t old_capacity = table.capacity;
	table.capacity = old_capacity == 0 ? 1024 : old_capacity * 2;
	table.slots = zeroed(table.capacity);
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i].taken)
			*slot_of(&old[i]) = old[i];
	free(old);
}

/* IPv4 as ::ffff:a.b.c.d: an IPv6 socket that speaks IPv4 shares its ports. */
static void copy_address(uint32_t to[4], const __be32 from[4], uint8_t family)
{
	if (family == AF_INET6) {
		memcpy(to, from, 16);
		return;
	}
	to[0] = to[1] = 0;
	to[2] = htonl(0xffff);
	to[3] = from[0];
}

static void count(const struct inet_diag_msg *record)
{
	unsigned state = record->idiag_state % STATES;
	struct tuple key;
	copy_address(key.source, record->id.idiag_src, record->idiag_family);
	copy_address(key.destination, record->id.idiag_dst, record->idiag_family);
	key.port = record->id.idiag_dport;
	sockets++;
	by_state[state]++;
	/* A listener has no destination. */
	if (state == STATE_LISTEN)
		return;
	if (table.used * 2 >= table.capacity)
		grow();
	struct tuple *slot = slot_of(&key);
	if (!slot->taken) {
		memcpy(slot, &key, KEY_SIZE);
		slot->taken = true;
		table.used++;
	}
	slot->counts[state]++;
}

static void send_request(int fd, const void *message, size_t length)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	if (sendto(fd, message, length, 0, (struct sockaddr *)&kernel, sizeof kernel) != (ssize_t)length)
		fail("request");
}

static void ask_legacy(int fd, uint32_t states)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req request;
	} message = {
		.header = {.nlmsg_len = sizeof message, .nlmsg_type = TCPDIAG_GETSOCK,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.request = {.idiag_states = states},
	};
	send_request(fd, &message, sizeof message);
}

static void ask_v2(int fd, uint8_t family, uint32_t states)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} message = {
		.header = {.nlmsg_len = sizeof message, .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.request = {.sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = states},
	};
	send_request(fd, &message, sizeof message);
}

static void read_dump(int fd)
{
	static char buffer[BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	for (;;) {
		ssize_t got = recv(fd, buffer, sizeof buffer, MSG_TRUNC);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			fail("recv");
		if ((size_t)got > sizeof buffer) {
			errno = EMSGSIZE;
			fail("recv");
		}
		size_t left = (size_t)got;
		for (struct nlmsghdr *header = (struct nlmsghdr *)buffer; NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left)) {
			if (header->nlmsg_flags & NLM_F_DUMP_INTR)
				interrupted = true;
			if (header->nlmsg_type == NLMSG_DONE)
				return;
			if (header->nlmsg_type == NLMSG_ERROR) {
				errno = -((struct nlmsgerr *)NLMSG_DATA(header))->error;
				fail("the kernel refused the dump");
			}
			count(NLMSG_DATA(header));
		}
	}
}

int main(int argc, char **argv)
{
	bool v2 = false;
	uint32_t states = ALL_TCP_STATES;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--v2") == 0) {
			v2 = true;
		} else if (strcmp(argv[i], "--mask-all") == 0) {
			states = ~0u;
		} else {
			fputs("usage: limit [--v2] [--mask-all]\n", stderr);
			return 64;
		}
	}
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		fail("netlink socket");
	if (v2) {
		ask_v2(fd, AF_INET, states);
		read_dump(fd);
		ask_v2(fd, AF_INET6, states);
		read_dump(fd);
	} else {
		ask_legacy(fd, states);
		read_dump(fd);
	}
	printf("{\"sockets\":%lu,\"tuples\":%zu,\"established\":%lu,\"timeWait\":%lu,\"listen\":%lu,\"interrupted\":%s}\n",
	       sockets, table.used, by_state[1], by_state[6], by_state[STATE_LISTEN], interrupted ? "true" : "false");
	return 0;
}
