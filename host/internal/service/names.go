//go:build windows || darwin

package service

// The names that people read.
const (
	displayName = "CardBridge 憑證通"
	description = "Lets browsers use smart cards (CardBridge agent)"
)
