/* Declares the table of a family's kernels for each level of the build, and the choice between
 * them. To be included once by each family's header, after
 *     #define LF_FAMILY name
 *     typedef struct { ... } lf_name_kernels;
 * Each level defines  const lf_name_kernels LF_NAME(name_kernels);  the module calls
 *     const lf_name_kernels *lf_name_select(void);                     once, at import. */
#define LF_TABLES_PASTE_(a, b, c) a##b##c
#define LF_TABLES_PASTE(a, b, c) LF_TABLES_PASTE_(a, b, c)
#define LF_TABLE_TYPE LF_TABLES_PASTE(lf_, LF_FAMILY, _kernels)

#ifdef LF_LEVEL
extern const LF_TABLE_TYPE LF_TABLES_PASTE(LF_TABLE_TYPE, _, LF_LEVEL);
#else
#    define X(level) extern const LF_TABLE_TYPE LF_TABLES_PASTE(LF_TABLE_TYPE, _, level);
LF_LEVELS
#    undef X

static inline const LF_TABLE_TYPE *LF_TABLES_PASTE(lf_, LF_FAMILY, _select)(void)
{
    switch (lf_core->level) {
#    define X(level) \
    case LF_##level: \
        return &LF_TABLES_PASTE(LF_TABLE_TYPE, _, level);
        LF_LEVELS
#    undef X
    default:
        return NULL; /* not reached: the core chooses among the same levels */
    }
}
#endif
#undef LF_FAMILY
#undef LF_TABLE_TYPE
#undef LF_TABLES_PASTE
#undef LF_TABLES_PASTE_
