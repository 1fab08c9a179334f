/* SPDX-License-Identifier: EUPL-1.2 */

/* A host of the PKCS #11 library: host LIBRARY PIN SCENE [LIBRARY]. It prints "ok" at the end of a scene that went
 * well. */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

static CK_FUNCTION_LIST *p11, *other;
static void *library;
static double loading; /* dlopen, in ms */
static long before;    /* resident memory before it, in kB */
static const char *pin;

#define CHECK(what, got, want)                                                                          \
	do {                                                                                            \
		unsigned long rv_ = (unsigned long)(got);                                               \
		if (rv_ != (unsigned long)(want)) {                                                     \
			printf("line %d, %s: %#lx, want %#lx\n", __LINE__, what, rv_, (unsigned long)(want)); \
			exit(1);                                                                        \
		}                                                                                       \
	} while (0)

static CK_SESSION_HANDLE open_session(void)
{
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;
	CK_SESSION_HANDLE session;
	CHECK("C_GetSlotList", p11->C_GetSlotList(1, slots, &n), CKR_OK);
	CHECK("slots with a card", n, p11 == other ? 2 : 1); /* OpenSC has a slot for each PIN */
	CHECK("C_OpenSession", p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_OK);
	return session;
}

static void sign(CK_SESSION_HANDLE session)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof class };
	CK_OBJECT_HANDLE key;
	CK_ULONG n;
	CK_MECHANISM mechanism = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	static CK_BYTE message[100000], signature[512];
	CHECK("C_FindObjectsInit", p11->C_FindObjectsInit(session, &template, 1), CKR_OK);
	CHECK("C_FindObjects", p11->C_FindObjects(session, &key, 1, &n), CKR_OK);
	CHECK("private keys", n, 1);
	CHECK("C_FindObjectsFinal", p11->C_FindObjectsFinal(session), CKR_OK);
	CHECK("C_SignInit", p11->C_SignInit(session, &mechanism, key), CKR_OK);
	CHECK("the length of a signature", p11->C_Sign(session, message, sizeof message, NULL, &n), CKR_OK);
	CK_ULONG size = n--;
	CHECK("a small buffer", p11->C_Sign(session, message, sizeof message, signature, &n), CKR_BUFFER_TOO_SMALL);
	CHECK("the length again", n, size);
	CHECK("C_Sign", p11->C_Sign(session, message, sizeof message, signature, &n), CKR_OK);
	CHECK("another signature", p11->C_Sign(session, message, 1, signature, &n), CKR_OPERATION_NOT_INITIALIZED);
}

static void login_and_sign(void)
{
	CK_SESSION_HANDLE session;
	CHECK("C_Initialize", p11->C_Initialize(NULL), CKR_OK);
	session = open_session();
	CHECK("C_Login", p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)), CKR_OK);
	sign(session);
}

