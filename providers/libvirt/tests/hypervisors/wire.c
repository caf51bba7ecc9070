/* wire PROCESS TAP MAC: be the network card eth0 of this namespace, in place of the card of a guest that halts.

   QEMU has the tap of each guest. It stops to read it at the first packet that no guest takes. From then on
   all packets of the tap are ours, and those that eth0 sends come from the tap as if from the guest.
*/
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FRAME_MAX 65536
#define HEADER_MAX 16
#define FILES_MAX 1024

static int check(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

/* The end at which QEMU, by its process, has the tap of this name. */
static int tap_of(int process, const char *tap)
{
    int owner = check(syscall(SYS_pidfd_open, process, 0), "pidfd_open");

    for (int number = 0; number < FILES_MAX; number++) {
        struct ifreq card;
        int copy = syscall(SYS_pidfd_getfd, owner, number, 0);
        if (copy < 0)
            continue;
        if (!ioctl(copy, TUNGETIFF, &card) && !strcmp(card.ifr_name, tap))
            return copy;
        close(copy);
    }
    fprintf(stderr, "wire: process %d has no %s\n", process, tap);
    exit(1);
}

static int make_card(const char *mac)
{
    struct ifreq card = {.ifr_name = "eth0", .ifr_flags = IFF_TAP | IFF_NO_PI};
    int end = check(open("/dev/net/tun", O_RDWR), "/dev/net/tun");
    unsigned char *bytes = (unsigned char *)card.ifr_hwaddr.sa_data;

    check(ioctl(end, TUNSETIFF, &card), "TUNSETIFF");
    card.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", bytes, bytes + 1, bytes + 2, bytes + 3, bytes + 4, bytes + 5);
    check(ioctl(end, SIOCSIFHWADDR, &card), "SIOCSIFHWADDR");
    return end;
}

/* Copy one frame from a card to the other. Each begins with a header of offloads: none. */
static void pass_frame(int from, int from_header, int to, int to_header)
{
    static char room[HEADER_MAX + FRAME_MAX];
    char *frame = room + HEADER_MAX;
    ssize_t size = read(from, frame - from_header, from_header + FRAME_MAX);

    if (size <= from_header)
        return;
    memset(frame - to_header, 0, to_header);
    if (write(to, frame - to_header, size - from_header + to_header) < 0 && errno != EIO)
        exit(1); /* EIO: the other card is down */
}

int main(int count, char **words)
{
    int tap, card, header = 0;

    if (count != 4)
        return 2;
    tap = tap_of(atoi(words[1]), words[2]);
    check(ioctl(tap, TUNGETVNETHDRSZ, &header), "TUNGETVNETHDRSZ");
    card = make_card(words[3]);
    puts("ready");
    fflush(stdout);
    struct pollfd ends[] = {{.fd = tap, .events = POLLIN}, {.fd = card, .events = POLLIN}};
    while (poll(ends, 2, -1) > 0 && !((ends[0].revents | ends[1].revents) & POLLERR)) {
        if (ends[0].revents)
            pass_frame(tap, header, card, 0);
        if (ends[1].revents)
            pass_frame(card, 0, tap, header);
    }
    return 0;
}
