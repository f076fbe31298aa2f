/* Thread counts. An OpenMP pool does not survive fork: a child that asked it for a team would wait
 * for ever, so the child's count is 1. The bits of a kernel do not depend on it. */
#include <pthread.h>
#include <stdatomic.h>

#include "core/threads.h"

static atomic_int process_count = 1;
static _Thread_local int local_count = 0;
static atomic_int forked = 0;

void lf_threads_set(int n)
{
    atomic_store(&process_count, n);
}

int lf_threads_set_local(int n)
{
    const int before = local_count;
    local_count = n;
    return before;
}

int lf_threads_get(void)
{
#ifdef _OPENMP
    if (atomic_load_explicit(&forked, memory_order_relaxed))
        return 1;
    return local_count ? local_count : atomic_load_explicit(&process_count, memory_order_relaxed);
#else
    return 1;
#endif
}

static void note_fork(void)
{
    atomic_store(&forked, 1);
}

int lf_threads_watch_forks(void)
{
    return pthread_atfork(NULL, NULL, note_fork);
}
