// SPDX-License-Identifier: EUPL-1.2

// A reader with a keypad, in software: an IFD handler of pcscd (interface 3.0). The DEVICENAME of reader.conf is a
// folder. A card listens at its Unix socket "card", with the messages of vsmartcard's virtual reader. A person listens
// at the socket "keys": each code that is to be typed is one connection, with a line that names the code and the least
// and the most digits ("verify 5 8", "old 5 8", "new 5 8", "again 5 8"). The answer is a line with the digits or
// "cancel"; if the connection ends without one, the time has run out. The structures are those of libpcsclite-dev's
// reader.h.
//
// NO_MODIFY and NO_VERIFY leave a feature out. REFUSES takes no structure. MIN_PIN and MAX_PIN, where set, are the limits that the reader tells.

#include <PCSC/ifdhandler.h>
#include <PCSC/reader.h>
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define VERIFY SCARD_CTL_CODE(0x330006)
#define MODIFY SCARD_CTL_CODE(0x330007)
#define LIMITS SCARD_CTL_CODE(0x330012)

static char device[100];
static int card = -1;
static UCHAR atr[MAX_ATR_SIZE];
static DWORD atr_length;

static int dial(const char *end)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(to.sun_path, sizeof to.sun_path, "%s%s", device, end);
	if (s >= 0 && connect(s, (struct sockaddr *)&to, sizeof to) == 0)
		return s;
	if (s >= 0)
		close(s);
	return -1;
}

static void pulled(void)
{
	if (card >= 0)
		close(card);
	card = -1;
	atr_length = 0;
}

static int whole(void *b, size_t n)
{
	return recv(card, b, n, MSG_WAITALL) == (ssize_t)n;
}

