/* models.h - what `freshet models` and the refits of `freshet run` share: the settings as parameters of a refit, and the voice
 * that tells Kafka.
 *
 * Threads   an announcer has one owner at a time. */
#ifndef FR_APP_MODELS_H
#define FR_APP_MODELS_H

#include "freshet/app/wiring.h"
#include "freshet/run/refit.h"

/* models.* as parameters, with what the file models.parameters says. FR_CONFIG, FR_IO. */
enum fr_err fr_models_params(const struct fr_config *config, struct fr_refit_params *out,
                             struct fr_errmsg *msg) FR_MUST_USE;

/* Tells Kafka; context is a struct fr_kafka_cluster. Both records are delivered, or it is not FR_OK; then one of them may be
 * there, and telling it again does no harm. */
enum fr_err fr_models_announce(void *context, const struct fr_model_event *event,
                               const struct fr_control *control, struct fr_errmsg *msg);

#endif
