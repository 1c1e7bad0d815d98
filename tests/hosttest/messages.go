package hosttest

import "encoding/json"

// Message is any message of the protocol.
type Message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      *string         `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *Error          `json:"error"`
}

// Error is an error answer.
type Error struct {
	Code    int
	Message string
	Data    struct {
		Code      string
		Who       string
		Operation string
		Facts     map[string]any
	}
}

// Prompt is a prompt with the id to answer it by.
type Prompt struct {
	ID        string `json:"-"`
	Operation string
	State     string
	Reason    string
	Notice    string
	Tries     *struct {
		State string
		Left  int
	}
	PINLength      *struct{ Min, Max int }
	TimeoutSeconds int
	Certificate    *struct{ ID, Kind, Holder, KeyType string }
	UnlockURL      string
	InstallURL     string
	Language       string
	Issuers        []string
	HelpDesk       struct{ Text, Phone, URL, Email string }
	Documents      []struct {
		Title, Digest, Hash string
		Size                int64
	}
	Kinds []string
	// Certificates are those to choose from.
	Certificates []struct {
		ID, Kind, Reason string
		Usable           bool
	}
}
