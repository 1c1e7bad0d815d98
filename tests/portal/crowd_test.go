//go:build linux

package portal

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"github.com/stretchr/testify/require"

	"github.com/cardbridge/cardbridge/testcard/pki"
	"github.com/cardbridge/cardbridge/tests/postgres"
)

const origin = "https://portal.example"

// hall is a database with the people of a test, with as many portals as it asks for.
type hall struct {
	t       *testing.T
	db      *sql.DB
	portals []*process
	cards   []card
	next    atomic.Int64
	lost    atomic.Int64 // requests that a portal had accepted, without an answer
}

type process struct {
	cmd     *exec.Cmd
	address string
}

// card is a citizen's, with the ID number of its holder.
type card struct {
	key         *rsa.PrivateKey
	certificate string
	id          string
}

// built makes the program itself, as make does.
func built(t *testing.T) string {
	program := filepath.Join(t.TempDir(), "portal")
	out, err := exec.Command("go", "build", "-o", program, "github.com/cardbridge/cardbridge/portal/demo").CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

func newHall(t *testing.T, program string, portals, people int, bound bool) *hall {
	t.Helper()
	cluster, err := postgres.New(postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Stop()) })
	address, err := cluster.Create(t.Context(), "portal")
	require.NoError(t, err)
	authorities, err := pki.Listen(pki.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, authorities.Close()) })
	dir := t.TempDir()
	require.NoError(t, authorities.WriteTrust(filepath.Join(dir, "trust")))
	h := &hall{t: t}
	h.deal(authorities, people)
	store := []string{"-database", address, "-secret", filepath.Join(dir, "secret")}
	for kind, text := range h.files(bound) {
		file := filepath.Join(dir, kind+".csv")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		out, err := exec.Command(program, append(append([]string{"import", kind}, store...), file)...).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	for range portals {
		h.start(program, append([]string{"serve", "-listen", "127.0.0.1:0", "-origin", origin, "-trust", filepath.Join(dir, "trust"),
			"-revocation", "crl", "-limit-address", "0", "-limit-card", "0"}, store...))
	}
	h.db, err = sql.Open("pgx", address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.db.Close()) })
	return h
}

// deal makes the cards. Their holders share a few keys: RSA keys are slow to make.
func (h *hall) deal(authorities *pki.PKI, people int) {
	var keys []*rsa.PrivateKey
	for range 4 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(h.t, err)
		keys = append(keys, key)
	}
	for i := range people {
		key, id := keys[i%len(keys)], idNumber(i)
		cert, err := authorities.Citizen(pki.Person{Name: "王小明", SerialNumber: serial(i), IDTail: id[6:]}, key.Public(), pki.Variant{})
		require.NoError(h.t, err)
		h.cards = append(h.cards, card{key, base64.StdEncoding.EncodeToString(cert.Raw), id})
	}
}

func serial(i int) string { return fmt.Sprintf("%016d", i+1) }

// idNumber makes one up, with a right check digit.
func idNumber(i int) string {
	digits, sum := fmt.Sprintf("1%07d", i), 1
	for at, c := range digits {
		sum += int(c-'0') * (8 - at)
	}
	return fmt.Sprintf("A%s%d", digits, (10-sum%10)%10)
}

func (h *hall) files(bound bool) map[string]string {
	var persons, bindings strings.Builder
	persons.WriteString("身分證號,自訂帳號,姓名,狀態\n")
	bindings.WriteString("憑證機構,憑證序號,身分證號\n")
	for i, c := range h.cards {
		fmt.Fprintf(&persons, "%s,,王小明,現職\n", c.id)
		fmt.Fprintf(&bindings, "moica,%s,%s\n", serial(i), c.id)
	}
	files := map[string]string{"personnel": persons.String()}
	if bound {
		files["bindings"] = bindings.String()
	}
	return files
}

func (h *hall) start(program string, args []string) {
	p := &process{cmd: exec.Command(program, args...)}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.cmd.Stderr = io.Discard
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(h.t, err)
	require.NoError(h.t, p.cmd.Start())
	h.t.Cleanup(p.kill)
	var ready struct{ Listen string }
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(h.t, err)
	require.NoError(h.t, json.Unmarshal(line, &ready))
	p.address = "http://" + ready.Listen
	h.portals = append(h.portals, p)
}

// kill is what a crash looks like from outside.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// visitor is one browser.
type visitor struct {
	hall    *hall
	card    card
	cookies http.CookieJar
}

var wire = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 200},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (h *hall) visitor(c card) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // New never fails without options
	}
	return &visitor{h, c, jar}
}

// post goes through a plain round-robin, which passes on to the next portal only what none had accepted. ok is false where no
// answer came.
func (v *visitor) post(path, kind string, body []byte) (answer *http.Response, text []byte, ok bool) {
	place, _ := url.Parse(origin + path)
	for {
		at := v.hall.portals[int(v.hall.next.Add(1))%len(v.hall.portals)]
		request, err := http.NewRequest(http.MethodPost, at.address+path, bytes.NewReader(body))
		if err != nil {
			panic(err) // made of our own constants
		}
		request.Host = place.Host
		request.Header.Set("Origin", origin)
		request.Header.Set("Content-Type", kind)
		for _, cookie := range v.cookies.Cookies(place) {
			request.AddCookie(cookie)
		}
		if answer, err = wire.Do(request); err == nil {
			text, err = io.ReadAll(answer.Body)
			_ = answer.Body.Close()
		}
		switch {
		case err == nil:
			v.cookies.SetCookies(place, answer.Cookies())
			return answer, text, true
		case !errors.Is(err, syscall.ECONNREFUSED):
			v.hall.lost.Add(1)
			return nil, nil, false
		}
	}
}

// ticket asks for a challenge until a portal answers, then signs it.
func (v *visitor) ticket() []byte {
	for {
		_, text, ok := v.post("/api/challenge", "application/json", nil)
		if !ok {
			continue
		}
		var given struct{ ChallengeNonce string }
		if err := json.Unmarshal(text, &given); err != nil {
			panic(fmt.Sprintf("%v: %s", err, text))
		}
		return v.sign(given.ChallengeNonce)
	}
}

// sign is web-eid:1.0 as the host makes it: RS256 over H(origin) || H(nonce).
func (v *visitor) sign(nonce string) []byte {
	first, second := sha256.Sum256([]byte(origin)), sha256.Sum256([]byte(nonce))
	digest := sha256.Sum256(append(first[:], second[:]...))
	signature, err := rsa.SignPKCS1v15(nil, v.card.key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	body, err := json.Marshal(map[string]any{"challengeNonce": nonce, "token": map[string]string{
		"format": "web-eid:1.0", "algorithm": "RS256", "appVersion": "crowd/1", "unverifiedCertificate": v.card.certificate,
		"signature": base64.StdEncoding.EncodeToString(signature),
	}})
	if err != nil {
		panic(err)
	}
	return body
}

// session is the cookie's value, as the database names it.
func (v *visitor) session() []byte {
	place, _ := url.Parse(origin)
	for _, cookie := range v.cookies.Cookies(place) {
		if strings.HasSuffix(cookie.Name, "session") {
			sum := sha256.Sum256([]byte(cookie.Value))
			return sum[:]
		}
	}
	return nil
}

func (h *hall) count(what string, args ...any) (n int) {
	require.NoError(h.t, h.db.QueryRow(`SELECT count(*) FROM `+what, args...).Scan(&n))
	return n
}
