// many-connects TIMES ADDRESS: connects so often, holds what it has, and tells how many failed. Built without shared libraries.
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(8080)};
  int times = atoi(argv[1]), made = 0, failed = 0, *held = calloc(times, sizeof(int));
  if (argc != 3 || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) return 2;
  for (int i = 0; i < times; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) held[made++] = fd;
    else failed++, close(fd);
  }
  printf("%d %d\n", made, failed);
  fflush(stdout);
  char byte;
  for (int i = 0; i < made; i++) if (read(held[i], &byte, 1) < 0) return 1;
  return 0;
}