static int entries(const char *folder)
{
	DIR *d = opendir(folder);
	int n = 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* child returns the only child process, or 0. */
static pid_t child(void)
{
	int pid = 0;
	FILE *f = fopen("/proc/self/task/self/children", "r");
	char path[64];
	if (!f) {
		snprintf(path, sizeof path, "/proc/%d/task/%d/children", getpid(), getpid());
		f = fopen(path, "r");
	}
	if (f && fscanf(f, "%d", &pid) != 1)
		pid = 0;
	if (f)
		fclose(f);
	return pid;
}

static void wait_for(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	CHECK("the child's exit", status, 0);
}

static void fork_before(void)
{
	pid_t pid = fork();
	login_and_sign();
	CHECK("C_Finalize", p11->C_Finalize(NULL), CKR_OK);
	if (pid == 0)
		exit(0);
	wait_for(pid);
}

static void fork_after(void)
{
	login_and_sign();
	pid_t helper = child();
	pid_t pid = fork();
	if (pid == 0) {
		CK_INFO info;
		CK_ULONG n;
		CHECK("C_GetInfo in a child", p11->C_GetInfo(&info), CKR_CRYPTOKI_NOT_INITIALIZED);
		CHECK("C_GetSlotList in a child", p11->C_GetSlotList(0, NULL, &n), CKR_CRYPTOKI_NOT_INITIALIZED);
		CHECK("C_Finalize in a child", p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
		login_and_sign();
		CHECK("C_Finalize", p11->C_Finalize(NULL), CKR_OK);
		exit(0);
	}
	wait_for(pid);
	CHECK("the parent's helper", child(), helper);
	CK_SESSION_HANDLE session = open_session();
	sign(session);
	CHECK("C_Finalize", p11->C_Finalize(NULL), CKR_OK);
	CHECK("helpers after C_Finalize", child(), 0);
}

static void killed(void)
{
	CK_ULONG n;
	login_and_sign();
	CHECK("kill", kill(child(), SIGKILL), 0);
	CHECK("the next call", p11->C_GetSlotList(0, NULL, &n), CKR_DEVICE_REMOVED);
	CHECK("helpers", child(), 0);
	CK_SESSION_HANDLE session = open_session();
	CHECK("C_Login", p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)), CKR_OK);
	sign(session);
	CHECK("C_Finalize", p11->C_Finalize(NULL), CKR_OK);
}

/* quiet: the host keeps its signals, threads, descriptors and children. */
static void quiet(void)
{
	struct sigaction before[32], after;
	CK_ULONG n;
	int descriptors = entries("/proc/self/fd");
	for (int i = 1; i < 32; i++)
		sigaction(i, NULL, &before[i]);
	for (int i = 0; i < 1000; i++) {
		CHECK("C_Initialize", p11->C_Initialize(NULL), CKR_OK);
		if (i % 50 == 0) { /* a helper is started */
			CHECK("C_GetSlotList", p11->C_GetSlotList(0, NULL, &n), CKR_OK);
			CHECK("threads", entries("/proc/self/task"), 3);
		} else {
			CHECK("helpers before a slot is needed", child(), 0);
		}
		CHECK("C_Finalize", p11->C_Finalize(NULL), CKR_OK);
	}
	for (int i = 1; i < 32; i++) {
		sigaction(i, NULL, &after);
		CHECK("a signal's handler", after.sa_handler != before[i].sa_handler, 0);
	}
	CHECK("descriptors", entries("/proc/self/fd"), descriptors);
	CHECK("children", child(), 0);
}

/* interfaces: a host of v3.0 finds both lists, and ends operations by C_SessionCancel, the last but 20 of the functions
 * of v3.0. */
static void interfaces(void)
{
	struct { CK_UTF8CHAR *name; void *list; CK_FLAGS flags; } list[2], *found;
	CK_VERSION version = { 2, 40 };
	CK_ULONG n = 1;
	CK_INFO info;
	CK_RV (*get_list)(void *, CK_ULONG *);
	CK_RV (*get)(const char *, CK_VERSION *, void *, CK_FLAGS);
	CK_RV (*cancel)(CK_SESSION_HANDLE, CK_FLAGS);
	CK_MECHANISM mechanism = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	*(void **)&get_list = dlsym(library, "C_GetInterfaceList");
	*(void **)&get = dlsym(library, "C_GetInterface");
	CHECK("a list that is too short", get_list(list, &n), CKR_BUFFER_TOO_SMALL);
	CHECK("C_GetInterfaceList", get_list(list, &n), CKR_OK);
	CHECK("interfaces", n, 2);
	CHECK("another name", get("Vendor", NULL, &found, 0), CKR_ARGUMENTS_BAD);
	CHECK("fork safe", get(NULL, NULL, &found, 1), CKR_ARGUMENTS_BAD);
	CHECK("v2.40", get("PKCS 11", &version, &found, 0), CKR_OK);
	CHECK("the list of v2.40", found->list != p11, 0);
	CHECK("the default", get(NULL, NULL, &found, 0), CKR_OK);
	p11 = found->list;
	CHECK("its version", p11->version.major, 3);
	login_and_sign();
	CHECK("C_GetInfo", p11->C_GetInfo(&info), CKR_OK);
	CHECK("the version in it", info.cryptokiVersion.major, 3);
	CK_SESSION_HANDLE session = open_session();
	CK_OBJECT_HANDLE key;
	CHECK("C_FindObjectsInit", p11->C_FindObjectsInit(session, NULL, 0), CKR_OK);
	memcpy(&cancel, (char *)p11 + sizeof *p11 + 3 * sizeof cancel, sizeof cancel);
	CHECK("C_SessionCancel", cancel(session, 0x40), CKR_OK); /* CKF_FIND_OBJECTS */
	CHECK("C_FindObjects after it", p11->C_FindObjects(session, &key, 1, &n), CKR_OPERATION_NOT_INITIALIZED);
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof class };
	CHECK("C_FindObjectsInit", p11->C_FindObjectsInit(session, &template, 1), CKR_OK);
	CHECK("C_FindObjects", p11->C_FindObjects(session, &key, 1, &n), CKR_OK);
	CHECK("C_SignInit", p11->C_SignInit(session, &mechanism, key), CKR_OK);
	CHECK("C_SessionCancel", cancel(session, CKF_SIGN), CKR_OK);
	CHECK("C_SignInit again", p11->C_SignInit(session, &mechanism, key), CKR_OK);
	CHECK("C_Finalize", p11->C_Finalize(NULL), CKR_OK);
}

