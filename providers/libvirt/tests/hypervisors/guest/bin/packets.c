/* Packets, sent by one process: a guest under emulation takes longer to start a process than to send a packet.

   packets receive PORT                            say who sent which datagram, a line each, until it is killed
   packets send TEXT TIMES ADDRESS PORT...         send a datagram to each, so many times, every 10 ms
   packets call SECONDS ADDRESS PORT...            call all by TCP at once; say `ADDRESS PORT` of each that accepts
*/

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CALLS_MAX 1000
#define PAUSE_MICROSECONDS 10000

static int failed(const char *what)
{
    perror(what);
    return 1;
}

static struct sockaddr_in place_of(const char *address, const char *port)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};

    if (!inet_pton(AF_INET, address, &place.sin_addr)) {
        fprintf(stderr, "packets: %s is no address\n", address);
        exit(2);
    }
    return place;
}

static int receive_all(const char *port)
{
    struct sockaddr_in place = place_of("0.0.0.0", port);
    socklen_t length = sizeof place;
    char text[2048], from[INET_ADDRSTRLEN];
    ssize_t size;
    int end = socket(AF_INET, SOCK_DGRAM, 0);

    if (bind(end, (void *)&place, length))
        return failed("bind");
    setlinebuf(stdout);
    while ((size = recvfrom(end, text, sizeof text, 0, (void *)&place, &length)) >= 0)
        printf("%s %.*s\n", inet_ntop(AF_INET, &place.sin_addr, from, sizeof from), (int)size, text);
    return failed("recvfrom");
}

static int send_all(const char *text, int times, char **words)
{
    int end = socket(AF_INET, SOCK_DGRAM, 0), result = 0;

    for (int round = 0; round < times; round++) {
        if (round)
            usleep(PAUSE_MICROSECONDS);
        for (char **word = words; *word; word += 2) {
            struct sockaddr_in place = place_of(word[0], word[1]);
            if (sendto(end, text, strlen(text), 0, (void *)&place, sizeof place) < 0)
                result = failed("sendto");
        }
    }
    return result;
}

static long now_milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int call_all(int seconds, char **words)
{
    struct pollfd ends[CALLS_MAX];
    long left, until = now_milliseconds() + seconds * 1000;
    int count = 0, open = 0, error;
    socklen_t length = sizeof error;

    for (char **word = words; *word && count < CALLS_MAX; word += 2, count++) {
        struct sockaddr_in place = place_of(word[0], word[1]);
        int end = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(end, (void *)&place, sizeof place) && errno != EINPROGRESS)
            close(end), end = -1; /* poll leaves it out */
        ends[count] = (struct pollfd){.fd = end, .events = POLLOUT};
        open += end >= 0;
    }
    while (open && (left = until - now_milliseconds()) > 0 && poll(ends, count, left) > 0)
        for (int at = 0; at < count; at++)
            if (ends[at].fd >= 0 && ends[at].revents) {
                if (!getsockopt(ends[at].fd, SOL_SOCKET, SO_ERROR, &error, &length) && !error)
                    printf("%s %s\n", words[2 * at], words[2 * at + 1]);
                close(ends[at].fd);
                ends[at].fd = -1;
                open--;
            }
    return 0;
}

int main(int count, char **words)
{
    if (count == 3 && !strcmp(words[1], "receive"))
        return receive_all(words[2]);
    if (count >= 4 && count % 2 == 0 && !strcmp(words[1], "send"))
        return send_all(words[2], atoi(words[3]), words + 4);
    if (count >= 3 && count % 2 == 1 && !strcmp(words[1], "call"))
        return call_all(atoi(words[2]), words + 3);
    fprintf(stderr, "usage: packets receive PORT | send TEXT TIMES ADDRESS PORT... | call SECONDS ADDRESS PORT...\n");
    return 2;
}
