package token

var knownModules = []string{
	"~/Library/HiPKILocalSignServer/libHicos_p11v1.dylib",
	"~/lib/libHicos_p11v1.dylib",
	"/usr/local/lib/libopen_gpki_pkcs11.dylib",
	"/opt/homebrew/lib/libopen_gpki_pkcs11.dylib",
	"/Library/OpenSC/lib/opensc-pkcs11.so",
	"/usr/local/lib/opensc-pkcs11.so",
	"/opt/homebrew/lib/opensc-pkcs11.so",
}
