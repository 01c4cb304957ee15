/* SPDX-License-Identifier: GPL-2.0 */
/* Messages to a target. */
#ifndef DMBC_TARGET_MESSAGE_H
#define DMBC_TARGET_MESSAGE_H

struct dmbc_origin;

/* 0; 1 with an answer in @result; -EINVAL, with the reason in the log. Sleeps. */
int dmbc_message(struct dmbc_origin *origin, unsigned int argc, char **argv, char *result,
		 unsigned int maxlen);

#endif
