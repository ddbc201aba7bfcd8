/* SPDX-License-Identifier: MIT */
/* bench.h - the parts of the benchmark; each prints its tables. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

void bench_decide(void);
void bench_sqlite(const char *dir); /* a folder for its files */
void bench_redis(int port);
void bench_redis_fill(int port); /* with what is done, unless it is done */
void bench_zookeeper(int port);

/* brokers: of a Kafka that runs; build: where the adapters were built. */
void bench_kafka(const char *brokers, int redis_port, const char *build);

#endif
