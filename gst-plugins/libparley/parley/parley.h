/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What an application with Parley's elements in its pipeline needs: the meta on
 * buffers, the events between the elements and the reports of where the time
 * went. Include <parley/parley.h>. */

#include <parley/endpointing.h>
#include <parley/timeline.h>
#include <parley/turnevents.h>
#include <parley/turnmeta.h>
