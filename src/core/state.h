#ifndef LF_STATE_H
#define LF_STATE_H

#include <Python.h>
#include "core/api.h"

/* The capsule lidfast._core.api, for core/module.h of the other modules. */
PyObject *lf_state_capsule(lf_level level);

/* Says which thread Python runs signal handlers in (threading.get_ident). */
void lf_state_set_main(unsigned long ident);

#endif
