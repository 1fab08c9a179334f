/* SPDX-License-Identifier: EUPL-1.2 */

/*
 * The PKCS #11 library (OASIS PKCS #11 v2.40 and v3.0). It passes each call to the helper rinnova-pkcs11, which lies
 * beside it, and keeps a lock, a connection and a process id, nothing else. The frames are those of
 * card/token/frame.go. The helper is started at the first call that needs a slot. The library checks every length in
 * its answers.
 */

#ifndef _WIN32
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <string.h>

#ifdef _WIN32
#define CRYPTOKI_EXPORTS
#define PUBLIC __declspec(dllexport)
#else
#define PUBLIC __attribute__((visibility("default")))
#endif
#include <p11-kit/pkcs11.h>

#define VERSION 1
#define MAX_FRAME 65536
#define CHUNK 32768
#define NULL_BYTES UINT64_MAX
#define PATIENCE 120 /* seconds that an answer may take: another program may hold the card */

enum function {
	FN_SLOTS = 1, FN_SLOT_INFO, FN_TOKEN_INFO, FN_SLOT_EVENT, FN_MECHANISMS, FN_MECHANISM_INFO, FN_OPEN_SESSION,
	FN_CLOSE_SESSION, FN_CLOSE_ALL_SESSIONS, FN_SESSION_INFO, FN_LOGIN, FN_LOGOUT, FN_FIND_OBJECTS_INIT,
	FN_FIND_OBJECTS, FN_FIND_OBJECTS_FINAL, FN_ATTRIBUTES, FN_OBJECT_SIZE, FN_SIGN_INIT, FN_SIGN, FN_SIGN_UPDATE,
	FN_SIGN_FINAL, FN_DECRYPT_INIT, FN_DECRYPT, FN_DECRYPT_UPDATE, FN_DECRYPT_FINAL,
	FN_SESSION_CANCEL
};

#ifdef _WIN32
#include "helper_windows.h"
#else
#include "helper_unix.h"
#endif

static process_id owner; /* the process that called C_Initialize; 0 before */
static unsigned char frame[4 + MAX_FRAME];
static size_t filled;        /* bytes of the request */
static int overflow;         /* the request does not fit a frame */
static size_t cursor, limit; /* of the answer that is left to read */
static int malformed;        /* the answer ends early */

static void wipe(void *p, size_t n)
{
	volatile unsigned char *b = p;
	while (n--)
		*b++ = 0;
}

/* Frames */

static void put_raw(const void *b, size_t n)
{
	if (n > sizeof frame - filled) {
		overflow = 1;
		return;
	}
	if (n > 0)
		memcpy(frame + filled, b, n);
	filled += n;
}

static void put(uint64_t v)
{
	unsigned char b[8];
	for (int i = 0; i < 8; i++)
		b[i] = (unsigned char)(v >> 8 * i);
	put_raw(b, sizeof b);
}

static void put_bytes(const void *b, CK_ULONG n)
{
	if (!b) {
		put(NULL_BYTES);
		return;
	}
	put(n);
	put_raw(b, n);
}

static uint64_t get(void)
{
	uint64_t v = 0;
	if (limit - cursor < 8) {
		malformed = 1;
		cursor = limit;
		return 0;
	}
	for (int i = 0; i < 8; i++)
		v |= (uint64_t)frame[cursor + (size_t)i] << 8 * i;
	cursor += 8;
	return v;
}

static const unsigned char *get_bytes(size_t *n)
{
	uint64_t length = get();
	if (length > limit - cursor) {
		malformed = 1;
		length = 0;
	}
	const unsigned char *b = frame + cursor;
	cursor += (size_t)length;
	*n = (size_t)length;
	return b;
}

/* begin takes the lock and begins a request. In a process that has not called C_Initialize, a forked child among them,
 * it takes nothing: another thread of the parent may have held the lock. */
static CK_RV begin(enum function function)
{
	if (owner != this_process())
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	take_lock();
	if (owner != this_process()) {
		give_lock();
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	}
	unsigned char head[4] = { VERSION, sizeof(CK_ULONG), (unsigned char)function, 0 };
	filled = 4;
	overflow = 0;
	put_raw(head, sizeof head);
	return CKR_OK;
}

