/* Lets qemu-img believe that it used ten thousand times the time it did, so that it settles for few rounds of key
 * derivation: an encrypted disk takes a moment instead of five seconds. For tests: such disks are as encrypted as
 * any, and their passphrases easier to guess. Time passes with each look, too: a kernel with a coarse clock would
 * otherwise let qemu-img see none pass, and give up.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/resource.h>

#define FASTER 10000
#define A_LOOK_US 2000

int getrusage(__rusage_who_t who, struct rusage *usage)
{
    static unsigned long long looks;
    int (*real)(__rusage_who_t, struct rusage *) = dlsym(RTLD_NEXT, "getrusage");
    int result = real(who, usage);
    unsigned long long us = (usage->ru_utime.tv_sec * 1000000ULL + usage->ru_utime.tv_usec) * FASTER;

    us += ++looks * A_LOOK_US;
    usage->ru_utime.tv_sec = us / 1000000;
    usage->ru_utime.tv_usec = us % 1000000;
    return result;
}
