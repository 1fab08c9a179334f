// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"rinnova.example/go/card/transcript"
)

// TestOpenSSL: OpenSSL opens a file sealed for two desks with either key. The content is a ZIP with the manifest and
// the transcript.
func TestOpenSSL(t *testing.T) {
	report, text := failed(t)
	list, err := ParseRecipients(certificatePEM(desk(1, -30, 30), desk(2, -400, -1), desk(3, 1, 400), desk(4, -1, 300)))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := Seal(report, text, list, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := sealed.Save(filepath.Join(dir, FileName)); err != nil {
		t.Fatal(err)
	}
	shown := string(openssl(t, dir, "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", FileName))
	for _, want := range []string{"pkcs7-envelopedData", "rsaesOaep", "aes-256-cbc", "sha256", "mgf1"} {
		if !strings.Contains(shown, want) {
			t.Errorf("OpenSSL shows no %s:\n%s", want, shown)
		}
	}
	if n := strings.Count(shown, "d.ktri"); n != 2 {
		t.Errorf("%d recipients instead of the two in date", n)
	}
	for _, n := range []int{1, 4} {
		write(t, dir, "desk.key", keyPEM(n))
		write(t, dir, "desk.pem", certificatePEM(list[n-1]))
		for _, how := range [][]string{{"-inkey", "desk.key", "-recip", "desk.pem"}, {"-inkey", "desk.key"}} {
			archive := openssl(t, dir, append([]string{"cms", "-decrypt", "-binary", "-inform", "DER", "-in", FileName},
				how...)...)
			z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
			if err != nil || len(z.File) != 2 || z.File[0].Name != "manifest.json" ||
				z.File[1].Name != "transcript.txt" {
				t.Fatalf("key %d: not the archive: %v", n, err)
			}
			b := must(io.ReadAll(must(z.File[0].Open())))
			var again Report
			if err := json.Unmarshal(b, &again); err != nil || !reflect.DeepEqual(&again, report) {
				t.Errorf("%v, manifest %s", err, b)
			}
			if b = must(io.ReadAll(must(z.File[1].Open()))); !bytes.Equal(b, text.Encode()) {
				t.Errorf("transcript\n%s", b)
			}
			// Compute the comment independently: SHA-256 of the file up to the ciphertext and of the archive up to
			// the comment.
			pad := 16 - len(archive)%16
			h := sha256.Sum256(append(bytes.Clone(sealed[:len(sealed)-len(archive)-pad]), archive[:len(archive)-64]...))
			if z.Comment != hex.EncodeToString(h[:]) {
				t.Errorf("comment %s", z.Comment)
			}
		}
	}
	for _, n := range []int{2, 3} {
		if _, _, err := Open(sealed, key(n), nil); !errors.Is(err, ErrNotRecipient) {
			t.Errorf("the key of a certificate out of date: %v", err)
		}
	}
}

// kept returns a report of the first version and its desk's key. Every later version must open it.
func kept(t testing.TB) ([]byte, *rsa.PrivateKey) {
	t.Helper()
	block, _ := pem.Decode(must(os.ReadFile("testdata/desk.key")))
	return must(os.ReadFile("testdata/" + FileName)), must(x509.ParsePKCS8PrivateKey(block.Bytes)).(*rsa.PrivateKey)
}

func TestKept(t *testing.T) {
	file, key := kept(t)
	list := must(ParseRecipients(must(os.ReadFile("testdata/desk.pem"))))
	r, text, err := Open(file, key, list[0])
	want, wantText := failed(t)
	if err != nil || !reflect.DeepEqual(r, want) || !bytes.Equal(text.Encode(), wantText.Encode()) {
		t.Fatalf("%v: %+v", err, r)
	}
}

func TestOpen(t *testing.T) {
	report, text := failed(t)
	bare := *report
	bare.Transcript = nil
	certificate := desk(1, -30, 30)
	for _, test := range []struct {
		report *Report
		text   *transcript.Transcript
	}{{report, text}, {&bare, nil}} {
		sealed, err := Seal(test.report, test.text, Recipients{certificate, desk(4, -1, 1)}, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []*x509.Certificate{nil, certificate} {
			r, again, err := Open(sealed, key(1), c)
			if err != nil || !reflect.DeepEqual(r, test.report) {
				t.Fatalf("%v\n%+v", err, r)
			}
			if (again == nil) != (test.text == nil) || again != nil &&
				!bytes.Equal(again.Encode(), test.text.Encode()) {
				t.Errorf("transcript %v", again)
			}
		}
	}
}

// TestRefused refuses a file with any byte changed, of any shorter length, for another key, or of another kind.
func TestRefused(t *testing.T) {
	report, text := failed(t)
	certificate := desk(1, -30, 30)
	sealed, err := Seal(report, text, Recipients{certificate}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	known := func(err error) bool {
		for _, reason := range []error{ErrTruncated, ErrForeign, ErrNotRecipient, ErrTampered} {
			if errors.Is(err, reason) {
				return true
			}
		}
		return false
	}
	step := 1
	if testing.Short() {
		step = 7
	}
	for i := 0; i < len(sealed); i += step {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1 << (i % 8)
		if _, _, err := Open(changed, key(1), certificate); !known(err) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	for n := range len(sealed) {
		if _, _, err := Open(sealed[:n], key(1), certificate); !errors.Is(err, ErrTruncated) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	other := key(2)
	curve := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	// Envelopes from OpenSSL for the same certificate: one of another form, and one around other content.
	dir := t.TempDir()
	write(t, dir, "desk.pem", certificatePEM(certificate))
	write(t, dir, "clear", []byte("PK\x03\x04 something else"))
	v15 := openssl(t, dir, "cms", "-encrypt", "-aes-256-cbc", "-binary", "-outform", "DER", "-in", "clear", "desk.pem")
	oaep := openssl(t, dir, "cms", "-encrypt", "-aes-256-cbc", "-binary", "-outform", "DER", "-in", "clear", "-recip",
		"desk.pem",
		"-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256", "-keyopt", "rsa_mgf1_md:sha256")
	content := bytes.Repeat([]byte("PK"), 100)
	foreign := must(seal(len(content), func([]byte) []byte { return content }, Recipients{certificate}, rand.Reader))
	for name, test := range map[string]struct {
		file []byte
		key  crypto.Decrypter
		cert *x509.Certificate
		want error
	}{
		"another key":                   {sealed, other, nil, ErrNotRecipient},
		"another key, its certificate":  {sealed, other, desk(2, -1, 1), ErrNotRecipient},
		"another certificate's key":     {sealed, key(1), desk(2, -1, 1), ErrNotRecipient},
		"another certificate, same key": {sealed, key(1), desk(1, -1, 1), ErrNotRecipient},
		"no RSA key":                    {sealed, noDecrypter{curve}, nil, ErrNotRecipient},
		"empty":                         {nil, key(1), nil, ErrTruncated},
		"text":                          {[]byte("un testo qualsiasi"), key(1), nil, ErrForeign},
		"a ZIP in clear":                {[]byte("PK\x03\x04"), key(1), nil, ErrForeign},
		"a certificate":                 {certificate.Raw, key(1), nil, ErrForeign},
		"something behind":              {append(bytes.Clone(sealed), 0), key(1), nil, ErrForeign},
		"indefinite length":             {append([]byte{0x30, 0x80}, sealed[4:]...), key(1), nil, ErrForeign},
		"a length of 8 bytes":           {append([]byte{0x30, 0x88}, sealed...), key(1), nil, ErrForeign},
		"too large":                     {make([]byte, MaxSize+1), key(1), nil, ErrTooLarge},
		"PKCS #1 v1.5":                  {v15, key(1), nil, ErrForeign},
		"OpenSSL, in BER":               {oaep, key(1), nil, ErrForeign},
		"another content":               {foreign, key(1), nil, ErrTampered},
	} {
		if _, _, err := Open(test.file, test.key, test.cert); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

// noDecrypter gives a key that cannot decrypt the methods of crypto.Decrypter.
type noDecrypter struct{ *ecdsa.PrivateKey }

func (noDecrypter) Decrypt(io.Reader, []byte, crypto.DecrypterOpts) ([]byte, error) {
	return nil, errors.New("no")
}

// TestForgedArchive: all that have the desk's certificate can seal any content; Open refuses an archive that is not a
// report.
func TestForgedArchive(t *testing.T) {
	report, text := failed(t)
	manifest := string(must(report.encode()))
	recipients := Recipients{desk(1, -30, 30)}
	transcriptOf := string(text.Encode())
	for name, test := range map[string]struct {
		files []packed
		want  error
	}{
		"nothing in it": {nil, ErrForeign},
		"no manifest":   {[]packed{{"transcript.txt", []byte(transcriptOf)}}, ErrForeign},
		"a third file": {[]packed{{manifestName, []byte(manifest)}, {transcriptName, []byte(transcriptOf)},
			{"x.exe", nil}}, ErrForeign},
		"a path": {[]packed{{manifestName, []byte(manifest)},
			{"../transcript.txt", []byte(transcriptOf)}}, ErrForeign},
		"no transcript": {[]packed{{manifestName, []byte(manifest)}}, ErrForeign},
		"a broken transcript": {[]packed{{manifestName, []byte(manifest)},
			{transcriptName, []byte(transcriptOf[:len(transcriptOf)-2])}}, ErrForeign},
		"a newer one": {[]packed{{manifestName,
			[]byte(strings.Replace(manifest, `"format": 1`, `"format": 2, "x": 1`, 1))}}, ErrNewer},
		"an older one": {[]packed{{manifestName,
			[]byte(strings.Replace(manifest, `"format": 1`, `"format": 0`, 1))}}, ErrForeign},
		"an unknown field": {[]packed{{manifestName,
			[]byte(strings.Replace(manifest, `"format": 1`, `"format": 1, "x": 1`, 1))},
			{transcriptName, []byte(transcriptOf)}}, ErrForeign},
		"a field of no form": {[]packed{{manifestName,
			[]byte(strings.Replace(manifest, `"3B021450"`, `"<script>"`, 1))}, {transcriptName, []byte(transcriptOf)}},
			ErrForeign},
		"two manifests in one": {[]packed{{manifestName, []byte(manifest + manifest)},
			{transcriptName, []byte(transcriptOf)}}, ErrForeign},
		"no JSON": {[]packed{{manifestName, []byte("[")}}, ErrForeign},
	} {
		archive := must(pack(test.files, now))
		sealed := must(seal(len(archive), func(head []byte) []byte {
			copy(archive[len(archive)-digestSize:], digest(head, archive))
			return archive
		}, recipients, rand.Reader))
		if _, _, err := Open(sealed, key(1), nil); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	// A ZIP bomb: 3 MB of blanks in a few kB, with false sizes.
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w := must(z.Create(manifestName))
	w.Write(bytes.Repeat([]byte{' '}, 3<<20))
	z.Close()
	if _, _, err := unpack(b.Bytes()); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a bomb: %v", err)
	}
}

func TestSealRefuses(t *testing.T) {
	report, text := failed(t)
	good := Recipients{desk(1, -30, 30)}
	long := &transcript.Transcript{ATR: text.ATR}
	for range MaxSize / 10 {
		long.Entries = append(long.Entries,
			transcript.Entry{Kind: transcript.Exchange, Command: transcript.Bytes{Head: []byte{0, 0xA4, 0, 0}},
				Response: transcript.Bytes{Head: []byte{0x90, 0}}})
	}
	wrong := *report
	wrong.Program.Version = "da /home/qualcuno"
	for name, test := range map[string]struct {
		report     *Report
		text       *transcript.Transcript
		recipients Recipients
		random     io.Reader
		want       error
	}{
		"no recipient":      {report, text, nil, rand.Reader, ErrNoRecipient},
		"expired":           {report, text, Recipients{desk(1, -30, -1)}, rand.Reader, ErrNoRecipient},
		"not yet valid":     {report, text, Recipients{desk(1, 1, 30)}, rand.Reader, ErrNoRecipient},
		"no randomness":     {report, text, good, iotest.ErrReader(io.ErrUnexpectedEOF), io.ErrUnexpectedEOF},
		"a malformed field": {&wrong, text, good, rand.Reader, errField},
		"too long":          {report, long, good, rand.Reader, ErrTooLarge},
	} {
		if sealed, err := Seal(test.report, test.text, test.recipients, test.random); !errors.Is(err, test.want) ||
			sealed != nil {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		} else if strings.Contains(err.Error(), "qualcuno") {
			t.Errorf("%s: the error tells the value: %v", name, err)
		}
	}
}

func TestParseRecipients(t *testing.T) {
	good := desk(1, -1, 1)
	signs := desk(1, -1, 1, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature })
	curve := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := desk(1, -1, 1)
	ec := must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, template, curve.Public(),
		key(1)))))
	dir := t.TempDir()
	weak := func() []byte {
		openssl(t, dir, "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", "k", "-out", "c", "-subj", "/CN=x")
		return must(os.ReadFile(filepath.Join(dir, "c")))
	}()
	openssl(t, dir, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k", "-out", "c", "-subj",
		"/CN=Assistenza")
	plain := must(os.ReadFile(filepath.Join(dir, "c")))
	many := make([]*x509.Certificate, 17)
	for i := range many {
		many[i] = good
	}
	for name, test := range map[string]struct {
		file []byte
		n    int // 0: refused
	}{
		"one": {certificatePEM(good), 1},
		"two and a comment": {append([]byte("Assistenza, fino al 2027\n"), certificatePEM(good, desk(2, -1, 1))...),
			2},
		"as openssl req writes": {plain, 1},
		"empty":                 {nil, 0},
		"a key":                 {keyPEM(1), 0},
		"key and certificate":   {append(keyPEM(1), certificatePEM(good)...), 0},
		"cut short":             {append(certificatePEM(good), certificatePEM(good)[:200]...), 0},
		"DER":                   {good.Raw, 0},
		"for signatures":        {certificatePEM(good, signs), 0},
		"elliptic curve":        {certificatePEM(ec), 0},
		"1024 bits":             {weak, 0},
		"too many":              {certificatePEM(many...), 0},
	} {
		list, err := ParseRecipients(test.file)
		if len(list) != test.n || (err != nil) != (test.n == 0) || err != nil && !errors.Is(err, ErrRecipients) {
			t.Errorf("%s: %d certificates, %v", name, len(list), err)
		}
	}
}

// TestSave: the file is written whole or not at all, the folder gets no other file, and only sealed bytes are
// written.
func TestSave(t *testing.T) {
	report, text := failed(t)
	sealed := must(Seal(report, text, Recipients{desk(1, -1, 1)}, rand.Reader))
	dir := t.TempDir()
	path := write(t, dir, FileName, []byte("an older one"))
	if err := sealed.Save(path); err != nil {
		t.Fatal(err)
	}
	if b := must(os.ReadFile(path)); !bytes.Equal(b, sealed) {
		t.Error("not what was sealed")
	}
	if info := must(os.Stat(path)); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if list := must(os.ReadDir(dir)); len(list) != 1 {
		t.Errorf("left in the folder: %v", list)
	}
	if err := sealed.Save(filepath.Join(dir, "nowhere", FileName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := sealed.Save(filepath.Join(dir, "folder")); err == nil {
		t.Error("a folder was replaced")
	}
	if list := must(os.ReadDir(dir)); len(list) != 2 {
		t.Errorf("left in the folder: %v", list)
	}
}

// FuzzOpen: each file is either refused with a reason or is a report that can be sealed again.
func FuzzOpen(f *testing.F) {
	sealed, deskKey := kept(f)
	again := must(ParseRecipients(must(os.ReadFile("testdata/desk.pem"))))
	f.Add(sealed)
	f.Add(sealed[:len(sealed)/2])
	f.Fuzz(func(t *testing.T, file []byte) {
		r, tr, err := Open(file, deskKey, nil)
		if err != nil {
			for _, reason := range []error{ErrTooLarge, ErrTruncated, ErrForeign, ErrNotRecipient, ErrTampered,
				ErrNewer} {
				if errors.Is(err, reason) {
					return
				}
			}
			t.Fatalf("no reason: %v", err)
		}
		if _, err := Seal(r, tr, again, rand.Reader); err != nil && !errors.Is(err, ErrNoRecipient) {
			t.Fatalf("opened but not sealed again: %v", err)
		}
	})
}

// FuzzUnpack puts any archive into a valid envelope.
func FuzzUnpack(f *testing.F) {
	report, text := failed(f)
	f.Add(must(pack([]packed{{manifestName, must(report.encode())}, {transcriptName, text.Encode()}}, now)))
	f.Fuzz(func(t *testing.T, archive []byte) {
		r, tr, err := unpack(archive)
		if err != nil {
			if !errors.Is(err, ErrForeign) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrNewer) {
				t.Fatalf("no reason: %v", err)
			}
			return
		}
		if (tr == nil) != (r.Transcript == nil) {
			t.Fatal("manifest and transcript do not agree")
		}
		if _, err := r.encode(); err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		r.Timeline()
		r.Contents()
		r.Diagnose()
	})
}