/* talk sends the request and receives the answer up to its results. */
static CK_RV talk(void)
{
	cursor = limit = 0;
	malformed = 0;
	if (overflow || (!running() && !start())) {
		wipe(frame, filled);
		return overflow ? CKR_DATA_LEN_RANGE : CKR_GENERAL_ERROR;
	}
	for (int i = 0; i < 4; i++)
		frame[i] = (unsigned char)((filled - 4) >> 8 * i);
	int sent = send_all(frame, filled);
	wipe(frame, filled);
	unsigned char head[4];
	if (!sent || !receive_all(head, sizeof head))
		goto dead;
	size_t n = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
	if (n < 8 || n > MAX_FRAME || !receive_all(frame, n))
		goto dead;
	limit = n;
	uint64_t rv = get();
	return rv > 0xFFFFFFFF ? CKR_GENERAL_ERROR : (CK_RV)rv;
dead:
	stop();
	limit = 0;
	return CKR_DEVICE_REMOVED;
}

/* end gives the lock back. An answer that ends early or holds a false length ends the helper. */
static CK_RV end(CK_RV rv)
{
	if (malformed) {
		stop();
		rv = CKR_DEVICE_REMOVED;
	}
	wipe(frame, limit);
	malformed = 0;
	give_lock();
	return rv;
}

#define BEGIN(function)                         \
	do {                                    \
		CK_RV begun = begin(function);  \
		if (begun != CKR_OK)            \
			return begun;           \
	} while (0)

static CK_RV call1(enum function function, CK_ULONG a)
{
	BEGIN(function);
	put(a);
	return end(talk());
}

static void padded(CK_UTF8CHAR *out, size_t size, const void *text, size_t n)
{
	memset(out, ' ', size);
	memcpy(out, text, n < size ? n : size);
}

/* numbers copies a list into the host's buffer (PKCS #11 v2.40 section 5.2). */
static CK_RV numbers(CK_ULONG *list, CK_ULONG *count)
{
	uint64_t n = get();
	CK_RV rv = CKR_OK;
	if (n > (limit - cursor) / 8) {
		malformed = 1;
		return CKR_DEVICE_ERROR;
	}
	if (list && *count < n)
		rv = CKR_BUFFER_TOO_SMALL;
	else if (list)
		for (uint64_t i = 0; i < n; i++)
			list[i] = (CK_ULONG)get();
	*count = (CK_ULONG)n;
	return rv;
}

/* General (section 5.4) */

static const CK_UTF8CHAR maker[] = "Rinnova";

PUBLIC CK_RV C_Initialize(CK_VOID_PTR arguments)
{
	CK_C_INITIALIZE_ARGS *args = arguments;
	if (args && args->pReserved)
		return CKR_ARGUMENTS_BAD;
	if (args && (!args->CreateMutex != !args->DestroyMutex || !args->CreateMutex != !args->LockMutex ||
		     !args->CreateMutex != !args->UnlockMutex))
		return CKR_ARGUMENTS_BAD;
	if (owner == this_process())
		return CKR_CRYPTOKI_ALREADY_INITIALIZED;
	if (owner != 0) /* a forked child: the helper is the parent's */
		forget();
	owner = this_process();
	return CKR_OK;
}

PUBLIC CK_RV C_Finalize(CK_VOID_PTR reserved)
{
	if (reserved)
		return CKR_ARGUMENTS_BAD;
	if (owner != this_process())
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	take_lock();
	owner = 0;
	stop();
	give_lock();
	return CKR_OK;
}

static CK_RV get_info(CK_INFO *info, CK_BYTE major, CK_BYTE minor)
{
	if (owner != this_process())
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	if (!info)
		return CKR_ARGUMENTS_BAD;
	memset(info, 0, sizeof *info);
	info->cryptokiVersion.major = major;
	info->cryptokiVersion.minor = minor;
	padded(info->manufacturerID, sizeof info->manufacturerID, maker, sizeof maker - 1);
	padded(info->libraryDescription, sizeof info->libraryDescription, "TS-CNS", 6);
	info->libraryVersion.major = VERSION;
	return CKR_OK;
}

