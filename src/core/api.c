/* The shared state's functions that need Python. */
#include <Python.h>
#include <time.h>

#include "core/api.h"
#include "core/threads.h"
#include "core/state.h"

/* Taking the GIL costs a switch between Python threads: ten times a second is often enough for
 * Ctrl-C, and unnoticed otherwise. */
#define SIGNAL_CHECK_NS 100000000

static _Atomic unsigned long main_thread;

void lf_state_set_main(unsigned long ident)
{
    main_thread = ident;
}

/* Only in the main thread: elsewhere handlers do not run, and a thread of somebody's OpenMP team
 * that waits for the GIL would do so for ever where the one that has it waits for the team. */
static int interrupted(void)
{
    static _Thread_local int64_t last = 0;
    if (PyThread_get_thread_ident() != main_thread)
        return 0;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const int64_t now = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    if (now - last < SIGNAL_CHECK_NS)
        return 0;
    last = now;
    const PyGILState_STATE gil = PyGILState_Ensure();
    const int raised = PyErr_CheckSignals();
    PyGILState_Release(gil);
    return raised;
}

static lf_core_api state = {.level = LF_baseline,
                            .threads = lf_threads_get,
                            .set_local = lf_threads_set_local,
                            .interrupted = interrupted};

const lf_core_api *lf_core = &state; /* of this module's own kernels */

PyObject *lf_state_capsule(lf_level level)
{
    state.level = level;
    return PyCapsule_New(&state, "lidfast._core.api", NULL);
}
