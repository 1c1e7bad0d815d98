package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBrowsersAreRecognised(t *testing.T) {
	for _, c := range []struct {
		args   []string
		caller string
	}{
		{[]string{"chrome-extension://abc/"}, "chrome-extension://abc/"},
		{[]string{"chrome-extension://abc/", "--parent-window=123"}, "chrome-extension://abc/"},
		{[]string{"/home/x/.mozilla/native-messaging-hosts/tw.cardbridge.host.json", "cardbridge@cardbridge.tw"}, "cardbridge@cardbridge.tw"},
		{[]string{"/home/x/tw.cardbridge.host.firefox.json", "cardbridge@cardbridge.tw"}, "cardbridge@cardbridge.tw"},
	} {
		caller, ok := browserCaller(c.args)
		require.True(t, ok, "%v", c.args)
		require.Equal(t, c.caller, caller)
	}
	for _, args := range [][]string{
		nil, {"register"}, {"chrome-extension://abc/", "--other"}, {"chrome-extension://abc/", "--parent-window=1", "x"}, {"https://abc/"},
		{"tw.cardbridge.host.json", "x"}, {"/home/x/other.json", "x"}, {"/home/x/tw.cardbridge.host.json"},
	} {
		_, ok := browserCaller(args)
		require.False(t, ok, "%v", args)
	}
}
