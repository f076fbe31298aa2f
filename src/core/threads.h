#ifndef LF_THREADS_H
#define LF_THREADS_H

/* The process-wide thread count (at least 1). */
void lf_threads_set(int n);

/* The calling thread's own count, above the process-wide one; 0 takes it away. Returns the last. */
int lf_threads_set_local(int n);

/* What a kernel called by this thread would use; 1 in a child made by fork. */
int lf_threads_get(void);

/* Registers the fork handler: once. Returns 0, or an errno. */
int lf_threads_watch_forks(void);

#endif
