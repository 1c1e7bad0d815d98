/*
 * The custom actions of the MSI. Tables place files and keys; what tables have no words for is the program's own (cardbridge setup),
 * which RunSetup, AskSetup and TrySetup start, so that its words reach the person and the log instead of error 1722. SweepVersions removes
 * the folders of earlier versions that nothing runs from any more.
 *
 * Proved under Wine alone. What is asked of Windows is old and plain: pipes, CreateProcess, MoveFileEx.
 */
#define UNICODE
#include <windows.h>
#include <msi.h>
#include <msiquery.h>
#include <wchar.h>

enum { MOST_DATA = 8192, MOST_OUTPUT = 16384 };

/* REFUSED is how the program ends that will not do it, having said why; one that is broken ends in another way, if it starts. */
enum { REFUSED = 1 };

/* say puts a line into the log, as an error also before the person. */
static void say(MSIHANDLE install, INSTALLMESSAGE kind, const wchar_t *text)
{
    MSIHANDLE record = MsiCreateRecord(1);
    if (!record)
        return;
    MsiRecordSetStringW(record, 0, L"CardBridge: [1]");
    MsiRecordSetStringW(record, 1, text);
    MsiProcessMessage(install, kind, record);
    MsiCloseHandle(record);
}

/* data is what the installation gave this deferred action. */
static BOOL data(MSIHANDLE install, wchar_t *buffer)
{
    DWORD size = MOST_DATA;
    return MsiGetPropertyW(install, L"CustomActionData", buffer, &size) == ERROR_SUCCESS && buffer[0];
}

/* collect reads a pipe to its end, keeps what fits. */
static DWORD collect(HANDLE from, char *text)
{
    char rest[512];
    DWORD kept = 0, got;
    for (;;) {
        BOOL room = kept < MOST_OUTPUT - 1;
        if (!ReadFile(from, room ? text + kept : rest, room ? MOST_OUTPUT - 1 - kept : sizeof rest, &got, NULL) || !got)
            break;
        if (room)
            kept += got;
    }
    return kept;
}

static BOOL start(wchar_t *command, HANDLE output, PROCESS_INFORMATION *process)
{
    STARTUPINFOW how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES, .hStdOutput = output, .hStdError = output};
    return CreateProcessW(NULL, command, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL, &how, process);
}

/* run runs the command line that the action was given, gives what that printed to the log, its failure as the caller says. One that may be
 * broken fails by its refusal alone. */
static UINT run(MSIHANDLE install, INSTALLMESSAGE failure, BOOL broken)
{
    static wchar_t command[MOST_DATA], words[MOST_OUTPUT];
    static char text[MOST_OUTPUT];
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof inherit, .bInheritHandle = TRUE};
    PROCESS_INFORMATION process = {0};
    HANDLE from, to;
    DWORD code = 1, size;
    BOOL failed;

    if (!data(install, command) || !CreatePipe(&from, &to, &inherit, 0))
        return ERROR_INSTALL_FAILURE;
    SetHandleInformation(from, HANDLE_FLAG_INHERIT, 0);
    if (!start(command, to, &process)) {
        CloseHandle(from);
        CloseHandle(to);
        say(install, broken ? INSTALLMESSAGE_INFO : failure, L"安裝程式無法執行 cardbridge.exe。 / Setup cannot run cardbridge.exe.");
        return broken ? ERROR_SUCCESS : ERROR_INSTALL_FAILURE;
    }
    CloseHandle(to);
    size = collect(from, text);
    CloseHandle(from);
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    words[MultiByteToWideChar(CP_UTF8, 0, text, (int)size, words, MOST_OUTPUT - 1)] = 0;
    failed = broken ? code == REFUSED : code != 0;
    if (words[0])
        say(install, failed ? failure : INSTALLMESSAGE_INFO, words);
    return failed ? ERROR_INSTALL_FAILURE : ERROR_SUCCESS;
}

/* RunSetup's failure is told to the person, too; while all is taken back, the reason for that has been told already. */
__declspec(dllexport) UINT __stdcall RunSetup(MSIHANDLE install)
{
    return run(install, MsiGetMode(install, MSIRUNMODE_ROLLBACK) ? INSTALLMESSAGE_INFO : INSTALLMESSAGE_ERROR, FALSE);
}

/* AskSetup is for what is installed, before anything of it changes. A repair goes on whose program is broken: it is asked again when whole. */
__declspec(dllexport) UINT __stdcall AskSetup(MSIHANDLE install)
{
    return run(install, INSTALLMESSAGE_ERROR, TRUE);
}

/* TrySetup is for a removal, which goes on when the program cannot be run any more. */
__declspec(dllexport) UINT __stdcall TrySetup(MSIHANDLE install)
{
    run(install, INSTALLMESSAGE_INFO, FALSE);
    return ERROR_SUCCESS;
}

