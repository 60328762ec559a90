/* reject.h - why a record cannot be used: one table gives the enum, the code in freshet.rejects and in the
 * metrics, and the sentence for a person. A reject is data, not an error: the record goes on to
 * freshet.rejects byte for byte. */
#ifndef FR_EVENT_REJECT_H
#define FR_EVENT_REJECT_H

/* name, code, sentence */
#define FR_REJECT_MAP(X)                                                                                   \
    X(NONE, "none", "accepted")                                                                            \
    X(EMPTY, "empty", "the record has no value")                                                           \
    X(TOO_LARGE, "too_large", "the record is larger than events.max_bytes")                                \
    X(FRAMED_BINARY, "framed_binary", "schema-registry framing around something that is not JSON")         \
    X(BAD_UTF8, "bad_utf8", "the text is not valid UTF-8")                                                 \
    X(TRUNCATED, "truncated", "the JSON text ends too early")                                              \
    X(NOT_JSON, "not_json", "the text is not JSON")                                                        \
    X(NOT_OBJECT, "not_object", "the JSON value is not an object")                                         \
    X(DUPLICATE_KEY, "duplicate_key", "a field appears twice")                                             \
    X(TOO_DEEP, "too_deep", "nested deeper than the decoder follows")                                      \
    X(BAD_CLOUDEVENT, "bad_cloudevent",                                                                    \
      "a CloudEvent without its required attributes or with another specversion")                          \
    X(BAD_FIELD_TYPE, "bad_field_type", "a known field has the wrong JSON type")                           \
    X(BAD_NUMBER, "bad_number", "a number is out of its field's range")                                    \
    X(BAD_ID, "bad_id", "an id is too long or has control characters")                                     \
    X(BAD_TEXT, "bad_text", "a text field is too long or has control characters")                          \
    X(TOO_MANY, "too_many", "an array or object has more members than allowed")                            \
    X(NO_TYPE, "no_event_type", "event_type is missing")                                                   \
    X(UNKNOWN_TYPE, "unknown_event_type", "event_type is not known and the policy is to reject")           \
    X(NO_USER, "no_user_id", "neither user_id nor anonymous_id is given")                                  \
    X(NO_ITEM, "no_item_id", "this event type needs an item_id")                                           \
    X(NO_TARGET, "no_target_user_id", "this event type needs a target_user_id")                            \
    X(BAD_TIME, "bad_timestamp", "the timestamp cannot be read")                                           \
    X(TOO_EARLY, "time_out_of_range", "the timestamp is before events.earliest_time")                      \
    X(TOO_FUTURE, "time_in_future", "the timestamp is further ahead of the log than events.max_future_ms") \
    X(TOO_LATE, "too_late", "older than the partition's watermark by more than events.lateness_ms")        \
    X(UNKNOWN_VERSION, "unknown_schema_version", "schema_version is newer than this program")              \
    X(RATE_CAPPED, "rate_capped", "more events of one user in a minute than events.max_per_minute")        \
    X(BAD_DELTA, "bad_delta", "an affinity record that cannot be read")                                    \
    X(BAD_EXAMPLE, "bad_example", "a record of the examples topic that cannot be read")                    \
    X(BAD_CAMPAIGN, "bad_campaign", "a record of the campaigns topic that is no campaign")

enum fr_reject {
#define FR_REJECT_ENUM(name, code, text) FR_REJECT_##name,
    FR_REJECT_MAP(FR_REJECT_ENUM)
#undef FR_REJECT_ENUM
        FR_REJECT_N
};

const char *fr_reject_code(enum fr_reject reason);
const char *fr_reject_text(enum fr_reject reason);

#endif