PUBLIC CK_RV C_GetInfo(CK_INFO *info) { return get_info(info, 2, 40); }

/* Slots and tokens (section 5.5) */

PUBLIC CK_RV C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)
{
	if (!count)
		return CKR_ARGUMENTS_BAD;
	BEGIN(FN_SLOTS);
	put(present != 0);
	CK_RV rv = talk();
	if (rv == CKR_OK)
		rv = numbers(list, count);
	return end(rv);
}

PUBLIC CK_RV C_GetSlotInfo(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	if (!info)
		return CKR_ARGUMENTS_BAD;
	BEGIN(FN_SLOT_INFO);
	put(slot);
	CK_RV rv = talk();
	if (rv == CKR_OK) {
		size_t n;
		const unsigned char *name = get_bytes(&n);
		memset(info, 0, sizeof *info);
		padded(info->slotDescription, sizeof info->slotDescription, name, n);
		padded(info->manufacturerID, sizeof info->manufacturerID, maker, sizeof maker - 1);
		info->flags = (CK_FLAGS)get();
	}
	return end(rv);
}

PUBLIC CK_RV C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	if (!info)
		return CKR_ARGUMENTS_BAD;
	BEGIN(FN_TOKEN_INFO);
	put(slot);
	CK_RV rv = talk();
	if (rv == CKR_OK) {
		size_t n;
		const unsigned char *text;
		memset(info, 0, sizeof *info);
		text = get_bytes(&n);
		padded(info->label, sizeof info->label, text, n);
		text = get_bytes(&n);
		padded(info->model, sizeof info->model, text, n);
		text = get_bytes(&n);
		padded((CK_UTF8CHAR *)info->serialNumber, sizeof info->serialNumber, text, n);
		padded(info->manufacturerID, sizeof info->manufacturerID, maker, sizeof maker - 1);
		memset(info->utcTime, ' ', sizeof info->utcTime);
		info->flags = (CK_FLAGS)get();
		info->ulMinPinLen = (CK_ULONG)get();
		info->ulMaxPinLen = (CK_ULONG)get();
		info->ulMaxSessionCount = info->ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
		info->ulSessionCount = info->ulRwSessionCount = CK_UNAVAILABLE_INFORMATION;
		info->ulTotalPublicMemory = info->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
		info->ulTotalPrivateMemory = info->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
	}
	return end(rv);
}

PUBLIC CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, CK_VOID_PTR reserved)
{
	if (!slot || reserved)
		return CKR_ARGUMENTS_BAD;
	for (;;) { /* the lock is free between two requests; C_Finalize ends the wait */
		BEGIN(FN_SLOT_EVENT);
		CK_RV rv = talk();
		if (rv == CKR_OK)
			*slot = (CK_SLOT_ID)get();
		rv = end(rv);
		if (rv != CKR_NO_EVENT || flags & CKF_DONT_BLOCK)
			return rv;
		sleep_ms(100);
	}
}

PUBLIC CK_RV C_GetMechanismList(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
	if (!count)
		return CKR_ARGUMENTS_BAD;
	BEGIN(FN_MECHANISMS);
	put(slot);
	CK_RV rv = talk();
	if (rv == CKR_OK)
		rv = numbers(list, count);
	return end(rv);
}

PUBLIC CK_RV C_GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	if (!info)
		return CKR_ARGUMENTS_BAD;
	BEGIN(FN_MECHANISM_INFO);
	put(slot);
	put(type);
	CK_RV rv = talk();
	if (rv == CKR_OK) {
		info->ulMinKeySize = (CK_ULONG)get();
		info->ulMaxKeySize = (CK_ULONG)get();
		info->flags = (CK_FLAGS)get();
	}
	return end(rv);
}

/* Sessions (section 5.6) */

PUBLIC CK_RV C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
			   CK_SESSION_HANDLE *session)
{
	(void)application;
	(void)notify;
	if (!session)
		return CKR_ARGUMENTS_BAD;
	BEGIN(FN_OPEN_SESSION);
	put(slot);
	put(flags);
	CK_RV rv = talk();
	if (rv == CKR_OK)
		*session = (CK_SESSION_HANDLE)get();
	return end(rv);
}

