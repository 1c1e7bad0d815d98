#!/bin/sh
# Verifies a Web eID authentication token (RS256) with openssl, one step at a time, to look into a login that went wrong.
# sh verify.sh token.json ORIGIN NONCE root.pem issuer.pem; leaves card.pem and the rest in the current folder.
set -eu
token=$1 origin=$2 nonce=$3 root=$4 issuer=$5
member() { tr -d '\n' <"$token" | sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }

# The certificate: who it is, how long it is valid, what it is for.
member unverifiedCertificate | openssl base64 -d -A | openssl x509 -inform der -out card.pem
openssl x509 -in card.pem -noout -subject -issuer -dates -ext keyUsage,extendedKeyUsage -nameopt utf8,sep_comma_plus

# The signature: over hash(origin) followed by hash(nonce), hashed once more by the signature algorithm.
{ printf %s "$origin" | openssl dgst -sha256 -binary; printf %s "$nonce" | openssl dgst -sha256 -binary; } > signed.bin
openssl x509 -in card.pem -noout -pubkey > key.pem
member signature | openssl base64 -d -A > signature.bin
openssl dgst -sha256 -verify key.pem -signature signature.bin signed.bin

# The chain, and that the certificate is for logins.
openssl verify -purpose sslclient -CAfile "$root" -untrusted "$issuer" card.pem

# Revocation, by OCSP, then by the CRL.
cat "$root" "$issuer" > trusted.pem
openssl ocsp -issuer "$issuer" -cert card.pem -url "$(openssl x509 -in card.pem -noout -ocsp_uri)" -CAfile trusted.pem
openssl verify -crl_check -crl_download -CAfile "$root" -untrusted "$issuer" card.pem
