#ifndef VEDETTE_CCOLOURS_EXACT_H
#define VEDETTE_CCOLOURS_EXACT_H

#include "vectors.h"

/* The exact distances of centres that floats tell apart by less are compared in double precision. Coordinates up
 * to 256 and float's 24 bits leave squared distances right to 0.05. */
#define SURE 0.1f

INLINE double exact(const vc_centres *centres, uint32_t label, double x, double y, double z)
{
    const double *c = centres->exact + 3 * label;
    return (c[0] - x) * (c[0] - x) + (c[1] - y) * (c[1] - y) + (c[2] - z) * (c[2] - z);
}

#endif
