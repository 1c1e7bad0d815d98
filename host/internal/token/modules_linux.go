package token

// knownModules are tried in this order. HiCOS on Linux is installed at the places that its vendor's packages were seen to use.
var knownModules = []string{
	"/usr/local/HiCOS/libHicos_p11v1.so",
	"/usr/local/HiPKILocalSignServerApp/libHicos_p11v1.so",
	"/usr/lib/x86_64-linux-gnu/libopen_gpki_pkcs11.so",
	"/usr/lib/aarch64-linux-gnu/libopen_gpki_pkcs11.so",
	"/usr/lib64/libopen_gpki_pkcs11.so",
	"/usr/local/lib/libopen_gpki_pkcs11.so",
	"/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
	"/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so",
	"/usr/lib64/opensc-pkcs11.so",
	"/usr/lib64/pkcs11/opensc-pkcs11.so",
	"/usr/lib/opensc-pkcs11.so",
	"/usr/lib/pkcs11/opensc-pkcs11.so",
	"/usr/local/lib/opensc-pkcs11.so",
}
