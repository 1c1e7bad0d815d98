package token

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/miekg/pkcs11"
	"github.com/stretchr/testify/require"
)

func TestTriesFromFlags(t *testing.T) {
	const login = pkcs11.CKF_LOGIN_REQUIRED | pkcs11.CKF_USER_PIN_INITIALIZED
	for flags, want := range map[uint]TriesState{
		login: TriesAtLeastTwo, login | pkcs11.CKF_USER_PIN_COUNT_LOW: TriesAtLeastTwo,
		login | pkcs11.CKF_USER_PIN_COUNT_LOW | pkcs11.CKF_USER_PIN_FINAL_TRY: TriesLast, login | pkcs11.CKF_USER_PIN_FINAL_TRY: TriesLast,
		login | pkcs11.CKF_USER_PIN_LOCKED: TriesLocked, login | pkcs11.CKF_USER_PIN_LOCKED | pkcs11.CKF_USER_PIN_FINAL_TRY: TriesLocked,
		0: TriesUnknown, pkcs11.CKF_LOGIN_REQUIRED: TriesUnknown,
	} {
		require.Equal(t, want, triesOf(flags), "%#x", flags)
	}
}

// Taiwan's vendor module says the tries left in its error code, as a 32-bit value, at times sign-extended.
func TestVendorCodes(t *testing.T) {
	for code, want := range map[uint]string{
		0xA0: failPINWrong, 0xA4: failPINLocked, 0xA2: failPINLength, 0x80000001: failPINWrong, 0xFFFFFFFF80000002: failPINWrong,
		0x80000000: failPINLocked, 0x32: failRemoved, 0x30: failModule, 0xB3: failRemoved, 0x80001234: failModule,
	} {
		require.Equal(t, want, loginFailure(fmt.Errorf("around: %w", pkcs11.Error(code)), false).Kind, "%#x", code)
	}
	for _, code := range []uint{0x1, 0x50} { // CKR_CANCEL, CKR_FUNCTION_CANCELED
		require.Equal(t, failPadCancel, loginFailure(pkcs11.Error(code), true).Kind)
		require.Equal(t, failModule, loginFailure(pkcs11.Error(code), false).Kind, "nobody could cancel")
	}
	n, ok := vendorTries(0xFFFFFFFF80000001)
	require.True(t, ok)
	require.Equal(t, 1, n)
	_, ok = vendorTries(0xA0)
	require.False(t, ok)
}

func TestPINErrors(t *testing.T) {
	wrong := (&failure{Kind: failPINWrong}).asPINError(Tries{State: TriesLocked})
	var p *PINError
	require.ErrorAs(t, wrong, &p)
	require.Equal(t, PINIsLocked, p.Reason, "the third wrong PIN comes as a wrong one; the flags say that it locked")
	require.NoError(t, (&failure{Kind: failModule}).asPINError(Tries{}))
}

func TestFailuresBecomeErrors(t *testing.T) {
	for kind, want := range map[string]error{failRemoved: ErrCardRemoved, failChanged: ErrCardChanged, failKeyMissing: ErrKeyMissing, failPadCancel: ErrPadCancel} {
		require.ErrorIs(t, (&failure{Kind: kind}).asError("/m.so"), want)
	}
	var m *ModuleError
	require.ErrorAs(t, (&failure{Kind: "anything a child may say"}).asError("/m.so"), &m)
	require.Equal(t, ModuleFailed, m.Reason)
	require.ErrorAs(t, (&failure{Kind: failMissing}).asError("/m.so"), &m)
	require.Equal(t, ModuleMissing, m.Reason)
}

func TestReaderNames(t *testing.T) {
	long := "Generic Smart Card Reader Interface [CCID Interface] (0123456789) 00 00"
	require.True(t, readerMatches("Virtual PCD 00 00", "Virtual PCD 00 00"))
	require.True(t, readerMatches(long, long[:64]), "a slot's description has room for 64 bytes")
	require.False(t, readerMatches("Virtual PCD 00 00", "Virtual PCD"))
	require.False(t, readerMatches("Virtual PCD 00 00", ""))
	require.Equal(t, "ab", trimmed("ab\xff  \x00\x00 "))
}

func TestKnownModulesAreFoundOnce(t *testing.T) {
	dir := t.TempDir()
	real := filepath.Join(dir, "opensc-pkcs11.so")
	require.NoError(t, os.WriteFile(real, nil, 0o644))
	require.NoError(t, os.Symlink(real, filepath.Join(dir, "again.so")))
	known := knownModules
	t.Cleanup(func() { knownModules = known })
	knownModules = []string{filepath.Join(dir, "none.so"), "~/opensc-pkcs11.so", real, filepath.Join(dir, "again.so"), dir}
	require.Equal(t, []Module{{Path: real}}, findModules(nil, dir))
	require.Equal(t, []Module{{Path: real}}, findModules(nil, ""), "no home folder")
	named := findModules([]string{"/x/libHicos_p11v1.so", "/x/libsofthsm2.so"}, dir)
	require.Equal(t, []Module{{Path: "/x/libHicos_p11v1.so", Vendor: true}, {Path: "/x/libsofthsm2.so", Soft: true}}, named, "what IT names is not looked for")
	for _, path := range known {
		require.True(t, filepath.IsAbs(path) || path[:2] == "~/", path)
	}
}

func TestALockFolderOfAnotherUserIsRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := tryLock(file, "x")
	require.Error(t, err)
	require.NoError(t, os.Symlink(dir, filepath.Join(dir, "link")))
	_, err = tryLock(filepath.Join(dir, "link"), "x")
	require.Error(t, err)
}

func TestViews(t *testing.T) {
	v := viewOf([]readerState{
		{name: "empty", event: stateEmpty}, {name: "card", event: statePresent | stateInUse | 3<<16},
		{name: "held", event: statePresent | stateInUse | stateExclusive}, {name: "mute", event: statePresent | stateMute},
	})
	require.Equal(t, []Reader{{"empty", ReaderEmpty, 0}, {"card", ReaderPresent, 3}, {"held", ReaderInUse, 0}, {"mute", ReaderMute, 0}}, v.Readers)
	require.True(t, sameView(v, viewOf([]readerState{
		{name: "empty", event: stateEmpty}, {name: "card", event: statePresent | 3<<16},
		{name: "held", event: statePresent | stateExclusive}, {name: "mute", event: statePresent | stateMute},
	})), "shared use is no difference")
	r, ok := v.Find("card")
	require.True(t, ok)
	require.Equal(t, ReaderPresent, r.State)
	_, ok = v.Find("none")
	require.False(t, ok)
}

func TestMergeKeepsWhatIsKnown(t *testing.T) {
	known := []readerState{{name: pnpReader}, {name: "a", current: 7}, {name: "b", current: 8}}
	next := merge(known, []string{"b", "c"})
	require.Equal(t, []readerState{{name: pnpReader, current: 2 << 16}, {name: "b", current: 8}, {name: "c"}}, next)
}

func TestPCSCErrors(t *testing.T) {
	require.NoError(t, pcscResult(0))
	var code pcscError
	require.True(t, errors.As(pcscResult(scardNoReaders), &code))
	require.Contains(t, code.Error(), "8010002E")
}

// A service that was never used starts nothing, ends at once.
func TestClose(t *testing.T) {
	s := New(Config{})
	s.Close()
	_, err := s.start(RoleScanner)
	require.Error(t, err)
}