/* dying calls each function with a helper that dies in the middle of its answer. */
static void dying(void)
{
	CK_ULONG n = 4, list[4];
	CK_SLOT_INFO slot;
	CK_TOKEN_INFO token;
	CK_SESSION_INFO session;
	CK_MECHANISM_INFO info;
	CK_BYTE b[64];
	CK_ATTRIBUTE template = { CKA_ID, b, sizeof b };
	CK_MECHANISM mechanism = { CKM_RSA_PKCS, NULL, 0 };
	int descriptors = entries("/proc/self/fd");
	CHECK("C_Initialize", p11->C_Initialize(NULL), CKR_OK);
#define DIES(call)                                             \
	do {                                                   \
		CHECK(#call, p11->call, CKR_DEVICE_REMOVED);   \
		CHECK("helpers", child(), 0);                  \
		n = 4;                                         \
	} while (0)
	DIES(C_GetSlotList(1, list, &n));
	DIES(C_GetSlotInfo(0, &slot));
	DIES(C_GetTokenInfo(0, &token));
	DIES(C_WaitForSlotEvent(0, list, NULL));
	DIES(C_GetMechanismList(0, list, &n));
	DIES(C_GetMechanismInfo(0, CKM_RSA_PKCS, &info));
	DIES(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, list));
	DIES(C_CloseSession(1));
	DIES(C_CloseAllSessions(0));
	DIES(C_GetSessionInfo(1, &session));
	DIES(C_Login(1, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)));
	DIES(C_Logout(1));
	DIES(C_FindObjectsInit(1, &template, 1));
	DIES(C_FindObjects(1, list, 4, &n));
	DIES(C_FindObjectsFinal(1));
	DIES(C_GetAttributeValue(1, 1, &template, 1));
	DIES(C_GetObjectSize(1, 1, &n));
	DIES(C_SignInit(1, &mechanism, 1));
	DIES(C_Sign(1, b, sizeof b, b, &n));
	DIES(C_SignUpdate(1, b, sizeof b));
	DIES(C_SignFinal(1, b, &n));
	DIES(C_DecryptInit(1, &mechanism, 1));
	DIES(C_Decrypt(1, b, sizeof b, b, &n));
	DIES(C_DecryptUpdate(1, b, sizeof b, b, &n));
	DIES(C_DecryptFinal(1, b, &n));
	CHECK("C_Finalize", p11->C_Finalize(NULL), CKR_OK);
	CHECK("descriptors", entries("/proc/self/fd"), descriptors);
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* resident returns a process's resident memory in kB. */
static long resident(const char *process)
{
	char path[64], line[128];
	long kb = -1;
	snprintf(path, sizeof path, "/proc/%s/status", process);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

/* figures prints: dlopen in ms, C_Initialize with the first C_GetSlotList in ms, this process's memory and threads that
 * came with a login, and the helper's memory in kB. */
static void figures(void)
{
	CK_SLOT_ID slots[8];
	CK_ULONG n = 8;
	CK_SESSION_HANDLE session;
	double began = now_ms();
	CHECK("C_Initialize", p11->C_Initialize(NULL), CKR_OK);
	CHECK("C_GetSlotList", p11->C_GetSlotList(1, slots, &n), CKR_OK);
	double ready = now_ms();
	CHECK("C_OpenSession", p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_OK);
	CHECK("C_Login", p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)), CKR_OK);
	char helper[16];
	snprintf(helper, sizeof helper, "%d", child());
	printf("%g %g %ld %d %ld\n", loading, ready - began, resident("self") - before, entries("/proc/self/task") - 3,
	       child() ? resident(helper) : 0);
	CHECK("C_Finalize", p11->C_Finalize(NULL), CKR_OK);
}

