/* SPDX-License-Identifier: MIT */
/* abi.c - where each member of a public struct lies, for 64-bit machines.
 *
 * It need not run: if it compiles, nothing moved.  A released line here never
 * changes.  A struct that begins with `size` may get lines at its end (and a
 * new SIZE); the others may not.
 */
#include <mqmigrate/plugin.h>

#include <stddef.h>
#include <stdio.h>

#define SIZE(type, n)                                                          \
    _Static_assert(sizeof(struct type) == (n), "size of struct " #type)
#define AT(type, member, n)                                                    \
    _Static_assert(offsetof(struct type, member) == (n), #type "." #member)

_Static_assert(sizeof(void *) == 8 && sizeof(long) == 8, "LP64");

SIZE(mqm_msg, 88);
AT(mqm_msg, side, 0);
AT(mqm_msg, group, 8);
AT(mqm_msg, topic, 16);
AT(mqm_msg, id, 24);
AT(mqm_msg, id_len, 32);
AT(mqm_msg, key, 40);
AT(mqm_msg, key_len, 48);
AT(mqm_msg, born_ms, 56);
AT(mqm_msg, origin, 64);
AT(mqm_msg, reserved, 72);

SIZE(mqm_delivery, 192);
AT(mqm_delivery, size, 0);
AT(mqm_delivery, msg, 8);
AT(mqm_delivery, body, 96);
AT(mqm_delivery, body_len, 104);
AT(mqm_delivery, raw, 112);
AT(mqm_delivery, tag, 120);
AT(mqm_delivery, flags, 128);
AT(mqm_delivery, lane, 132);
AT(mqm_delivery, result, 136);
AT(mqm_delivery, retry_ms, 144);
AT(mqm_delivery, token, 152);
AT(mqm_delivery, attempt, 160);
AT(mqm_delivery, deadline_ms, 168);
AT(mqm_delivery, why, 176);
AT(mqm_delivery, call, 184);

SIZE(mqm_options, 72);
AT(mqm_options, size, 0);
AT(mqm_options, flags, 8);
AT(mqm_options, config, 16);
AT(mqm_options, instance, 24);
AT(mqm_options, user, 32);
AT(mqm_options, log, 40);
AT(mqm_options, audit, 48);
AT(mqm_options, park, 56);
AT(mqm_options, resolve, 64);

SIZE(mqm_claim, 160);
AT(mqm_claim, msg, 0);
AT(mqm_claim, user, 88);
AT(mqm_claim, token, 96);
AT(mqm_claim, lease_ms, 104);
AT(mqm_claim, why, 112);
AT(mqm_claim, op, 120);
AT(mqm_claim, result, 124);
AT(mqm_claim, attempt, 128);
AT(mqm_claim, flags, 132);
AT(mqm_claim, cell, 136);
AT(mqm_claim, reserved, 144);

SIZE(mqm_record, 320);
AT(mqm_record, size, 0);
AT(mqm_record, state, 8);
AT(mqm_record, attempts, 12);
AT(mqm_record, token, 16);
AT(mqm_record, doubt, 24);
AT(mqm_record, age_ms, 32);
AT(mqm_record, left_ms, 40);
AT(mqm_record, flags, 48);
AT(mqm_record, why, 56);
AT(mqm_record, side, 64);
AT(mqm_record, holder, 96);
AT(mqm_record, origin, 160);
AT(mqm_record, route, 288);

SIZE(mqm_position, 48);
AT(mqm_position, size, 0);
AT(mqm_position, queue, 8);
AT(mqm_position, committed, 16);
AT(mqm_position, begin, 24);
AT(mqm_position, end, 32);
AT(mqm_position, next, 40);

SIZE(mqm_rescue_options, 64);
AT(mqm_rescue_options, size, 0);
AT(mqm_rescue_options, side, 8);
AT(mqm_rescue_options, group, 16);
AT(mqm_rescue_options, topic, 24);
AT(mqm_rescue_options, older_ms, 32);
AT(mqm_rescue_options, flags, 40);
AT(mqm_rescue_options, id, 48);
AT(mqm_rescue_options, id_len, 56);

SIZE(mqm_rescued, 56);
AT(mqm_rescued, size, 0);
AT(mqm_rescued, fate, 8);
AT(mqm_rescued, msg, 16);
AT(mqm_rescued, record, 24);
AT(mqm_rescued, from, 32);
AT(mqm_rescued, flags, 40);
AT(mqm_rescued, why, 48);

SIZE(mqm_retire_options, 64);
AT(mqm_retire_options, size, 0);
AT(mqm_retire_options, side, 8);
AT(mqm_retire_options, group, 16);
AT(mqm_retire_options, topic, 24);
AT(mqm_retire_options, who, 32);
AT(mqm_retire_options, flags, 40);
AT(mqm_retire_options, dead, 48);
AT(mqm_retire_options, n_dead, 56);

SIZE(mqm_retirement, 56);
AT(mqm_retirement, size, 0);
AT(mqm_retirement, side, 8);
AT(mqm_retirement, who, 16);
AT(mqm_retirement, when_ms, 24);
AT(mqm_retirement, given, 32);
AT(mqm_retirement, dead, 40);
AT(mqm_retirement, n_dead, 48);

SIZE(mqm_settle_options, 56);
AT(mqm_settle_options, size, 0);
AT(mqm_settle_options, side, 8);
AT(mqm_settle_options, group, 16);
AT(mqm_settle_options, topic, 24);
AT(mqm_settle_options, pause_ms, 32);
AT(mqm_settle_options, pause_max_ms, 40);
AT(mqm_settle_options, resend_ms, 48);

SIZE(mqm_settled, 48);
AT(mqm_settled, size, 0);
AT(mqm_settled, fate, 8);
AT(mqm_settled, asked, 12);
AT(mqm_settled, msg, 16);
AT(mqm_settled, record, 24);
AT(mqm_settled, retry_ms, 32);
AT(mqm_settled, why, 40);

SIZE(mqm_setting_info, 56);
AT(mqm_setting_info, size, 0);
AT(mqm_setting_info, where, 8);
AT(mqm_setting_info, name, 16);
AT(mqm_setting_info, type, 24);
AT(mqm_setting_info, fallback, 32);
AT(mqm_setting_info, limits, 40);
AT(mqm_setting_info, words, 48);

SIZE(mqm_topic_info, 72);
AT(mqm_topic_info, size, 0);
AT(mqm_topic_info, group, 8);
AT(mqm_topic_info, topic, 16);
AT(mqm_topic_info, old_side, 24);
AT(mqm_topic_info, new_side, 32);
AT(mqm_topic_info, switched, 40);
AT(mqm_topic_info, cut_ppm, 44);
AT(mqm_topic_info, since_ms, 48);
AT(mqm_topic_info, settle_ms, 56);
AT(mqm_topic_info, allowed, 64);

SIZE(mqm_plugin_info, 56);
AT(mqm_plugin_info, size, 0);
AT(mqm_plugin_info, name, 8);
AT(mqm_plugin_info, kind, 16);
AT(mqm_plugin_info, version, 24);
AT(mqm_plugin_info, path, 32);
AT(mqm_plugin_info, result, 40);
AT(mqm_plugin_info, why, 48);

SIZE(mqm_finding, 64);
AT(mqm_finding, size, 0);
AT(mqm_finding, level, 8);
AT(mqm_finding, part, 16);
AT(mqm_finding, group, 24);
AT(mqm_finding, topic, 32);
AT(mqm_finding, subject, 40);
AT(mqm_finding, text, 48);
AT(mqm_finding, remedy, 56);

SIZE(mqm_event, 48);
AT(mqm_event, size, 0);
AT(mqm_event, call, 8);
AT(mqm_event, msg, 16);
AT(mqm_event, token, 24);
AT(mqm_event, result, 32);
AT(mqm_event, why, 40);

SIZE(mqm_stats, 152);
AT(mqm_stats, size, 0);
AT(mqm_stats, granted, 8);
AT(mqm_stats, doubtful, 16);
AT(mqm_stats, skipped, 24);
AT(mqm_stats, later, 32);
AT(mqm_stats, lost, 40);
AT(mqm_stats, succeeded, 48);
AT(mqm_stats, failed, 56);
AT(mqm_stats, parked, 64);
AT(mqm_stats, errors, 72);
AT(mqm_stats, without_id, 80);
AT(mqm_stats, future_born, 88);
AT(mqm_stats, store_calls, 96);
AT(mqm_stats, seen_first, 104);
AT(mqm_stats, seen_second, 112);
AT(mqm_stats, lately_first, 120);
AT(mqm_stats, lately_second, 128);
AT(mqm_stats, lately_ms, 136);
AT(mqm_stats, went_back, 144);

SIZE(mqm_instance_info, 296);
AT(mqm_instance_info, size, 0);
AT(mqm_instance_info, instance, 8);
AT(mqm_instance_info, side, 16);
AT(mqm_instance_info, group, 24);
AT(mqm_instance_info, topic, 32);
AT(mqm_instance_info, run, 40);
AT(mqm_instance_info, host, 48);
AT(mqm_instance_info, version, 56);
AT(mqm_instance_info, pid, 64);
AT(mqm_instance_info, flags, 72);
AT(mqm_instance_info, cut_ppm, 76);
AT(mqm_instance_info, since_ms, 80);
AT(mqm_instance_info, policy, 88);
AT(mqm_instance_info, seen_ms, 96);
AT(mqm_instance_info, report_ms, 104);
AT(mqm_instance_info, open_ms, 112);
AT(mqm_instance_info, in_force_ms, 120);
AT(mqm_instance_info, confirmed_ms, 128);
AT(mqm_instance_info, unchanged_ms, 136);
AT(mqm_instance_info, granted, 144);
AT(mqm_instance_info, doubtful, 152);
AT(mqm_instance_info, skipped, 160);
AT(mqm_instance_info, later, 168);
AT(mqm_instance_info, lost, 176);
AT(mqm_instance_info, succeeded, 184);
AT(mqm_instance_info, failed, 192);
AT(mqm_instance_info, parked, 200);
AT(mqm_instance_info, errors, 208);
AT(mqm_instance_info, without_id, 216);
AT(mqm_instance_info, future_born, 224);
AT(mqm_instance_info, seen_first, 232);
AT(mqm_instance_info, seen_second, 240);
AT(mqm_instance_info, lately_ms, 248);
AT(mqm_instance_info, lately_done, 256);
AT(mqm_instance_info, lately_first, 264);
AT(mqm_instance_info, lately_second, 272);
AT(mqm_instance_info, minute_ms, 280);
AT(mqm_instance_info, minute_done, 288);

SIZE(mqm_store_info, 48);
AT(mqm_store_info, size, 0);
AT(mqm_store_info, name, 8);
AT(mqm_store_info, shared, 16);
AT(mqm_store_info, durable, 20);
AT(mqm_store_info, memory_from_ms, 24);
AT(mqm_store_info, created_ms, 32);
AT(mqm_store_info, round_trip_us, 40);

SIZE(mqm_host, 56);
AT(mqm_host, size, 0);
AT(mqm_host, log, 8);
AT(mqm_host, fail, 16);
AT(mqm_host, deliver, 24);
AT(mqm_host, batch, 32);
AT(mqm_host, wait, 40);
AT(mqm_host, clock_margin, 48);

SIZE(mqm_setting, 24);
AT(mqm_setting, name, 0);
AT(mqm_setting, value, 8);
AT(mqm_setting, secret, 16);

SIZE(mqm_key, 32);
AT(mqm_key, space, 0);
AT(mqm_key, id, 8);
AT(mqm_key, id_len, 16);
AT(mqm_key, born_ms, 24);

SIZE(mqm_cell, 408);
AT(mqm_cell, version, 0);
AT(mqm_cell, age_ms, 8);
AT(mqm_cell, len, 16);
AT(mqm_cell, value, 24);

SIZE(mqm_swap, 488);
AT(mqm_swap, key, 0);
AT(mqm_swap, expect, 32);
AT(mqm_swap, value, 40);
AT(mqm_swap, len, 48);
AT(mqm_swap, flags, 56);
AT(mqm_swap, keep_ms, 64);
AT(mqm_swap, result, 72);
AT(mqm_swap, now, 80);

SIZE(mqm_inquiry, 112);
AT(mqm_inquiry, size, 0);
AT(mqm_inquiry, find, 8);
AT(mqm_inquiry, opening, 16);
AT(mqm_inquiry, rate, 24);
AT(mqm_inquiry, keep_ms, 32);
AT(mqm_inquiry, records, 40);
AT(mqm_inquiry, margin_ms, 48);
AT(mqm_inquiry, group, 56);
AT(mqm_inquiry, topic, 64);
AT(mqm_inquiry, parking, 72);
AT(mqm_inquiry, is_new, 80);
AT(mqm_inquiry, since_ms, 88);
AT(mqm_inquiry, settle_ms, 96);
AT(mqm_inquiry, work_ms, 104);

SIZE(mqm_store, 88);
AT(mqm_store, size, 0);
AT(mqm_store, flags, 8);
AT(mqm_store, open, 16);
AT(mqm_store, close, 24);
AT(mqm_store, swap, 32);
AT(mqm_store, list, 40);
AT(mqm_store, memory, 48);
AT(mqm_store, tick, 56);
AT(mqm_store, checkup, 64);
AT(mqm_store, swap_begin, 72);
AT(mqm_store, swap_end, 80);

SIZE(mqm_adapter, 128);
AT(mqm_adapter, size, 0);
AT(mqm_adapter, open, 8);
AT(mqm_adapter, close, 16);
AT(mqm_adapter, subscribe, 24);
AT(mqm_adapter, poll, 32);
AT(mqm_adapter, header, 40);
AT(mqm_adapter, publish, 48);
AT(mqm_adapter, scan, 56);
AT(mqm_adapter, probe, 64);
AT(mqm_adapter, fetch, 72);
AT(mqm_adapter, positions, 80);
AT(mqm_adapter, headers, 88);
AT(mqm_adapter, publish_with, 96);
AT(mqm_adapter, dead, 104);
AT(mqm_adapter, checkup, 112);
AT(mqm_adapter, may_publish, 120);

SIZE(mqm_field, 24);
AT(mqm_field, name, 0);
AT(mqm_field, value, 8);
AT(mqm_field, len, 16);

SIZE(mqm_plugin, 40);
AT(mqm_plugin, size, 0);
AT(mqm_plugin, name, 8);
AT(mqm_plugin, version, 16);
AT(mqm_plugin, store, 24);
AT(mqm_plugin, adapter, 32);

/* Words whose numbers are in stores, in programs and in other languages. */
_Static_assert(MQM_OK == 0 && MQM_SKIP == 10 && MQM_LATER == 11, "results");
_Static_assert(MQM_DOUBT == 12 && MQM_LOST == 13, "results");
_Static_assert(MQM_HANDLED == 0 && MQM_FAILED == 70, "outcomes");
_Static_assert(MQM_UNSURE == 71, "outcomes");
_Static_assert(MQM_FREE == 0 && MQM_OWED == 1 && MQM_HELD == 2, "states");
_Static_assert(MQM_PARKED == 3 && MQM_DONE == 4, "states");
_Static_assert(MQM_BY_RULE == 1 && MQM_BODY_SAFE == 2, "record flags");
_Static_assert(MQM_REASSIGNED == 4 && MQM_UNSENT == 8, "record flags");
_Static_assert(MQM_FROM_PARKING == 1 && MQM_BODY_KEPT == 2, "delivery flags");
_Static_assert(MQM_OP_ACQUIRE == 0 && MQM_OP_RENEW == 1, "ops");
_Static_assert(MQM_OP_SUCCESS == 2 && MQM_OP_FAILURE == 3, "ops");
_Static_assert(MQM_OP_DOUBT == 4 && MQM_OP_HAND_BACK == 5, "ops");
_Static_assert(MQM_OP_PARK_FAILED == 6, "ops");
_Static_assert(MQM_SWAP_LISTED == 1 && MQM_SWAP_ANYWAY == 2, "swap flags");
_Static_assert(MQM_SWAP_RELAXED == 4, "swap flags");
_Static_assert(MQM_STORE_SHARED == 1 && MQM_STORE_DURABLE == 2, "store flags");
_Static_assert(MQM_ERROR == 0 && MQM_WARN == 1, "log levels");
_Static_assert(MQM_INFO == 2 && MQM_DEBUG == 3, "log levels");
_Static_assert(MQM_NO_KEEPER == 1, "open flags");
_Static_assert(MQM_INSTANCE_CURRENT == 1 && MQM_INSTANCE_GONE == 2, "instance");
_Static_assert(MQM_INSTANCE_SILENT == 4 && MQM_INSTANCE_SWITCHED == 8,
               "instance");
_Static_assert(MQM_INSTANCE_UNKNOWN == 16, "instance");
_Static_assert(MQM_ID_MAX == 128 && MQM_ID_LEN == 36, "ids");
_Static_assert(MQM_VALUE_MAX == 384, "values");

/* What an INIT leaves out is zero, and what it sets is the size. */
int main(void)
{
    const struct mqm_delivery d = MQM_DELIVERY_INIT;
    const struct mqm_options o = MQM_OPTIONS_INIT;
    const struct mqm_record r = MQM_RECORD_INIT;
    const struct mqm_stats s = MQM_STATS_INIT;
    const struct mqm_claim c = MQM_CLAIM_INIT;
    const struct mqm_msg msg = MQM_MSG_INIT;

    if (d.size != sizeof(d) || o.size != sizeof(o) || r.size != sizeof(r) ||
        s.size != sizeof(s))
        return 1;
    if (d.call != NULL || o.resolve != NULL || r.route[0] != 0 ||
        s.store_calls != 0 || c.reserved[1] != 0 || msg.reserved[1] != NULL)
        return 1;
    puts("sizes and zeros are as told");
    return 0;
}
