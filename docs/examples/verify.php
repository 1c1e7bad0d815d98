<?php
// Verifies a Web eID authentication token of CardBridge with PHP's openssl extension alone. Copy it, then add what it leaves
// out: REVOCATION (a reported card still logs in here), test cards, policies, the nonce's single use.
declare(strict_types=1);

/** Gives the subject of a valid token's certificate; throws otherwise. $root, $issuers: PEM files, $issuers may hold several. */
function verifyToken(array $token, string $origin, string $nonce, string $root, string $issuers): array
{
    $hash = ['RS256' => 'sha256', 'ES256' => 'sha256', 'ES384' => 'sha384'][$token['algorithm'] ?? ''] ?? null;
    if ($hash === null || !preg_match('/^web-eid:1(\.\d+)?$/D', $token['format'] ?? '') || !preg_match('/^[!-~]{44,128}$/D', $nonce)) {
        throw new RuntimeException('token: format, algorithm or nonce not accepted');
    }
    $der = base64_decode($token['unverifiedCertificate'], true);
    $signature = base64_decode($token['signature'], true);
    $pem = "-----BEGIN CERTIFICATE-----\n" . chunk_split(base64_encode((string) $der), 64, "\n") . "-----END CERTIFICATE-----\n";
    $card = $der === false || $signature === false ? false : openssl_x509_read($pem);
    if ($card === false) {
        throw new RuntimeException('token: certificate or signature not readable');
    }
    $key = openssl_pkey_get_public($card);
    $details = openssl_pkey_get_details($key);
    $fits = match ($token['algorithm']) {
        'RS256' => $details['type'] === OPENSSL_KEYTYPE_RSA && $details['bits'] >= 2048,
        'ES256' => ($details['ec']['curve_name'] ?? '') === 'prime256v1' && strlen($signature) === 64,
        'ES384' => ($details['ec']['curve_name'] ?? '') === 'secp384r1' && strlen($signature) === 96,
    };
    if (!$fits) {
        throw new RuntimeException('token: algorithm does not fit the key');
    }
    if ($token['algorithm'] !== 'RS256') { // openssl wants ASN.1 DER, the token has r and s side by side
        $integers = array_map(function (string $half): string {
            $half = ltrim($half, "\0");
            $half = $half === '' || ord($half[0]) > 127 ? "\0" . $half : $half;
            return "\x02" . chr(strlen($half)) . $half;
        }, str_split($signature, strlen($signature) / 2));
        $signature = "\x30" . chr(strlen(implode($integers))) . implode($integers); // at most 104 bytes: one length byte
    }
    $signed = hash($hash, $origin, true) . hash($hash, $nonce, true); // openssl_verify hashes once more
    if (openssl_verify($signed, $signature, $key, $hash) !== 1) {
        throw new RuntimeException('signature: not for this origin, nonce, certificate');
    }
    // purpose: extKeyUsage absent or clientAuth, keyUsage with digitalSignature; chain, dates
    if (openssl_x509_checkpurpose($card, X509_PURPOSE_SSL_CLIENT, [$root], $issuers) !== true) {
        throw new RuntimeException('untrusted: no chain to the root, outside its validity, or not for logins');
    }
    $parsed = openssl_x509_parse($card);
    if (!str_contains($parsed['extensions']['keyUsage'] ?? '', 'Digital Signature') || str_contains($parsed['extensions']['basicConstraints'] ?? '', 'CA:TRUE')) {
        throw new RuntimeException('keyUsage: no signature certificate of a holder');
    }
    return $parsed['subject'];
}

// php verify.php token.json ORIGIN NONCE root.pem issuers.pem
if (PHP_SAPI === 'cli' && realpath($argv[0]) === __FILE__) {
    try {
        $token = json_decode(file_get_contents($argv[1]), true, 4, JSON_THROW_ON_ERROR);
        echo json_encode(verifyToken($token, $argv[2], $argv[3], $argv[4], $argv[5]), JSON_UNESCAPED_UNICODE), "\n";
    } catch (Throwable $e) {
        fwrite(STDERR, $e->getMessage() . "\n");
        exit(1);
    }
}
