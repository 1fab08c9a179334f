/* SPDX-License-Identifier: EUPL-1.2 */

/* A host of the PKCS #11 library on Windows: host LIBRARY PIN. It prints each pair's label, certificate and signature
 * of "Rinnova" (CKM_SHA256_RSA_PKCS) in hexadecimal, a line each, and "freed" once the library is unloaded. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/pkcs11.h>

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#define CHECK(call)                                                            \
	do {                                                                   \
		CK_RV rv_ = (call);                                            \
		if (rv_ != CKR_OK) {                                           \
			printf("line %d: %#lx\n", __LINE__, rv_);              \
			exit(1);                                               \
		}                                                              \
	} while (0)

static void hex(const CK_BYTE *b, CK_ULONG n)
{
	while (n-- > 0)
		printf("%02x", *b++);
	printf("\n");
}

int main(int argc, char **argv)
{
	CK_FUNCTION_LIST *p11;
	CK_C_GetFunctionList get;
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8, found;
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO token;
	CK_OBJECT_HANDLE keys[8], certificate;
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template[2] = { { CKA_CLASS, &class, sizeof class } };
	CK_MECHANISM mechanism = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	static CK_BYTE label[256], value[8192], signature[512], id[64];
	HMODULE library;
	if (argc != 3)
		return 2;
	library = LoadLibraryA(argv[1]);
	if (!library) {
		printf("LoadLibrary: %lu\n", GetLastError());
		return 1;
	}
	*(FARPROC *)&get = GetProcAddress(library, "C_GetFunctionList");
	CHECK(get(&p11));
	CHECK(p11->C_Initialize(NULL));
	CHECK(p11->C_GetSlotList(1, slots, &n));
	if (n != 1) {
		printf("%lu slots\n", n);
		return 1;
	}
	CHECK(p11->C_GetTokenInfo(slots[0], &token));
	CHECK(p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session));
	CHECK(p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)argv[2], (CK_ULONG)strlen(argv[2])));
	CHECK(p11->C_FindObjectsInit(session, template, 1));
	CHECK(p11->C_FindObjects(session, keys, 8, &n));
	CHECK(p11->C_FindObjectsFinal(session));
	for (CK_ULONG i = 0; i < n; i++) {
		CK_ATTRIBUTE ids = { CKA_ID, id, sizeof id };
		CK_ATTRIBUTE shown[2] = { { CKA_LABEL, label, sizeof label }, { CKA_VALUE, value, sizeof value } };
		CK_ULONG size = sizeof signature;
		CHECK(p11->C_GetAttributeValue(session, keys[i], &ids, 1));
		class = CKO_CERTIFICATE;
		template[1] = ids;
		CHECK(p11->C_FindObjectsInit(session, template, 2));
		CHECK(p11->C_FindObjects(session, &certificate, 1, &found));
		CHECK(p11->C_FindObjectsFinal(session));
		CHECK(p11->C_GetAttributeValue(session, certificate, shown, 2));
		CHECK(p11->C_SignInit(session, &mechanism, keys[i]));
		CHECK(p11->C_Sign(session, (CK_BYTE *)"Rinnova", 7, signature, &size));
		hex(label, shown[0].ulValueLen);
		hex(value, shown[1].ulValueLen);
		hex(signature, size);
	}
	CHECK(p11->C_Finalize(NULL));
	if (FreeLibrary(library) && !GetModuleHandleA(argv[1]))
		puts("freed");
	return 0;
}
