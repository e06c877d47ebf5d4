#include "child.h"

#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

pid_t child_start(const char *name, const char *const *argv)
{
    char log[256];
    snprintf(log, sizeof(log), "build/bench/%s.log", name);
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        bench_fail("fork: %s", strerror(errno));
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* do not outlive a benchmark that fails */
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    return pid;
}

void child_stop(pid_t pid)
{
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}

static struct sockaddr_in loopback(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int child_connect(pid_t pid, unsigned port)
{
    struct sockaddr_in to = loopback(port);
    for (int tries = 0; tries < 3000; tries++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
        if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            return fd;
        }
        close(fd);
        if (pid > 0 && waitpid(pid, NULL, WNOHANG) == pid)
            bench_fail("the server on port %u ended; see its log in build/bench", port);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    bench_fail("nobody listens on port %u", port);
}

unsigned child_free_port(void)
{
    struct sockaddr_in at = loopback(0);
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&at, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        bench_fail("no free port: %s", strerror(errno));
    close(fd);
    return ntohs(at.sin_port);
}
