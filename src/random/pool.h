/* Memory for tables, kept for the next ones. */
#ifndef LF_POOL_H
#define LF_POOL_H

#include "random/table.h"

typedef struct lf_tables {
    lf_table table;
    lf_single_table single;
    _Alignas(64) struct lf_tables *next; /* in the list of free ones */
} lf_tables;

lf_tables *lf_tables_take(void); /* NULL: no memory */
void lf_tables_give_back(lf_tables *tables);

#endif
