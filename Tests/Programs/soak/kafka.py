"""Writes any bytes to a topic, by librdkafka: what no tool of ours would send."""

import ctypes


class Writer:
    def __init__(self, brokers, properties=None):
        self.library = ctypes.CDLL("librdkafka.so.1")
        for name in ["rd_kafka_new", "rd_kafka_conf_new", "rd_kafka_topic_new"]:
            getattr(self.library, name).restype = ctypes.c_void_p
        reason = ctypes.create_string_buffer(512)
        conf = ctypes.c_void_p(self.library.rd_kafka_conf_new())
        settings = {"bootstrap.servers": brokers, "queue.buffering.max.messages": "1000", "message.max.bytes": "4000000",
                    "message.timeout.ms": "10000", "log_level": "0", **(properties or {})}
        for name, value in settings.items():
            assert self.library.rd_kafka_conf_set(conf, name.encode(), value.encode(), reason, 512) == 0, reason.value
        self.producer = ctypes.c_void_p(self.library.rd_kafka_new(0, conf, reason, 512))
        assert self.producer, reason.value
        self.topics = {}

    def send(self, topic, value):
        """Puts it on its way; what finds no room is lost."""
        if topic not in self.topics:
            self.topics[topic] = ctypes.c_void_p(self.library.rd_kafka_topic_new(self.producer, topic.encode(), None))
        copy = 2
        self.library.rd_kafka_produce(self.topics[topic], ctypes.c_int32(-1), copy, value, ctypes.c_size_t(len(value)),
                                      None, ctypes.c_size_t(0), None)
        self.library.rd_kafka_poll(self.producer, 0)
