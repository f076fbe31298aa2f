/* What a .pyx needs from C: the shared state, and the way from a status to an exception. */
#ifndef LF_MODULE_H
#define LF_MODULE_H

#include <Python.h>
#include "core/api.h"

const lf_core_api *lf_core;

static inline int lf_import_core(void)
{
    lf_core = (const lf_core_api *)PyCapsule_Import("lidfast._core.api", 0);
    return lf_core ? 0 : -1;
}

static inline int lf_raise(lf_status status)
{
    if (status == LF_NO_MEMORY)
        PyErr_NoMemory();
    return status < 0 ? -1 : 0;
}

#endif
