/* What SoftHSM asks a configure script for, which cannot look at Windows from here. Every source includes it. */
#define DEFAULT_LOG_LEVEL "ERROR"
#define DEFAULT_OBJECTSTORE_BACKEND "file"
#define DEFAULT_PKCS11_LIB "softhsm2.dll"
#define DEFAULT_SOFTHSM2_CONF "C:\\SoftHSM2\\softhsm2.conf"
#define DEFAULT_TOKENDIR "C:\\SoftHSM2\\tokens"
#define HAVE_AES_KEY_WRAP 1
#define HAVE_AES_KEY_WRAP_PAD 1
#define HAVE_CXX11 1
#define HAVE_LOADLIBRARY 1
#define MAX_PIN_LEN 255
#define MIN_PIN_LEN 4
#define PACKAGE "softhsm"
#define PACKAGE_NAME "SoftHSM"
#define PACKAGE_STRING "SoftHSM 2.6.1"
#define PACKAGE_TARNAME "softhsm"
#define PACKAGE_VERSION "2.6.1"
#define VERSION "2.6.1"
#define VERSION_MAJOR 2
#define VERSION_MINOR 6
#define WITH_AES_GCM 1
#define WITH_ECC 1
#define WITH_OPENSSL 1
#define WITH_RAW_PSS 1
#define _WIN32_WINNT 0x0600
#define WIN32_LEAN_AND_MEAN 1
#define NOMINMAX 1
#include <winsock2.h>
#include <windows.h>
int setenv(const char *name, const char *value, int overwrite);
