#ifndef VEDETTE_CINFERENCEOPENCV_H
#define VEDETTE_CINFERENCEOPENCV_H

#include "CInference.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All that the shared object shows. */
__attribute__((visibility("default"))) extern const vn_engine vedette_inference_engine;

#ifdef __cplusplus
}
#endif
#endif
