package web

import (
	"crypto/x509"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/cardbridge/cardbridge/portal/verify"
)

// refusal is the body of every answer that is not 2xx: {error: {code, message, hint, request, certificate?}}, texts by
// language; request is the id under which log and audit trail speak of it.
type refusal struct {
	Code        string            `json:"code"`
	Message     map[string]string `json:"message"`
	Hint        map[string]string `json:"hint"`
	Request     string            `json:"request"`
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

func (p *Portal) shown(cert *x509.Certificate) *presented {
	if cert == nil {
		return nil
	}
	return describe(verify.Describe(cert, p.Table))
}

func describe(identity verify.Identity) *presented {
	return &presented{
		Holder: identity.Name, CardKind: identity.CardKind, Issuer: identity.Issuer,
		NotBefore: identity.NotBefore.UTC(), NotAfter: identity.NotAfter.UTC(), thumbprint: identity.Thumbprint,
	}
}

// refuse answers with a code of texts.json. The log gets the code with the thumbprint: no name, no number of a person,
// no error text, since that may quote either.
func (p *Portal) refuse(w http.ResponseWriter, r *http.Request, status int, code string, certificate *presented) {
	thumbprint := ""
	if certificate != nil {
		thumbprint = certificate.thumbprint
	}
	id, _ := r.Context().Value(requestID{}).(string)
	p.Log.Warn("refused", "path", r.URL.Path, "outcome", code, "thumbprint", thumbprint, "request", id)
	message, hint := map[string]string{}, map[string]string{}
	for _, lang := range languages {
		text := p.refusal(code, lang)
		message[lang], hint[lang] = text.Message, text.Hint
	}
	reply(w, status, struct {
		Error refusal `json:"error"`
	}{refusal{code, message, hint, id, certificate}})
}

// unavailable is for a store that fails: the log gets its word, which names no person.
func (p *Portal) unavailable(w http.ResponseWriter, r *http.Request, err error) {
	p.Log.Error("store", "path", r.URL.Path, "error", err.Error(), "request", p.visit(r).Request)
	p.refuse(w, r, http.StatusServiceUnavailable, "unavailable", nil)
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
