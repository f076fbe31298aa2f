/* Fresh pages cost more than what a table's building does: a huge page holds three tables, and
 * tables that are given up leave their place to others. */
#include <pthread.h>
#include <sys/mman.h>

#include "random/pool.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define IN_PAGE (HUGE_PAGE / sizeof(lf_tables))

_Static_assert(sizeof(lf_tables) % 64 == 0, "every table begins with a line of the cache");

static lf_tables *unused;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void new_page(void)
{
    void *page;
    if (posix_memalign(&page, HUGE_PAGE, HUGE_PAGE))
        return;
#ifdef MADV_HUGEPAGE
    (void)madvise(page, HUGE_PAGE, MADV_HUGEPAGE); /* a wish */
#endif
    for (size_t i = 0; i < IN_PAGE; i++) {
        lf_tables *const tables = (lf_tables *)page + i;
        tables->next = unused;
        unused = tables;
    }
}

lf_tables *lf_tables_take(void)
{
    pthread_mutex_lock(&lock);
    if (!unused)
        new_page();
    lf_tables *const tables = unused;
    if (tables)
        unused = tables->next;
    pthread_mutex_unlock(&lock);
    return tables;
}

void lf_tables_give_back(lf_tables *tables)
{
    pthread_mutex_lock(&lock);
    tables->next = unused;
    unused = tables;
    pthread_mutex_unlock(&lock);
}
