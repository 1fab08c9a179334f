/* SPDX-License-Identifier: EUPL-1.2 */

/* A helper that dies in the middle of its first answer. */

#include "request.h"

int main(void)
{
	static const unsigned char begun[] = { 16, 0, 0, 0, 0, 0 }; /* of 16 bytes, two */
	return !read_request() || write(0, begun, sizeof begun) < 0;
}
