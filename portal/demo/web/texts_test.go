package web

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/portal/account"
	"github.com/cardbridge/cardbridge/portal/verify"
)

// Each code that the server can answer with has both texts in both languages.
func TestEveryRefusalHasTexts(t *testing.T) {
	texts, err := loadTexts()
	require.NoError(t, err)
	codes := []string{"challengeUnknown", "challengeExpired", "challengeUsed", "challengeOtherSession", "noCookie", "crossSite", "notJSON", "tooLarge", "badRequest", "tooBusy", "internal",
		"unavailable", "tooManyFromAddress", "tooManyOfCard", "badForm", "notFound"}
	for _, reason := range []account.Reason{
		account.ErrCardKind, account.ErrIncomplete, account.ErrMalformed, account.ErrNotInFile, account.ErrOtherHolder, account.ErrLeftOffice,
		account.ErrVanished, account.ErrTooManyTries, account.ErrMeanwhile, account.ErrUnknownAgency,
	} {
		require.NotEmpty(t, reason.Error(), "%q", string(reason))
		codes = append(codes, string(reason))
	}
	for _, reason := range []verify.Reason{
		verify.ErrToken, verify.ErrSignature, verify.ErrCertificate, verify.ErrTestCard, verify.ErrUntrusted, verify.ErrExpired,
		verify.ErrNotYetValid, verify.ErrIssuerExpired, verify.ErrCA, verify.ErrKeyUsage, verify.ErrExtKeyUsage, verify.ErrPolicy,
		verify.ErrRevoked, verify.ErrIssuerRevoked, verify.ErrCancelled, verify.ErrRevocation,
	} {
		require.NotEmpty(t, reason.Error(), "%q", string(reason))
		codes = append(codes, string(reason))
	}
	for _, code := range codes {
		for _, lang := range languages {
			assert.NotEmpty(t, texts.Refusals[code][lang].Message, "%s %s", code, lang)
			assert.NotEmpty(t, texts.Refusals[code][lang].Hint, "%s %s", code, lang)
		}
	}
	assert.Len(t, texts.Refusals, len(codes), "no text without a use")
	for key, byLanguage := range texts.Page {
		assert.ElementsMatch(t, languages, slices.Collect(maps.Keys(byLanguage)), key)
		for lang, text := range byLanguage {
			assert.NotEmpty(t, text, "%s %s", key, lang)
		}
	}
}
