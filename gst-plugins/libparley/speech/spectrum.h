/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Length of the transform, and the bins from 0 up to half the sample rate. */
#define PARLEY_SPECTRUM_SIZE 256
#define PARLEY_SPECTRUM_BINS (PARLEY_SPECTRUM_SIZE / 2 + 1)

/* The squared magnitudes of the Fourier transform of
 * PARLEY_SPECTRUM_SIZE real samples. Pure; any thread. The first call in a
 * process computes the tables. */
void parley_spectrum_power (const gfloat *samples, gfloat *power);

G_END_DECLS