/* isVersion tells a folder of ours: digits with dots between. */
static BOOL isVersion(const wchar_t *name)
{
    return name[0] >= L'0' && name[0] <= L'9' && name[wcsspn(name, L"0123456789.")] == 0;
}

/* runs tells whether a program runs: nobody may write to its file then. */
static BOOL runs(const wchar_t *program)
{
    HANDLE file = CreateFileW(program, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        CloseHandle(file);
        return FALSE;
    }
    return GetLastError() != ERROR_FILE_NOT_FOUND;
}

/* busy waits a little: a service says that it has stopped before its process has ended. */
static BOOL busy(const wchar_t *program)
{
    int tries = 20;
    while (runs(program)) {
        if (!--tries)
            return TRUE;
        Sleep(100);
    }
    return FALSE;
}

/* The files of every version. The program is the last: while it is there, the folder is tried again. */
static const wchar_t *const files[] = {L"tw.cardbridge.host.json", L"tw.cardbridge.host.firefox.json", L"LICENSE.txt", L"THIRD-PARTY-NOTICES.txt", L"cardbridge.exe"};

/* Files that no other program has. */
static const wchar_t *const marks[] = {L"tw.cardbridge.host.json", L"tw.cardbridge.host.firefox.json", L"cardbridge.exe"};

/* sweep removes one folder. One that is in use stays whole, since its program starts itself anew for each card; last, with nothing of ours
 * to come back, it goes when the computer starts. */
static void sweep(const wchar_t *folder, BOOL last)
{
    wchar_t path[MAX_PATH];
    BOOL used;
    if (_snwprintf(path, MAX_PATH, L"%ls\\cardbridge.exe", folder) < 0)
        return;
    used = busy(path);
    if (used && !last)
        return;
    for (size_t n = 0; n < sizeof files / sizeof files[0]; n++) {
        if (_snwprintf(path, MAX_PATH, L"%ls\\%ls", folder, files[n]) < 0)
            return;
        if (!DeleteFileW(path) && last)
            MoveFileExW(path, NULL, MOVEFILE_DELAY_UNTIL_REBOOT);
    }
    if (!RemoveDirectoryW(folder) && last && used)
        MoveFileExW(folder, NULL, MOVEFILE_DELAY_UNTIL_REBOOT);
}

/* ours tells a version's folder from another program's that is named alike: the product's folder may be any. */
static BOOL ours(const wchar_t *folder)
{
    wchar_t path[MAX_PATH];
    for (size_t n = 0; n < sizeof marks / sizeof marks[0]; n++)
        if (_snwprintf(path, MAX_PATH, L"%ls\\%ls", folder, marks[n]) >= 0 && GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES)
            return TRUE;
    return FALSE;
}

/* sweepRoot removes the versions in a product's folder but one; last, the folder itself, if it is empty then. */
static void sweepRoot(wchar_t *root, const wchar_t *keep, BOOL last)
{
    wchar_t path[MAX_PATH];
    WIN32_FIND_DATAW found;
    HANDLE search;
    size_t length = wcslen(root);

    if (length < 2 || root[length - 1] != L'\\' || _snwprintf(path, MAX_PATH, L"%ls*", root) < 0 ||
        (search = FindFirstFileW(path, &found)) == INVALID_HANDLE_VALUE)
        return;
    do {
        DWORD a = found.dwFileAttributes;
        if (!(a & FILE_ATTRIBUTE_DIRECTORY) || (a & FILE_ATTRIBUTE_REPARSE_POINT) || !isVersion(found.cFileName) || !wcscmp(found.cFileName, keep) ||
            _snwprintf(path, MAX_PATH, L"%ls%ls", root, found.cFileName) < 0 || !ours(path))
            continue;
        sweep(path, last);
    } while (FindNextFileW(search, &found));
    FindClose(search);
    if (last) {
        root[length - 1] = 0;
        RemoveDirectoryW(root);
    }
}

/* SweepVersions is given the product's folder, |, the one it had before, if that is to be left, |, the version's folder to keep; none to
 * keep: all is removed. It is no reason to fail. */
__declspec(dllexport) UINT __stdcall SweepVersions(MSIHANDLE install)
{
    static wchar_t root[MOST_DATA];
    wchar_t *before, *keep;

    if (!data(install, root) || !(keep = wcsrchr(root, L'|')))
        return ERROR_SUCCESS;
    *keep++ = 0;
    if (!(before = wcsrchr(root, L'|')))
        return ERROR_SUCCESS;
    *before++ = 0;
    if (_wcsicmp(root, before)) /* no later installation knows of it */
        sweepRoot(before, keep, TRUE);
    sweepRoot(root, keep, !*keep);
    return ERROR_SUCCESS;
}
