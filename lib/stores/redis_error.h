/* SPDX-License-Identifier: MIT */
/* redis_error.h - what an error reply of Redis means to a call.
 *
 * One table has them all.  An error that is not in it is no reason to go on: it
 * is refused, with Redis' own words.  None of them is a verdict on a message: a
 * swap that met one is not done, or not known.
 */
#ifndef MQM_STORES_REDIS_ERROR_H
#define MQM_STORES_REDIS_ERROR_H

enum redis_answer {
    MQM__REDIS_RESEND, /* nothing was done: again on the spot, all of it    */
    MQM__REDIS_RELEARN, /* the same, after asking which store it is         */
    MQM__REDIS_LATER,  /* the next call may try, on this connection         */
    MQM__REDIS_LAPSED, /* the same, once we have registered again           */
    MQM__REDIS_ANEW,   /* not on this connection: the next call makes one   */
    MQM__REDIS_REFUSED /* until somebody does what the words say            */
};

struct redis_error {
    const char *begin; /* words of Redis; capitals alone: a whole word */
    int answer;
    int err;
    const char *remedy;
};

/* The row for an error, whatever it is. */
const struct redis_error *mqm__redis_error(const char *text);

#endif
