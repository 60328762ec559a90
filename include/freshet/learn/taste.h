/* taste.h - a user's history as a vector of the fitted model, so that people can be held to each other.
 *
 *     seeds of the profile --the bundle's columns--> history --model--> vector
 *
 * Vector    als: the factors, each times the length of its column of item factors, so that the angle between two vectors is the one
 *           between all scores. factors: the factors. spectral: the place among the singular vectors (its global part).
 *           A model that is rows of neighbours (learn/near.h): its scores of all items, item j added with a sign to one of
 *           FR_TASTE_BUCKETS numbers, sign and number drawn by a hash of j. Products of two such vectors are those of the scores
 *           on average, with a deviation of at most sqrt(2 / FR_TASTE_BUCKETS) of the product of their lengths
 *           (Charikar, Chen, Farach-Colton 2002; Weinberger et al. 2009).
 * History   as lists fold it in: learn/model_source.h.
 * Promise   a function of (bundle, seeds). Plain loops: the same bits on any machine.
 * Threads   one owner. Memory: 4 bytes for each number of the dictionary when it is made, 4 for each item; borrows bundle and ids. */
#ifndef FR_LEARN_TASTE_H
#define FR_LEARN_TASTE_H

#include "freshet/learn/bundle.h"
#include "freshet/recommend/query.h"

enum { FR_TASTE_BUCKETS = 2048 };

struct fr_taste;

/* The model of the bundle with the largest weight that has vectors; NULL: none has. popularity, which says the same of everybody,
 * never has. */
const struct fr_model *fr_taste_model(const struct fr_bundle *b);
/* model: of this bundle, with vectors. Interns the bundle's items into ids. gives */
struct fr_taste *fr_taste_new(const struct fr_bundle *b, const struct fr_model *model, struct fr_dict *ids);
void fr_taste_free(struct fr_taste *t);
uint32_t fr_taste_floats(const struct fr_taste *t);
/* out[fr_taste_floats]. False: the model knows nothing of this history, and out is 0. */
bool fr_taste_of(struct fr_taste *t, const struct fr_seed *seeds, uint32_t n, float *out);

#endif
