/* SPDX-License-Identifier: GPL-2.0 */
/* The rate controller's terms as options.def has them, for the tests of lib/pd and lib/pace. */
#ifndef DMBC_TESTS_PD_FIXTURE_H
#define DMBC_TESTS_PD_FIXTURE_H

#include "lib/pd.h"

static inline struct dmbc_pd_config pd_config(void)
{
	struct dmbc_pd_config c = {
		.percent = 10,
		.update_seconds = 5,
		.p_term_inverse = 40,
		.i_term_inverse = 10000,
		.rate_minimum = 8,
		.consider_fragment = true,
		.fp_low = 1,
		.fp_mid = 10,
		.fp_high = 1000,
	};

	return c;
}

#endif