PUBLIC CK_RV C_CloseSession(CK_SESSION_HANDLE session) { return call1(FN_CLOSE_SESSION, session); }

PUBLIC CK_RV C_CloseAllSessions(CK_SLOT_ID slot) { return call1(FN_CLOSE_ALL_SESSIONS, slot); }

PUBLIC CK_RV C_GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
	if (!info)
		return CKR_ARGUMENTS_BAD;
	BEGIN(FN_SESSION_INFO);
	put(session);
	CK_RV rv = talk();
	if (rv == CKR_OK) {
		info->slotID = (CK_SLOT_ID)get();
		info->state = (CK_STATE)get();
		info->flags = (CK_FLAGS)get();
		info->ulDeviceError = 0;
	}
	return end(rv);
}

PUBLIC CK_RV C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG length)
{
	BEGIN(FN_LOGIN);
	put(session);
	put(user);
	put_bytes(pin, length);
	return end(talk());
}

PUBLIC CK_RV C_Logout(CK_SESSION_HANDLE session) { return call1(FN_LOGOUT, session); }

/* Objects (section 5.7) */

PUBLIC CK_RV C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
	if (!template && count)
		return CKR_ARGUMENTS_BAD;
	BEGIN(FN_FIND_OBJECTS_INIT);
	put(session);
	put(count);
	for (CK_ULONG i = 0; i < count && !overflow; i++) {
		put(template[i].type);
		put_bytes(template[i].pValue, template[i].ulValueLen);
	}
	return end(talk());
}

PUBLIC CK_RV C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *list, CK_ULONG most, CK_ULONG *count)
{
	if (!list || !count)
		return CKR_ARGUMENTS_BAD;
	BEGIN(FN_FIND_OBJECTS);
	put(session);
	put(most);
	CK_RV rv = talk();
	if (rv == CKR_OK) {
		*count = most;
		rv = numbers(list, count);
		if (rv == CKR_BUFFER_TOO_SMALL) /* more than were asked for */
			malformed = 1;
	}
	return end(rv);
}

PUBLIC CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE session) { return call1(FN_FIND_OBJECTS_FINAL, session); }

PUBLIC CK_RV C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template,
				 CK_ULONG count)
{
	if (!template && count)
		return CKR_ARGUMENTS_BAD;
	BEGIN(FN_ATTRIBUTES);
	put(session);
	put(object);
	put(count);
	for (CK_ULONG i = 0; i < count && !overflow; i++) {
		put(template[i].type);
		put(template[i].pValue ? template[i].ulValueLen : UINT64_MAX);
	}
	CK_RV rv = talk();
	if (rv != CKR_OK && rv != CKR_ATTRIBUTE_SENSITIVE && rv != CKR_ATTRIBUTE_TYPE_INVALID &&
	    rv != CKR_BUFFER_TOO_SMALL)
		return end(rv);
	malformed = get() != count || malformed;
	for (CK_ULONG i = 0; i < count && !malformed; i++) {
		size_t n;
		uint64_t length = get();
		const unsigned char *value = get_bytes(&n);
		if (length == UINT64_MAX) {
			template[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
		} else if (!template[i].pValue) {
			template[i].ulValueLen = (CK_ULONG)length;
		} else if (length != n || n > template[i].ulValueLen) {
			malformed = 1;
		} else {
			memcpy(template[i].pValue, value, n);
			template[i].ulValueLen = (CK_ULONG)n;
		}
	}
	return end(rv);
}

PUBLIC CK_RV C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG *size)
{
	if (!size)
		return CKR_ARGUMENTS_BAD;
	BEGIN(FN_OBJECT_SIZE);
	put(session);
	put(object);
	CK_RV rv = talk();
	if (rv == CKR_OK)
		*size = (CK_ULONG)get();
	return end(rv);
}

/* Signatures and decryption (sections 5.9 and 5.11) */

struct pss { CK_MECHANISM_TYPE hash; CK_ULONG mgf, salt; }; /* CK_RSA_PKCS_PSS_PARAMS */