static int tell(const UCHAR *b, size_t n)
{
	UCHAR head[2] = { (UCHAR)(n >> 8), (UCHAR)n };
	return send(card, head, 2, MSG_NOSIGNAL | MSG_MORE) == 2 && send(card, b, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* hear returns the length of a message, which must fit, or -1. */
static long hear(UCHAR *b, size_t room)
{
	UCHAR head[2];
	if (!whole(head, 2))
		return -1;
	size_t n = (size_t)head[0] << 8 | head[1];
	return n <= room && whole(b, n) ? (long)n : -1;
}

static int control(UCHAR what) { return tell(&what, 1); }

static RESPONSECODE lost(void)
{
	pulled();
	return IFD_COMMUNICATION_ERROR;
}

/* exchange sends a command of more than one byte to the card. */
static RESPONSECODE exchange(const UCHAR *command, size_t n, PUCHAR answer, PDWORD length)
{
	long got;
	if (card < 0 || n < 2 || !tell(command, n) || (got = hear(answer, *length)) < 2)
		return lost();
	*length = (DWORD)got;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHCreateChannelByName(DWORD lun, LPSTR name)
{
	(void)lun;
	if (strlen(name) > sizeof device - 6)
		return IFD_NO_SUCH_DEVICE;
	strcpy(device, name);
	return IFD_SUCCESS;
}

RESPONSECODE IFDHCreateChannel(DWORD lun, DWORD channel)
{
	(void)lun;
	(void)channel;
	return IFD_NO_SUCH_DEVICE;
}

RESPONSECODE IFDHCloseChannel(DWORD lun)
{
	(void)lun;
	pulled();
	return IFD_SUCCESS;
}

RESPONSECODE IFDHGetCapabilities(DWORD lun, DWORD tag, PDWORD length, PUCHAR value)
{
	(void)lun;
	if (tag == TAG_IFD_ATR || tag == SCARD_ATTR_ATR_STRING) {
		if (*length < atr_length)
			return IFD_ERROR_TAG;
		memcpy(value, atr, atr_length);
		*length = atr_length;
		return IFD_SUCCESS;
	}
	if ((tag == TAG_IFD_SLOTS_NUMBER || tag == TAG_IFD_SIMULTANEOUS_ACCESS) && *length >= 1) {
		*value = 1;
		*length = 1;
		return IFD_SUCCESS;
	}
	return IFD_ERROR_TAG;
}

RESPONSECODE IFDHSetCapabilities(DWORD lun, DWORD tag, DWORD length, PUCHAR value)
{
	(void)lun;
	(void)tag;
	(void)length;
	(void)value;
	return IFD_NOT_SUPPORTED;
}

RESPONSECODE IFDHSetProtocolParameters(DWORD lun, DWORD protocol, UCHAR flags, UCHAR a, UCHAR b, UCHAR c)
{
	(void)lun;
	(void)protocol;
	(void)flags;
	(void)a;
	(void)b;
	(void)c;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHPowerICC(DWORD lun, DWORD action, PUCHAR out, PDWORD length)
{
	(void)lun;
	long n;
	*length = 0;
	if (card < 0)
		return IFD_COMMUNICATION_ERROR;
	atr_length = 0;
	if (action == IFD_POWER_DOWN)
		return control(0) ? IFD_SUCCESS : lost();
	if (!control(action == IFD_RESET ? 2 : 1) || !control(4) || (n = hear(atr, sizeof atr)) < 0)
		return lost();
	atr_length = (DWORD)n;
	memcpy(out, atr, (size_t)n);
	*length = (DWORD)n;
	return IFD_SUCCESS;
}

RESPONSECODE IFDHTransmitToICC(DWORD lun, SCARD_IO_HEADER send, PUCHAR command, DWORD n, PUCHAR answer, PDWORD length,
			       PSCARD_IO_HEADER receive)
{
	(void)lun;
	*receive = send;
	return exchange(command, n, answer, length);
}

RESPONSECODE IFDHICCPresence(DWORD lun)
{
	(void)lun;
	char b;
	if (card < 0)
		card = dial("/card");
	if (card >= 0 && recv(card, &b, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		pulled();
	return card >= 0 ? IFD_ICC_PRESENT : IFD_ICC_NOT_PRESENT;
}

/* typed has the person type a code of least to most digits into the room of size bytes. It returns the reader's answer:
 * 9000, or a status word of its own. */
static unsigned typed(const char *which, unsigned least, unsigned most, UCHAR *room, size_t size)
{
	char line[64];
	size_t n = 0;
	ssize_t got;
	int person = dial("/keys");
	if (person < 0)
		return 0x6400;
	dprintf(person, "%s %u %u\n", which, least, most);
	while (n < sizeof line && (n == 0 || line[n - 1] != '\n') && (got = recv(person, line + n, sizeof line - n, 0)) > 0)
		n += (size_t)got;
	close(person);
	if (n == 0 || line[n - 1] != '\n')
		return 0x6400;
	line[--n] = 0;
	if (strcmp(line, "cancel") == 0)
		return 0x6401;
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)line[i]))
			return 0x6401; /* there is no such key */
	if (n < least || n > most || n > size)
		return 0x6403;
	memcpy(room, line, n);
	return 0x9000;
}

/* coded reports whether the fields are those of a code in ASCII, from the left of a block of bytes, confirmed by a key. */
static int coded(UCHAR format, UCHAR block, UCHAR length, UCHAR condition)
{
	return format == 0x82 && block > 0 && block <= 15 && length == 0 && condition == 2;
}

static unsigned verify(const PIN_VERIFY_STRUCTURE *s, DWORD n, UCHAR *command)
{
	size_t size = s->bmPINBlockString;
#ifdef REFUSES
	return 0x6B80;
#endif
	if (n < sizeof *s || s->ulDataLength != n - sizeof *s || s->ulDataLength != 5 + size ||
	    !coded(s->bmFormatString, s->bmPINBlockString, s->bmPINLengthFormat, s->bEntryValidationCondition) ||
	    s->bNumberMessage != 1 || s->bMsgIndex != 0)
		return 0x6B80;
	memcpy(command, s->abData, s->ulDataLength);
	return typed("verify", s->wPINMaxExtraDigit >> 8, s->wPINMaxExtraDigit & 0xFF, command + 5, size);
}

static unsigned modify(const PIN_MODIFY_STRUCTURE *s, DWORD n, UCHAR *command)
{
	UCHAR again[15];
	size_t size = s->bmPINBlockString;
	unsigned least = s->wPINMaxExtraDigit >> 8, most = s->wPINMaxExtraDigit & 0xFF, sw;
	if (n < sizeof *s || s->ulDataLength != n - sizeof *s || s->ulDataLength > 5 + 2 * 15 ||
	    !coded(s->bmFormatString, s->bmPINBlockString, s->bmPINLengthFormat, s->bEntryValidationCondition) ||
	    s->bConfirmPIN != 3 || s->bNumberMessage != 3 || s->bInsertionOffsetOld + size > s->bInsertionOffsetNew ||
	    5 + s->bInsertionOffsetNew + size != s->ulDataLength)
		return 0x6B80;
	memcpy(command, s->abData, s->ulDataLength);
	UCHAR *old = command + 5 + s->bInsertionOffsetOld, *next = command + 5 + s->bInsertionOffsetNew;
	memcpy(again, next, size);
	if ((sw = typed("old", least, most, old, size)) != 0x9000 || (sw = typed("new", least, most, next, size)) != 0x9000 ||
	    (sw = typed("again", least, most, again, size)) != 0x9000)
		return sw;
	return memcmp(again, next, size) == 0 ? 0x9000 : 0x6402;
}

static DWORD feature(PUCHAR out, UCHAR tag, DWORD code)
{
	uint32_t big = htonl((uint32_t)code);
	out[0] = tag;
	out[1] = 4;
	memcpy(out + 2, &big, 4);
	return 6;
}

RESPONSECODE IFDHControl(DWORD lun, DWORD code, PUCHAR in, DWORD n, PUCHAR out, DWORD room, LPDWORD length)
{
	(void)lun;
	UCHAR command[5 + 2 * 15];
	unsigned sw;
	size_t size;
	DWORD left = room;
	*length = 0;
	if (room < 32)
		return IFD_COMMUNICATION_ERROR;
	switch (code) {
	case CM_IOCTL_GET_FEATURE_REQUEST:
#ifndef NO_VERIFY
		*length += feature(out + *length, FEATURE_VERIFY_PIN_DIRECT, VERIFY);
#endif
#ifndef NO_MODIFY
		*length += feature(out + *length, FEATURE_MODIFY_PIN_DIRECT, MODIFY);
#endif
		*length += feature(out + *length, FEATURE_GET_TLV_PROPERTIES, LIMITS);
		return IFD_SUCCESS;
	case LIMITS:
#ifdef MAX_PIN
		memcpy(out, (UCHAR[]){ PCSCv2_PART10_PROPERTY_bMinPINSize, 1, MIN_PIN, PCSCv2_PART10_PROPERTY_bMaxPINSize,
				       1, MAX_PIN }, 6);
		*length = 6;
#endif
		return IFD_SUCCESS;
	case VERIFY:
		sw = verify((const PIN_VERIFY_STRUCTURE *)in, n, command);
		size = ((const PIN_VERIFY_STRUCTURE *)in)->ulDataLength;
		break;
	case MODIFY:
		sw = modify((const PIN_MODIFY_STRUCTURE *)in, n, command);
		size = ((const PIN_MODIFY_STRUCTURE *)in)->ulDataLength;
		break;
	default:
		return IFD_ERROR_NOT_SUPPORTED;
	}
	if (sw == 0x9000) {
		RESPONSECODE rv = exchange(command, size, out, &left);
		memset(command, 0, sizeof command);
		*length = rv == IFD_SUCCESS ? left : 0;
		return rv;
	}
	out[0] = (UCHAR)(sw >> 8);
	out[1] = (UCHAR)sw;
	*length = 2;
	return IFD_SUCCESS;
}
