/* A program that serves the agent's pipe, and is not the agent. It prints a line when an instance is there to be taken, one for
   each that came with the bytes that it was told, and goes on until it is killed. */
#include <windows.h>
#include <stdio.h>

int main(void)
{
    for (;;) {
        char buffer[256];
        DWORD count = 0;
        HANDLE pipe = CreateNamedPipeA("\\\\.\\pipe\\cardbridge-agent", PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_WAIT,
                                       PIPE_UNLIMITED_INSTANCES, 65536, 65536, 0, NULL);
        if (pipe == INVALID_HANDLE_VALUE) {
            printf("no pipe: %lu\n", GetLastError());
            return 1;
        }
        printf("listening\n");
        fflush(stdout);
        if (!ConnectNamedPipe(pipe, NULL) && GetLastError() != ERROR_PIPE_CONNECTED) {
            printf("nobody: %lu\n", GetLastError());
            return 1;
        }
        ReadFile(pipe, buffer, sizeof buffer, &count, NULL);
        printf("told %lu\n", count);
        fflush(stdout);
        CloseHandle(pipe);
    }
}
