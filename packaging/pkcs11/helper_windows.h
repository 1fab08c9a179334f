/* SPDX-License-Identifier: EUPL-1.2 */

/* The helper's process and the pipe to it, on Windows. */

#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#undef CreateMutex /* the name of a field of CK_C_INITIALIZE_ARGS */

#define HELPER L"rinnova-pkcs11.exe"

typedef DWORD process_id;

static SRWLOCK lock = SRWLOCK_INIT;
static HANDLE helper_pipe = INVALID_HANDLE_VALUE; /* our end */
static HANDLE helper_process;

static process_id this_process(void) { return GetCurrentProcessId(); }

static void take_lock(void) { AcquireSRWLockExclusive(&lock); }

static void give_lock(void) { ReleaseSRWLockExclusive(&lock); }

static int running(void) { return helper_pipe != INVALID_HANDLE_VALUE; }

static void forget(void) {} /* no process is forked */

static void sleep_ms(DWORD ms) { Sleep(ms); }

/* stop ends the helper: it ends by itself when its pipe is closed, or is killed after a second. */
static void stop(void)
{
	if (running())
		CloseHandle(helper_pipe);
	helper_pipe = INVALID_HANDLE_VALUE;
	if (helper_process) {
		if (WaitForSingleObject(helper_process, 1000) != WAIT_OBJECT_0)
			TerminateProcess(helper_process, 1);
		CloseHandle(helper_process);
	}
	helper_process = NULL;
}

/* helper_command writes the quoted path of the helper, beside this library, or returns 0. */
static int helper_command(WCHAR *command, DWORD size)
{
	HMODULE self;
	if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
				(LPCWSTR)&helper_process, &self))
		return 0;
	command[0] = L'"';
	DWORD n = GetModuleFileNameW(self, command + 1, size - 1);
	while (n > 0 && command[n] != L'\\')
		n--;
	if (n == 0 || n + 1 + sizeof HELPER / sizeof(WCHAR) + 1 > size)
		return 0;
	memcpy(command + n + 1, HELPER, sizeof HELPER);
	wcscat(command, L"\"");
	return 1;
}

/* own_environment copies this process's environment without the variables that steer Go programs. */
static WCHAR *own_environment(void)
{
	WCHAR *all = GetEnvironmentStringsW(), *end = all, *kept, *to;
	if (!all)
		return NULL;
	while (*end)
		end += wcslen(end) + 1;
	kept = to = HeapAlloc(GetProcessHeap(), 0, (size_t)(end - all + 2) * sizeof *all);
	for (WCHAR *v = all; kept && *v; v += wcslen(v) + 1)
		if (!(v[0] == L'G' && v[1] == L'O')) {
			memcpy(to, v, (wcslen(v) + 1) * sizeof *v);
			to += wcslen(v) + 1;
		}
	if (kept)
		to[0] = to[1] = 0;
	FreeEnvironmentStringsW(all);
	return kept;
}

/* spawn starts the helper with a pipe's end as its standard input. It inherits nothing else. */
static int spawn(HANDLE pipe, HANDLE nothing)
{
	static WCHAR command[32768];
	HANDLE inherited[] = { pipe, nothing };
	STARTUPINFOEXW info;
	PROCESS_INFORMATION process;
	SIZE_T size = 0;
	WCHAR *environment = own_environment();
	int done = 0;
	memset(&info, 0, sizeof info);
	info.StartupInfo.cb = sizeof info;
	info.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
	info.StartupInfo.hStdInput = pipe;
	info.StartupInfo.hStdOutput = info.StartupInfo.hStdError = nothing;
	InitializeProcThreadAttributeList(NULL, 1, 0, &size);
	info.lpAttributeList = HeapAlloc(GetProcessHeap(), 0, size);
	if (environment && info.lpAttributeList && helper_command(command, sizeof command / sizeof *command) &&
	    InitializeProcThreadAttributeList(info.lpAttributeList, 1, 0, &size)) {
		done = UpdateProcThreadAttribute(info.lpAttributeList, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, inherited,
						 sizeof inherited, NULL, NULL) &&
		       CreateProcessW(NULL, command, NULL, NULL, TRUE,
				      CREATE_NO_WINDOW | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT,
				      environment, NULL, &info.StartupInfo, &process);
		DeleteProcThreadAttributeList(info.lpAttributeList);
	}
	if (done) {
		CloseHandle(process.hThread);
		helper_process = process.hProcess;
	}
	if (info.lpAttributeList)
		HeapFree(GetProcessHeap(), 0, info.lpAttributeList);
	if (environment)
		HeapFree(GetProcessHeap(), 0, environment);
	return done;
}

/* start makes a pipe with one instance, whose other end it opens itself before it starts the helper. */
static int start(void)
{
	static LONG count;
	SECURITY_ATTRIBUTES inherit = { sizeof inherit, NULL, TRUE };
	LARGE_INTEGER now;
	WCHAR name[96];
	QueryPerformanceCounter(&now);
	wsprintfW(name, L"\\\\.\\pipe\\rinnova-pkcs11-%lu-%lu-%lx", GetCurrentProcessId(),
		  (ULONG)InterlockedIncrement(&count), (ULONG)now.QuadPart);
	HANDLE ours = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE | FILE_FLAG_OVERLAPPED,
				       PIPE_TYPE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1, MAX_FRAME, MAX_FRAME, 0,
				       NULL);
	if (ours == INVALID_HANDLE_VALUE)
		return 0;
	HANDLE other = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, &inherit, OPEN_EXISTING, 0, NULL);
	HANDLE nothing = CreateFileW(L"NUL", GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit, OPEN_EXISTING, 0,
				     NULL);
	int started = other != INVALID_HANDLE_VALUE && nothing != INVALID_HANDLE_VALUE && spawn(other, nothing);
	if (other != INVALID_HANDLE_VALUE)
		CloseHandle(other);
	if (nothing != INVALID_HANDLE_VALUE)
		CloseHandle(nothing);
	if (started)
		helper_pipe = ours;
	else
		CloseHandle(ours);
	return started;
}

/* transfer reads or writes all bytes, within PATIENCE for each part. */
static int transfer(unsigned char *b, size_t n, int writes)
{
	OVERLAPPED overlapped;
	int done = 1;
	memset(&overlapped, 0, sizeof overlapped);
	overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
	if (!overlapped.hEvent)
		return 0;
	while (n > 0 && done) {
		DWORD moved = 0;
		BOOL now = writes ? WriteFile(helper_pipe, b, (DWORD)n, NULL, &overlapped)
				  : ReadFile(helper_pipe, b, (DWORD)n, NULL, &overlapped);
		if (!now && GetLastError() != ERROR_IO_PENDING)
			break;
		if (!now && WaitForSingleObject(overlapped.hEvent, PATIENCE * 1000) != WAIT_OBJECT_0)
			CancelIo(helper_pipe);
		done = GetOverlappedResult(helper_pipe, &overlapped, &moved, TRUE) && moved > 0;
		b += moved;
		n -= moved;
	}
	CloseHandle(overlapped.hEvent);
	return n == 0;
}

static int send_all(const unsigned char *b, size_t n) { return transfer((unsigned char *)b, n, 1); }

static int receive_all(unsigned char *b, size_t n) { return transfer(b, n, 0); }