static CK_RV operation_init(enum function function, CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
			    CK_OBJECT_HANDLE key)
{
	struct pss pss = { 0, 0, 0 };
	if (!mechanism)
		return CKR_ARGUMENTS_BAD;
	int parameters = mechanism->pParameter && mechanism->ulParameterLen;
	if (parameters && mechanism->ulParameterLen != sizeof pss)
		return CKR_MECHANISM_PARAM_INVALID;
	if (parameters)
		memcpy(&pss, mechanism->pParameter, sizeof pss);
	BEGIN(function);
	put(session);
	put(key);
	put(mechanism->mechanism);
	put((uint64_t)parameters);
	put(pss.hash);
	put(pss.mgf);
	put(pss.salt);
	return end(talk());
}

/* operate calls one function of an operation. A host without a buffer asks for the length. */
static CK_RV operate(enum function function, CK_SESSION_HANDLE session, const void *data, CK_ULONG length, void *out,
		     CK_ULONG *room)
{
	BEGIN(function);
	put(session);
	put_bytes(data, length);
	put(room ? (out ? *room : UINT64_MAX) : 0);
	CK_RV rv = talk();
	if (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL) {
		uint64_t size = get();
		size_t n;
		const unsigned char *result = get_bytes(&n);
		if (room && out && rv == CKR_OK) {
			if (size != n || n > *room)
				malformed = 1;
			else
				memcpy(out, result, n);
		}
		if (room && !malformed)
			*room = (CK_ULONG)size;
	}
	return end(rv);
}

static CK_RV update(enum function function, CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG length)
{
	do {
		CK_ULONG n = length < CHUNK ? length : CHUNK;
		CK_RV rv = operate(function, session, data ? data : (const CK_BYTE *)"", n, NULL, NULL);
		if (rv != CKR_OK)
			return rv;
		data = data ? data + n : NULL;
		length -= n;
	} while (length > 0);
	return CKR_OK;
}

/* whole does all of an operation. Data that do not fit a frame are sent in parts, once the result has room. */
static CK_RV whole(enum function function, CK_SESSION_HANDLE session, const CK_BYTE *data, CK_ULONG length, void *out,
		   CK_ULONG *room)
{
	if (!room || (!data && length))
		return CKR_ARGUMENTS_BAD;
	if (!out)
		return operate(function, session, "", 0, NULL, room);
	if (length <= CHUNK)
		return operate(function, session, data ? data : (const CK_BYTE *)"", length, out, room);
	CK_ULONG size;
	CK_RV rv = operate(function, session, "", 0, NULL, &size);
	if (rv != CKR_OK)
		return rv;
	if (size > *room) {
		*room = size;
		return CKR_BUFFER_TOO_SMALL;
	}
	rv = update(function + 1, session, data, length);
	return rv == CKR_OK ? operate(function + 2, session, NULL, 0, out, room) : rv;
}

PUBLIC CK_RV C_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	return operation_init(FN_SIGN_INIT, session, mechanism, key);
}

PUBLIC CK_RV C_Sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *out, CK_ULONG *room)
{
	return whole(FN_SIGN, session, data, length, out, room);
}

PUBLIC CK_RV C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length)
{
	return !data && length ? CKR_ARGUMENTS_BAD : update(FN_SIGN_UPDATE, session, data, length);
}

PUBLIC CK_RV C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *room)
{
	return room ? operate(FN_SIGN_FINAL, session, NULL, 0, out, room) : CKR_ARGUMENTS_BAD;
}

PUBLIC CK_RV C_DecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	return operation_init(FN_DECRYPT_INIT, session, mechanism, key);
}

PUBLIC CK_RV C_Decrypt(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *out, CK_ULONG *room)
{
	return whole(FN_DECRYPT, session, data, length, out, room);
}

PUBLIC CK_RV C_DecryptUpdate(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG length, CK_BYTE *out, CK_ULONG *room)
{
	(void)out;
	if (!room || (!data && length))
		return CKR_ARGUMENTS_BAD;
	*room = 0; /* all comes at the end */
	return update(FN_DECRYPT_UPDATE, session, data, length);
}

PUBLIC CK_RV C_DecryptFinal(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG *room)
{
	return room ? operate(FN_DECRYPT_FINAL, session, NULL, 0, out, room) : CKR_ARGUMENTS_BAD;
}

