/* libmurr inside of a process: its threads and ours, signals, a child, and another that opens the
 * same directory. */
#include "murr.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "library_world.h"

static void one_writes_at_a_time(void **state)
{
    (void)state;
    struct murr *other = NULL;
    assert_murr_fails(murr_open(library.dir, NULL, &other, library_error), MURR_BUSY, library.dir);
    assert_null(other);
}

static void a_child_does_not_keep_what_its_parent_closed(void **state)
{
    (void)state;
    int until[2];
    assert_int_equal(pipe(until), 0);
    pid_t child = fork();
    if (child == 0) {
        char nothing;
        close(until[1]);
        _exit(read(until[0], &nothing, 1) != 0);
    }
    library_reopen(NULL);
    close(until[0]);
    close(until[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

enum { N_WRITERS = 4, N_READERS = 3, N_ROUNDS = 15, ROWS_EACH = 20 };

static _Atomic unsigned n_wrong;
static _Atomic bool writers_ended;

/* Rows of its own; a write that returned is read, and nobody sees half of one. */
static void *writer_main(void *arg)
{
    int first = (int)(intptr_t)arg * 100;
    char message[MURR_ERROR_BYTES];
    for (int round = 0; round < N_ROUNDS; round++) {
        struct arrow_found f;
        if (library_write(library.db, "t", first, ROWS_EACH, (float)round * 100, message) ||
            library_read(library.db, "t", first, ROWS_EACH, &f, message)) {
            n_wrong++;
            continue;
        }
        for (int i = 0; i < ROWS_EACH; i++)
            n_wrong += arrow_score_at(&f, 0, i) != (float)(round * 100 + i);
        arrow_found_done(&f);
    }
    return NULL;
}

static void *reader_main(void *arg)
{
    struct murr *db = arg;
    char message[MURR_ERROR_BYTES];
    while (!writers_ended)
        for (int w = 0; w < N_WRITERS; w++) {
            struct arrow_found f;
            murr_refresh(db);
            if (library_read(db, "t", w * 100, ROWS_EACH, &f, message)) {
                n_wrong++;
                continue;
            }
            for (int i = 1; i < ROWS_EACH; i++) /* all of one round, or not there yet */
                n_wrong += !arrow_is_null(f.array.children[0], 0) &&
                           arrow_score_at(&f, 0, i) != arrow_score_at(&f, 0, 0) + (float)i;
            arrow_found_done(&f);
        }
    return NULL;
}

static void threads_share_a_db(void **state)
{
    (void)state;
    pthread_t writers[N_WRITERS], readers[N_READERS];
    struct murr *read_only = library_open_read_only();
    library_create("t");
    n_wrong = 0;
    writers_ended = false;
    for (int i = 0; i < N_READERS; i++) /* one of the one that writes, the others share one */
        assert_int_equal(pthread_create(&readers[i], NULL, reader_main, i ? read_only : library.db),
                         0);
    for (int i = 0; i < N_WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, writer_main, (void *)(intptr_t)i), 0);
    for (int i = 0; i < N_WRITERS; i++)
        pthread_join(writers[i], NULL);
    writers_ended = true;
    for (int i = 0; i < N_READERS; i++)
        pthread_join(readers[i], NULL);
    murr_close(read_only);
    assert_int_equal(n_wrong, 0);
    assert_int_equal(library_count(library.db, "t"), N_WRITERS * ROWS_EACH);
}

static bool blocks_sigterm(const char *task)
{
    char path[300], line[256];
    unsigned long long blocked = 0;
    snprintf(path, sizeof(path), "/proc/self/task/%s/status", task);
    FILE *status = fopen(path, "r");
    assert_non_null(status);
    while (fgets(line, sizeof(line), status))
        if (sscanf(line, "SigBlk: %llx", &blocked) == 1)
            break;
    fclose(status);
    return blocked >> (SIGTERM - 1) & 1;
}

/* A program that waits for SIGTERM must get it, not one of our threads: all here but the first. */
static void our_threads_block_signals(void **state)
{
    (void)state;
    char own[32];
    unsigned n_ours = 0;
    snprintf(own, sizeof(own), "%d", getpid());
    assert_false(blocks_sigterm(own)); /* it was given back */
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *task = readdir(tasks); task; task = readdir(tasks))
        if (task->d_name[0] != '.' && strcmp(task->d_name, own) != 0) {
            assert_true(blocks_sigterm(task->d_name));
            n_ours++;
        }
    closedir(tasks);
    assert_true(n_ours >= 3); /* writers and merger */
}

#define test(name) cmocka_unit_test_setup_teardown(name, library_begin, library_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(one_writes_at_a_time),
        test(a_child_does_not_keep_what_its_parent_closed),
        test(threads_share_a_db),
        test(our_threads_block_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