/* follow does what the lines of its input say, and answers each with a CK_RV and a number, if there is one: of slots
 * with a card, of private keys, or of descriptors. */
static void follow(void)
{
	char line[64], *argument;
	CK_SESSION_HANDLE session = 0;
	while (fgets(line, sizeof line, stdin)) {
		CK_RV rv = CKR_FUNCTION_NOT_SUPPORTED;
		CK_ULONG n = 0;
		line[strcspn(line, "\n")] = 0;
		argument = strchr(line, ' ');
		if (argument)
			*argument++ = 0;
		if (!strcmp(line, "initialize")) {
			rv = p11->C_Initialize(NULL);
		} else if (!strcmp(line, "slots")) {
			rv = p11->C_GetSlotList(1, NULL, &n);
		} else if (!strcmp(line, "open")) {
			CK_SLOT_ID slot;
			n = 1;
			rv = p11->C_GetSlotList(1, &slot, &n);
			if (rv == CKR_OK && n == 1)
				rv = p11->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
		} else if (!strcmp(line, "login") && argument) {
			rv = p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)argument, strlen(argument));
		} else if (!strcmp(line, "sign")) {
			CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
			CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof class };
			CK_MECHANISM mechanism = { CKM_SHA256_RSA_PKCS, NULL, 0 };
			CK_OBJECT_HANDLE keys[8];
			CK_BYTE signature[512];
			CK_ULONG size = sizeof signature;
			rv = p11->C_FindObjectsInit(session, &template, 1);
			if (rv == CKR_OK)
				rv = p11->C_FindObjects(session, keys, 8, &n);
			if (rv == CKR_OK)
				rv = p11->C_FindObjectsFinal(session);
			if (rv == CKR_OK && n > 0)
				rv = p11->C_SignInit(session, &mechanism, keys[0]);
			if (rv == CKR_OK && n > 0)
				rv = p11->C_Sign(session, (CK_BYTE *)"Rinnova", 7, signature, &size);
		} else if (!strcmp(line, "helper")) {
			char folder[64];
			snprintf(folder, sizeof folder, "/proc/%d/fd", child());
			rv = CKR_OK;
			n = (CK_ULONG)entries(folder);
		} else if (!strcmp(line, "descriptors")) {
			rv = CKR_OK;
			n = (CK_ULONG)entries("/proc/self/fd");
		}
		printf("%#lx %lu\n", rv, n);
		fflush(stdout);
	}
}

/* beside: this library and another one are logged in and sign in turn. The reset after our signature takes the other's
 * login from the card. */
