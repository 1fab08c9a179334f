// SPDX-License-Identifier: EUPL-1.2

// A PC/SC library in front of the system's, with a poorer reader: it carries commands of at most LIMIT bytes, and
// CONTROL, where set, is what its driver says for dwMaxAPDUDataSize (PC/SC part 10). ESTABLISH, where set, is what
// SCardEstablishContext answers instead of a context.
#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

typedef long LONG;
typedef unsigned long DWORD;

static void *real(const char *name) {
	static void *library;
	if (!library)
		library = dlopen("libpcsclite.so.1", RTLD_NOW | RTLD_LOCAL);
	return dlsym(library, name);
}

#define FORWARD(name, parameters, arguments) \
	LONG name parameters { return ((LONG(*) parameters)real(#name)) arguments; }

#ifdef ESTABLISH
LONG SCardEstablishContext(DWORD s, void *a, void *b, void *h) { return (LONG)(int32_t)ESTABLISH; }
#else
FORWARD(SCardEstablishContext, (DWORD s, void *a, void *b, void *h), (s, a, b, h))
#endif
FORWARD(SCardReleaseContext, (LONG h), (h))
FORWARD(SCardCancel, (LONG h), (h))
FORWARD(SCardListReaders, (LONG h, void *g, void *r, void *n), (h, g, r, n))
FORWARD(SCardGetStatusChange, (LONG h, DWORD t, void *s, DWORD n), (h, t, s, n))
FORWARD(SCardConnect, (LONG h, void *r, DWORD m, DWORD p, void *c, void *a), (h, r, m, p, c, a))
FORWARD(SCardReconnect, (LONG c, DWORD m, DWORD p, DWORD i, void *a), (c, m, p, i, a))
FORWARD(SCardDisconnect, (LONG c, DWORD d), (c, d))
FORWARD(SCardBeginTransaction, (LONG c), (c))
FORWARD(SCardEndTransaction, (LONG c, DWORD d), (c, d))

LONG SCardTransmit(LONG c, void *s, const uint8_t *b, DWORD n, void *r, uint8_t *a, DWORD *m) {
	if (n > LIMIT)
		return (LONG)(int32_t)0x80100016; // SCARD_E_NOT_TRANSACTED
	return ((LONG(*)(LONG, void *, const uint8_t *, DWORD, void *, uint8_t *, DWORD *))real("SCardTransmit"))(c, s, b,
		n, r, a, m);
}

LONG SCardControl(LONG c, DWORD code, const uint8_t *b, DWORD n, uint8_t *a, DWORD m, DWORD *k) {
#ifdef CONTROL
	// FEATURE_IFD_PIN_PROPERTIES, then FEATURE_GET_TLV_PROPERTIES; wIdVendor, then dwMaxAPDUDataSize.
	static const uint8_t features[] = {0x0A, 4, 0x42, 0, 0, 0x0A, 0x12, 4, 0x42, 0, 0, 0x12};
	static const uint8_t properties[] = {0x0B, 2, 1, 2, 0x0A, 4, (CONTROL)&0xFF, (CONTROL) >> 8 & 0xFF,
		(CONTROL) >> 16 & 0xFF, (CONTROL) >> 24 & 0xFF};
	if (code == 0x42000000 + 3400) {
		memcpy(a, features, sizeof features);
		*k = sizeof features;
		return 0;
	}
	if (code == 0x42000012) {
		memcpy(a, properties, sizeof properties);
		*k = sizeof properties;
		return 0;
	}
#endif
	return (LONG)(int32_t)0x80100016;
}
