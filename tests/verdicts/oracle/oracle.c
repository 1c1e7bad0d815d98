/* The second opinion: libcrypto says whether signatures verify. One case a line on standard input, one word a line on standard
 * output, "good" or "bad". A case is five words, bytes in hex, "-" for none:
 *   scheme hash SubjectPublicKeyInfo digest signature     scheme: pkcs1, pss (salt as long as the hash), anysalt, der, numbers
 *   cms    -    trusted-certificates content SignedData    content "-": the signature holds it
 * numbers is ECDSA's r||s, divided in the middle whatever its length: leading zeros mean nothing to libcrypto.
 * What cannot be read as a case ends the program with 1: a program that is misunderstood has no opinion. */
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
	unsigned char *at;
	long length;
	int none;
};

static void misunderstood(const char *what)
{
	fprintf(stderr, "oracle: %s\n", what);
	exit(1);
}

static struct bytes from_hex(const char *word)
{
	struct bytes b = {NULL, 0, strcmp(word, "-") == 0};
	if (b.none)
		word = "";
	size_t length = strlen(word);
	b.at = malloc(length / 2 + 1);
	if (b.at == NULL || length % 2 != 0)
		misunderstood("no memory, or half a byte");
	for (size_t i = 0; i < length; i += 2) {
		unsigned value;
		if (sscanf(word + i, "%2x", &value) != 1)
			misunderstood("not hex");
		b.at[b.length++] = (unsigned char)value;
	}
	return b;
}

/* ECDSA's r||s as DER; a length that cannot be divided gives no bytes. */
static struct bytes from_numbers(struct bytes raw)
{
	struct bytes der = {NULL, 0, 0};
	if (raw.length == 0 || raw.length % 2 != 0)
		return der;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	int half = (int)(raw.length / 2);
	if (pair == NULL || !ECDSA_SIG_set0(pair, BN_bin2bn(raw.at, half, NULL), BN_bin2bn(raw.at + half, half, NULL)))
		misunderstood("no memory");
	der.length = i2d_ECDSA_SIG(pair, &der.at);
	ECDSA_SIG_free(pair);
	return der;
}

static int verify(const char *scheme, const char *hash, struct bytes spki, struct bytes digest, struct bytes signature)
{
	const EVP_MD *md = EVP_get_digestbyname(hash);
	const unsigned char *at = spki.at;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, spki.length);
	if (md == NULL)
		misunderstood("an unknown hash");
	if (key == NULL || at != spki.at + spki.length) {
		EVP_PKEY_free(key);
		return 0;
	}
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	int good = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, md) == 1;
	int rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	if (strcmp(scheme, "pkcs1") == 0) {
		good = good && rsa && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	} else if (strcmp(scheme, "pss") == 0 || strcmp(scheme, "anysalt") == 0) {
		int salt = strcmp(scheme, "pss") == 0 ? RSA_PSS_SALTLEN_DIGEST : RSA_PSS_SALTLEN_AUTO;
		good = good && rsa && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) == 1;
	} else if (strcmp(scheme, "numbers") == 0) {
		good = good && !rsa;
		signature = from_numbers(signature);
	} else if (strcmp(scheme, "der") == 0) {
		good = good && !rsa;
	} else {
		misunderstood("an unknown scheme");
	}
	good = good && EVP_PKEY_verify(ctx, signature.at, (size_t)signature.length, digest.at, (size_t)digest.length) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

/* As `openssl cms -verify -binary -cades -purpose any -partial_chain -no_check_time`: the signature, the signed attributes, that
 * the certificate is the one that was signed for. */
static int verify_cms(struct bytes trusted, struct bytes content, struct bytes der)
{
	X509_STORE *store = X509_STORE_new();
	X509_VERIFY_PARAM *param = X509_VERIFY_PARAM_new();
	if (store == NULL || param == NULL || !X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY) ||
	    !X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME) || !X509_STORE_set1_param(store, param))
		misunderstood("no memory");
	for (const unsigned char *at = trusted.at; at < trusted.at + trusted.length;) {
		X509 *cert = d2i_X509(NULL, &at, trusted.at + trusted.length - at);
		if (cert == NULL || !X509_STORE_add_cert(store, cert))
			misunderstood("a certificate that cannot be trusted");
		X509_free(cert);
	}
	const unsigned char *at = der.at;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, der.length);
	BIO *detached = content.none ? NULL : BIO_new_mem_buf(content.at, (int)content.length);
	BIO *out = BIO_new(BIO_s_null());
	int good = cms != NULL && CMS_verify(cms, NULL, store, detached, out, CMS_BINARY | CMS_CADES) == 1;
	CMS_ContentInfo_free(cms);
	BIO_free(detached);
	BIO_free(out);
	X509_VERIFY_PARAM_free(param);
	X509_STORE_free(store);
	return good;
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	while (getline(&line, &size, stdin) > 0) {
		char *word[5], *rest = line;
		line[strcspn(line, "\n")] = 0;
		for (int i = 0; i < 5; i++)
			if ((word[i] = strsep(&rest, " ")) == NULL || *word[i] == 0)
				misunderstood("a line of fewer than five words");
		if (rest != NULL)
			misunderstood("a line of more than five words");
		struct bytes key = from_hex(word[2]), message = from_hex(word[3]), signature = from_hex(word[4]);
		int good = strcmp(word[0], "cms") == 0 ? verify_cms(key, message, signature) : verify(word[0], word[1], key, message, signature);
		puts(good ? "good" : "bad");
		free(key.at);
		free(message.at);
		free(signature.at);
	}
	free(line);
	return 0;
}
