#include "boot_id.h"

#include <string.h>
#include <unistd.h>

#include "file.h"

bool boot_id_read(char id[BOOT_ID_SIZE])
{
	memset(id, 0, BOOT_ID_SIZE);
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd == -1 ? -1 : read(fd, id, BOOT_ID_SIZE - 1);
	file_close(fd);
	size_t len = size > 0 ? strcspn(id, "\n") : 0;
	memset(id + len, 0, BOOT_ID_SIZE - len);
	return len > 0;
}
