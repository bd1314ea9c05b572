/*
 * What Debian built into Courier and a test cannot have, preloaded by the tests
 * (imapsync/imaptest/realserver): the one socket of the system's authdaemond, the
 * user "courier", and seconds of waiting.
 */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* Who may log in is asked at COURIER_DOOR, in the place of /run/courier/authdaemon. */
int connect(int fd, const struct sockaddr *to, socklen_t size)
{
	struct sockaddr_un door = {.sun_family = AF_UNIX};

	if (to->sa_family == AF_UNIX && strstr(((const struct sockaddr_un *)to)->sun_path, "/authdaemon/socket")) {
		strncpy(door.sun_path, getenv("COURIER_DOOR"), sizeof door.sun_path - 1);
		to = (const struct sockaddr *)&door;
		size = sizeof door;
	}
	return syscall(SYS_connect, fd, to, size);
}

/* The programs know one name, that of the user who speaks TLS: COURIER_UID is his number. */
struct passwd *getpwnam(const char *name)
{
	return getpwuid(atoi(getenv("COURIER_UID")));
}

/* A wrong password is answered at once, not after five seconds. */
unsigned int sleep(unsigned int seconds)
{
	return 0;
}

/* No file is watched: imapd says so in an ALERT at the login, and does without. */
int FAMOpen(void *connection)
{
	return -1;
}