static void beside(void)
{
	CK_FUNCTION_LIST *ours = p11;
	CK_SESSION_HANDLE session, theirs;
	CHECK("C_Initialize", p11->C_Initialize(NULL), CKR_OK);
	session = open_session();
	CHECK("C_Login", p11->C_Login(session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)), CKR_OK);
	p11 = other;
	CHECK("the other's C_Initialize", p11->C_Initialize(NULL), CKR_OK);
	theirs = open_session();
	CHECK("the other's C_Login", p11->C_Login(theirs, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin)), CKR_OK);
	for (int i = 0; i < 3; i++) {
		p11 = other;
		sign(theirs);
		p11 = ours;
		sign(session);
	}
	CHECK("the other's C_Finalize", other->C_Finalize(NULL), CKR_OK);
	CHECK("C_Finalize", ours->C_Finalize(NULL), CKR_OK);
}

/* mutate calls every function with a helper that answers at random. Nothing has to succeed. */
static void mutate(void)
{
	CK_ULONG n, i;
	for (i = 0; i < 300; i++) {
		CK_SLOT_ID list[4];
		CK_SLOT_INFO slot;
		CK_TOKEN_INFO token;
		CK_SESSION_INFO session;
		CK_MECHANISM_INFO info;
		CK_BYTE a[40], b[7];
		CK_ATTRIBUTE template[3] = { { CKA_ID, a, sizeof a }, { CKA_VALUE, b, sizeof b }, { CKA_LABEL, NULL, 0 } };
		CK_MECHANISM mechanism = { CKM_RSA_PKCS, NULL, 0 };
		CK_RV rv = p11->C_Initialize(NULL);
		if (rv != CKR_OK)
			CHECK("C_Initialize", rv, CKR_CRYPTOKI_ALREADY_INITIALIZED);
		n = 4;
		p11->C_GetSlotList(1, list, &n);
		n = 4;
		p11->C_GetMechanismList(0, list, &n);
		p11->C_GetSlotInfo(0, &slot);
		p11->C_GetTokenInfo(0, &token);
		p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, list, NULL);
		p11->C_GetMechanismInfo(0, 1, &info);
		p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, list);
		p11->C_GetSessionInfo(1, &session);
		p11->C_Login(1, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin));
		p11->C_FindObjectsInit(1, template, 2);
		p11->C_FindObjects(1, list, 4, &n);
		p11->C_FindObjectsFinal(1);
		p11->C_GetAttributeValue(1, 1, template, 3);
		p11->C_GetObjectSize(1, 1, &n);
		p11->C_SignInit(1, &mechanism, 1);
		n = sizeof a;
		p11->C_Sign(1, b, sizeof b, a, &n);
		p11->C_SignUpdate(1, b, sizeof b);
		n = sizeof b;
		p11->C_SignFinal(1, b, &n);
		p11->C_DecryptInit(1, &mechanism, 1);
		n = sizeof a;
		p11->C_Decrypt(1, b, sizeof b, a, &n);
		p11->C_CloseSession(1);
		if (i % 100 == 99)
			p11->C_Finalize(NULL);
	}
}

static void *loaded(const char *path, CK_FUNCTION_LIST **list)
{
	CK_C_GetFunctionList get;
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		printf("%s\n", dlerror());
		exit(1);
	}
	*(void **)&get = dlsym(handle, "C_GetFunctionList");
	CHECK("C_GetFunctionList", get(list), CKR_OK);
	return handle;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*play)(void); } scenes[] = {
		{ "fork-before", fork_before }, { "fork-after", fork_after }, { "killed", killed }, { "quiet", quiet },
		{ "mutate", mutate }, { "beside", beside }, { "interfaces", interfaces },
		{ "figures", figures }, { "follow", follow },
		{ "dying", dying },
	};
	if (argc < 4)
		return 2;
	pin = argv[2];
	before = resident("self");
	loading = now_ms();
	library = loaded(argv[1], &p11);
	loading = now_ms() - loading;
	if (argc > 4)
		loaded(argv[4], &other);
	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
		if (!strcmp(scenes[i].name, argv[3])) {
			scenes[i].play();
			CHECK("dlclose", dlclose(library), 0);
			puts("ok");
			return 0;
		}
	return 2;
}