/* Functions that this token does not have. PIN and PUK are changed by the program. */

#define REFUSE(name, arguments, rv) PUBLIC CK_RV name arguments { return rv; }

REFUSE(C_InitToken, (CK_SLOT_ID a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d), CKR_TOKEN_WRITE_PROTECTED)
REFUSE(C_InitPIN, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_SetPIN, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d, CK_ULONG e),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_GetOperationState, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG *c), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_SetOperationState, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_OBJECT_HANDLE d, CK_OBJECT_HANDLE
	e), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_CreateObject, (CK_SESSION_HANDLE a, CK_ATTRIBUTE *b, CK_ULONG c, CK_OBJECT_HANDLE *d),
	CKR_TOKEN_WRITE_PROTECTED)
REFUSE(C_CopyObject, (CK_SESSION_HANDLE a, CK_OBJECT_HANDLE b, CK_ATTRIBUTE *c, CK_ULONG d, CK_OBJECT_HANDLE
	*e), CKR_TOKEN_WRITE_PROTECTED)
REFUSE(C_DestroyObject, (CK_SESSION_HANDLE a, CK_OBJECT_HANDLE b), CKR_TOKEN_WRITE_PROTECTED)
REFUSE(C_SetAttributeValue, (CK_SESSION_HANDLE a, CK_OBJECT_HANDLE b, CK_ATTRIBUTE *c, CK_ULONG d),
	CKR_TOKEN_WRITE_PROTECTED)
REFUSE(C_EncryptInit, (CK_SESSION_HANDLE a, CK_MECHANISM *b, CK_OBJECT_HANDLE c), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_Encrypt, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d, CK_ULONG *e),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_EncryptUpdate, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d, CK_ULONG *e),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_EncryptFinal, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG *c), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_DigestInit, (CK_SESSION_HANDLE a, CK_MECHANISM *b), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_Digest, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d, CK_ULONG *e),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_DigestUpdate, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_DigestKey, (CK_SESSION_HANDLE a, CK_OBJECT_HANDLE b), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_DigestFinal, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG *c), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_SignRecoverInit, (CK_SESSION_HANDLE a, CK_MECHANISM *b, CK_OBJECT_HANDLE c),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_SignRecover, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d, CK_ULONG *e),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_VerifyInit, (CK_SESSION_HANDLE a, CK_MECHANISM *b, CK_OBJECT_HANDLE c), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_Verify, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d, CK_ULONG e),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_VerifyUpdate, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_VerifyFinal, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_VerifyRecoverInit, (CK_SESSION_HANDLE a, CK_MECHANISM *b, CK_OBJECT_HANDLE c),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_VerifyRecover, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d, CK_ULONG *e),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_DigestEncryptUpdate, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d, CK_ULONG *e),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_DecryptDigestUpdate, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d, CK_ULONG *e),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_SignEncryptUpdate, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d, CK_ULONG *e),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_DecryptVerifyUpdate, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c, CK_BYTE *d, CK_ULONG *e),
	CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_GenerateKey, (CK_SESSION_HANDLE a, CK_MECHANISM *b, CK_ATTRIBUTE *c, CK_ULONG d, CK_OBJECT_HANDLE
	*e), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_GenerateKeyPair, (CK_SESSION_HANDLE a, CK_MECHANISM *b, CK_ATTRIBUTE *c, CK_ULONG d, CK_ATTRIBUTE *e,
	CK_ULONG f, CK_OBJECT_HANDLE *g, CK_OBJECT_HANDLE *h), CKR_TOKEN_WRITE_PROTECTED)
REFUSE(C_WrapKey, (CK_SESSION_HANDLE a, CK_MECHANISM *b, CK_OBJECT_HANDLE c, CK_OBJECT_HANDLE d, CK_BYTE *e,
	CK_ULONG *f), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_UnwrapKey, (CK_SESSION_HANDLE a, CK_MECHANISM *b, CK_OBJECT_HANDLE c, CK_BYTE *d, CK_ULONG e,
	CK_ATTRIBUTE *f, CK_ULONG g, CK_OBJECT_HANDLE *h), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_DeriveKey, (CK_SESSION_HANDLE a, CK_MECHANISM *b, CK_OBJECT_HANDLE c, CK_ATTRIBUTE *d, CK_ULONG e,
	CK_OBJECT_HANDLE *f), CKR_FUNCTION_NOT_SUPPORTED)
