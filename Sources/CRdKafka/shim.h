#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdint.h>
#include <time.h>

/* When records end is noted by librdkafka's own threads, for their reports may be read later. In C: it is done for each
 * record on a thread that has just woken, where code that is not in the cache costs most. */

static inline rd_kafka_resp_err_t vp_note_end(rd_kafka_t *client, rd_kafka_message_t *message, void *nothing)
{
    (void)client;
    (void)nothing;
    struct timespec now;
    if (message->_private) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        __atomic_store_n((uint64_t *)message->_private,
                         (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, __ATOMIC_RELEASE);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static inline rd_kafka_resp_err_t vp_note_ends_of(rd_kafka_t *client, const rd_kafka_conf_t *conf, void *nothing,
                                                  char *text, size_t size)
{
    (void)conf;
    (void)nothing;
    (void)text;
    (void)size;
    return rd_kafka_interceptor_add_on_acknowledgement(client, "vedette", vp_note_end, NULL);
}

/* Has each record's end written, in nanoseconds of CLOCK_MONOTONIC, to the uint64_t that its opaque pointer leads to. */
static inline rd_kafka_resp_err_t vp_note_ends(rd_kafka_conf_t *conf)
{
    return rd_kafka_conf_interceptor_add_on_new(conf, "vedette", vp_note_ends_of, NULL);
}

/* What was written there; 0 for nothing yet. */
static inline uint64_t vp_noted_end(const void *record) { return __atomic_load_n((const uint64_t *)record, __ATOMIC_ACQUIRE); }
