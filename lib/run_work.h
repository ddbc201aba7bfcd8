/* SPDX-License-Identifier: MIT */
/* run_work.h - the middle of a run: what was claimed is given to the handler,
 * one after the other, and what is not begun in time goes back.
 */
#ifndef MQM_RUN_WORK_H
#define MQM_RUN_WORK_H

#include "run.h"

/* All of a chunk, or up to where it is rewound to. */
void mqm__work_on(struct run *r, struct chunk *c);

/* What was claimed from the kth on and is not begun is handed back, to be
 * claimed anew. */
void mqm__rewind_to(struct run *r, struct chunk *c, size_t k);

#endif
