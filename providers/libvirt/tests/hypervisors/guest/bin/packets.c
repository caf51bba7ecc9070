/* Datagrams, which busybox cannot send: `udp send ADDRESS PORT TEXT`, and `udp receive PORT`, which says
   who sent what, a line each, until it is killed. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed(const char *what)
{
    perror(what);
    return 1;
}

int main(int count, char **words)
{
    int receives = count == 3 && !strcmp(words[1], "receive");
    int sends = count == 5 && !strcmp(words[1], "send");
    struct sockaddr_in place = {.sin_family = AF_INET};
    socklen_t length = sizeof place;
    char text[2048], from[INET_ADDRSTRLEN];
    ssize_t said;
    int end = socket(AF_INET, SOCK_DGRAM, 0);

    if ((!receives && !sends) || (sends && !inet_pton(AF_INET, words[2], &place.sin_addr))) {
        fprintf(stderr, "usage: udp send ADDRESS PORT TEXT | udp receive PORT\n");
        return 2;
    }
    place.sin_port = htons(atoi(words[receives ? 2 : 3]));
    if (sends)
        return sendto(end, words[4], strlen(words[4]), 0, (void *)&place, length) < 0 ? failed("sendto") : 0;
    if (bind(end, (void *)&place, length))
        return failed("bind");
    setlinebuf(stdout);
    while ((said = recvfrom(end, text, sizeof text, 0, (void *)&place, &length)) >= 0)
        printf("%s %.*s\n", inet_ntop(AF_INET, &place.sin_addr, from, sizeof from), (int)said, text);
    return failed("recvfrom");
}
