/* la.h - dense linear algebra in single precision: the one door to BLAS and LAPACK, with a naive twin.
 *
 * Shapes    row-major, leading dimension = number of columns unless said.
 * Promise   every function has a twin fr_la_naive_* (same contract, plain loops); tests hold them together.
 * Library   OpenBLAS, loaded when it is first needed. Old builds take new processors for old ones and use their slowest
 *           kernel; so unless OPENBLAS_CORETYPE is set, the door names the best kernel that the processor's flags allow
 *           before it loads, checks one product against the twin, and falls back if it is wrong.
 * Threads   any thread may call; products use fr_la_threads threads of the library's own. That number is one for the
 *           process: whoever sets it (the refit's core budget) owns it.
 * Errors    bugs in sizes assert; a matrix that is not positive definite is reported. */
#ifndef FR_LEARN_LA_H
#define FR_LEARN_LA_H

#include "freshet/base/err.h"
#include <stdint.h>

/* Loads the library (once); FR_IO with a sentence when it is not there. All others call it and abort on failure. */
enum fr_err fr_la_open(struct fr_errmsg *msg) FR_MUST_USE;
const char *fr_la_kernel(void); /* "SkylakeX": what the library says it uses */
void fr_la_threads(unsigned n); /* 1 to 64 */

/* C[m][n] = alpha op(A) op(B) + beta C, op(A) is m x k. */
void fr_la_gemm(bool transpose_a, bool transpose_b, uint32_t m, uint32_t n, uint32_t k, float alpha,
                const float *a, const float *b, float beta, float *c);
/* C[n][n] (both triangles) = A^T A + beta C, A is m x n. */
void fr_la_gram(uint32_t m, uint32_t n, const float *a, float beta, float *c);
/* y[m] = alpha op(A) x + beta y, A is rows x columns. */
void fr_la_gemv(bool transpose, uint32_t rows, uint32_t columns, float alpha, const float *a, const float *x,
                float beta, float *y);
/* Solves A x = b for each of the k rows of b[k][n], in place; A[n][n] symmetric positive definite, destroyed. False: it is
 * not positive definite, b is undefined. */
bool fr_la_solve_spd(uint32_t n, float *a, uint32_t k, float *b);
/* A[n][n] symmetric positive definite becomes its inverse (both triangles). False: not positive definite. */
bool fr_la_invert_spd(uint32_t n, float *a);
/* Eigenvalues of symmetric A[n][n], descending, into values[n]; row i of A becomes the vector of values[i]. */
void fr_la_eigen(uint32_t n, float *a, float *values);
/* The columns of A[m][n], m >= n, become an orthonormal basis of their span (in the order given). */
void fr_la_orthonormalise(uint32_t m, uint32_t n, float *a);

void fr_la_naive_gemm(bool transpose_a, bool transpose_b, uint32_t m, uint32_t n, uint32_t k, float alpha,
                      const float *a, const float *b, float beta, float *c);
bool fr_la_naive_solve_spd(uint32_t n, float *a, uint32_t k, float *b);
void fr_la_naive_eigen(uint32_t n, float *a, float *values); /* Jacobi */

#endif
