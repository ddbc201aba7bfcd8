/* SPDX-License-Identifier: MIT */
/* policy.h - whose is a message that nobody has looked at yet?
 *
 * A policy is a value: made by config.c, never changed after that, shared by
 * all threads.  It names the side of a FREE message and nothing else; once the
 * side is on record, policy has no say.
 *
 * The rules, first that fits (mqm__policy_route):
 *
 *     1  a record                     its side (record.c; not here)
 *     2  no id                        old   by rule
 *     3  since not set                old   by rule
 *     4  born before since            old   by rule
 *     5  born later than now + margin old   by rule, counted
 *     6  born time unknown            old   by rule
 *     7  on the allow list            new
 *     8  switch off                   old   by rule
 *     9  the cut                      new, if the hash is below it, else old
 */
#ifndef MQM_POLICY_H
#define MQM_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MQM_OLD, MQM_NEW, MQM_SIDES };

#define MQM_CUT_ALL 1000000u /* the cut is in millionths */

enum mqm__hash { MQM_HASH_XXH3, MQM_HASH_LAST_TWO_DIGITS };

struct allow_list; /* a set of byte strings, allow_list.c */

struct policy {
    bool on;           /* the consume switch                               */
    uint32_t cut_ppm;  /* 0 nobody, MQM_CUT_ALL everybody                  */
    int64_t since_ms;  /* the moment of the switch; 0: not set             */
    int64_t margin_ms; /* how far producers' clocks may be off             */
    int hash;          /* an mqm__hash                                     */
    bool hash_id;      /* hash the id; else the key (the id if there's none) */
    uint64_t seed;     /* from the salt                                    */
    struct allow_list *allow; /* NULL: empty                               */
};

/* The id is folded (id.h), so that all sides ask the same: a UUID is hashed by
 * its 16 bytes with xxh3, by its text in lower case with last-two-digits. */
struct question {
    const void *id, *key; /* of key: NULL, 0 where there is none */
    size_t id_len, key_len;
    int64_t born_ms; /* 0: unknown */
    int64_t now_ms;
};

struct route {
    int side;          /* MQM_OLD or MQM_NEW                        */
    bool by_rule;      /* 2 to 6 and 8: nobody waits for it         */
    bool future_born;  /* rule 5                                    */
    const char *why;   /* "allow list", "cut", "born before", ...   */
};

/* No I/O, no clock, no allocation, no lock. */
struct route mqm__policy_route(const struct policy *p,
                               const struct question *q);

/* Is it among the first ppm millionths?  0 is nobody, MQM_CUT_ALL everybody,
 * and what is within a cut is within every larger one. */
bool mqm__cut_takes(int hash, uint64_t seed, uint32_t ppm, const void *data,
                    size_t len);

uint64_t mqm__seed_of(const char *salt);

struct allow_list *mqm__allow_list_new(const char *const *entries, size_t n);
void mqm__allow_list_free(struct allow_list *l);
size_t mqm__allow_list_size(const struct allow_list *l); /* NULL: 0 */
/* Of its entries, in whatever order they came. */
uint64_t mqm__allow_list_print(const struct allow_list *l);
bool mqm__allow_list_has(const struct allow_list *l, const void *data,
                         size_t len);

#endif
