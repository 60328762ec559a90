/* parameters_file.h - which hyper-parameters were chosen for each model, as a file: written by `freshet eval split
 * --save-params`, read by --params and by whatever fits models.
 *
 *     {"freshet": "parameters", "version": 1,
 *      "models": {"spectral": {"factors": 512, "popularity": 0.4}},
 *      "blend": {"parts": "score", "weights": {"spectral": 1, "factor": 0.4}}}
 *
 * Shape     docs/schemas/parameters.schema.json; JSON, which is YAML, too. "blend" may be absent; so may any model or
 *           parameter, which then has its standard value.
 * Promise   reading is total: an unknown model, parameter or key is an error, as is a value that is not a number.
 * Errors    FR_IO: the file cannot be read or written; FR_CONFIG: what is wrong in it.
 * Memory    plain values. */
#ifndef FR_APP_PARAMETERS_FILE_H
#define FR_APP_PARAMETERS_FILE_H

#include "freshet/base/buf.h"
#include "freshet/learn/blend.h"

enum { FR_PARAMETERS_MODELS_MAX = FR_BLEND_MODELS_MAX };

struct fr_model_parameters {
    const struct fr_model_ops *ops;
    double values[FR_PARAMETERS_MAX]; /* in the order of ops->parameters */
};

struct fr_parameters {
    struct fr_model_parameters models[FR_PARAMETERS_MODELS_MAX];
    uint32_t n;
    bool has_blend;
    enum fr_blend_parts parts;
    double weights[FR_PARAMETERS_MODELS_MAX]; /* of models[i] in the blend */
};

enum fr_err fr_parameters_read(const char *path, struct fr_parameters *out,
                               struct fr_errmsg *msg) FR_MUST_USE;
/* The same from the text itself; name is what messages call it. */
enum fr_err fr_parameters_parse(const char *name, struct fr_str text, struct fr_parameters *out,
                                struct fr_errmsg *msg) FR_MUST_USE;
/* NULL: not in there. */
const struct fr_model_parameters *fr_parameters_of(const struct fr_parameters *p,
                                                   const struct fr_model_ops *ops);
void fr_parameters_text(const struct fr_parameters *p, struct fr_buf *out);
enum fr_err fr_parameters_write(const char *path, const struct fr_parameters *p,
                                struct fr_errmsg *msg) FR_MUST_USE;

#endif
