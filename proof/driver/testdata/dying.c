/* SPDX-License-Identifier: EUPL-1.2 */

/* A helper that dies in the middle of its first answer. */

#include <stddef.h>
#include <unistd.h>

static int all(unsigned char *b, size_t n)
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

int main(void)
{
	static unsigned char request[65536];
	static const unsigned char begun[] = { 16, 0, 0, 0, 0, 0 }; /* of 16 bytes, two */
	unsigned char head[4];
	if (!all(head, 4))
		return 0;
	size_t n = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
	if (n > sizeof request || !all(request, n))
		return 0;
	return write(0, begun, sizeof begun) < 0;
}
