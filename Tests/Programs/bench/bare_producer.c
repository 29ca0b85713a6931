/* What librdkafka alone takes: MJPEG from a camera, copied once, produced with a key and eleven headers,
 * freed by its report.  bare_producer DEVICE WIDTH HEIGHT BROKERS */
#include "camera.h"

#include <librdkafka/rdkafka.h>

static unsigned long delivered;

static void reported(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    (void)kafka;
    (void)opaque;
    free(message->payload);
    if (!message->err)
        delivered++;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[256];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK) {
        fprintf(stderr, "%s\n", text);
        exit(1);
    }
}

int main(int count, char **words)
{
    if (count != 5)
        return 64;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", words[4]);
    set(conf, "linger.ms", "0");
    set(conf, "acks", "all");
    set(conf, "message.max.bytes", "10000000");
    rd_kafka_conf_set_dr_msg_cb(conf, reported);
    char text[256];
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!kafka)
        return 1;
    int fd = camera_start(words[1], (unsigned)atoi(words[2]), (unsigned)atoi(words[3]), V4L2_PIX_FMT_MJPEG);
    struct v4l2_buffer buffer;
    while (camera_next(fd, &buffer)) {
        void *copy = malloc(buffer.bytesused);
        memcpy(copy, mapped[buffer.index].start, buffer.bytesused);
        size_t size = buffer.bytesused;
        ioctl(fd, VIDIOC_QBUF, &buffer);
        rd_kafka_headers_t *headers = rd_kafka_headers_new(11);
        for (int i = 0; i < 11; i++)
            rd_kafka_header_add(headers, "ce_header_name", -1, "0123456789abcdef01234567", 24);
        rd_kafka_resp_err_t error = rd_kafka_producev(
            kafka, RD_KAFKA_V_TOPIC("vedette.frames"), RD_KAFKA_V_KEY("bench/front", 11),
            RD_KAFKA_V_VALUE(copy, size), RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_HEADERS(headers),
            RD_KAFKA_V_END);
        if (error) {
            rd_kafka_headers_destroy(headers);
            free(copy);
        }
        rd_kafka_poll(kafka, 0);
        tell(delivered);
    }
    rd_kafka_flush(kafka, 2000);
    rd_kafka_destroy(kafka);
    return 0;
}
