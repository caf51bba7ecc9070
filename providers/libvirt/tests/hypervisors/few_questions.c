#include <libvirt/libvirt.h>
#include <stddef.h>

/* Find no features of a guest's processor: each guest saves five hundred questions to its QEMU. The function is
 * internal, so the arguments are those of one release. Another release calls its own function, and costs more.
 */
#if LIBVIR_VERSION_NUMBER / 1000 == 9000
int qemuMonitorGetGuestCPU(
    void *monitor, int architecture, const char *path, void *translate, void **enabled, void **disabled)
{
    *enabled = NULL;
    if (disabled)
        *disabled = NULL;
    return 0;
}
#endif
