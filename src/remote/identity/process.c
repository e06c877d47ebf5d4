/*
 * Credentials that a command prints (credential_process in the shared config). The command is the
 * user's own and runs by the shell. It has 60 s, and is killed then or when the search is
 * cancelled.
 */
#include "remote/identity/process.h"

#include "base/clock.h"
#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t process_timeout_ns = 60000000000u;
static const size_t output_bytes_max = 1u << 20;
enum { LOOK_MS = 100, WAIT_US = 5000 }; /* between checks for cancellation, and for its end */

/* Start `sh -c command` with its output in a pipe. */
must_use static enum code start(const char *command, pid_t *out_pid, int *out_fd, struct err *err)
{
    int fds[2];
    char *const args[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
                          (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_t actions;
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_errno(err, E_IO, "cannot make a pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    int failed = posix_spawn(out_pid, "/bin/sh", &actions, NULL, args, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    if (!failed) {
        *out_fd = fds[0];
        return OK;
    }
    close(fds[0]);
    return err_set(err, E_IO, "cannot start /bin/sh: %s", strerror(failed));
}

must_use static enum code check_time(const struct remote_op *op, uint64_t deadline_ns,
                                     struct err *err)
{
    TRY(remote_op_check(op, err));
    return clock_mono_ns() < deadline_ns ? OK : err_set(err, E_TIMEOUT, "has not ended after 60 s");
}

must_use static enum code read_all(int fd, const struct remote_op *op, uint64_t deadline_ns,
                                   struct buf *out, struct err *err)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        TRY(check_time(op, deadline_ns, err));
        if (out->len > output_bytes_max)
            return err_set(err, E_LIMIT, "prints more than %zu bytes", output_bytes_max);
        int ready = poll(&p, 1, LOOK_MS);
        ssize_t n = ready > 0 ? read(fd, buf_reserve(out, 4096), 4096) : -1;
        if (n == 0)
            return OK;
        if (n > 0)
            out->len += (size_t)n;
        else if (ready < 0 && errno != EINTR)
            return err_errno(err, E_IO, "cannot read its output");
    }
}

/* Wait for the exit status. The command may close its output and go on running. */
must_use static enum code wait_for(pid_t pid, const struct remote_op *op, uint64_t deadline_ns,
                                   int *out_status, struct err *err)
{
    pid_t ended;
    while ((ended = waitpid(pid, out_status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        TRY(check_time(op, deadline_ns, err));
        usleep(WAIT_US);
    }
    return OK;
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

must_use static enum code run(const struct identity_search *s, const char *command,
                              struct credentials *out, struct err *err)
{
    AUTO(buf) struct buf output = {0};
    pid_t pid;
    int fd;
    int status = 0;
    uint64_t deadline_ns = clock_mono_ns() + process_timeout_ns;
    TRY(start(command, &pid, &fd, err));
    enum code rc = read_all(fd, s->op, deadline_ns, &output, err);
    close(fd);
    if (!rc)
        rc = wait_for(pid, s->op, deadline_ns, &status, err);
    if (rc) {
        stop(pid);
        return rc;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(err, E_INVALID, "failed with status %d",
                       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return credentials_of_json(buf_view(&output), "SessionToken", out, err);
}

enum code credentials_of_process(const struct identity_search *s, const char *command,
                                 struct credentials *out, struct err *err)
{
    enum code rc = run(s, command, out, err);
    return rc ? err_in(err, rc, "credential_process") : OK;
}
