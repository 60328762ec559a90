/* forest_library.h - XGBoost as a table of functions, for forest*.c alone; each has the type that its header gives it. */
#ifndef FR_LEARN_FOREST_LIBRARY_H
#define FR_LEARN_FOREST_LIBRARY_H

#include "freshet/base/err.h"
#include <xgboost/c_api.h>

#define FOREST_LIBRARY_MAP(X)                      \
    X(last_error, XGBGetLastError)                 \
    X(set_global_config, XGBSetGlobalConfig)       \
    X(matrix_create, XGDMatrixCreateFromDense)     \
    X(matrix_set_floats, XGDMatrixSetFloatInfo)    \
    X(matrix_free, XGDMatrixFree)                  \
    X(create, XGBoosterCreate)                     \
    X(free, XGBoosterFree)                         \
    X(set, XGBoosterSetParam)                      \
    X(update, XGBoosterUpdateOneIter)              \
    X(evaluate, XGBoosterEvalOneIter)              \
    X(slice, XGBoosterSlice)                       \
    X(rounds, XGBoosterBoostedRounds)              \
    X(features, XGBoosterGetNumFeature)            \
    X(predict_dense, XGBoosterPredictFromDense)    \
    X(predict_matrix, XGBoosterPredictFromDMatrix) \
    X(save, XGBoosterSaveModelToBuffer)            \
    X(load, XGBoosterLoadModelFromBuffer)

struct forest_library {
#define FOREST_MEMBER(member, name) __typeof__(name) *member;
    FOREST_LIBRARY_MAP(FOREST_MEMBER)
#undef FOREST_MEMBER
};

/* Loaded on the first call, from any thread; NULL with msg when that failed (it is not tried again). */
const struct forest_library *forest_library(struct fr_errmsg *msg);
/* FR_OK for 0; else FR_IO with what the library says. */
enum fr_err forest_check(const struct forest_library *l, int code, struct fr_errmsg *msg) FR_MUST_USE;

#endif