REFUSE(C_SeedRandom, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c), CKR_RANDOM_NO_RNG)
REFUSE(C_GenerateRandom, (CK_SESSION_HANDLE a, CK_BYTE *b, CK_ULONG c), CKR_RANDOM_NO_RNG)
REFUSE(C_GetFunctionStatus, (CK_SESSION_HANDLE a), CKR_FUNCTION_NOT_PARALLEL)
REFUSE(C_CancelFunction, (CK_SESSION_HANDLE a), CKR_FUNCTION_NOT_PARALLEL)

/* Interfaces (v2.40 section 5.4; v3.0 section 5.4). p11-kit's header of Debian 12 has no v3.0. */

#define FUNCTIONS(info) \
	C_Initialize, C_Finalize, info, C_GetFunctionList, C_GetSlotList, C_GetSlotInfo, C_GetTokenInfo, \
	C_GetMechanismList, C_GetMechanismInfo, C_InitToken, C_InitPIN, C_SetPIN, C_OpenSession, C_CloseSession, \
	C_CloseAllSessions, C_GetSessionInfo, C_GetOperationState, C_SetOperationState, C_Login, C_Logout, \
	C_CreateObject, C_CopyObject, C_DestroyObject, C_GetObjectSize, C_GetAttributeValue, \
	C_SetAttributeValue, C_FindObjectsInit, C_FindObjects, C_FindObjectsFinal, C_EncryptInit, C_Encrypt, \
	C_EncryptUpdate, C_EncryptFinal, C_DecryptInit, C_Decrypt, C_DecryptUpdate, C_DecryptFinal, \
	C_DigestInit, C_Digest, C_DigestUpdate, C_DigestKey, C_DigestFinal, C_SignInit, C_Sign, C_SignUpdate, \
	C_SignFinal, C_SignRecoverInit, C_SignRecover, C_VerifyInit, C_Verify, C_VerifyUpdate, C_VerifyFinal, \
	C_VerifyRecoverInit, C_VerifyRecover, C_DigestEncryptUpdate, C_DecryptDigestUpdate, C_SignEncryptUpdate, \
	C_DecryptVerifyUpdate, C_GenerateKey, C_GenerateKeyPair, C_WrapKey, C_UnwrapKey, C_DeriveKey, \
	C_SeedRandom, C_GenerateRandom, C_GetFunctionStatus, C_CancelFunction, C_WaitForSlotEvent

static CK_FUNCTION_LIST functions = { { 2, 40 }, FUNCTIONS(C_GetInfo) };

PUBLIC CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
	if (!list)
		return CKR_ARGUMENTS_BAD;
	*list = &functions;
	return CKR_OK;
}

#ifdef _WIN32
#pragma pack(push, 1)
#endif

struct face { CK_UTF8CHAR *name; void *list; CK_FLAGS flags; }; /* CK_INTERFACE */

static CK_RV get_info_3(CK_INFO *info) { return get_info(info, 3, 0); }

static CK_RV session_cancel(CK_SESSION_HANDLE session, CK_FLAGS flags)
{
	BEGIN(FN_SESSION_CANCEL);
	put(session);
	put(flags);
	return end(talk());
}

#define REFUSE_3(name, arguments) static CK_RV name arguments { return CKR_FUNCTION_NOT_SUPPORTED; }

REFUSE_3(login_user, (CK_SESSION_HANDLE a, CK_USER_TYPE b, CK_BYTE *c, CK_ULONG d, CK_BYTE *e, CK_ULONG f))
REFUSE_3(message_init, (CK_SESSION_HANDLE a, CK_MECHANISM *b, CK_OBJECT_HANDLE c))
REFUSE_3(message_final, (CK_SESSION_HANDLE a))
REFUSE_3(crypt_message, (CK_SESSION_HANDLE a, void *b, CK_ULONG c, CK_BYTE *d, CK_ULONG e, CK_BYTE *f, CK_ULONG g,
	CK_BYTE *h, CK_ULONG *i))
