package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/host/internal/doctor"
)

func TestDoctorEndsByTheWorst(t *testing.T) {
	for level, code := range map[doctor.Level]int{doctor.OK: 0, doctor.Info: 0, doctor.Warning: 1, doctor.Error: 2} {
		require.Equal(t, code, endOf(level), level)
	}
}

func TestDoctorTellsOneLanguage(t *testing.T) {
	r := report{Version: "1.2.3", Build: "release", System: "linux/amd64", Level: doctor.Error, Findings: []doctor.Finding{
		{Check: "modules", Code: "moduleNone", Level: doctor.Error, Where: "/opt/a\x1b[2J.so", Chinese: doctor.Text{Finding: "沒有。", Fix: "請安裝。"}, English: doctor.Text{Finding: "none\a", Fix: "install it"}},
		{Check: "policy", Code: "policy", Level: doctor.OK, Chinese: doctor.Text{Finding: "有效。"}, English: doctor.Text{Finding: "valid"}},
	}}
	for l, text := range map[language]string{chinese: `CardBridge 1.2.3 (release, linux/amd64)

錯誤：modules
  /opt/a\x1b[2J.so
  沒有。
    → 請安裝。
  代碼：moduleNone

正常：policy
  有效。
`, english: `CardBridge 1.2.3 (release, linux/amd64)

error: modules
  /opt/a\x1b[2J.so
  none\a
    → install it
  code: moduleNone

ok: policy
  valid
`} {
		var out strings.Builder
		require.NoError(t, r.write(&out, l))
		require.Equal(t, text, out.String())
	}
}

func TestAReportForTheExtensionIsBounded(t *testing.T) {
	r := report{Version: "1.2.3", Build: "release", System: "linux/amd64", Level: doctor.Error}
	for range 300 {
		r.Findings = append(r.Findings, doctor.Finding{Check: "modules", Code: "module", Level: doctor.OK, Where: "/a\xff", English: doctor.Text{Finding: strings.Repeat("長", 2000)}})
	}
	result := r.result()
	require.Len(t, result.Findings, mostFindings)
	require.Equal(t, []string{"/a\uFFFD", "error"}, []string{result.Findings[0].Where, result.Level})
	require.Equal(t, strings.Repeat("長", 999)+"…", result.Findings[0].English.Finding)
	require.NotNil(t, report{}.result().Findings, "an array, also without any")
}
