/* SPDX-License-Identifier: EUPL-1.2 */

/* The helper's process and the socket to it, on Unix. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HELPER "rinnova-pkcs11"

typedef pid_t process_id;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int helper_fd = -1; /* our end of the socket pair */
static pid_t helper_pid;

static process_id this_process(void) { return getpid(); }

static void take_lock(void) { pthread_mutex_lock(&lock); }

static void give_lock(void) { pthread_mutex_unlock(&lock); }

static int running(void) { return helper_fd >= 0; }

/* forget drops the lock and the helper, in a forked child. */
static void forget(void)
{
	static const pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
	memcpy(&lock, &fresh, sizeof lock);
	if (helper_fd >= 0)
		close(helper_fd);
	helper_fd = -1;
	helper_pid = 0;
}

struct place { char path[PATH_MAX]; };

static int find_self(struct dl_phdr_info *info, size_t size, void *data)
{
	struct place *place = data;
	uintptr_t self = (uintptr_t)&find_self;
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
		if (info->dlpi_phdr[i].p_type != PT_LOAD || self < begin || self - begin >= info->dlpi_phdr[i].p_memsz)
			continue;
		if (!realpath(info->dlpi_name, place->path))
			place->path[0] = 0;
		return 1;
	}
	return 0;
}

/* helper_path writes the helper's path, beside this library, or returns 0. */
static int helper_path(struct place *place)
{
	place->path[0] = 0;
	dl_iterate_phdr(find_self, place);
	char *name = strrchr(place->path, '/');
	if (!name || (size_t)(name + 1 - place->path) + sizeof HELPER > sizeof place->path)
		return 0;
	memcpy(name + 1, HELPER, sizeof HELPER);
	return 1;
}

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

/* stop ends the helper: it ends by itself when its socket is closed, or is killed after a second. */
static void stop(void)
{
	if (helper_fd >= 0)
		close(helper_fd);
	helper_fd = -1;
	if (helper_pid > 0) {
		int tries = 1000;
		while (waitpid(helper_pid, NULL, WNOHANG) == 0) {
			if (tries-- == 0) {
				kill(helper_pid, SIGKILL);
				while (waitpid(helper_pid, NULL, 0) < 0 && errno == EINTR)
					;
				break;
			}
			sleep_ms(1);
		}
	}
	helper_pid = 0;
}

static int start(void)
{
	static const char *const names[] = { "HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
		"XDG_RUNTIME_DIR", "PCSCLITE_CSOCK_NAME" };
	static char text[sizeof names / sizeof *names][PATH_MAX + 32];
	char *environment[sizeof names / sizeof *names + 1];
	static struct place place;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int fds[2], n = 0, failed;

	if (!helper_path(&place))
		return 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);
		if (value && (size_t)snprintf(text[i], sizeof text[i], "%s=%s", names[i], value) < sizeof text[i])
			environment[n++] = text[i];
	}
	environment[n] = NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return 0;
	if (fds[1] == 0) { /* dup2 would leave it close-on-exec */
		int other = fcntl(fds[1], F_DUPFD_CLOEXEC, 3);
		close(fds[1]);
		if ((fds[1] = other) < 0) {
			close(fds[0]);
			return 0;
		}
	}
	struct timeval patience = { PATIENCE, 0 };
	setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_adddup2(&actions, fds[1], 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	char *arguments[] = { place.path, NULL };
	failed = posix_spawn(&helper_pid, place.path, &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	if (failed) {
		close(fds[0]);
		helper_pid = 0;
		return 0;
	}
	helper_fd = fds[0];
	return 1;
}

static int send_all(const unsigned char *b, size_t n)
{
	while (n > 0) {
		ssize_t done = send(helper_fd, b, n, MSG_NOSIGNAL);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return 0;
		b += done;
		n -= (size_t)done;
	}
	return 1;
}

static int receive_all(unsigned char *b, size_t n)
{
	while (n > 0) {
		ssize_t done = recv(helper_fd, b, n, 0);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return 0;
		b += done;
		n -= (size_t)done;
	}
	return 1;
}
