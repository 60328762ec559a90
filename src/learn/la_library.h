/* la_library.h - OpenBLAS as a table of functions, for la.c alone. */
#ifndef FR_LEARN_LA_LIBRARY_H
#define FR_LEARN_LA_LIBRARY_H

#include "freshet/base/err.h"

/* Values of CBLAS's enumerations. */
enum { LA_ROW_MAJOR = 101, LA_AS_IS = 111, LA_TRANSPOSED = 112, LA_UPPER = 121 };

/* Fortran's arguments are pointers; its matrices are column-major. n, m, leading dimensions and results are 32-bit. */
struct la_library {
    void (*sgemm)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                  const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
    void (*ssyrk)(int order, int triangle, int transpose, int n, int k, float alpha, const float *a, int lda,
                  float beta, float *c, int ldc);
    void (*sgemv)(int order, int transpose, int m, int n, float alpha, const float *a, int lda,
                  const float *x, int step_x, float beta, float *y, int step_y);
    void (*strsm)(int order, int side, int triangle, int transpose, int diagonal, int m, int n, float alpha,
                  const float *a, int lda, float *b, int ldb);
    void (*spotrf)(const char *triangle, const int *n, float *a, const int *lda, int *info);
    void (*spotrs)(const char *triangle, const int *n, const int *k, const float *a, const int *lda, float *b,
                   const int *ldb, int *info);
    void (*spotri)(const char *triangle, const int *n, float *a, const int *lda, int *info);
    void (*ssyevd)(const char *job, const char *triangle, const int *n, float *a, const int *lda,
                   float *values, float *work, const int *work_n, int *iwork, const int *iwork_n, int *info);
    void (*sgelqf)(const int *m, const int *n, float *a, const int *lda, float *tau, float *work,
                   const int *work_n, int *info);
    void (*sorglq)(const int *m, const int *n, const int *k, float *a, const int *lda, const float *tau,
                   float *work, const int *work_n, int *info);
    void (*set_num_threads)(int n);
    char *(*get_corename)(void);
};

/* Loaded on the first call, from any thread; NULL with msg when that failed (it is not tried again). */
const struct la_library *la_library(struct fr_errmsg *msg);

#endif
