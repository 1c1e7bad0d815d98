#!/bin/sh
# Verifies a signature made by `sign` (CMS SignedData, DER) with openssl, to look into one that was refused.
# sh verify-document.sh signature.der content root.pem issuer.pem; leaves trusted.pem and what was signed in the current folder.
set -eu
signature=$1 content=$2 root=$3 issuer=$4

# Content, signed attributes, signature, chain; that the certificate is the one that was signed for (-cades). Without -content
# where the signature holds the content.
cat "$root" "$issuer" > trusted.pem
openssl cms -verify -binary -cades -inform DER -in "$signature" -content "$content" -purpose any -CAfile trusted.pem -out signed.bin

# Where, when, for which request: openssl does not compare these. 2.25.142231440427615317957092025362471935757 is the origin.
openssl cms -cmsout -print -noout -inform DER -in "$signature" | sed -n '/signedAttrs:/,/signatureAlgorithm:/p'
