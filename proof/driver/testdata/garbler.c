/* SPDX-License-Identifier: EUPL-1.2 */

/* A helper that answers at random: true and false lengths, numbers near the edges, early ends. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "request.h"

int main(void)
{
	static unsigned char answer[4 + 512];
	static const uint64_t edges[] = { 0, 0, 0, 1, 3, 4, 7, 8, 40, 41, 0x150, 0x7fffffffffffffff, UINT64_MAX, UINT64_MAX - 7 };
	srandom((unsigned)getpid() ^ (unsigned)time(NULL));
	for (;;) {
		if (!read_request())
			return 0;
		size_t n = (size_t)random() % 64 * 8;
		for (size_t i = 0; i < n; i += 8) {
			uint64_t v = edges[(size_t)random() % (i ? sizeof edges / sizeof *edges : 4)];
			memcpy(answer + 4 + i, &v, 8); /* little-endian machines only */
		}
		if (random() % 8 == 0)
			n += (size_t)random() % 8;
		uint32_t said = random() % 64 ? (uint32_t)n : (uint32_t)random();
		memcpy(answer, &said, 4);
		if (write(0, answer, 4 + n) < 0 || random() % 200 == 0)
			return 0;
	}
}