REFUSE_3(crypt_begin, (CK_SESSION_HANDLE a, void *b, CK_ULONG c, CK_BYTE *d, CK_ULONG e))
REFUSE_3(crypt_next, (CK_SESSION_HANDLE a, void *b, CK_ULONG c, CK_BYTE *d, CK_ULONG e, CK_BYTE *f, CK_ULONG *g,
	CK_FLAGS h))
REFUSE_3(sign_message, (CK_SESSION_HANDLE a, void *b, CK_ULONG c, CK_BYTE *d, CK_ULONG e, CK_BYTE *f, CK_ULONG *g))
REFUSE_3(message_begin, (CK_SESSION_HANDLE a, void *b, CK_ULONG c))
REFUSE_3(verify_message, (CK_SESSION_HANDLE a, void *b, CK_ULONG c, CK_BYTE *d, CK_ULONG e, CK_BYTE *f, CK_ULONG g))

PUBLIC CK_RV C_GetInterfaceList(struct face *list, CK_ULONG *count);
PUBLIC CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, struct face **found, CK_FLAGS flags);

/* CK_FUNCTION_LIST_3_0 begins as a CK_FUNCTION_LIST. */
static struct {
	CK_FUNCTION_LIST old;
	CK_RV (*get_interface_list)(struct face *, CK_ULONG *);
	CK_RV (*get_interface)(CK_UTF8CHAR *, CK_VERSION *, struct face **, CK_FLAGS);
	__typeof__(login_user) *login_user;
	__typeof__(session_cancel) *session_cancel;
	struct {
		__typeof__(message_init) *init;
		__typeof__(crypt_message) *message;
		__typeof__(crypt_begin) *begin;
		__typeof__(crypt_next) *next;
		__typeof__(message_final) *final;
	} encrypt, decrypt;
	struct {
		__typeof__(message_init) *init;
		__typeof__(sign_message) *message;
		__typeof__(message_begin) *begin;
		__typeof__(sign_message) *next;
		__typeof__(message_final) *final;
	} sign;
	struct {
		__typeof__(message_init) *init;
		__typeof__(verify_message) *message;
		__typeof__(message_begin) *begin;
		__typeof__(verify_message) *next;
		__typeof__(message_final) *final;
	} verify;
} functions_3 = {
	{ { 3, 0 }, FUNCTIONS(get_info_3) }, C_GetInterfaceList, C_GetInterface, login_user, session_cancel,
	{ message_init, crypt_message, crypt_begin, crypt_next, message_final },
	{ message_init, crypt_message, crypt_begin, crypt_next, message_final },
	{ message_init, sign_message, message_begin, sign_message, message_final },
	{ message_init, verify_message, message_begin, verify_message, message_final },
};

#ifdef _WIN32
#pragma pack(pop)
#endif

static CK_UTF8CHAR standard[] = "PKCS 11";
static struct face interfaces[] = { { standard, &functions_3, 0 }, { standard, &functions, 0 } };

enum { INTERFACES = sizeof interfaces / sizeof *interfaces };

PUBLIC CK_RV C_GetInterfaceList(struct face *list, CK_ULONG *count)
{
	if (!count)
		return CKR_ARGUMENTS_BAD;
	CK_RV rv = list && *count < INTERFACES ? CKR_BUFFER_TOO_SMALL : CKR_OK;
	if (list && rv == CKR_OK)
		memcpy(list, interfaces, sizeof interfaces);
	*count = INTERFACES;
	return rv;
}

PUBLIC CK_RV C_GetInterface(CK_UTF8CHAR *name, CK_VERSION *version, struct face **found, CK_FLAGS flags)
{
	if (!found)
		return CKR_ARGUMENTS_BAD;
	for (int i = 0; i < INTERFACES; i++) {
		CK_VERSION *has = interfaces[i].list; /* each list begins with its version */
		if ((!name || !strcmp((char *)name, (char *)standard)) && !(flags & ~interfaces[i].flags) &&
		    (!version || (version->major == has->major && version->minor == has->minor))) {
			*found = &interfaces[i];
			return CKR_OK;
		}
	}
	return CKR_ARGUMENTS_BAD;
}
