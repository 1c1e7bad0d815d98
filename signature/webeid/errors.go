package webeid

import "errors"

// Each sentinel is one thing that can be wrong; what is returned wraps one of them and adds the facts.
var (
	// ErrAlgorithm: the name is not one of the nine.
	ErrAlgorithm = errors.New("unknown signature algorithm")
	// ErrKey: the public key does not go with the algorithm, or its size is out of bounds.
	ErrKey = errors.New("key not usable for a Web eID token")
	// ErrNonceLength: the challenge nonce is shorter than 44 or longer than 128 characters.
	ErrNonceLength = errors.New("challenge nonce of wrong length")
	// ErrNonceCharacter: the challenge nonce holds a space, a control or a non-ASCII character.
	ErrNonceCharacter = errors.New("challenge nonce with a character that is not printable ASCII")
	// ErrOrigin: the origin is not the ASCII serialisation scheme://host[:port].
	ErrOrigin = errors.New("not the origin of a web page")
	// ErrToken: the token's JSON is not the object that the specification describes.
	ErrToken = errors.New("not a Web eID authentication token")
	// ErrFormat: the token is of a version that this package does not know.
	ErrFormat = errors.New("unknown token format")
	// ErrCertificate: the certificate in the token cannot be read.
	ErrCertificate = errors.New("unreadable certificate in the token")
	// ErrSignatureEncoding: the signature is not base64, or not of the length and range that its key demands.
	ErrSignatureEncoding = errors.New("malformed signature")
	// ErrSignature: the signature does not belong to this certificate, origin and challenge nonce.
	ErrSignature = errors.New("signature does not match")
)
