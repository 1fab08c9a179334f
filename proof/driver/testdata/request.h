/* SPDX-License-Identifier: EUPL-1.2 */

/* A false helper's side of the wire of card/token/frame.go. */

#include <stddef.h>
#include <unistd.h>

static unsigned char request[65536];

static int read_all(unsigned char *b, size_t n)
{
	while (n > 0) {
		ssize_t done = read(0, b, n);
		if (done <= 0)
			return 0;
		b += done;
		n -= (size_t)done;
	}
	return 1;
}

/* read_request reads a request, or returns 0 at the end. */
static int read_request(void)
{
	unsigned char head[4];
	if (!read_all(head, 4))
		return 0;
	size_t n = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
	return n <= sizeof request && read_all(request, n);
}
