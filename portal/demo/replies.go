package main

import (
	"crypto/x509"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/portal/verify"
)

// refusal is the body of every answer that is not 2xx: {error: {code, message, hint, certificate?}}, texts by language.
type refusal struct {
	Code        string            `json:"code"`
	Message     map[string]string `json:"message"`
	Hint        map[string]string `json:"hint"`
	Certificate *presented        `json:"certificate,omitzero"`
}

// presented is the certificate that was shown to us, for the eyes of who presented it. Its texts are hostile: a page puts
// them in by textContent.
type presented struct {
	Holder     string          `json:"holder"`
	CardKind   verify.CardKind `json:"cardKind"`
	Issuer     string          `json:"issuer"`
	NotBefore  time.Time       `json:"notBefore"`
	NotAfter   time.Time       `json:"notAfter"`
	thumbprint string
}

func shown(cert *x509.Certificate) *presented {
	if cert == nil {
		return nil
	}
	identity := verify.Describe(cert, verify.DefaultTable())
	return &presented{
		Holder: identity.Name, CardKind: identity.CardKind, Issuer: identity.Issuer,
		NotBefore: identity.NotBefore.UTC(), NotAfter: identity.NotAfter.UTC(), thumbprint: identity.Thumbprint,
	}
}

// refuse answers with a code of texts.json. The log gets the code with the thumbprint: no name, no number of a person,
// no error text, since that may quote either.
func (p *Portal) refuse(w http.ResponseWriter, r *http.Request, status int, code string, certificate *presented) {
	text := p.texts.Refusals[code]
	thumbprint := ""
	if certificate != nil {
		thumbprint = certificate.thumbprint
	}
	p.Log.Warn("refused", "path", r.URL.Path, "outcome", code, "thumbprint", thumbprint)
	message, hint := map[string]string{}, map[string]string{}
	for _, lang := range languages {
		message[lang], hint[lang] = text[lang].Message, text[lang].Hint
	}
	reply(w, status, struct {
		Error refusal `json:"error"`
	}{refusal{code, message, hint, certificate}})
}

func reply(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data)
}
