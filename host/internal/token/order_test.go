package token

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// IT's order is kept: of two modules that show one card, the certificate is used through the one named first.
func TestTheModuleNamedFirstIsUsed(t *testing.T) {
	modules := findModules([]string{"/opt/z.so", "/opt/a.so"}, "")
	require.Equal(t, []Module{{Path: "/opt/z.so"}, {Path: "/opt/a.so"}}, modules)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	report := scanReport{Slots: []slotReport{{Reader: "R", Pad: true, Certificates: []certReport{{DER: der}}}}}
	for _, order := range [][]Module{modules, {modules[1], modules[0]}} {
		inv := Inventory{View: View{Readers: []Reader{{Name: "R", State: ReaderPresent}}}}
		for _, m := range order {
			inv.add(moduleScan{module: m, report: report})
		}
		require.Len(t, inv.Certificates, 1)
		require.Equal(t, order[0].Path, inv.Certificates[0].ModulePath())
		require.True(t, inv.Certificates[0].Pad)
	}
}
